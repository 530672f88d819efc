// The playground: a conversation, sent to /v1 as any client would, with what ran, why, and what it
// cost. The key stays in this page, or, when the page made it itself, in this tab's session.
"use strict";

const ROOT = one("[data-playground]");
// Under the account's id: whoever signs in next in this tab must not ask at somebody else's cost.
const MEMBER = ROOT.dataset.member;
const KEPT = `model-router.playground-key.${MEMBER}`;
const MOST_IMAGE_BYTES = 8 << 20;
// Tabs that run at once replace each other's keys; so often one call asks again.
const MOST_TRIES = 4;
const turns = [];
let running;
let making;

// Something that was typed and cannot be used, with the field it was typed into.
class Wrong extends Error {
  constructor(message, at) {
    super(message);
    this.at = at;
  }
}

const field = (name) => ROOT.elements[name];
const out = (name, within) => one(`[data-out=${name}]`, within);

function make(tag, text, props = {}) {
  const element = Object.assign(document.createElement(tag), props);
  if (text !== undefined) element.textContent = text;
  return element;
}

// The key that pays: what was typed, or one that the server makes for this page, one for all who wait for it.
async function key() {
  if (MEMBER) return sessionStorage.getItem(KEPT) ?? (making ??= makeKey().finally(() => (making = undefined)));
  const typed = field("key").value.trim();
  if (!typed) throw new Wrong("Paste an API key, or sign in.", field("key"));
  return typed;
}

async function makeKey() {
  const answer = await fetch("/playground/key", { method: "POST", headers: { accept: "application/json" } });
  if (answer.redirected) {
    location.assign("/login?next=/playground");
    throw new Error("The session has ended; sign in again.");
  }
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error.message);
  sessionStorage.setItem(KEPT, body.key);
  return body.key;
}

// One call. A key of ours that another tab has replaced is made anew.
async function call(path, body, signal) {
  for (let tries = 1; ; tries += 1) {
    const used = await key();
    const answer = await fetch(path, {
      method: "POST",
      signal,
      headers: { "content-type": "application/json", authorization: `Bearer ${used}` },
      body: JSON.stringify(body),
    });
    if (answer.status !== 401 || !MEMBER || tries === MOST_TRIES) return answer;
    if (sessionStorage.getItem(KEPT) === used) sessionStorage.removeItem(KEPT);
  }
}

function parsed(name, what, kind, isFit) {
  const at = field(name);
  const text = at.value.trim();
  if (!text) return undefined;
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Wrong(`${what} is no JSON: ${error.message}`, at);
  }
  if (!isFit(value)) throw new Wrong(`${what} must be ${kind}.`, at);
  return value;
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

async function image() {
  const at = field("image");
  const file = at.files[0];
  if (!file) return undefined;
  if (!file.type.startsWith("image/") || !file.size) throw new Wrong("The file is no image.", at);
  if (file.size > MOST_IMAGE_BYTES) throw new Wrong("The image is larger than 8 MiB.", at);
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(new Wrong("The image cannot be read.", at));
    reader.readAsDataURL(file);
  });
}

// The calls of tools that wait for a result.
const pending = () => turns.at(-1)?.tool_calls ?? [];

// What is being written, as turns: the result of each call that waits for one, or a message.
async function written() {
  const text = field("text").value.trim();
  const url = await image();
  if (pending().length) {
    if (url) throw new Wrong("The result of a tool is a text.", field("image"));
    return text ? pending().map(({ id }) => ({ role: "tool", tool_call_id: id, content: text })) : [];
  }
  if (url) return [{ role: "user", content: [...(text ? [{ type: "text", text }] : []), { type: "image_url", image_url: { url } }] }];
  return text ? [{ role: "user", content: text }] : [];
}

