// A tip: sealed here, to the bodies that its author chose, before anything is sent. The code that opens the answers never leaves the page.
import { busy, put, Refused, show, trouble, words } from "./host-page.js";
import { hex, keysOf, newCode } from "./tip-code.js";
import { Encrypter, generateX25519Identity, identityToRecipient, sha256 } from "./vendor/age.js";

const page = document.querySelector('[data-state="write"]');
const form = document.querySelector("[data-form]");
const boxes = [...document.querySelectorAll("[data-recipient]")];
const SIZES = page ? page.dataset.sizes.split(" ").map(Number) : [];
const AT_ONCE = 4096;

function filledUp(text) {
  const found = new TextEncoder().encode(text);
  const size = SIZES.find((one) => one >= found.length);
  if (size === undefined) return null;
  const filled = new Uint8Array(size);
  filled.set(found);
  return filled;
}

function composed(recipient, chosen) {
  const names = chosen.map((box) => box.dataset.name).join(", ");
  return `A tip through Fermata\nSealed to: ${names}\nAnswer to: ${recipient}\n\n${form.querySelector("#tip").value}\n`;
}

// Who is left out is replaced by a key that nobody has, so that the number of keys tells nothing.
async function seal(content) {
  const encrypter = new Encrypter();
  for (const box of boxes) {
    encrypter.addRecipient(box.checked ? box.dataset.recipient : await identityToRecipient(await generateX25519Identity()));
  }
  return encrypter.encrypt(content);
}

const zeroBits = (digest) => {
  const first = ((digest[0] << 24) | (digest[1] << 16) | (digest[2] << 8) | digest[3]) >>> 0;
  return Math.clz32(first);
};

async function work(digest) {
  const needed = Number(page.dataset.work);
  for (let number = 0; ; number += 1) {
    const nonce = number.toString(16);
    if (zeroBits(sha256(new TextEncoder().encode(`fermata/tip-work/v1\0${digest}\0${nonce}`))) >= needed) return nonce;
    if (number % AT_ONCE === 0) await new Promise((go) => { setTimeout(go); });
  }
}

async function send(sealed, handle, nonce) {
  const body = new FormData();
  body.append("file", new Blob([sealed]), "tip.age");
  body.append("handle", handle);
  body.append("nonce", nonce);
  const request = { method: "POST", credentials: "omit", referrerPolicy: "no-referrer", headers: { Accept: "application/json" }, body };
  const answer = await fetch(page.dataset.send, request).catch(() => { throw new Refused({ code: "offline" }); });
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(found);
  return found;
}

async function submit() {
  const chosen = boxes.filter((box) => box.checked);
  if (chosen.length === 0) return trouble("nobody", words("nobodyAdvice"), { keeps: "write" });
  busy("sealing");
  const code = newCode();
  const { recipient, handle } = await keysOf(code);
  const content = filledUp(composed(recipient, chosen));
  if (content === null) return trouble("tooLong", words("tooLongAdvice"), { keeps: "write" });
  const sealed = await seal(content);
  const digest = hex(sha256(sealed));
  busy("working");
  const nonce = await work(digest);
  busy("sending");
  const taken = await send(sealed, handle, nonce);
  if (taken.tip !== digest) throw new Refused({ detail: `${taken.tip} ≠ ${digest}` });
  put({ code, tip: digest, told: new Date(taken.told_at).toLocaleString(document.documentElement.lang) });
  form.reset();
  return show("sent");
}

function explain(error) {
  if (!(error instanceof Refused)) return trouble("unable", words("unableAdvice"), { keeps: "write" });
  return error.code === "offline" ? trouble("offline", words("offlineAdvice"), { keeps: "write" }) : trouble("refused", error.message, { keeps: "write" });
}

if (page) {
  show("write");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    submit().catch(explain).finally(() => { button.disabled = false; });
  });
}
