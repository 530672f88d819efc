// What a visitor sees and does: every page in both colour schemes on a phone and on a desk, then the
// live parts, with the mouse, with a finger, by keyboard alone and without scripts.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SCHEMES, WIDTHS, accessible, fits, open, screenshot, startBrowser } from "./browser.mjs";
import { startRouter } from "./router.mjs";

const PAGES = [
  "/",
  "/models",
  "/models/gpt-4.1",
  "/docs",
  "/docs/tiers",
  "/docs/auto-routing",
  "/docs/errors",
  "/docs/limits",
  "/docs/headers",
  "/docs/failover",
  "/docs/billing",
  "/docs/telemetry",
  "/docs/self-hosting",
  "/docs/api",
  "/status",
  "/login",
  "/nothing-here",
];

let router;
let browser;

before(async () => {
  [router, browser] = await Promise.all([startRouter(), startBrowser()]);
  // Something to show on the charts.
  for (const model of ["economy", "standard", "premium", "gpt-4.1", "claude-haiku-4-5"]) {
    assert.equal((await router.chat(model)).status, 200);
  }
});

after(async () => {
  await browser?.close();
  await router?.stop();
});

for (const scheme of SCHEMES) {
  for (const width of WIDTHS) {
    test(`every page, ${scheme}, ${width} px`, async () => {
      const { page, close } = await open(browser, router.url, { scheme, width });
      for (const path of PAGES) {
        await page.goto(path);
        const name = `${path.slice(1).replaceAll("/", "-") || "landing"}-${width}-${scheme}`;
        await accessible(page, name);
        await fits(page, name);
        await screenshot(page, name);
      }
      await close(["404"]);
    });
  }
}

test("the landing page says how the service is", async () => {
  const { page, close } = await open(browser, router.url);
  await page.goto("/");
  await page.locator("[data-status] .operational").waitFor();
  assert.match(await page.locator(".code code").first().textContent(), new RegExp(`^curl ${router.url}/v1/chat`));
  // The same line when the router is gone.
  await page.route("**/health", (route) => route.abort());
  await page.reload();
  await page.locator("[data-status] .outage").waitFor();
  await close(["ERR_FAILED"]);
});

test("the grid is explored with mouse, keyboard and finger", async () => {
  const { page, close } = await open(browser, router.url);
  await page.goto("/");
  const cell = (tier, prefer) => page.locator(`[data-tier=${tier}][data-prefer=${prefer}]`);
  const out = (name) => page.locator(`[data-out=${name}]`).textContent();
  await cell("premium", "coding").hover();
  assert.equal(await out("ask"), '{"model": "premium", "prefer": "coding"}');
  const named = await cell("premium", "coding").locator(".model").textContent();
  assert.equal(await out("model"), named);
  assert.equal(await out("price"), await cell("premium", "coding").locator(".cost").textContent());
  await cell("economy", "cheap").focus();
  assert.match(await out("ask"), /economy.*cheap/);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  assert.match(await out("ask"), /standard.*fast/);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  assert.match(await out("ask"), /economy.*fast/);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/models/*");
  await close();

  const phone = await open(browser, router.url, { width: 360, hasTouch: true, isMobile: true });
  await phone.page.goto("/");
  await phone.page.locator("[data-tier=standard][data-prefer=cheap]").tap();
  assert.match(await phone.page.locator("[data-out=ask]").textContent(), /standard.*cheap/);
  assert.equal(new URL(phone.page.url()).pathname, "/", "the first tap reads");
  await phone.close();
});

test("models are searched, filtered and sorted without leaving the page", async () => {
  const { page, close } = await open(browser, router.url);
  await page.goto("/models");
  await page.evaluate(() => (globalThis.stayed = true));
  const ids = () => page.locator("[data-live-list] tbody th a").allTextContents();
  const all = (await ids()).length;
  await page.getByLabel("Search").fill("claude");
  await page.waitForURL("**/models?q=claude");
  assert.ok((await ids()).length > 0 && (await ids()).every((id) => id.startsWith("claude")));
  await page.getByLabel("Tier", { exact: true }).selectOption("premium");
  await page.waitForURL("**/models?q=claude&tier=premium");
  assert.ok((await ids()).every((id) => id.startsWith("claude-opus")));
  await page.getByLabel("Search").fill("");
  await page.getByLabel("Tier", { exact: true }).selectOption("");
  await page.waitForURL("**/models");
  assert.equal((await ids()).length, all);
  const quality = page.getByRole("columnheader", { name: "Quality" });
  await quality.getByRole("link").click();
  await page.locator("th[aria-sort=ascending]").waitFor();
  await quality.getByRole("link").click();
  await page.locator("th[aria-sort=descending]").waitFor();
  const scores = (await page.locator("[data-live-list] tbody tr td:nth-child(7)").allTextContents()).filter((text) => text !== "–").map(Number);
  assert.deepEqual(scores, scores.toSorted((a, b) => b - a));
  assert.ok(await page.evaluate(() => globalThis.stayed), "the page was not left");
  await close();
});