function settings(letter) {
  const side = one(`[data-side=${letter}]`);
  const value = (name) => one(`[name=${name}]`, side).value.trim();
  const most = value("max_tokens");
  if (most && !/^[1-9]\d*$/.test(most)) throw new Wrong("max_tokens must be a number above 0.", one("[name=max_tokens]", side));
  return { model: value("model"), prefer: value("prefer"), ...(most && { max_tokens: Number(most) }) };
}

function request(letter, messages) {
  const system = field("system").value.trim();
  const tools = parsed("tools", "tools", "a JSON array", Array.isArray);
  const schema = parsed("schema", "The schema", "a JSON object", isObject);
  return {
    ...settings(letter),
    messages: [...(system ? [{ role: "system", content: system }] : []), ...messages],
    ...(tools && { tools }),
    ...(schema && { response_format: { type: "json_schema", json_schema: { name: "answer", schema } } }),
    stream: true,
  };
}

// The events of a stream, as they come.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    const lines = rest.split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data: ") && line !== "data: [DONE]") yield JSON.parse(line.slice(6));
    }
  }
}

// Where one answer is shown.
function pane(letter) {
  const section = one(`[data-answer=${letter}]`);
  const show = (name, text) => {
    out(name, section).textContent = text;
    out(name, section).hidden = !text;
  };
  const clear = () => {
    for (const name of ["error", "text", "thought", "rate", "verdict", "excluded"]) show(name, "");
    out("facts", section).replaceChildren();
    out("candidates", section).replaceChildren();
    out("facts", section).hidden = true;
    for (const part of all("details", section)) part.hidden = true;
  };
  const facts = (pairs) => {
    const lines = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
    out("facts", section).replaceChildren(
      ...lines.map(([name, value]) => {
        const line = make("div");
        const text = make("dd", value instanceof Node ? undefined : String(value));
        if (value instanceof Node) text.append(value);
        line.append(make("dt", name), text);
        return line;
      }),
    );
    out("facts", section).hidden = false;
  };
  const why = (route) => {
    const row = (c) => {
      const line = make("tr");
      line.append(make("th", c.model, { scope: "row" }));
      for (const value of [c.provider, c.score.toFixed(3), c.cost_estimate, `${Math.round(c.ttft_ms)} ms`, c.state]) line.append(make("td", value, { className: "n" }));
      return line;
    };
    const auto = route.auto && `auto scored ${route.auto.score} of 100, tier ${route.auto.tier}: ${route.auto.signals.map((s) => s.name).join(", ") || "no signal"}.`;
    show("verdict", auto || `Tier ${route.tier ?? "none: the model is pinned"}.`);
    out("candidates", section).replaceChildren(...route.candidates.slice(0, 8).map(row));
    const reasons = {};
    for (const { reason } of route.excluded) reasons[reason] = (reasons[reason] ?? 0) + 1;
    const left = Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`);
    show("excluded", left.length ? `Left out: ${left.join(", ")}.` : "");
    one("[data-why]", section).hidden = false;
  };
  const think = (text) => {
    show("thought", text);
    one("[data-thought]", section).hidden = false;
  };
  return { clear, facts, show, think, why };
}

const perSecond = (tokens, ms) => (ms > 0 ? (tokens / (ms / 1000)).toFixed(0) : "0");

// Sends one request and shows its answer as it grows. Gives the message that was said, and nothing when there is none.
async function run(letter, body, signal) {
  const shown = pane(letter);
  shown.clear();
  try {
    return await ask(shown, body, signal);
  } catch (error) {
    if (signal.aborted || error instanceof Wrong) throw error;
    shown.show("error", error instanceof TypeError ? "The connection to the router was lost." : error.message);
    return undefined;
  }
}

async function ask(shown, body, signal) {
  const { stream, ...plain } = body;
  const route = await call("/v1/route", plain, signal);
  if (route.ok) shown.why(await route.json());
  const begun = performance.now();
  const answer = await call("/v1/chat/completions", body, signal);
  if (!answer.ok) {
    shown.show("error", (await answer.json()).error.message);
    return undefined;
  }
  const said = { text: "", thought: "", calls: [] };
  let first, usage, trouble, pieces = 0;
  try {
    for await (const event of events(answer.body)) {
      usage = event.usage ?? usage;
      trouble = event.error ?? trouble;
      const delta = event.choices?.[0]?.delta ?? {};
      if (delta.content || delta.reasoning_content || delta.tool_calls) {
        first ??= performance.now();
        pieces += 1;
      }
      said.text += delta.content ?? "";
      said.thought += delta.reasoning_content ?? "";
      for (const part of delta.tool_calls ?? []) {
        const call = (said.calls[part.index] ??= { id: part.id, type: "function", function: { name: part.function?.name, arguments: "" } });
        call.function.arguments += part.function?.arguments ?? "";
      }
      if (said.thought) shown.think(said.thought);
      shown.show("text", said.calls.length ? `${said.text}${JSON.stringify(said.calls, null, 2)}` : said.text);
      if (first && !usage) shown.show("rate", `≈ ${perSecond(pieces, performance.now() - first)} tokens/s`);
    }
  } finally {
    // What was stopped has run too.
    tell(shown, answer, usage, first && first - begun);
  }
  if (usage) shown.show("rate", `${perSecond(usage.completion_tokens, performance.now() - first)} tokens/s`);
  if (trouble) {
    shown.show("error", trouble.message);
    return undefined;
  }
  return said.calls.length ? { role: "assistant", content: said.text || null, tool_calls: said.calls } : { role: "assistant", content: said.text };
}

// What ran, and what it cost.
function tell(shown, answer, usage, firstMs) {
  const header = (name) => answer.headers.get(`x-model-router-${name}`);
  const id = header("generation-id");
  const record = MEMBER ? make("a", id, { href: `/dashboard/requests/${id}` }) : make("code", id);
  shown.facts([
    ["Ran", header("model")],
    ["Provider", header("provider")],
    ["Tier", header("tier")],
    ["Auto score", header("auto-score") && `${header("auto-score")} of 100`],
    ["Cost, USD", usage && usage.cost],
    ["Tokens in / out", usage && `${usage.prompt_tokens} / ${usage.completion_tokens}`],
    ["First token", firstMs && `${Math.round(firstMs)} ms`],
    ["Tried", header("attempts")],
    ["Warnings", header("warnings")],
    ["Record", record],
  ]);
}

function showTurns() {
  const text = ({ content, tool_calls }) => {
    if (typeof content === "string") return content;
    const parts = (content ?? []).map((part) => part.text ?? "[image]");
    return [...parts, ...(tool_calls ?? []).map((call) => `${call.function.name}(${call.function.arguments})`)].join("\n");
  };
  one("[data-turns]").replaceChildren(
    ...turns.map((turn) => {
      const line = make("div", undefined, { className: "turn" });
      line.append(make("strong", turn.role), make("div", text(turn), { className: "said" }));
      return line;
    }),
  );
  one("[data-calls]").hidden = !pending().length;
}

// Says what is wrong, beside the field that it is about.
function fail(text, at) {
  const line = one("[data-wrong]");
  for (const marked of all("[aria-invalid]", ROOT)) ["aria-invalid", "aria-describedby"].forEach((name) => marked.removeAttribute(name));
  line.textContent = text;
  line.hidden = !text;
  if (!at) return one(".buttons", ROOT).before(line);
  at.closest("details")?.setAttribute("open", "");
  at.after(line);
  at.setAttribute("aria-invalid", "true");
  at.setAttribute("aria-describedby", line.id);
  at.focus();
}

async function balance() {
  const shown = one("[data-balance]");
  if (!shown) return;
  const answer = await fetch("/v1/account", { headers: { accept: "application/json" } }).catch(() => undefined);
  if (answer?.ok) shown.textContent = (await answer.json()).balance_usd;
}

async function submit() {
  fail("");
  const message = await written();
  if (!message.length) throw new Wrong("Write a message.", field("text"));
  const asked = [...turns, ...message];
  const letters = field("compare").checked ? ["a", "b"] : ["a"];
  const bodies = letters.map((letter) => request(letter, asked));
  running = new AbortController();
  one("[data-run]").disabled = true;
  one("[data-stop]").disabled = false;
  await key();
  const [answer] = await Promise.all(letters.map((letter, n) => run(letter, bodies[n], running.signal)));
  if (!answer) return;
  turns.push(...message, answer);
  showTurns();
  field("text").value = "";
  field("image").value = "";
}

function python(value, indent = "") {
  const deeper = `${indent}    `;
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const list = Array.isArray(value);
  const parts = list ? value.map((item) => python(item, deeper)) : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${python(item, deeper)}`);
  const [begin, end] = list ? "[]" : "{}";
  return parts.length ? `${begin}\n${parts.map((part) => `${deeper}${part},\n`).join("")}${indent}${end}` : begin + end;
}

