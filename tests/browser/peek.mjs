import { chromium } from "playwright-core";
const [base, out, ...paths] = process.argv.slice(2);
const args = ["--no-sandbox","--disable-gpu","--disable-quic","--no-first-run","--disable-background-networking","--disable-component-update","--disable-sync"];
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args });
for (const colorScheme of ["light", "dark"]) for (const width of [1440, 360]) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  page.on("console", (m) => console.log(m.type(), m.text()));
  for (const path of paths) {
    await page.goto(base + path, { waitUntil: "networkidle" });
    const w = await page.evaluate(() => document.documentElement.scrollWidth);
    if (w > width) console.log("OVERFLOW", path, width, w);
    await page.screenshot({ path: `${out}/${path.replace(/\W+/g, "_") || "root"}-${width}-${colorScheme}.png`, fullPage: true });
  }
  await page.close();
}
await browser.close();
