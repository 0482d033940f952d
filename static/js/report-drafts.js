// What this device keeps: of who is signed in, with links; signed out, sealed. Opening this page signed out forgets the key.
import { forgetKeys, kept, remove } from "./report-store.js";

const section = document.querySelector("[data-drafts]");
const list = section.querySelector("[data-drafts-list]");
const { owner } = section.dataset;

function words(name, values = {}) {
  const text = section.querySelector(`[data-word="${name}"]`).textContent;
  return text.replace(/\{(\w+)\}/g, (_whole, key) => values[key] ?? "");
}

function row(draft) {
  const item = section.querySelector("[data-draft]").content.cloneNode(true).firstElementChild;
  const [link, sealed] = ["a", "b"].map((name) => item.querySelector(name));
  const title = words("visit", draft);
  const at = draft.at.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  (owner ? link : sealed).textContent = title;
  if (owner) link.href = `visits/${draft.visit}/report/`;
  item.querySelector("[data-visit-again]").textContent = ` (${title})`;
  item.querySelector("[data-detail]").textContent = words(draft.isWaiting ? "waiting" : "yours", { ...draft, at });
  const button = item.querySelector("[data-remove]");
  let isAsked = !draft.isWaiting;
  button.addEventListener("click", async () => {
    if (!isAsked) { isAsked = true; button.classList.replace("quiet", "danger"); button.textContent = words("sure"); return; }
    await remove(draft.owner, draft.visit);
    await forget(draft.visit);
    item.remove();
    section.querySelector("[data-drafts-live]").textContent = words("removed");
    show();
  });
  return item;
}

// The empty form and its files, too.
async function forget(visit) {
  const registered = await navigator.serviceWorker?.getRegistration(new URL(`visits/${visit}/report/`, location.href));
  if (registered?.scope.includes(`/${visit}/`)) await registered.unregister();
  for (const name of await caches.keys()) if (name.startsWith(`report-${visit}-`)) await caches.delete(name);
}

const show = () => { section.querySelector("[data-drafts-none]").hidden = list.children.length > 0; };

await forgetKeys(owner);
const written = new Set([...document.querySelectorAll("[data-drafts-visit]")].map((item) => item.dataset.draftsVisit));
const drafts = (await kept()).filter((draft) => !owner || draft.owner === owner);
const isDone = (draft) => owner && !draft.isWaiting && !written.has(draft.visit); // the site has all of it, and the report is submitted
for (const draft of drafts.filter(isDone)) {
  await remove(draft.owner, draft.visit);
  await forget(draft.visit);
}
list.replaceChildren(...drafts.filter((draft) => !isDone(draft)).map(row));
show();