const FORMS = {
  curl: (base, body) =>
    `curl -N ${base}/v1/chat/completions \\\n  -H "Authorization: Bearer $MODEL_ROUTER_API_KEY" \\\n  -H "Content-Type: application/json" \\\n  -d '${JSON.stringify(body, null, 2).replaceAll("'", "'\\''")}'`,
  python: (base, { prefer, ...body }) =>
    `import os\nfrom openai import OpenAI\n\nclient = OpenAI(base_url=${JSON.stringify(`${base}/v1`)}, api_key=os.environ["MODEL_ROUTER_API_KEY"])\nstream = client.chat.completions.create(\n    **${python(body, "    ")},\n    extra_body={"prefer": ${JSON.stringify(prefer)}},\n)\nfor chunk in stream:\n    if chunk.choices:\n        print(chunk.choices[0].delta.content or "", end="")\n`,
  node: (base, body) =>
    `import OpenAI from "openai";\n\nconst client = new OpenAI({ baseURL: ${JSON.stringify(`${base}/v1`)}, apiKey: process.env.MODEL_ROUTER_API_KEY });\nconst stream = await client.chat.completions.create(${JSON.stringify(body, null, 2)});\nfor await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? "");\n`,
};

async function copy(form) {
  fail("");
  const asked = [...turns, ...(await written())];
  if (!asked.length) throw new Wrong("Write a message.", field("text"));
  const body = request("a", asked);
  await navigator.clipboard.writeText(FORMS[form](ROOT.dataset.base, body));
  one("[data-copied]").textContent = "Copied; the key is read from MODEL_ROUTER_API_KEY.";
}

const told = (work) => work.catch((error) => fail(error.name === "AbortError" ? "Stopped. What was delivered is billed." : error.message, error.at));

for (const name of Object.keys(sessionStorage)) {
  if (name.startsWith("model-router.playground-key.") && name !== KEPT) sessionStorage.removeItem(name);
}

ROOT.addEventListener("submit", (event) => {
  event.preventDefault();
  // Readers are told of the whole answer, not of each word.
  ROOT.setAttribute("aria-busy", "true");
  told(submit()).finally(() => {
    ROOT.setAttribute("aria-busy", "false");
    one("[data-run]").disabled = false;
    one("[data-stop]").disabled = true;
    balance();
  });
});
ROOT.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !one("[data-run]").disabled) ROOT.requestSubmit();
});
one("[data-stop]").addEventListener("click", () => running?.abort());
one("[data-clear]").addEventListener("click", () => {
  turns.length = 0;
  showTurns();
  for (const letter of ["a", "b"]) pane(letter).clear();
});
field("compare").addEventListener("change", (event) => {
  for (const name of ["side", "answer"]) one(`[data-${name}=b]`).hidden = !event.target.checked;
});
for (const button of all("[data-as]")) button.addEventListener("click", () => told(copy(button.dataset.as)));
