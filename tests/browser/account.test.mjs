// What belongs to somebody: dashboard, playground and the operator's pages, each in one walk.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, fits, open, screenshot, signUp, startBrowser, SCHEMES, WIDTHS } from "./browser.mjs";
import { ADMIN, startRouter } from "./router.mjs";

let router;
let browser;

before(async () => {
  [router, browser] = await Promise.all([startRouter(), startBrowser()]);
});

after(async () => {
  await browser?.close();
  await router?.stop();
});

// Runs what stands in the playground and waits for the end of it.
async function run(page) {
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.locator("[data-playground][aria-busy=false]").waitFor();
}

const fact = (page, side, name) => page.locator(`[data-answer=${side}] dt`, { hasText: name }).locator("xpath=following-sibling::dd").first().textContent();

test("a newcomer gets from the front page to a streamed answer in under a minute", async () => {
  const { page, close } = await open(browser, router.url);
  const begun = Date.now();
  await page.goto("/");
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Playground" }).click();
  await page.getByRole("link", { name: "Sign in", exact: true }).last().click();
  await signUp(page, router, "newcomer@example.com");
  assert.equal(new URL(page.url()).pathname, "/playground");
  // No credit yet: what is chosen first is free.
  await run(page);
  assert.match(await page.locator("[data-answer=a] [data-out=text]").textContent(), /Hello from/);
  assert.ok(Date.now() - begun < 60_000, `${Date.now() - begun} ms`);
  assert.equal(await fact(page, "a", "Cost"), "0");
  await close();
});

