// Headless Chromium, pages that fail on any console error, axe, and screenshots.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import axe from "axe-core";
import { chromium } from "playwright-core";

export const SCHEMES = ["light", "dark"];
export const WIDTHS = [360, 1440];
const SCREENS = process.env.SCREENS;

// A busy machine with a debug build takes its time.
const PATIENCE_MS = 90_000;

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

export async function startBrowser() {
  mkdirSync(SCREENS, { recursive: true });
  return chromium.launch({ executablePath: process.env.CHROMIUM, headless: true, args: FLAGS, timeout: PATIENCE_MS });
}

// A page of a fresh browser context. What the page says wrong is collected, and `close` fails on it.
export async function open(browser, base, { width = 1440, scheme = "light", ...more } = {}) {
  const context = await browser.newContext({ baseURL: base, viewport: { width, height: 900 }, colorScheme: scheme, ...more });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("request", (request) => request.url().startsWith(base) || wrong.push(`asked another host: ${request.url()}`));
  const close = async (expected = []) => {
    await context.close();
    assert.deepEqual(wrong.filter((text) => !expected.some((known) => text.includes(known))), []);
  };
  return { page, context, close };
}

// No finding of axe that is serious or critical.
export async function accessible(page, name) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const grave = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  const told = grave.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
  assert.deepEqual(told, [], name);
}

// Nothing is wider than the window.
export async function fits(page, name) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= window, `${name}: ${content} px in a window of ${window}`);
}

export async function screenshot(page, name) {
  await page.screenshot({ path: `${SCREENS}/${name}.png`, fullPage: true });
}

// Signs in from a page that asks for it, and goes on from the first key, which it returns.
export async function signUp(page, router, email) {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByRole("button", { name: "Send the code" }).click();
  await page.getByLabel("Code").fill(await router.code(email));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Your first key" }).waitFor();
  const key = await page.locator("figure code").first().textContent();
  await page.getByRole("link", { name: "Go on" }).click();
  await page.waitForLoadState();
  return key;
}
