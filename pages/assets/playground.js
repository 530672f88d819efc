// The playground: a conversation, sent to /v1 as any client would, with what ran, why, and what it
// cost. The key stays in this page, or, when the page made it itself, in this tab's session.
"use strict";

const ROOT = one("[data-playground]");
// Under the account's id: whoever signs in next in this tab must not ask at somebody else's cost.
const MEMBER = ROOT.dataset.member;
const KEPT = `model-router.playground-key.${MEMBER}`;
const MOST_IMAGE_BYTES = 8 << 20;
const turns = [];
let running;

const field = (name) => ROOT.elements[name];
const out = (name, within) => one(`[data-out=${name}]`, within);

function make(tag, text, props = {}) {
  const element = Object.assign(document.createElement(tag), props);
  if (text !== undefined) element.textContent = text;
  return element;
}

// The key that pays: what was typed, or one that the server makes for this page.
async function key() {
  if (!MEMBER) {
    const typed = field("key").value.trim();
    if (!typed) throw new Error("Paste an API key, or sign in.");
    return typed;
  }
  const kept = sessionStorage.getItem(KEPT);
  if (kept) return kept;
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

// One call. A key of ours that another tab has replaced is made anew, once.
async function call(path, body, signal) {
  const ask = async () =>
    fetch(path, {
      method: "POST",
      signal,
      headers: { "content-type": "application/json", authorization: `Bearer ${await key()}` },
      body: JSON.stringify(body),
    });
  const answer = await ask();
  if (answer.status !== 401 || !sessionStorage.getItem(KEPT)) return answer;
  sessionStorage.removeItem(KEPT);
  return ask();
}

function parsed(name, what) {
  const text = field(name).value.trim();
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${what} is no JSON: ${error.message}`);
  }
}

async function image() {
  const file = field("image").files[0];
  if (!file) return undefined;
  if (file.size > MOST_IMAGE_BYTES) throw new Error("The image is larger than 8 MiB.");
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(new Error("The image cannot be read."));
    reader.readAsDataURL(file);
  });
}

// The message that is being written, as a turn; none when nothing is.
async function written() {
  const text = field("text").value.trim();
  const url = await image();
  if (url) return { role: "user", content: [...(text ? [{ type: "text", text }] : []), { type: "image_url", image_url: { url } }] };
  return text ? { role: "user", content: text } : undefined;
}

function settings(letter) {
  const side = one(`[data-side=${letter}]`);
  const value = (name) => one(`[name=${name}]`, side).value.trim();
  const most = value("max_tokens");
  if (most && !/^[1-9]\d*$/.test(most)) throw new Error("max_tokens must be a number above 0.");
  return { model: value("model"), prefer: value("prefer"), ...(most && { max_tokens: Number(most) }) };
}

function request(letter, messages) {
  const system = field("system").value.trim();
  const tools = parsed("tools", "tools");
  const schema = parsed("schema", "The schema");
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

// Sends one request and shows its answer as it grows. Gives the message that was said.
async function run(letter, body, signal) {
  const shown = pane(letter);
  shown.clear();
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
  const header = (name) => answer.headers.get(`x-model-router-${name}`);
  if (usage) shown.show("rate", `${perSecond(usage.completion_tokens, performance.now() - first)} tokens/s`);
  if (trouble) shown.show("error", trouble.message);
  const id = header("generation-id");
  const record = MEMBER ? make("a", id, { href: `/dashboard/requests/${id}` }) : make("code", id);
  shown.facts([
    ["Ran", header("model")],
    ["Provider", header("provider")],
    ["Tier", header("tier")],
    ["Auto score", header("auto-score") && `${header("auto-score")} of 100`],
    ["Cost, USD", usage && usage.cost],
    ["Tokens in / out", usage && `${usage.prompt_tokens} / ${usage.completion_tokens}`],
    ["First token", first && `${Math.round(first - begun)} ms`],
    ["Tried", header("attempts")],
    ["Warnings", header("warnings")],
    ["Record", record],
  ]);
  if (trouble) return undefined;
  return said.calls.length ? { role: "assistant", content: said.text || null, tool_calls: said.calls } : { role: "assistant", content: said.text };
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
}

function fail(text) {
  const line = one("[data-wrong]");
  line.textContent = text;
  line.hidden = !text;
}

async function balance() {
  const shown = one("[data-balance]");
  if (!shown) return;
  const answer = await fetch("/v1/account", { headers: { accept: "application/json" } });
  if (answer.ok) shown.textContent = (await answer.json()).balance_usd;
}

async function submit() {
  fail("");
  const message = await written();
  if (!message) throw new Error("Write a message.");
  const asked = [...turns, message];
  const letters = field("compare").checked ? ["a", "b"] : ["a"];
  const bodies = letters.map((letter) => request(letter, asked));
  running = new AbortController();
  one("[data-run]").disabled = true;
  one("[data-stop]").disabled = false;
  await key();
  const [answer] = await Promise.all(letters.map((letter, n) => run(letter, bodies[n], running.signal)));
  if (!answer) return;
  turns.push(message, answer);
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
  const message = await written();
  const body = request("a", message ? [...turns, message] : turns);
  await navigator.clipboard.writeText(FORMS[form](ROOT.dataset.base, body));
  one("[data-copied]").textContent = "Copied; the key is read from MODEL_ROUTER_API_KEY.";
}

const told = (work) => work.catch((error) => fail(error.name === "AbortError" ? "Stopped. What was delivered is billed." : error.message));

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