test("from the code in the mail to limits, deposits and receipts", async () => {
  const { page, context, close } = await open(browser, router.url);
  await page.goto("/dashboard");
  await signUp(page, router, "grace@example.com");
  await page.getByRole("heading", { name: "Your first request" }).waitFor();
  await screenshot(page, "dashboard-empty");
  await page.getByRole("button", { name: "Make a key and show the line" }).click();
  await page.getByText("is shown this once").waitFor();
  assert.match(await router.shell(await page.locator("figure code").nth(1).textContent()), /Hello from/, "without credit");
  await page.goto("/dashboard");
  const balance = async () => {
    await page.goto("/dashboard");
    return page.locator("h1").textContent();
  };
  assert.equal(await balance(), "$0");

  // A deposit through the double of Stripe.
  await page.getByRole("link", { name: "Add credit" }).click();
  await page.getByRole("radio", { name: "another amount" }).check();
  await page.getByRole("textbox", { name: "Another amount, USD" }).fill("4");
  await page.getByRole("button", { name: "Go on to the card" }).click();
  await page.getByRole("alert").waitFor();
  assert.equal(await page.getByRole("textbox", { name: "Another amount, USD" }).inputValue(), "4");
  await screenshot(page, "credit-refused");
  await page.getByRole("textbox", { name: "Another amount, USD" }).fill("10");
  await page.getByRole("button", { name: "Go on to the card" }).click();
  await page.getByText("$9.6", { exact: false }).waitFor();
  await accessible(page, "going");
  await screenshot(page, "credit-going");
  const stripe = await page.getByRole("link", { name: "Pay at Stripe" }).getAttribute("href");
  await router.pay(stripe);
  await page.goto("/dashboard");
  await page.waitForFunction(() => document.querySelector("h1").textContent === "$9.6" || (location.reload(), false), undefined, { polling: 200 });
  await page.goto("/dashboard/credit");
  await page.getByRole("link", { name: "Receipt", exact: true }).click();
  await page.getByText("Charged to the card").waitFor();
  await accessible(page, "receipt");
  await screenshot(page, "receipt");
  await page.emulateMedia({ media: "print" });
  assert.ok(!(await page.locator("nav[aria-label=Dashboard]").isVisible()), "the receipt alone is printed");
  const [printed, sheet] = await page.evaluate(() => [".desk > div", "main"].map((part) => document.querySelector(part).clientWidth));
  assert.equal(printed, sheet, "and it has the whole width of the sheet");
  await page.emulateMedia({ media: "screen" });

  // A key of one's own, with a limit.
  await page.goto("/dashboard/keys");
  await page.getByLabel("Name").fill("laptop");
  await page.getByText("Limits and rights").click();
  await page.getByLabel("a day").fill("nonsense");
  await page.getByRole("button", { name: "Make the key" }).click();
  await page.getByRole("alert").waitFor();
  assert.equal(await page.getByLabel("Name").inputValue(), "laptop");
  assert.equal(await page.getByLabel("a day").inputValue(), "nonsense");
  await accessible(page, "keys, refused");
  await page.getByLabel("a day").fill("1");
  await page.getByRole("button", { name: "Make the key" }).click();
  await page.getByText("is shown this once").waitFor();
  const key = await page.locator("figure code").first().textContent();
  assert.equal((await router.chat("gpt-4.1", key)).status, 200);
  assert.notEqual(await balance(), "$9.6", "the balance has changed");

  // A provider that is switched off is not asked, in the playground either.
  await page.goto("/dashboard/settings");
  await page.getByRole("checkbox", { name: "openai" }).uncheck();
  await page.locator("form[action*=providers]").getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  await page.goto("/playground");
  await page.locator("#model-a").selectOption("gpt-4.1");
  await run(page);
  assert.match(await page.locator("[data-answer=a] [data-out=error]").textContent(), /blocks the provider/);
  await page.locator("#model-a").selectOption("standard");
  const spent = await page.locator("[data-balance]").textContent();
  await run(page);
  assert.notEqual(await fact(page, "a", "Provider"), "openai");
  await page.waitForFunction((before) => document.querySelector("[data-balance]").textContent !== before, spent);

  // A daily limit is set and hit.
  await page.goto("/dashboard/settings");
  await page.getByLabel("USD a day").fill("0.000001");
  await page.locator("form[action*=limit]").getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  await page.goto("/playground");
  await page.locator("#model-a").selectOption("claude-haiku-4-5");
  await run(page);
  assert.match(await page.locator("[data-answer=a] [data-out=error]").textContent(), /limit/);

  // Every request is in the log, each with a page of its own.
  await page.goto("/dashboard/requests");
  await page.locator("tbody th a").first().click();
  await page.getByRole("heading", { name: "What was tried" }).waitFor();
  assert.ok((await page.getByRole("group", { name: "Candidates" }).locator("tbody tr").count()) > 0);
  const request = new URL(page.url()).pathname;
  for (const path of ["/dashboard", "/dashboard/keys", "/dashboard/requests", "/dashboard/usage", "/dashboard/credit", "/dashboard/settings", "/dashboard/profile", request]) {
    for (const colorScheme of SCHEMES) {
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme });
        await page.goto(path);
        const name = `${path === request ? "dashboard-request" : path.slice(1).replaceAll("/", "-")}-${width}-${colorScheme}`;
        await accessible(page, name);
        await fits(page, name);
        await screenshot(page, name);
      }
    }
  }
  await context.clearCookies();
  await page.goto("/dashboard/usage");
  assert.equal(new URL(page.url()).search, "?next=%2Fdashboard%2Fusage", "back to where one was");
  await close(["400", "403", "429"]);
});

