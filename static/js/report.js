// The report form: keeps what is typed on this device at once and on the server every few seconds. The page works without it.
const form = document.querySelector("form[data-report]");
const status = document.querySelector("[data-report-status]");
const conflict = document.querySelector("[data-report-conflict]");
const place = `fermata-report:${form.dataset.report}`;
const revision = form.elements.revision;
const NOT_KEPT = new Set(["csrfmiddlewaretoken", "revision"]);
const DEVICE_AFTER = 400;
const SERVER_AFTER = 2500;
const RETRY_AFTER = 15000;
let deviceTimer, serverTimer, changes = 0, onServer = 0, saving = false;

const clock = () => new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
const say = (words) => { status.textContent = `${words} ${clock()}`; };
const typed = () => [...new FormData(form)].filter(([name]) => !NOT_KEPT.has(name));

function keep(isOnServer) {
  try {
    localStorage.setItem(place, JSON.stringify({ revision: revision.value, isOnServer, fields: typed() }));
    return true;
  } catch {
    say(form.dataset.full);
    return false;
  }
}

function addFinding() {
  const list = form.querySelector("[data-report-findings]");
  const row = form.querySelector("[data-report-finding]").content.cloneNode(true);
  const number = list.querySelectorAll("[data-finding]").length;
  for (const element of row.querySelectorAll("*")) {
    for (const name of ["id", "name", "for", "aria-describedby"]) {
      const value = element.getAttribute(name);
      if (value?.includes("__number__")) element.setAttribute(name, value.replace("__number__", number));
    }
  }
  list.append(row);
  return list.lastElementChild;
}

function fill(fields) {
  const wanted = Math.max(-1, ...fields.map(([name]) => Number(/^finding-(\d+)-/.exec(name)?.[1] ?? -1)));
  while (form.querySelectorAll("[data-finding]").length <= wanted) addFinding();
  for (const element of form.elements) {
    if (!element.name || NOT_KEPT.has(element.name) || element.type === "submit") continue;
    const values = fields.filter(([name]) => name === element.name).map(([, value]) => value);
    if (element.type === "radio" || element.type === "checkbox") element.checked = values.includes(element.value);
    else if (values.length) element.value = values[0];
  }
}

function restore() {
  let kept;
  try { kept = JSON.parse(localStorage.getItem(place)); } catch { return; }
  if (!kept || kept.isOnServer || JSON.stringify(kept.fields) === JSON.stringify(typed())) return;
  fill(kept.fields);
  document.querySelector("[data-report-restored]").hidden = false;
  revision.value = kept.revision; // what it was begun from: a newer one on the server is a conflict, and is shown as one
  changed();
}

function changed() {
  changes += 1;
  clearTimeout(deviceTimer);
  deviceTimer = setTimeout(() => { if (keep(false)) say(form.dataset.savedDevice); }, DEVICE_AFTER);
  clearTimeout(serverTimer);
  serverTimer = setTimeout(() => save(), SERVER_AFTER);
}

async function save(extra = {}) {
  if (saving || (!conflict.hidden && !extra.overwrite)) return;
  saving = true;
  const upTo = changes;
  const data = new FormData(form);
  for (const [name, value] of Object.entries(extra)) data.set(name, value);
  try {
    const answer = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "application/json" }, redirect: "manual" });
    await heard(answer, upTo);
  } catch {
    say(form.dataset.offline);
    serverTimer = setTimeout(() => save(), RETRY_AFTER);
  } finally {
    saving = false;
    if (changes > upTo) serverTimer = setTimeout(() => save(), SERVER_AFTER);
  }
}

async function heard(answer, upTo) {
  const told = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : {};
  if (answer.ok && told.revision !== undefined) {
    revision.value = told.revision;
    conflict.hidden = true;
    onServer = upTo;
    keep(changes === upTo);
    mark(told.missing);
    say(form.dataset.savedServer);
  } else if (told.code === "draft_conflict") {
    conflict.hidden = false;
    conflict.focus();
  } else {
    say(`${form.dataset.refused}${told.detail ? `: ${told.detail}` : ""} ·`);
  }
}

function mark(missing) {
  for (const part of document.querySelectorAll("[data-report-part]")) {
    const isDone = !part.dataset.reportPart.split(" ").some((name) => missing.includes(name));
    const [done, todo] = part.querySelectorAll(":scope > span");
    done.hidden = !isDone;
    todo.hidden = isDone;
  }
}

form.addEventListener("input", changed);
form.addEventListener("submit", () => keep(false));
addEventListener("online", () => { if (changes > onServer) save(); });
addEventListener("pagehide", () => { if (changes > onServer) keep(false); });
form.querySelector("[data-report-add]").hidden = false;
form.querySelector("[data-report-add]").addEventListener("click", () => { addFinding().querySelector("select").focus(); changed(); });
conflict.querySelector("[data-report-mine]").addEventListener("click", () => save({ overwrite: "1" }));
conflict.querySelector("[data-report-theirs]").addEventListener("click", () => { changes = 0; localStorage.removeItem(place); location.reload(); });
restore();

// Photographs: with progress, the choice and the caption kept after an error.
const upload = document.querySelector("form[data-report-upload]");
upload?.addEventListener("submit", (event) => {
  event.preventDefault();
  const bar = upload.querySelector("progress");
  const error = upload.querySelector("[data-report-upload-error]");
  const request = new XMLHttpRequest();
  request.open("POST", upload.action);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.upload.addEventListener("progress", (sent) => { if (sent.lengthComputable) bar.value = (100 * sent.loaded) / sent.total; });
  request.addEventListener("load", () => received(request, bar, error));
  request.addEventListener("error", () => { bar.hidden = true; error.textContent = upload.dataset.failed; });
  error.textContent = "";
  bar.hidden = false;
  bar.value = 0;
  request.send(new FormData(upload));
});

function received(request, bar, error) {
  bar.hidden = true;
  const told = request.response ?? {};
  if (request.status !== 200 || !told.url) {
    error.textContent = told.detail ?? upload.dataset.failed;
    return;
  }
  const item = document.createElement("li");
  const picture = document.createElement("img");
  const caption = document.createElement("p");
  picture.src = told.url;
  picture.alt = caption.textContent = told.caption || told.name;
  item.append(picture, caption);
  document.querySelector("[data-report-photographs]").append(item);
  upload.querySelector("[data-report-upload-status]").textContent = upload.dataset.sent;
  upload.reset();
}
