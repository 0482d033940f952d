// Submitting: sent again under the same key until the site has answered, so that one report is received. Without this the form is sent once.
import { submitReport } from "./report-sync.js";

const RETRY_AFTER = 5000;
const form = document.querySelector("form[data-report-submit]");
const [button] = form?.querySelectorAll("button") ?? [];
const words = (name) => form.querySelector(`[data-word="${name}"]`).textContent;
const say = (text) => { form.querySelector("[data-report-submit-status]").textContent = text; };
let timer;

async function submit() {
  clearTimeout(timer);
  button.disabled = true;
  say(words("sending"));
  const told = await submitReport(form);
  if (told.kind === "received") { location.assign(told.url); return; }
  if (told.kind === "offline") {
    say(words("again"));
    timer = setTimeout(submit, RETRY_AFTER);
    return;
  }
  button.disabled = false;
  say(told.detail || words(told.kind === "signedOut" ? "signedOut" : "refused"));
}

form?.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
addEventListener("online", () => { if (button?.disabled) submit(); });
