// The report form. What is typed is kept on this device at once, sealed, and on the site as soon as there is a connection; each save
// has a key, so that one whose answer was lost is the same save when it is sent again. The page works without all of it.
import { choose } from "./report-conflict.js";
import { addRow, asSent, fill, read, same } from "./report-fields.js";
import { offer, take } from "./report-file.js";
import { Photographs } from "./report-photographs.js";
import { onHolder, Store } from "./report-store.js";
import { fetchForm, sendDraft, standing } from "./report-sync.js";

const DEVICE_AFTER = 400;
const SITE_AFTER = 2500;
const RETRY_AFTER = 15_000;
const form = document.querySelector("form[data-report]");
const find = (name) => document.querySelector(`[data-report-${name}]`);
const words = Object.fromEntries([...document.querySelectorAll("[data-report-words] [data-word]")].map((one) => [one.dataset.word, one.textContent]));
const visit = form.dataset.report;
const address = form.dataset.address;
const READABLE = ["locked", "formChanged"];
const WAITING = ["offline", "signedOut"];
let store, draft, site, deviceTimer, siteTimer, isSaving = false, isStopped = false, isRenewed = false, lastKind = "";

const clock = () => new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
const announce = (text) => { find("live").textContent = text; };

// On the page always; aloud only when it is another state than before.
function say(kind, detail = "") {
  find("status").textContent = `${words[kind]}${detail ? `: ${detail}` : ""} · ${clock()}`;
  find("status").dataset.kind = kind;
  if (kind !== lastKind && kind !== "device") announce(`${words[kind]} ${detail}`);
  if (kind !== "device") lastKind = kind;
}

function banner(name) {
  for (const one of document.querySelectorAll("[data-report-banner]")) {
    const isShown = one.dataset.reportBanner === name;
    if (isShown && one.hidden) announce(one.querySelector("h2").textContent);
    one.hidden = !isShown;
  }
}

// --- on this device

async function keep() {
  clearTimeout(deviceTimer);
  if (!draft || isStopped) return false;
  draft.fields = [...read(form), ...draft.homeless];
  draft.isWaiting = !same(draft.fields, draft.base.fields);
  try {
    await store?.keepDraft(draft);
    return Boolean(store);
  } catch {
    say("full");
    return false;
  }
}

function typed() {
  clearTimeout(deviceTimer);
  deviceTimer = setTimeout(async () => { if (await keep()) say(WAITING.includes(lastKind) ? lastKind : "device"); }, DEVICE_AFTER);
  plan(SITE_AFTER);
}

function lay(fields) {
  draft.homeless = fill(form, fields);
  const list = find("homeless");
  list.replaceChildren(...draft.homeless.map(([name, value]) => Object.assign(document.createElement("li"), { textContent: `${name}: ${value}` })));
  list.closest(".banner").hidden = !draft.homeless.length;
}

// --- on the site

function plan(after) {
  clearTimeout(siteTimer);
  siteTimer = setTimeout(save, after);
}

async function save() {
  clearTimeout(siteTimer);
  if (isSaving || isStopped || !draft || !find("conflict").hidden) return "";
  isSaving = true;
  try {
    if (!site?.token) await meet(await fetchForm(address));
    return site?.token && !isStopped ? await deliver() : "";
  } finally {
    isSaving = false;
  }
}

// Sends what was sent before and never answered, under its key; then what was typed since.
async function deliver() {
  await keep();
  if (!draft.sending && !draft.isWaiting) { say("site"); photographs.send(); return "site"; }
  draft.sending ??= { key: crypto.randomUUID(), revision: draft.base.revision, fields: draft.fields, version: site.version };
  await keep();
  const told = await sendDraft(address, { ...draft.sending, device: draft.device, token: site.token });
  return hear(told);
}

async function hear(told) {
  if (told.kind === "saved") return saved(told);
  if (told.kind === "offline") { say("offline"); plan(RETRY_AFTER); return "offline"; }
  if (told.kind === "forbidden") return renew(told);
  if (told.kind === "signedOut") { say("signedOut"); banner("signedOut"); if (site) site.token = ""; return "signedOut"; }
  if (told.kind === "locked") return stop("locked");
  const isOfEarlierForm = draft.sending && draft.sending.version !== form.elements.version.value;
  draft.sending = null;
  await keep();
  if (told.kind === "conflict") return meet(await fetchForm(address));
  if (told.kind === "formChanged" && isOfEarlierForm) { plan(0); return ""; }
  if (told.kind === "formChanged") return stop("formChanged");
  say("refused", told.detail);
  return "refused";
}