test("the playground streams, tells why, compares, and copies what runs", async () => {
  const { page, context, close } = await open(browser, router.url);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto("/playground");
  await page.getByLabel("API key").fill(router.key);
  await page.getByLabel("System prompt").fill("You are terse.");
  await page.getByLabel("Message").fill("Say <script>alert(1)</script> twice [[tokens:60]]");
  await page.getByLabel("Compare with other settings").check();
  await run(page);
  await page.locator("[data-answer=b] [data-out=facts] dt").first().waitFor();
  for (const side of ["a", "b"]) {
    assert.match(await page.locator(`[data-answer=${side}] [data-out=rate]`).textContent(), /tokens\/s/);
    assert.ok(Number(await fact(page, side, "Cost")) >= 0);
    await page.locator(`[data-answer=${side}] [data-why] summary`).click();
    assert.ok((await page.locator(`[data-answer=${side}] [data-out=candidates] tr`).count()) > 0);
  }
  assert.equal(await fact(page, "b", "Tier"), "premium");
  assert.equal(await page.locator("[data-turns] .turn").count(), 2);
  await accessible(page, "playground");
  await screenshot(page, "playground-compared");
  await page.getByLabel("Message").fill("And it's \"quoted\"?");
  const copied = {};
  for (const form of ["curl", "Python", "Node"]) {
    await page.getByRole("button", { name: form, exact: true }).click();
    await page.getByText("Copied; the key is read").waitFor();
    copied[form] = await page.evaluate(() => navigator.clipboard.readText());
    await page.evaluate(() => (document.querySelector("[data-copied]").textContent = ""));
  }
  assert.match(await router.shell(copied.curl), /data: \[DONE\]/, "the line runs as it was copied");
  assert.match(copied.Python, /client\.chat\.completions\.create\(/);
  assert.match(copied.Node, /new OpenAI\(/);
  assert.ok(!Object.values(copied).some((text) => text.includes(router.key)), "no key is copied");

  // Tools, a schema, an image; what is no JSON is said.
  await page.getByText("Tools and schema").click();
  await page.getByLabel("tools, a JSON array").fill("{");
  await run(page);
  assert.match(await page.locator("[data-wrong]").textContent(), /tools is no JSON/);
  const tools = page.getByLabel("tools, a JSON array");
  assert.ok(await tools.evaluate((field) => field.nextElementSibling.matches("[data-wrong]") && field === document.activeElement), "beside the field");
  await tools.fill("0");
  await run(page);
  assert.match(await page.locator("[data-wrong]").textContent(), /must be a JSON array/);
  await tools.fill("");
  await page.getByLabel("JSON Schema of the answer").fill('{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}');
  await page.getByLabel("Compare with other settings").uncheck();
  await page.locator("#model-a").selectOption("gpt-4.1");
  await page.getByLabel("Image").setInputFiles({ name: "dot.png", mimeType: "image/png", buffer: Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64") });
  await run(page);
  assert.ok("city" in JSON.parse(await page.locator("[data-answer=a] [data-out=text]").textContent()));
  await page.getByRole("button", { name: "Clear the conversation" }).click();
  assert.equal(await page.locator("[data-turns] .turn").count(), 0);
  await page.getByRole("button", { name: "curl", exact: true }).click();
  await page.locator("[data-wrong]", { hasText: "Write a message" }).waitFor();
  await page.getByLabel("Message").fill("A text is no image.");
  await page.getByLabel("Image").setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("notes") });
  await run(page);
  assert.match(await page.locator("[data-wrong]").textContent(), /no image/);
  await page.getByLabel("Image").setInputFiles([]);

  // What is written after a call of a tool is its result.
  await page.getByLabel("JSON Schema of the answer").fill("");
  await tools.fill('[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}]');
  await page.getByLabel("Message").fill("How is the weather in Paris? [[call:weather]]");
  await run(page);
  await page.getByText("as the result of each call").waitFor();
  await page.getByLabel("Message").fill("Rain.");
  await run(page);
  assert.deepEqual(await page.locator("[data-turns] .turn strong").allTextContents(), ["user", "assistant", "tool", "assistant"]);
  await page.getByRole("button", { name: "Clear the conversation" }).click();

  // Stopped, it still says what ran; one side that is cut off does not end the other.
  await tools.fill("");
  await page.getByLabel("Message").fill("Tell me more [[tokens:4000]]");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.locator("[data-answer=a] [data-out=text]:not([hidden])").waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("Stopped. What was delivered is billed.").waitFor();
  assert.equal(await fact(page, "a", "Ran"), "gpt-4.1");
  await page.route("**/v1/chat/completions", (route) => (route.request().postDataJSON().model === "premium" ? route.abort() : route.continue()));
  await page.getByLabel("Compare with other settings").check();
  await page.getByLabel("Message").fill("Hello");
  await run(page);
  assert.match(await page.locator("[data-answer=b] [data-out=error]").textContent(), /connection to the router was lost/);
  assert.match(await page.locator("[data-answer=a] [data-out=text]").textContent(), /Hello from gpt-4.1/);
  await close(["ERR_FAILED"]);
});

test("two tabs of a playground replace each other's keys and both go on", async () => {
  const { page, context, close } = await open(browser, router.url);
  await page.goto("/login?next=/playground");
  await signUp(page, router, "tabs@example.com");
  const other = await context.newPage();
  await other.goto("/playground");
  for (const tab of [page, other]) {
    await tab.getByLabel("Compare with other settings").check();
    await tab.locator("#model-b").selectOption("economy");
    await tab.locator("#prefer-b").selectOption("cheap");
  }
  for (const tab of [page, other, page, other, page, other]) {
    await tab.getByLabel("Message").fill("Hello");
    await run(tab);
    assert.equal(await tab.locator("[data-wrong]").textContent(), "");
    for (const side of ["a", "b"]) assert.match(await tab.locator(`[data-answer=${side}] [data-out=text]`).textContent(), /Hello from/);
  }
  await close(["401"]);
});

test("a name without spaces hides no other column", async () => {
  const { page, close } = await open(browser, router.url, { width: 360 });
  await page.goto("/dashboard/keys");
  await signUp(page, router, "names@example.com");
  await page.getByLabel("Name").fill("W".repeat(64));
  await page.getByRole("button", { name: "Make the key" }).click();
  await page.getByText("is shown this once").waitFor();
  await page.goto("/dashboard/keys");
  const name = await page.locator("tbody th").last().boundingBox();
  assert.ok(name.width < 200, `${name.width} px`);
  await close();
});

for (const width of WIDTHS) {
  test(`the playground, ${width} px, both schemes, by keyboard`, async () => {
    for (const scheme of SCHEMES) {
      const { page, close } = await open(browser, router.url, { width, scheme });
      await page.goto("/playground");
      await page.getByLabel("API key").focus();
      await page.keyboard.type(router.key);
      await page.getByLabel("Message").focus();
      await page.keyboard.press("ControlOrMeta+Enter");
      await page.locator("[data-answer=a] [data-out=facts] dt").first().waitFor();
      await accessible(page, "playground");
      await fits(page, "playground");
      await screenshot(page, `playground-${width}-${scheme}`);
      await close();
    }
  });
}

test("the operator looks after accounts and providers", async () => {
  const { page, close } = await open(browser, router.url);
  await page.goto("/admin");
  await page.getByLabel("Admin token").fill("nonsense");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  await accessible(page, "sign-in, refused");
  await page.getByLabel("Admin token").fill(ADMIN);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.goto("/admin/customers?query=sandbox");
  await page.locator("tbody th a").click();
  const before = await page.locator("dd").first().textContent();
  await page.locator("[id='grant.amount_usd']").fill("1.25");
  await page.locator("[id='grant.reason']").fill("for a test");
  await page.getByRole("button", { name: "Give" }).click();
  await page.getByText("The credit is given.").waitFor();
  assert.notEqual(await page.locator("dd").first().textContent(), before);
  await page.goto("/admin/providers");
  await page.locator("#anthropic").getByRole("button", { name: "Rest" }).click();
  await page.locator("#anthropic .tripped").waitFor();
  assert.equal((await router.chat("claude-haiku-4-5")).status, 503);
  await screenshot(page, "admin-providers-rested");
  await page.locator("#anthropic").getByRole("button", { name: "Resume" }).click();
  await page.locator("#anthropic .flowing").waitFor();
  assert.equal((await router.chat("claude-haiku-4-5")).status, 200);
  await page.goto("/admin/catalog");
  await page.getByLabel("From a file").setInputFiles({ name: "catalog.toml", mimeType: "text/plain", buffer: Buffer.from('[[model]]\nid = "gpt-4.1"\ntier = "luxury"\n') });
  await page.getByRole("button", { name: "Check it" }).click();
  await page.getByRole("heading", { name: "Refused" }).waitFor();
  await accessible(page, "catalog, refused");
  await screenshot(page, "admin-catalog-refused");
  await page.goto("/admin/books");
  await page.getByRole("button", { name: "Verify it" }).click();
  await page.getByText("clean").waitFor();
  await accessible(page, "books, verified");
  await page.goto("/admin/customers?query=sandbox");
  const customer = await page.locator("tbody th a").getAttribute("href");
  for (const path of [customer, "/admin", "/admin/customers", "/admin/providers", "/admin/catalog", "/admin/books", "/admin/log"]) {
    for (const colorScheme of SCHEMES) {
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme });
        await page.goto(path);
        const name = `${path === customer ? "admin-customer" : path.slice(1).replaceAll("/", "-")}-${width}-${colorScheme}`;
        await accessible(page, name);
        await fits(page, name);
        await screenshot(page, name);
      }
    }
  }
  await page.goto("/admin");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.goto("/admin/log");
  assert.equal(new URL(page.url()).pathname, "/admin/sign-in");
  await close(["400", "401"]);
});

