// Making a passkey that signs ballots: it belongs to this host alone, and the organisation's root key signs for it.
import { base64url, canonical, fromBase64url } from "./canonical.js";
import { busy, did, offerFile, post, put, Refused, show, trouble, words } from "./host-page.js";

const ES256 = -7, EDDSA = -8;
const USER_VERIFIED = 0x04, CAN_BE_COPIED = 0x08;
const token = location.hash.slice(1);
const label = document.querySelector("#label");
const form = document.querySelector("[data-form]");
let asked, enrolment;

const command = (text) => asked.command.replace("{statement}", btoa(text));

async function load() {
  show("busy");
  busy("loading");
  asked = await post("/key/asked/", { token });
  put({ heading: words("heading", { organisation: asked.organisation.name }), usable: asked.usable, who: asked.user.name });
  document.querySelector("[data-demonstration]").hidden = !asked.holds_root;
  show("make");
}

async function create() {
  if (!window.PublicKeyCredential) throw new DOMException("", "NotSupportedError");
  busy("making");
  const credential = await navigator.credentials.create({
    publicKey: {
      challenge: crypto.getRandomValues(new Uint8Array(32)), // nothing is attested: the root key vouches for the public key
      rp: { id: asked.rp_id, name: words("party") },
      user: { id: fromBase64url(asked.user.id), name: asked.user.name, displayName: asked.user.name },
      pubKeyCredParams: [ES256, EDDSA].map((alg) => ({ type: "public-key", alg })),
      authenticatorSelection: { residentKey: "discouraged", userVerification: "required" },
      excludeCredentials: asked.credentials.map((id) => ({ type: "public-key", id: fromBase64url(id) })),
      attestation: "none",
    },
  });
  return credential;
}

async function make() {
  const credential = await create();
  const flags = new Uint8Array(credential.response.getAuthenticatorData())[32];
  if (!(flags & USER_VERIFIED)) return trouble("unverified", words("unverifiedAdvice"), { keeps: "make" });
  if (flags & CAN_BE_COPIED && !asked.synced_allowed) return trouble("copied", words("copiedAdvice"), { keeps: "make" });
  enrolment = {
    log: asked.log,
    organisation: asked.organisation.key,
    kind: "passkey",
    public_key: base64url(credential.response.getPublicKey()),
    origin: asked.origin,
    rp_id: asked.rp_id,
    credential: credential.id,
  };
  const text = canonical(enrolment);
  put({ text, command: command(text) });
  offerFile(document.querySelector("[data-download]"), `enrolment-${asked.organisation.key}.json`, enrolment);
  return show("ready");
}

async function enrol(signature) {
  busy("sending");
  const found = await post("/key/enrolments/", { token, enrolment: canonical(enrolment), signature, label: label.value });
  did([words("didMake"), words(asked.holds_root ? "didDemonstration" : "didRoot", { organisation: asked.organisation.name }), words("didEnrol", { key: found.id })]);
  put({ usable_at: found.usable });
  document.querySelector("[data-entry]").href = found.url;
  show("receipt");
}

async function askDemonstration() {
  busy("askingDemonstration");
  const { signature } = await post("/key/root-signature/", { token, enrolment: canonical(enrolment) });
  await enrol(signature);
}

function explain(error, keeps) {
  if (error instanceof Refused) {
    if (error.code === "handoff_expired") return trouble("expired", words("expiredAdvice"), { again: "" });
    return error.code === "offline" ? trouble("offline", words("offlineAdvice"), { keeps }) : trouble("refused", error.message, { keeps });
  }
  if (error.name === "InvalidStateError") return trouble("already", words("alreadyAdvice"), { keeps });
  if (error.name === "NotSupportedError" || error.name === "SecurityError") return trouble("noAuthenticator", words("noAuthenticatorAdvice"), { keeps });
  if (error.name === "NotAllowedError" || error.name === "AbortError") return trouble("cancelled", words("cancelledAdvice"), { keeps });
  return trouble("broken", error.message, { keeps });
}

const attempt = (action, keeps) => action().catch((error) => explain(error, keeps));

document.querySelector("[data-make]").addEventListener("click", () => attempt(make, "make"));
document.querySelector("[data-demonstration] button").addEventListener("click", () => attempt(askDemonstration, "ready"));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(() => enrol(form.elements.signature.value), "ready");
});
if (token) attempt(load);
else show("alone");
