// By keyboard alone: every control of every page is reached in order and seen, and an account is
// entered, a key made and a limit set without a mouse.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { open, signUp, startBrowser, WIDTHS } from "./browser.mjs";
import { press, tabTo, type, walk } from "./keyboard.mjs";
import { ADMIN, startRouter } from "./router.mjs";

const OPEN = ["/", "/models", "/models/gpt-4.1", "/docs", "/docs/auto-routing", "/status", "/login", "/playground"];
const DASHBOARD = ["", "/keys", "/requests", "/usage", "/credit", "/settings", "/profile"].map((part) => `/dashboard${part}`);
const OPERATOR = ["", "/customers", "/providers", "/catalog", "/books", "/log"].map((part) => `/admin${part}`);

let router;
let browser;

before(async () => {
  [router, browser] = await Promise.all([startRouter(), startBrowser()]);
  assert.equal((await router.chat("gpt-4.1")).status, 200);
});

after(async () => {
  await browser?.close();
  await router?.stop();
});

async function walkAll(page, paths) {
  for (const path of paths) {
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(path);
      await walk(page, `${path} at ${width} px`);
    }
  }
}

test("every control of the open pages", async () => {
  const { page, close } = await open(browser, router.url);
  await walkAll(page, OPEN);
  await close();
});

test("every control of the dashboard, and of the page of a key and of a request", async () => {
  const { page, close } = await open(browser, router.url);
  await page.goto("/dashboard");
  const key = await signUp(page, router, "walker@example.com");
  assert.equal((await router.chat("llama-3.3-70b-versatile", key)).status, 200);
  await walkAll(page, DASHBOARD);
  for (const list of ["/dashboard/keys", "/dashboard/requests"]) {
    await page.goto(list);
    await walkAll(page, [await page.locator(`tbody th a[href^="${list}/"]`).first().getAttribute("href")]);
  }
  // What is folded away is reached once it is unfolded.
  await page.goto("/dashboard/keys");
  await press(page, page.locator("summary", { hasText: "Limits and rights" }));
  await walk(page, "/dashboard/keys, unfolded");
  await close();
});

test("every control of the operator's pages, and of the page of an account", async () => {
  const { page, close } = await open(browser, router.url);
  await page.goto("/admin");
  await walk(page, "/admin/sign-in");
  await type(page, page.getByLabel("Admin token"), ADMIN);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await walkAll(page, OPERATOR);
  await page.goto("/admin/customers?query=sandbox");
  await walkAll(page, [await page.locator("tbody th a").getAttribute("href")]);
  // A catalog is checked and its verdict reached.
  await page.goto("/admin/catalog");
  await type(page, page.getByLabel("TOML"), '[[model]]\nid = "gpt-4.1"\nquality = 0.5\n');
  await press(page, page.getByRole("button", { name: "Check it" }));
  await page.getByRole("heading", { name: "It can be used" }).waitFor();
  await walk(page, "/admin/catalog, checked");
  await close();
});

test("signing in, making a key and setting limits without a mouse", async () => {
  const email = "keys@example.com";
  const { page, close } = await open(browser, router.url);
  await page.goto("/");
  await press(page, page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Sign in" }));
  await page.getByLabel("E-mail address").waitFor();
  await page.keyboard.type(email);
  await page.keyboard.press("Enter");
  await page.getByLabel("Code").waitFor();
  await page.keyboard.type(await router.code(email));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Your first key" }).waitFor();
  await press(page, page.getByRole("link", { name: "Go on" }));

  const part = (name) => page.getByRole("navigation", { name: "Dashboard" }).getByRole("link", { name, exact: true });
  await part("Keys").waitFor();
  await press(page, part("Keys"));
  await page.getByRole("heading", { name: "Keys", exact: true }).waitFor();
  await type(page, page.getByLabel("Name"), "by hand");
  await press(page, page.locator("summary", { hasText: "Limits and rights" }));
  await type(page, page.getByLabel("a day"), "0.5");
  const premium = page.getByRole("checkbox", { name: "premium" });
  await press(page, premium, "Space");
  assert.ok(await premium.isChecked());
  await press(page, page.getByRole("button", { name: "Make the key" }));
  await page.getByText("is shown this once").waitFor();
  const key = await page.locator("figure code").first().textContent();
  assert.equal((await router.chat("economy", key)).status, 403, "the key is for premium alone");

  await press(page, part("Settings"));
  await page.getByRole("heading", { name: "Daily limit" }).waitFor();
  await type(page, page.getByLabel("USD a day"), "2.5");
  await page.keyboard.press("Enter");
  await page.getByText("Saved.").waitFor();
  assert.equal(await page.getByLabel("USD a day").inputValue(), "2.5");
  const openai = page.getByRole("checkbox", { name: "openai" });
  await press(page, openai, "Space");
  assert.ok(!(await openai.isChecked()));
  await tabTo(page, page.locator("form[action*=providers]").getByRole("button", { name: "Save" }));
  await page.keyboard.press("Space");
  await page.getByText("Saved.").waitFor();
  assert.ok(!(await openai.isChecked()));
  await close();
});
