// A person with a keyboard and nothing else: what the Tab key reaches, in which order, and whether it shows.

import assert from "node:assert/strict";

// Notes every control that is seen, in the order of the document.
function noteControls() {
  const group = (input) => `${input.form?.action}/${input.name}`;
  const isStop = (control) => {
    if (control.disabled || !control.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
    if (control.type !== "radio") return true;
    // A group of radio buttons is one stop: the chosen one, or the first.
    const others = [...document.querySelectorAll("input[type=radio]")].filter((other) => group(other) === group(control));
    return control === (others.find((other) => other.checked) ?? others[0]);
  };
  const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  globalThis.stops = [...document.querySelectorAll(controls)].filter(isStop);
  // A page may begin at a field of its own; the walk begins at the top.
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
  return globalThis.stops.map((stop) => `${stop.tagName.toLowerCase()} ${(stop.getAttribute("aria-label") ?? stop.name ?? "") || stop.textContent.trim().slice(0, 40)}`);
}

// Which control has the focus, and whether it can be seen: an outline within the window.
function focused() {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  const box = at.getBoundingClientRect();
  return {
    stop: globalThis.stops.indexOf(at),
    shows: style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0 && box.bottom > 0 && box.top < innerHeight,
    what: `${at.tagName} ${at.id || at.textContent.trim().slice(0, 40)}`,
  };
}

// Every control is reached by the Tab key, in the document's order, and is seen to have the focus.
export async function walk(page, name) {
  // A field that takes the focus by itself does so when the page is first drawn.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const controls = await page.evaluate(noteControls);
  const reached = [];
  // A date is one control with several stops of its own.
  for (let presses = 0; presses < controls.length * 2 + 20 && reached.length < controls.length; presses += 1) {
    await page.keyboard.press("Tab");
    const { stop, shows, what } = await page.evaluate(focused);
    if (stop === reached.at(-1)) continue;
    assert.ok(stop >= 0, `${name}: ${what} was not expected after ${controls[reached.at(-1)]}`);
    assert.ok(shows, `${name}: the focus on ${what} cannot be seen`);
    reached.push(stop);
  }
  assert.deepEqual(reached.map((stop) => controls[stop]), controls, `${name}: reached in order`);
}

// Presses Tab until a control has the focus.
export async function tabTo(page, control) {
  for (let presses = 0; presses < 200; presses += 1) {
    await page.keyboard.press("Tab");
    if (await control.evaluate((wanted) => wanted === document.activeElement)) return;
  }
  assert.fail(`${control} was not reached`);
}

// Goes to a control and presses a key on it.
export async function press(page, control, key = "Enter") {
  await tabTo(page, control);
  await page.keyboard.press(key);
}

// Goes to a field and puts a text in the place of what stands there.
export async function type(page, field, text) {
  await tabTo(page, field);
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type(text);
}
