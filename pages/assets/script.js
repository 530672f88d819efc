// What the pages do beyond being read. Every part looks for its own element and does nothing
// where there is none; without this file all pages still say what they have to say.
"use strict";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const one = (selector, within = document) => within.querySelector(selector);

function copyButtons() {
  if (!navigator.clipboard) return;
  for (const button of all("[data-copy]")) {
    button.classList.add("ready");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(one("code", button.closest("figure")).textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
  }
}

// Tier × prefer: a cell that is pointed at, focused or tapped is read out below the table.
function grid() {
  const table = one("[data-grid]");
  const reading = one("[data-reading]");
  if (!table || !reading) return;
  const out = (name) => one(`[data-out=${name}]`, reading);
  const show = (cell) => {
    for (const other of all("a[aria-current]", table)) other.removeAttribute("aria-current");
    cell.setAttribute("aria-current", "true");
    const { tier, prefer, provider, price, first, speed } = cell.dataset;
    out("ask").textContent = `{"model": "${tier}", "prefer": "${prefer}"}`;
    out("model").textContent = one(".model", cell).textContent;
    out("model").href = cell.href;
    Object.entries({ provider, price, first, speed }).forEach(([name, value]) => (out(name).textContent = value));
    reading.hidden = false;
  };
  const cells = all("a[data-tier]", table);
  for (const cell of cells) {
    cell.addEventListener("mouseenter", () => show(cell));
    cell.addEventListener("focus", () => show(cell));
    cell.addEventListener("click", (event) => {
      // A finger cannot hover: the first tap reads, the link below leads on.
      if (matchMedia("(hover: none)").matches) event.preventDefault();
      show(cell);
    });
  }
  const first = cells.find((cell) => cell.dataset.tier === "standard" && cell.dataset.prefer === "balanced") ?? cells[0];
  if (first) show(first);
  table.addEventListener("keydown", (event) => {
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    const at = event.target.closest("td");
    if (!step || !at) return;
    event.preventDefault();
    const row = at.parentElement.parentElement.rows[at.parentElement.sectionRowIndex + step[0]];
    one("a", row?.cells[at.cellIndex + step[1]] ?? at)?.focus();
  });
}

// The line that says how the service is: asked for once, then every fifteen seconds while the page is seen.
function statusLine() {
  const line = one("[data-status]");
  if (!line) return;
  const state = one(".state", line);
  const why = one("[data-why]", line);
  const show = (word, text) => {
    state.className = `state ${word}`;
    state.textContent = word;
    why.textContent = text;
  };
  const look = async () => {
    try {
      const health = await (await fetch("/health", { headers: { accept: "application/json" } })).json();
      const sick = health.providers.filter((p) => p.state !== "unconfigured" && (p.state !== "flowing" || p.models_tripped > 0));
      show(health.status, sick.map((p) => (p.state === "flowing" ? `${p.name}: ${p.models_tripped} tripped` : `${p.name}: ${p.state}`)).join(", "));
    } catch {
      show("outage", "this router does not answer");
    }
  };
  show("checking…", "");
  look();
  setInterval(() => document.hidden || look(), 15000);
}

// Lists that are filtered and sorted by query parameters: the server does it, and the page is not left.
function liveList() {
  const form = one("[data-live-form]");
  const list = () => one("[data-live-list]");
  if (!form) return;
  let turn = 0;
  const load = async (url) => {
    const mine = ++turn;
    const answer = await fetch(url, { headers: { accept: "text/html" } }).catch(() => undefined);
    if (mine !== turn) return;
    if (!answer?.ok) return location.assign(url);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== turn) return;
    list().replaceWith(document.adoptNode(one("[data-live-list]", page)));
    history.replaceState(null, "", url);
  };
  const asked = () => {
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    return `${form.getAttribute("action")}${query.size ? `?${query}` : ""}`;
  };
  let wait;
  form.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(() => load(asked()), 120);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    load(asked());
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-live-list] a:is([data-sort], [data-page])");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    if ("page" in link.dataset) {
      load(link.href).then(() => one(".wide", list())?.focus());
      return;
    }
    const { sort } = link.dataset;
    form.elements.sort.value = sort;
    load(link.href).then(() => one(`[data-live-list] a[data-column="${link.dataset.column}"]`)?.focus());
  });
}

// The dry run of the docs: score, tier and signals of a conversation that the visitor types.
function dryRun() {
  const form = one("[data-route]");
  if (!form) return;
  const result = one("[data-route-result]");
  const out = (name) => one(`[data-out=${name}]`, result);
  const fail = (text) => {
    out("error").textContent = text;
    out("error").hidden = false;
    one("[data-route-answer]", result).hidden = true;
  };
  const row = (...values) => {
    const line = document.createElement("tr");
    values.forEach((value, n) => {
      const cell = document.createElement(n ? "td" : "th");
      if (n) cell.className = "n";
      else cell.scope = "row";
      cell.textContent = value;
      line.append(cell);
    });
    return line;
  };
  const conversation = (text) => {
    try {
      const given = JSON.parse(text);
      if (Array.isArray(given)) return given;
      if (Array.isArray(given?.messages)) return given.messages;
    } catch {
      // Not JSON: what a person wrote.
    }
    return [{ role: "user", content: text }];
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    result.hidden = false;
    const key = form.elements.key.value.trim();
    const messages = conversation(form.elements.conversation.value);
    try {
      const answer = await fetch("/v1/route", {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
        body: JSON.stringify({ model: "auto", prefer: form.elements.prefer.value, messages }),
      });
      const body = await answer.json();
      if (!answer.ok) return fail(body.error.message);
      out("error").hidden = true;
      one("[data-route-answer]", result).hidden = false;
      out("tier").textContent = body.tier;
      out("score").textContent = body.auto ? `${body.auto.score} of 100` : "not scored: your account has a default tier";
      out("first").textContent = body.candidates.length ? body.candidates[0].model : "nobody";
      out("signals").replaceChildren(...(body.auto?.signals ?? []).map((s) => row(s.name, s.value, s.weight)));
      out("candidates").replaceChildren(
        ...body.candidates.slice(0, 8).map((c) => row(c.model, c.provider, c.cost_estimate, Math.round(c.ttft_ms), c.state)),
      );
    } catch {
      fail("The router did not answer.");
    }
  });
}

// A text file that is chosen goes into the field that is sent: forms without scripts send no files.
function fileInto() {
  for (const input of all("input[type=file][data-into]")) {
    input.addEventListener("change", async () => {
      if (input.files[0]) input.form.elements[input.dataset.into].value = await input.files[0].text();
    });
  }
}

fileInto();
copyButtons();
grid();
statusLine();
liveList();
dryRun();
