// Talking to the site about one report: what stands there, and what this device sends. Every answer is {kind, ...}; none throws.
import { asSent } from "./report-fields.js";

const PATIENCE = 30_000;
const headers = { Accept: "application/json, text/html" };

async function kindOf(answer) {
  if (answer.type === "opaqueredirect" || answer.status === 401) return { kind: "signedOut" };
  if (answer.status >= 500 || answer.status === 429) return { kind: "offline" };
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
  const told = isJson ? await answer.json() : {};
  if (answer.ok && told.revision !== undefined) return { kind: "saved", ...told };
  if (answer.ok && told.received_at) return { kind: "received", ...told };
  const known = { draft_conflict: "conflict", report_locked: "locked", form_changed: "formChanged" };
  return { kind: known[told.code] ?? (answer.status === 403 && !told.code ? "forbidden" : "refused"), detail: told.detail ?? "" };
}

async function ask(address, options) {
  try {
    const answer = await fetch(address, { ...options, headers, redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    return { answer, ...(answer.ok && options.method !== "POST" ? { kind: "page" } : await kindOf(answer)) };
  } catch {
    return { kind: "offline" };
  }
}

// The form as it stands on the site: read out of its own page, so that it has whatever fields that page has.
export async function fetchForm(address) {
  const found = await ask(address, { method: "GET" });
  if (found.kind !== "page") return found;
  const page = new DOMParser().parseFromString(await found.answer.text(), "text/html");
  const form = page.querySelector("form[data-report]");
  return form ? { kind: "form", ...standing(form), photographs: page.querySelector("[data-report-photographs]") } : { kind: "signedOut" };
}

export function standing(form) {
  return {
    owner: form.dataset.owner,
    keys: form.dataset.keys.split(" ").filter(Boolean),
    token: form.elements.csrfmiddlewaretoken?.value ?? "",
    revision: form.elements.revision.value,
    version: form.elements.version.value,
    fields: asSent(form),
  };
}

export function sendDraft(address, { fields, revision, version, key, device, token }) {
  const data = new URLSearchParams([...fields, ["revision", revision], ["version", version], ["key", key], ["device", device], ["csrfmiddlewaretoken", token]]);
  return ask(address, { method: "POST", body: data });
}

export const submitReport = (form) => ask(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });

// By XMLHttpRequest, as fetch tells nothing of how far an upload has come.
export function sendPhotograph(address, { id, file, fields }, token, progress) {
  const data = new FormData();
  for (const [name, value] of [...fields, ["key", id], ["csrfmiddlewaretoken", token]]) data.set(name, value);
  data.set("photograph", file, file.name);
  const request = new XMLHttpRequest();
  request.open("POST", address);
  request.setRequestHeader("Accept", headers.Accept);
  request.timeout = 10 * PATIENCE;
  request.upload.addEventListener("progress", (sent) => { if (sent.lengthComputable) progress((100 * sent.loaded) / sent.total); });
  return new Promise((resolve) => {
    for (const name of ["error", "timeout", "abort"]) request.addEventListener(name, () => resolve({ kind: "offline" }));
    request.addEventListener("load", () => resolve(photographKind(request, address)));
    request.send(data);
  });
}

function photographKind(request, address) {
  let told = {};
  try { told = JSON.parse(request.responseText); } catch { /* a page */ }
  if (request.status === 401 || new URL(request.responseURL).pathname !== new URL(address, location.href).pathname) return { kind: "signedOut" };
  if (request.status >= 500 || request.status === 429) return { kind: "offline" };
  if (request.status === 200 && told.id !== undefined) return { kind: "received", ...told };
  if (told.code === "report_locked") return { kind: "locked" };
  return { kind: request.status === 403 && !told.code ? "forbidden" : "refused", detail: told.detail ?? "" };
}