async function saved(told) {
  draft.base = { revision: String(told.revision), fields: draft.sending.fields };
  draft.sending = null;
  isRenewed = false;
  form.elements.revision.value = told.revision;
  await keep();
  mark(told.missing);
  banner("");
  if (draft.isWaiting) { plan(SITE_AFTER); return "device"; }
  say("site");
  photographs.send();
  return "site";
}

// A token of another session, or no right any more: the form's own page tells which.
function renew() {
  site.token = "";
  if (isRenewed) { say("refused"); return "refused"; }
  isRenewed = true;
  plan(0);
  return "";
}

// What stands on the site, fetched: whose it is, and what becomes of what is typed here.
async function meet(found) {
  if (found.kind !== "form") return hear(found.kind === "forbidden" ? { kind: "refused" } : found);
  if (found.owner !== (store ?? site).owner) return stop("otherPerson");
  site = found;
  photographs.adopt(found.photographs);
  if (found.version !== form.elements.version.value) return stop("formChanged");
  banner("");
  if (draft.sending || String(found.revision) === draft.base.revision) return "";
  return reconcile(found);
}

async function reconcile(found) {
  const mine = [...read(form), ...draft.homeless];
  const base = draft.base;
  const isOneSided = same(mine, base.fields) || same(mine, found.fields);
  if (isOneSided) {
    draft.base = { revision: String(found.revision), fields: found.fields };
    lay(found.fields);
    await keep();
    say("site");
    return "site";
  }
  const titles = { mine: words.mine, theirs: words.theirs };
  const chosen = await compare({ mine, theirs: found.fields, base: base.fields, titles, heading: words.newer, why: words.newerWhy });
  draft.base = { revision: String(found.revision), fields: found.fields };
  await settle(chosen, { mine, theirs: found.fields });
  return "device";
}

async function compare(sides) {
  await keep();
  const both = find("whole");
  both.hidden = true;
  find("status").textContent = sides.heading;
  const chosen = choose(find("conflict"), form, sides, words);
  announce(sides.heading);
  return chosen.finally(() => { both.hidden = false; });
}

async function settle(chosen, sides) {
  draft.setAside.push({ at: new Date(), ...sides });
  form.elements.revision.value = draft.base.revision;
  lay([...chosen, ...draft.homeless]);
  await keep();
  aside();
  form.querySelector("input:not([type=hidden]), textarea")?.focus();
  plan(0);
}

function stop(name) {
  if (isStopped) return name;
  isStopped = true;
  banner(name);
  say(name);
  if (READABLE.includes(name)) for (const one of form.elements) one.disabled = true;
  else form.inert = true;
  if (name === "otherPerson") find("whole").remove(); // whoever sits here now is not to read it
  return name;
}

function mark(missing) {
  for (const part of document.querySelectorAll("[data-report-part]")) {
    const isDone = !part.dataset.reportPart.split(" ").some((name) => missing.includes(name));
    const [done, todo] = part.querySelectorAll(":scope > span");
    done.hidden = !isDone;
    todo.hidden = isDone;
  }
}

// --- the page

const photographs = new Photographs(find("pictures"), words, {
  announce,
  token: () => (isStopped ? "" : site?.token ?? ""),
  async heard(told) {
    if (told.kind === "offline") plan(RETRY_AFTER);
    else await hear(told);
    return false;
  },
});

function aside() {
  find("aside").textContent = draft.setAside.length;
  find("aside").closest("p").hidden = !draft.setAside.length;
}

async function ready() {
  const isKept = await keep();
  const worker = form.dataset.worker && navigator.serviceWorker;
  const show = (name) => { for (const one of find("ready").children) one.hidden = one.dataset.ready !== name; };
  if (!isKept || !worker) return show("no");
  navigator.storage?.persist?.();
  const registered = await worker.register(form.dataset.worker, { updateViaCache: "none" }).catch(() => worker.getRegistration(address));
  if (!registered) return show("no");
  const coming = registered.installing ?? registered.waiting;
  const isDone = () => ["activated", "redundant"].includes(coming.state);
  if (coming && !registered.active && !isDone()) await new Promise((resolve) => coming.addEventListener("statechange", () => { if (isDone()) resolve(); }));
  return show(registered.active ? "yes" : "no");
}

