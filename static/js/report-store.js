// What this device keeps of reports, sealed with a key of the writer's. The site gives the key to whoever is signed in; the device
// forgets it when the writer signs out or somebody else signs in, so that only the same person, signed in anew, opens it again.
import { openDB } from "./vendor/idb.js";

let opening;
const database = () => (opening ??= openDB("fermata-reports", 1, {
  upgrade(made) {
    made.createObjectStore("keys", { keyPath: "owner" });
    made.createObjectStore("drafts", { keyPath: ["owner", "visit"] });
    made.createObjectStore("photographs", { keyPath: "id" }).createIndex("report", ["owner", "visit"]);
  },
}));

// Tells the other pages of this browser whose key is here now.
const holders = new BroadcastChannel("fermata-report-holders");
export const onHolder = (heard) => holders.addEventListener("message", ({ data }) => heard(data));

// "strict": the answer comes when it is on the disk, so that "saved" outlives a dead battery.
async function change(store, what) {
  const transaction = (await database()).transaction(store, "readwrite", { durability: "strict" });
  await Promise.all([what(transaction.store), transaction.done]);
}

const about = (owner, visit, what) => new TextEncoder().encode(JSON.stringify([owner, visit, what]));
const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

export class Store {
  constructor(owner, visit, keys) {
    Object.assign(this, { owner, visit, keys });
  }

  // The store of who is signed in: theirs becomes the only key on this device.
  static async open(owner, visit, secrets) {
    const keys = await Promise.all(secrets.map((secret) => crypto.subtle.importKey("raw", bytesOf(secret), "AES-GCM", false, ["encrypt", "decrypt"])));
    await change("keys", async (store) => { await store.clear(); await store.put({ owner, keys }); }).catch(() => {}); // no room: nothing will be kept
    holders.postMessage(owner);
    return new Store(owner, visit, keys);
  }

  // Without a connection: the store of who signed in here last and has not signed out; undefined where nobody has.
  static async reopen(visit) {
    const [last] = await (await database()).getAll("keys");
    return last && new Store(last.owner, visit, last.keys);
  }

  async seal(what, bytes) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const additionalData = about(this.owner, this.visit, what);
    return { iv, bytes: await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, this.keys[0], bytes) };
  }

  async unseal(what, { iv, bytes }) {
    const additionalData = about(this.owner, this.visit, what);
    for (const key of this.keys) {
      try { return await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, bytes); } catch { /* an earlier key, perhaps */ }
    }
    throw new Error("sealed with another key");
  }

  async draft() {
    const found = await (await database()).get("drafts", [this.owner, this.visit]);
    return found && JSON.parse(new TextDecoder().decode(await this.unseal("draft", found.sealed)));
  }

  async keepDraft(draft) {
    const sealed = await this.seal("draft", new TextEncoder().encode(JSON.stringify(draft)));
    const { owner, visit } = this;
    await change("drafts", (store) => store.put({ owner, visit, sealed, isWaiting: draft.isWaiting, at: new Date() }));
  }

  async photographs() {
    const found = await (await database()).getAllFromIndex("photographs", "report", [this.owner, this.visit]);
    const opened = found.map(async ({ id, at, about: words, sealed }) => {
      const told = JSON.parse(new TextDecoder().decode(await this.unseal(`about ${id}`, words)));
      return { ...told, id, at, file: new File([await this.unseal(id, sealed)], told.name, { type: told.type }) };
    });
    const readable = (await Promise.allSettled(opened)).flatMap(({ value }) => value ?? []); // the others stay, sealed
    return readable.sort((one, other) => one.at - other.at);
  }

  async keepPhotograph({ id, at, file, ...told }) {
    const words = await this.seal(`about ${id}`, new TextEncoder().encode(JSON.stringify({ ...told, name: file.name, type: file.type })));
    const sealed = await this.seal(id, await file.arrayBuffer());
    const { owner, visit } = this;
    await change("photographs", (store) => store.put({ id, owner, visit, at, about: words, sealed }));
  }

  dropPhotograph(id) {
    return change("photographs", (store) => store.delete(id));
  }
}

export async function forgetKeys(except = "") {
  await change("keys", async (store) => {
    for (const owner of await store.getAllKeys()) if (owner !== except) await store.delete(owner);
  });
  holders.postMessage(except);
}

// What is kept for all to see: which visits, when, whether something has not reached the site yet; nothing of what was written.
export async function kept() {
  const photographs = await (await database()).getAll("photographs");
  const drafts = await (await database()).getAll("drafts");
  return drafts.map(({ owner, visit, isWaiting, at }) => {
    const waiting = photographs.filter((one) => one.owner === owner && one.visit === visit).length;
    return { owner, visit, at, photographs: waiting, isWaiting: isWaiting || waiting > 0 };
  });
}

export async function remove(owner, visit) {
  await change("drafts", (store) => store.delete([owner, visit]));
  await change("photographs", async (store) => {
    for (const id of await store.index("report").getAllKeys([owner, visit])) await store.delete(id);
  });
}
