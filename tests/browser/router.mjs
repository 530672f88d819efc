// The binary with its simulated providers, and the mails that it writes into files.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export const ADMIN = "admin-token-of-the-browser-tests";

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

// A busy machine with a debug build takes its time.
const PATIENCE_MS = 90_000;

async function until(what, ask) {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    const found = await ask();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`waited ${PATIENCE_MS} ms for ${what}`);
}

export async function startRouter() {
  const dir = mkdtempSync(join(tmpdir(), "model-router-browser-"));
  const catalog = join(dir, "catalog.toml");
  writeFileSync(catalog, "");
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(process.env.MODEL_ROUTER_BIN, ["serve", "--sandbox"], {
    cwd: dir,
    env: { PATH: process.env.PATH, MODEL_ROUTER_BIND: address, MODEL_ROUTER_ADMIN_TOKEN: ADMIN, MODEL_ROUTER_CATALOG: catalog, MODEL_ROUTER_DATA_DIR: join(dir, "var"), RUST_LOG: "error" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let banner = "";
  child.stdout.on("data", (data) => (banner += data));
  const key = await until("the banner", () => {
    if (child.exitCode !== null) throw new Error(`the router has ended with ${child.exitCode}`);
    return /API key +(mr_sk_\S+)/.exec(banner)?.[1];
  });
  const url = `http://${address}`;

  return {
    url,
    key,
    /// The code of the newest mail to an address, once there are so many.
    async code(email, mails = 1) {
      const spool = join(dir, "var", "mail");
      const texts = await until(`a mail to ${email}`, () => {
        const files = readdirSync(spool).filter((name) => name.endsWith(".eml")).sort();
        const found = files.map((name) => readFileSync(join(spool, name), "utf8")).filter((text) => text.includes(`To: ${email}`));
        return found.length >= mails && found;
      });
      return /^\s*(\d{8})\s*$/m.exec(texts.at(-1))[1];
    },
    /// What stands in the operator's catalog file.
    catalog: () => readFileSync(catalog, "utf8"),
    /// One chat; its status and body.
    async chat(model, apiKey = key) {
      const answer = await fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}` },
        body: JSON.stringify({ model, messages: [{ role: "user", content: "Say hello." }] }),
      });
      return { status: answer.status, body: await answer.json() };
    },
    /// Pays on the simulated Stripe's page, as its form does.
    async pay(page) {
      const answer = await fetch(page, { method: "POST", redirect: "manual", body: new URLSearchParams({ card: "4242424242424242" }) });
      if (answer.status !== 303) throw new Error(`not paid: ${answer.status}`);
    },
    /// What a command prints that was copied from a page.
    async shell(command) {
      const { stdout } = await promisify(execFile)("bash", ["-c", command], { env: { PATH: process.env.PATH, MODEL_ROUTER_API_KEY: key } });
      return stdout;
    },
    async stop() {
      child.kill("SIGTERM");
      await once(child, "exit");
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
