import { readdirSync, readFileSync } from "node:fs";
process.env.SCREENS = "/tmp/s7run/screens"; process.env.CHROMIUM = "/usr/bin/chromium";
const { startBrowser, open, accessible, fits } = await import("./browser.mjs");
const base = process.argv[2]; const paths = process.argv.slice(3);
const spool = "/tmp/s7run/var/mail";
const browser = await startBrowser();
const { page, context } = await open(browser, base);
const email = `peek${Date.now()}@example.com`;
await page.goto("/login?next=/dashboard");
await page.getByLabel("E-mail address").fill(email);
await page.getByRole("button", { name: "Send the code" }).click();
await page.getByLabel("Code").waitFor();
await new Promise(r => setTimeout(r, 500));
const mails = readdirSync(spool).filter(f => f.endsWith(".eml")).map(f => readFileSync(`${spool}/${f}`, "utf8")).filter(t => t.includes(`To: ${email}`));
await page.getByLabel("Code").fill(/^\s*(\d{8})\s*$/m.exec(mails.at(-1))[1]);
await page.getByRole("button", { name: "Sign in" }).click();
await page.getByRole("heading", { name: "Your first key" }).waitFor();
const key = await page.locator("figure code").first().textContent();
await page.goto("/dashboard"); await page.screenshot({ path: `/tmp/s7run/screens/empty.png`, fullPage: true });
const admin = (path, body) => fetch(base + path, { method: body ? "POST" : "GET", headers: { authorization: "Bearer admin-token-of-the-desk", "content-type": "application/json" }, body: body && JSON.stringify(body) }).then(r => r.json());
const found = await admin(`/admin/accounts?query=${email}`);
await admin(`/admin/accounts/${found.data[0].id}/credits`, { amount_usd: "5.00", idempotency_key: "x" });
for (const model of ["economy", "standard", "premium", "gpt-4.1", "claude-haiku-4-5", "auto"]) {
  const r = await fetch(base + "/v1/chat/completions", { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body: JSON.stringify({ model, messages: [{ role: "user", content: "Say hello." }] }) });
  console.log(model, r.status, r.headers.get("x-model-router-model"));
}
for (const colorScheme of ["light", "dark"]) for (const width of [1440, 360]) {
  const p = await context.newPage(); await p.setViewportSize({ width, height: 900 }); await p.emulateMedia({ colorScheme });
  p.on("console", m => console.log(m.type(), m.text()));
  for (const path of paths) {
    if (path === "REQUEST") { await p.goto("/dashboard/requests"); await p.locator("tbody th a").first().click(); }
    else if (path === "KEY") { await p.goto("/dashboard/keys"); await p.locator("tbody th a").first().click(); await p.locator("summary").click(); }
    else await p.goto(path);
    const name = path.replace(/\W+/g, "_");
    try { await accessible(p, name); await fits(p, name); } catch (e) { console.log("BAD", path, width, colorScheme, e.message.slice(0, 1500)); }
    await p.screenshot({ path: `/tmp/s7run/screens/${name}-${width}-${colorScheme}.png`, fullPage: true });
  }
  await p.close();
}
await browser.close();
