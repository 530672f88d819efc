// How soon every page shows something, with a cache that holds nothing, beside a page of one heading, which
// is what the browser takes for itself. FIRST_PAINT_MS is the most that the best of fifteen loads may take,
// for a release build; without it the times are only printed.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { open, signUp, startBrowser } from "./browser.mjs";
import { ADMIN, startRouter } from "./router.mjs";

const OPEN = ["/", "/models", "/models/gpt-4.1", "/docs", "/docs/tiers", "/docs/auto-routing", "/docs/api", "/status", "/login", "/playground"];
const DASHBOARD = ["", "/keys", "/requests", "/usage", "/credit", "/settings", "/profile"].map((part) => `/dashboard${part}`);
const OPERATOR = ["", "/customers", "/providers", "/catalog", "/books", "/log"].map((part) => `/admin${part}`);
const MOST_MS = Number(process.env.FIRST_PAINT_MS ?? Number.POSITIVE_INFINITY);
const LOADS = process.env.FIRST_PAINT_MS ? 15 : 3;

let router;
let browser;
let plain;

before(async () => {
  [router, browser] = await Promise.all([startRouter(), startBrowser()]);
  plain = createServer((_, answer) => {
    answer.setHeader("content-type", "text/html");
    answer.end("<!doctype html><title>Plain</title><h1>Plain</h1>");
  });
  await new Promise((listening) => plain.listen(0, "127.0.0.1", listening));
});

after(async () => {
  plain?.close();
  await browser?.close();
  await router?.stop();
});

// The first paint after the navigation began, in milliseconds.
function firstPaint() {
  return new Promise((done) => {
    const observer = new PerformanceObserver((list) => {
      const paint = list.getEntriesByName("first-contentful-paint")[0];
      if (paint) done(paint.startTime);
    });
    observer.observe({ type: "paint", buffered: true });
  });
}

test("every page's first paint", async () => {
  const { page, context, close } = await open(browser, router.url);
  await page.goto("/dashboard");
  await signUp(page, router, "painter@example.com");
  await page.goto("/admin");
  await page.getByLabel("Admin token").fill(ADMIN);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
  const floor = `http://127.0.0.1:${plain.address().port}/`;
  const loads = new Map([floor, ...OPEN, ...DASHBOARD, ...OPERATOR].map((path) => [path, []]));
  // Every page in turn, so that a busy second of the machine is nobody's alone.
  for (let round = 0; round < LOADS; round += 1) {
    for (const [path, times] of loads) {
      await page.goto(path);
      times.push(await page.evaluate(firstPaint));
      const bytes = await page.evaluate(() => performance.getEntriesByType("navigation")[0].transferSize);
      assert.ok(bytes < 60 * 1024, `${path}: ${bytes} bytes`);
    }
  }
  const slow = [];
  console.log("first paint, ms".padEnd(24), "median", "   best");
  for (const [path, times] of loads) {
    times.sort((a, b) => a - b);
    const [best, median] = [times[0], times[(LOADS - 1) / 2]];
    const name = path === floor ? "(one heading)" : path;
    console.log(name.padEnd(24), median.toFixed(0).padStart(6), best.toFixed(0).padStart(7));
    // What else the machine does only adds to the time: the best is what the page takes.
    if (best >= MOST_MS) slow.push(`${path}: ${best.toFixed(0)} ms`);
  }
  assert.deepEqual(slow, []);
  await close([`asked another host: ${floor}`]);
});