test("a catalog is applied as it was checked, and many models come by the page", async () => {
  const { page, close } = await open(browser, router.url);
  await page.goto("/admin/catalog");
  await page.getByLabel("Admin token").fill(ADMIN);
  await page.keyboard.press("Enter");
  const rows = Array.from({ length: 150 }, (_, n) => `[[model]]\nid = "many-${n}"\nprovider = "openai"\nupstream = "m"\ntier = "economy"\ncontext_window = 8192\nmax_output = 4096\nprice = { input = ${n}, output = ${n} }\n`);
  const catalog = `[[model]]\nid = "gpt-4.1"\nprice = { input = 3, output = 9 }\n${rows.join("")}`;
  await page.getByLabel("TOML").fill(catalog);
  await page.getByRole("button", { name: "Check it" }).click();
  await page.getByText("Another price: gpt-4.1").waitFor();
  await accessible(page, "catalog, checked");
  await screenshot(page, "admin-catalog-checked");
  assert.equal(router.catalog(), "", "a check changes nothing");
  await page.getByLabel("TOML").fill(catalog.replace("input = 3", "input = 1"));
  await page.getByRole("button", { name: "Apply it" }).click();
  await page.getByText("not the text that was checked").waitFor();
  assert.equal(router.catalog(), "");
  await page.getByLabel("TOML").fill(catalog);
  await page.getByRole("button", { name: "Check it" }).click();
  await page.getByRole("button", { name: "Apply it" }).click();
  await page.getByText("The catalog is in the file, and in use.").waitFor();
  assert.equal(router.catalog(), catalog);
  await page.getByRole("link", { name: "Begin with the file that is there" }).click();
  assert.equal(`${await page.getByLabel("TOML").inputValue()}`, catalog);
  await page.goto("/models/gpt-4.1");
  assert.match(await page.getByRole("group", { name: "Price history" }).textContent(), /3\.00 \/ 9\.00[^]*2\.00 \/ 8\.00/);

  await page.goto("/models?q=many&sort=input");
  await page.evaluate(() => (globalThis.stayed = true));
  const first = () => page.locator("[data-live-list] tbody th a").first().textContent();
  assert.equal(await first(), "many-0");
  await page.getByRole("link", { name: "Next" }).click();
  await page.getByText("Page 2 of 2").waitFor();
  assert.equal(await first(), "many-100");
  assert.ok(await page.evaluate(() => globalThis.stayed), "the page was not left");
  assert.ok(page.url().endsWith("/models?q=many&sort=input&page=2"), page.url());
  await accessible(page, "models, second page");
  await screenshot(page, "models-page-2");
  await page.getByLabel("Search").fill("many-14");
  await page.locator("[data-live-list] nav").waitFor({ state: "detached" });
  assert.equal(await first(), "many-14");
  await close(["400", "409"]);
});
