// Signing a ballot: what is shown and what is hashed are the same bytes, composed here from public data.
import { base64url, canonical, fromBase64url, hex, sha256, tagged } from "./canonical.js";
import { hashWords } from "./hash-words.js";
import { busy, did, offerFile, post, put, Refused, show, trouble, words } from "./host-page.js";

const TAG = "fermata/ballot/v1";
const token = location.hash.slice(1);
const form = document.querySelector("[data-form]");
const list = document.querySelector("[data-keys]");
const button = document.querySelector("[data-sign]");
let paper, composed;

function ballotFor(key) {
  return {
    ...paper.binds,
    choice: paper.choice,
    reason: paper.reason_hash,
    key: key?.id ?? "",
    nonce: hex(crypto.getRandomValues(new Uint8Array(16))),
    at: paper.at,
    ...(paper.ground && { ground: paper.ground }), // of a veto, where the rule knows such grounds
  };
}

// Under a ballot that a colleague made out a second key signs the very same bytes; what they say is shown from them.
function colleaguesText() {
  const ballot = JSON.parse(paper.text);
  const fits = ["vote", "organisation", "choice"].every((name) => ballot[name] === { ...paper.binds, choice: paper.choice }[name]);
  if (!fits || canonical(ballot) !== paper.text) throw new Error(words("strange"));
  return paper.text;
}

async function compose() {
  const key = chosen();
  const text = paper.text ? colleaguesText() : canonical(ballotFor(key));
  const challenge = await sha256(tagged(TAG, text));
  composed = { key, text, challenge };
  put({ text, hash: hex(challenge), words: hashWords(hex(challenge)) });
  button.disabled = !key;
}

const chosen = () => paper.keys.find((key) => key.id === new FormData(form).get("key"));

function offer(key) {
  const label = document.createElement("label");
  const radio = document.createElement("input");
  Object.assign(radio, { type: "radio", name: "key", value: key.id, disabled: Boolean(key.problem) });
  const name = document.createElement("b");
  name.textContent = `${words(key.kind)} · ${key.label}`;
  const note = document.createElement("small");
  note.textContent = key.problem || words(`${key.kind}Note`);
  const span = document.createElement("span");
  span.append(name, note);
  label.append(radio, span);
  return label;
}

function showPaper() {
  put({
    kicker: words("kicker", { vote: paper.vote.key, sequence: paper.binds.sequence }),
    heading: words("heading", { organisation: paper.organisation.name, choice: paper.choice_word }),
    title: paper.vote.title,
    question: paper.vote.question,
    organisation: paper.organisation.name,
    choice: paper.choice_word,
    reason: paper.reason || words("none"),
    closes: paper.closes,
    command: paper.command,
  });
  list.replaceChildren(...paper.keys.map(offer));
  const first = list.querySelector("input:not(:disabled)");
  if (first) first.checked = true;
  document.querySelector("[data-no-key]").hidden = Boolean(first);
  document.querySelector("[data-change]").href = paper.change_url;
}

async function load() {
  show("busy");
  busy("loading");
  paper = await post("/paper/", { token });
  showPaper();
  await compose();
  show("ready");
}

async function prove({ key, text, challenge }) {
  if (key.kind === "software") {
    busy("askingDemonstration");
    return post("/software-signature/", { token, ballot: text });
  }
  busy("asking");
  const credential = await navigator.credentials.get({
    publicKey: {
      challenge,
      rpId: key.rp_id,
      allowCredentials: [{ type: "public-key", id: fromBase64url(key.credential) }],
      userVerification: "required",
    },
  });
  const { clientDataJSON, authenticatorData, signature } = credential.response;
  return {
    credential: credential.id,
    clientDataJSON: base64url(clientDataJSON),
    authenticatorData: base64url(authenticatorData),
    signature: base64url(signature),
  };
}

async function sign(event) {
  event.preventDefault();
  button.disabled = true;
  try {
    const { key, text, challenge } = composed;
    if (key.kind === "passkey" && !window.PublicKeyCredential) throw new DOMException("", "NotSupportedError");
    const proof = await prove(composed);
    busy("sending");
    const envelope = { ballot: base64url(new TextEncoder().encode(text)), proof };
    const receipt = await post("/ballots/", { token, key: key.id, ...envelope });
    showReceipt(receipt, envelope, { key, text, challenge });
  } catch (error) {
    await explain(error);
  } finally {
    button.disabled = !chosen();
  }
}

function showReceipt(receipt, envelope, { key, text, challenge }) {
  did([
    words(paper.text ? "didTake" : "didCompose", { bytes: new TextEncoder().encode(text).length }),
    words("didHash", { words: hashWords(hex(challenge)) }),
    words(key.kind === "software" ? "didSoftware" : "didPasskey", { label: key.label }),
    words(receipt.counts ? "didSend" : "didSendOne", { signers: paper.signers }),
  ]);
  put({ entry: receipt.entry_hash, "entry-words": hashWords(receipt.entry_hash) });
  document.querySelector("[data-receipt]").href = receipt.url;
  offerFile(document.querySelector("[data-download]"), `ballot-${paper.vote.key}-${receipt.hash.slice(0, 8)}.json`, { ...envelope, receipt });
  show("receipt");
}

async function explain(error) {
  const keeps = paper && "ready";
  if (error instanceof Refused) return explainRefusal(error, keeps);
  if (error.name === "NotSupportedError" || error.name === "SecurityError") return trouble("noAuthenticator", words("noAuthenticatorAdvice"), { keeps });
  if (error.name === "NotAllowedError" || error.name === "AbortError") return trouble("cancelled", words("cancelledAdvice"), { keeps });
  return trouble("broken", error.message, { keeps });
}

async function explainRefusal(error, keeps) {
  switch (error.code) {
    case "offline": return trouble("offline", words("offlineAdvice"), { keeps });
    case "handoff_expired": return trouble("expired", words("expiredAdvice"), { again: paper?.change_url ?? "" });
    case "vote_closed": return trouble("closed", error.message, { again: paper?.change_url ?? "" });
    case "ballot_changed":
      await load();
      return trouble("changed", words("changedAdvice"), { keeps });
    case "bad_signature": case "key_refused": case "key_not_accepted": return trouble("wrongKey", error.message, { keeps });
    default: return trouble("refused", error.message, { keeps, again: paper?.change_url ?? "" });
  }
}

form.addEventListener("submit", sign);
list.addEventListener("change", compose);
if (token) load().catch(explain);
else show("alone");
