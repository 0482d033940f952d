// The button "check in your browser" of an entry's page.
import { checkEntry, CheckFailed } from "./ledger-check.js";

const section = document.querySelector("[data-check]");
const button = section.querySelector("[data-check-start]");
const steps = section.querySelector("[data-check-steps]");
const log = new URL(".", new URL(section.dataset.checkpoint, location.href));

function words(name, values = {}) {
  const text = section.querySelector(`[data-word="${name}"]`).textContent;
  return text.replace(/\{(\w+)\}/g, (_whole, key) => values[key] ?? "");
}

function say(name, values, sign = "ok") {
  const item = document.createElement("li");
  item.className = sign;
  const line = document.createElement("p");
  line.textContent = words(name, values);
  item.append(line);
  steps.append(item);
}

async function fetchBytes(path) {
  const answer = await fetch(new URL(path, log), { cache: path === "checkpoint" ? "no-store" : "default" });
  if (!answer.ok) throw new CheckFailed("badAnswer", { address: path, status: answer.status });
  return new Uint8Array(await answer.arrayBuffer());
}

async function check() {
  steps.replaceChildren();
  button.disabled = true;
  try {
    await checkEntry({
      index: Number(section.dataset.index),
      shown: document.querySelector("[data-check-bytes]").textContent,
      key: section.dataset.key,
      fetchBytes,
      memory: localStorage,
      say,
    });
  } catch (error) {
    const reason = error instanceof CheckFailed ? words(error.word, error.values) : error.message;
    say("failed", { reason }, "bad");
  } finally {
    button.disabled = false;
  }
}

section.querySelector("[data-check-without]").hidden = true;
button.hidden = false;
button.addEventListener("click", check);
