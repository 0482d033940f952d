// Back with the receipt code: it stays here, asks with a handle that is derived from it, and opens what is sealed to it.
import { busy, put, Refused, show, trouble, words } from "./host-page.js";
import { keysOf } from "./tip-code.js";
import { armor, Decrypter } from "./vendor/age.js";

const form = document.querySelector("[data-form]");

function paragraph(text, tag = "p") {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function reading(text, label) {
  const made = paragraph(text, "pre");
  made.className = "diff";
  made.tabIndex = 0;
  made.setAttribute("role", "region");
  made.setAttribute("aria-label", label);
  return made;
}

async function ask(handle) {
  const request = { method: "POST", credentials: "omit", referrerPolicy: "no-referrer", headers: { Accept: "application/json" }, body: new URLSearchParams({ handle }) };
  const answer = await fetch(form.dataset.answers, request).catch(() => { throw new Refused({ code: "offline" }); });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Refused({ code: "offline" });
  return answer.json();
}

async function opened(sealed, identity) {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  try {
    return (await decrypter.decrypt(armor.decode(sealed), "text")).replace(/\0+$/, "");
  } catch {
    return words("notForYou");
  }
}

function handled({ body, state, outcome, words: said }) {
  const row = document.createElement("li"), text = document.createElement("span");
  text.append(paragraph(body, "b"), paragraph([state, outcome, said].filter(Boolean).join(" · "), "small"));
  row.append(text);
  return row;
}

async function submit() {
  const keys = await keysOf(form.querySelector("#code").value);
  if (keys === null) return trouble("noCode", words("noCodeAdvice"), { keeps: "ask" });
  busy("opening");
  const found = await ask(keys.handle);
  if (found === null) return trouble("unknown", words("unknownAdvice"), { keeps: "ask" });
  const at = new Date(found.told_at).toLocaleString(document.documentElement.lang);
  put({ tip: found.tip, record: found.recorded ? words("recorded") : words("toBeRecorded", { at }) });
  const rows = found.handlings.map(handled);
  document.querySelector("[data-handlings]").replaceChildren(...(rows.length ? rows : [paragraph(words("nobodyYet"), "li")]));
  const texts = await Promise.all(found.answers.map(async ({ body, sealed }, number) => [paragraph(body, "h3"), reading(await opened(sealed, keys.identity), `${number + 1}. ${body}`)]));
  document.querySelector("[data-texts]").replaceChildren(...(texts.length ? texts.flat() : [paragraph(words("noAnswer"))]));
  return show("found");
}

show("ask");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit().catch(() => trouble("offline", words("offlineAdvice"), { keeps: "ask" }));
});