async function openStore() {
  try {
    return site ? await Store.open(site.owner, visit, site.keys) : await Store.reopen(visit);
  } catch {
    return undefined; // a browser that keeps nothing
  }
}

async function begin() {
  const fresh = () => ({ device: crypto.randomUUID(), base: { revision: site.revision, fields: site.fields }, fields: site.fields, homeless: [], sending: null, setAside: [], isWaiting: false });
  site = form.hasAttribute("data-shell") ? undefined : standing(form);
  store = await openStore();
  if (!site && !store) return stop("sealed");
  const known = await store?.draft().catch(() => null);
  if (known === null) return stop("unopenable");
  if (!site && !known) return stop("nothing");
  draft = known ?? fresh();
  const isOwed = draft.isWaiting || Boolean(draft.sending);
  if (!isOwed && site) draft.base = { revision: site.revision, fields: site.fields };
  const early = same(read(form), asSent(form)) ? null : read(form); // typed before this ran, or while the store was opened
  const isEarlyLaid = early && site && !isOwed;
  if (early && !isEarlyLaid) draft.setAside.push({ at: new Date(), fields: early });
  lay(isOwed || !site ? draft.fields : [...(early ?? site.fields), ...draft.homeless]);
  find("restored").hidden = !draft.isWaiting;
  aside();
  listen();
  if (isEarlyLaid) typed();
  await photographs.begin(store);
  if (!site) say("offline");
  if (!site || isOwed) plan(0);
  return ready();
}

function listen() {
  onHolder((owner) => { if (store && owner !== store.owner) stop("otherPerson"); });
  const now = () => { if (!isStopped) plan(0); };
  form.addEventListener("input", typed);
  form.addEventListener("submit", submitted);
  addEventListener("online", now);
  addEventListener("offline", () => say("offline"));
  addEventListener("focus", () => { if (draft.isWaiting || draft.sending || photographs.count) now(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden) keep(); });
  find("add").hidden = false;
  find("add").addEventListener("click", () => { addRow(form).querySelector("select").focus(); typed(); });
  find("export").addEventListener("click", async () => { await keep(); await offer(visit, draft, photographs.waiting); });
  find("import").addEventListener("change", imported);
  find("homeless-done").addEventListener("click", async () => {
    draft.setAside.push({ at: new Date(), fields: draft.homeless });
    lay(read(form));
    await keep();
    aside();
  });
  find("device").hidden = false;
}

async function submitted(event) {
  event.preventDefault();
  while (isSaving) await new Promise((resolve) => setTimeout(resolve, 50));
  const kind = await save();
  if (event.submitter?.name !== "sign" || kind !== "site") return;
  if (photographs.count) announce(find("status").textContent = words.photographsWait);
  else location.assign(form.dataset.sign);
}

async function imported(event) {
  const [file] = event.target.files;
  const problem = find("import-error");
  const found = file && (await take(visit, file));
  problem.textContent = file && !found ? words.noDraft : "";
  event.target.value = "";
  if (!found) return;
  for (const one of found.photographs) await photographs.take(one);
  draft.setAside.push(...found.setAside);
  const mine = read(form);
  if (!same(mine, found.fields)) {
    const titles = { mine: words.mine, theirs: words.inFile };
    const chosen = await compare({ mine, theirs: found.fields, titles, heading: words.fileDiffers, why: words.fileWhy });
    await settle(chosen, { mine, theirs: found.fields });
  }
  announce(words.imported);
}

// One tab writes: a second one of the same browser waits until the first is closed, and then looks anew.
async function alone() {
  if (!navigator.locks) return begin();
  let isLate = false;
  const late = setTimeout(() => { isLate = true; banner("otherTab"); form.inert = true; }, 1000);
  return navigator.locks.request(`fermata-report-${visit}`, async () => {
    clearTimeout(late);
    if (isLate) return location.reload();
    await begin();
    return new Promise(() => {});
  });
}

if (form.dataset.worker) alone();
