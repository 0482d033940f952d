// What the two pages of the ballot host share: one state at a time, words from the page, text and never markup.
const states = [...document.querySelectorAll("[data-state]")];
const find = (name) => document.querySelector(`[data-put="${name}"]`);

export class Refused extends Error {
  constructor({ code = "", detail = "" }) {
    super(detail);
    this.code = code;
  }
}

export function words(name, values = {}) {
  const text = document.querySelector(`[data-word="${name}"]`).textContent;
  return text.replace(/\{(\w+)\}/g, (_whole, key) => values[key] ?? "");
}

export function put(values) {
  for (const [name, text] of Object.entries(values)) {
    find(name).textContent = text;
    find(name).hidden = text === "";
  }
}

export function show(...names) {
  for (const state of states) state.hidden = !names.includes(state.dataset.state);
}

export function busy(name) {
  document.querySelector('[data-state="trouble"]').hidden = true;
  put({ busy: words(name) });
  document.querySelector('[data-state="busy"]').hidden = false;
}

// `keeps`: the state that stays below the trouble; `again`: offer to begin again, at this address or the one in the page.
export function trouble(name, advice, { keeps, again } = {}) {
  show("trouble", keeps);
  put({ trouble: words(name), advice });
  const link = document.querySelector("[data-again]");
  if (link) link.hidden = again === undefined;
  if (again) link.href = again;
  document.querySelector('[data-state="trouble"]').focus();
}

export function did(sentences) {
  document.querySelector("[data-did]").replaceChildren(...sentences.map((sentence) => {
    const item = document.createElement("li");
    item.className = "ok";
    item.append(document.createElement("p"));
    item.firstChild.textContent = sentence;
    return item;
  }));
}

export async function post(path, body) {
  const request = { method: "POST", credentials: "omit", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, request).catch(() => { throw new Refused({ code: "offline" }); });
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(found);
  return found;
}

export function offerFile(link, name, value) {
  link.href = URL.createObjectURL(new Blob([JSON.stringify(value, null, 2)], { type: "application/json" }));
  link.download = name;
}