test("samples are copied", async () => {
  const { page, context, close } = await open(browser, router.url);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto("/docs");
  const sample = page.locator("figure", { hasText: "pip install openai" });
  await sample.getByRole("button", { name: "Copy" }).click();
  await sample.getByRole("button", { name: "Copied" }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, await sample.locator("code").textContent());
  assert.ok(copied.includes(`base_url="${router.url}/v1"`));
  await close();
});

test("the box of auto-routing scores a conversation and says what is wrong with a key", async () => {
  const { page, close } = await open(browser, router.url);
  await page.goto("/docs/auto-routing");
  await page.getByLabel("API key").fill("mr_sk_nonsense");
  await page.getByRole("button", { name: "Score it" }).click();
  await page.getByText("This is not a valid API key").waitFor();
  await page.getByLabel("API key").fill(router.key);
  await page.getByLabel("Conversation").fill(JSON.stringify([{ role: "user", content: "What is 2 + 2?" }]));
  await page.getByRole("button", { name: "Score it" }).click();
  await page.locator("[data-out=score]", { hasText: "of 100" }).waitFor();
  assert.match(await page.locator("[data-out=tier]").textContent(), /^(economy|standard|premium)$/);
  assert.ok((await page.locator("[data-out=candidates] tr").count()) > 0);
  await accessible(page, "auto-routing, scored");
  await screenshot(page, "docs-auto-routing-scored");
  await close(["401"]);
});

test("status tells what this router saw of a provider", async () => {
  const { page, close } = await open(browser, router.url);
  await page.goto("/status");
  const provider = page.locator("article", { hasText: "anthropic" });
  assert.match(await provider.textContent(), /1 of 90/);
  assert.match(await provider.locator("svg").getAttribute("aria-label"), /^anthropic: 100 % of \d+ attempts ok/);
  await close();
});

for (const width of WIDTHS) {
  test(`signing up by keyboard alone, ${width} px`, async () => {
    const email = `ada-${width}@example.com`;
    const { page, close } = await open(browser, router.url, { width, scheme: width === 360 ? "dark" : "light" });
    await page.goto("/models");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.goto("/dashboard");
    assert.equal(new URL(page.url()).search, "?next=%2Fdashboard");
    const focused = (id) => page.waitForFunction((id) => document.activeElement?.id === id, id);
    await focused("email");
    await page.keyboard.type("nonsense");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    assert.equal(await page.getByLabel("E-mail address").inputValue(), "nonsense");
    await accessible(page, "login, refused");
    await screenshot(page, `login-refused-${width}`);
    await focused("email");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type(email);
    await page.keyboard.press("Enter");
    await page.getByLabel("Code").waitFor();
    await accessible(page, "code");
    await screenshot(page, `code-${width}`);
    await focused("code");
    await page.keyboard.type("00000000");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    await focused("code");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type(await router.code(email));
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Your first key" }).waitFor();
    await accessible(page, "welcome");
    await fits(page, "welcome");
    await screenshot(page, `welcome-${width}`);
    const key = await page.locator("figure code").first().textContent();
    assert.match(key, /^mr_sk_/);
    assert.equal((await router.chat("llama-3.3-70b-versatile", key)).status, 200, "the key works");
    await page.getByRole("link", { name: "Go on" }).focus();
    await page.keyboard.press("Enter");
    await page.getByText(`can be spent by ${email}`).waitFor();
    await accessible(page, "dashboard");
    await fits(page, "dashboard");
    await screenshot(page, `dashboard-${width}`);
    await page.getByRole("button", { name: "Sign out" }).focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(`${router.url}/`);
    await page.goto("/dashboard");
    assert.equal(new URL(page.url()).pathname, "/login");
    await close(["400", "401"]);
  });
}

test("without scripts every page says what it has to say", async () => {
  const { page, close } = await open(browser, router.url, { javaScriptEnabled: false });
  await page.goto("/");
  assert.equal(await page.locator("[data-grid] tbody td .model").count(), 15);
  await page.goto("/models");
  await page.getByLabel("Search").fill("opus");
  await page.getByRole("button", { name: "Show" }).click();
  assert.equal(new URL(page.url()).searchParams.get("q"), "opus");
  assert.ok((await page.locator("tbody th a").allTextContents()).some((id) => id.includes("opus")));
  await page.goto("/login");
  await page.getByLabel("E-mail address").fill("eve@example.com");
  await page.getByRole("button", { name: "Send the code" }).click();
  await page.getByLabel("Code").fill(await router.code("eve@example.com"));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Your first key" }).waitFor();
  await close();
});
