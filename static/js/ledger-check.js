// Checks an entry of the record in the browser: signed note, entry bundle, RFC 6962 inclusion proof from tiles.
// Nothing here asks the site for an answer; only published files are fetched, and every hash is computed with WebCrypto.
const WIDTH = 256;
const HASH = 32;

export class CheckFailed extends Error {
  constructor(word, values = {}) {
    super(word);
    this.word = word;
    this.values = values;
  }
}

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const equal = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
export const leafHash = (entry) => sha256([0], entry);
export const nodeHash = (left, right) => sha256([1], left, right);

// A verifier key: name+id+base64(type, key). The base64 may hold a plus sign.
export function parseKey(text) {
  const [name, id, ...rest] = text.split("+");
  const bytes = fromBase64(rest.join("+"));
  return { name, id, key: bytes.slice(1) };
}

// A signed note: the text, and who signed it with what.
export function parseNote(note) {
  const cut = note.lastIndexOf("\n\n");
  const text = note.slice(0, cut + 1);
  const signatures = note
    .slice(cut + 2)
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [, name, data] = line.split(" ");
      const bytes = fromBase64(data);
      return { name, id: hex(bytes.slice(0, 4)), data: bytes.slice(4) };
    });
  const [origin, size, root] = text.split("\n");
  return { text, origin, size: Number(size), root: fromBase64(root), signatures };
}

export async function isSignedBy(note, { name, id, key }) {
  const signature = note.signatures.find((one) => one.name === name && one.id === id);
  if (!signature || note.origin !== name) return false;
  const publicKey = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", publicKey, signature.data, new TextEncoder().encode(note.text));
}

function address(level, index, width) {
  const groups = [String(index % 1000).padStart(3, "0")];
  for (let rest = Math.floor(index / 1000); rest; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
  }
  return `tile/${level}/${groups.join("/")}${width < WIDTH ? `.p/${width}` : ""}`;
}

const split = (count) => 2 ** (Math.ceil(Math.log2(count)) - 1);

// The published tree of `size` entries. Positions are numbers: exact up to 2^53.
export class Tree {
  constructor(size, fetchBytes) {
    this.size = size;
    this.fetchBytes = fetchBytes;
    this.tiles = new Map();
  }

  width(level, index) {
    return Math.max(0, Math.min(WIDTH, Math.floor(this.size / WIDTH ** level) - index * WIDTH));
  }

  async tile(level, index) {
    const path = address(level, index, this.width(level, index));
    if (!this.tiles.has(path)) {
      const bytes = await this.fetchBytes(path);
      if (bytes.length !== this.width(level, index) * HASH) throw new CheckFailed("badTile");
      this.tiles.set(path, bytes);
    }
    return this.tiles.get(path);
  }

  async entry(index) {
    const number = Math.floor(index / WIDTH);
    const bundle = await this.fetchBytes(address("entries", number, this.width(0, number)));
    let at = 0;
    for (let skip = index % WIDTH; ; skip -= 1) {
      const end = at + 2 + (bundle[at] << 8) + bundle[at + 1];
      if (!(end <= bundle.length)) throw new CheckFailed("badTile");
      if (!skip) return bundle.slice(at + 2, end);
      at = end;
    }
  }

  // The root of the perfect subtree of 2^level entries that begins at entry index * 2^level.
  async subtree(level, index) {
    const within = level % 8;
    const first = index * 2 ** within;
    const tile = await this.tile(Math.floor(level / 8), Math.floor(first / WIDTH));
    let hashes = [];
    for (let at = first % WIDTH; at < (first % WIDTH) + 2 ** within; at += 1) hashes.push(tile.slice(at * HASH, (at + 1) * HASH));
    while (hashes.length > 1) {
      const pairs = [];
      for (let at = 0; at < hashes.length; at += 2) pairs.push(nodeHash(hashes[at], hashes[at + 1]));
      hashes = await Promise.all(pairs);
    }
    return hashes[0];
  }

  // The root over the entries [start, end).
  async range(start, end) {
    const parts = [];
    for (let at = start; at < end; ) {
      const level = Math.floor(Math.log2(end - at));
      parts.push(await this.subtree(level, at / 2 ** level));
      at += 2 ** level;
    }
    let root = parts.pop();
    while (parts.length) root = await nodeHash(parts.pop(), root);
    return root;
  }

  // The root that `leaf` leads to as entry `index`, and how many levels it climbed.
  async climb(index, leaf) {
    const path = [];
    for (let start = 0, end = this.size; end - start > 1; ) {
      const middle = start + split(end - start);
      path.unshift(index < middle ? { left: false, range: [middle, end] } : { left: true, range: [start, middle] });
      if (index < middle) end = middle;
      else start = middle;
    }
    let root = leaf;
    for (const { left, range } of path) {
      const beside = await this.range(...range);
      root = left ? await nodeHash(beside, root) : await nodeHash(root, beside);
    }
    return { root, steps: path.length };
  }
}

// Check entry `index`, whose bytes the page shows as `shown`. `say` is told each step; throws CheckFailed.
export async function checkEntry({ index, shown, key, fetchBytes, memory, say }) {
  const noteText = new TextDecoder().decode(await fetchBytes("checkpoint"));
  const note = parseNote(noteText);
  say("checkpoint", { origin: note.origin, size: note.size });
  if (!(await isSignedBy(note, parseKey(key)))) throw new CheckFailed("badSignature");
  say("signature");
  const others = note.signatures.filter((one) => one.name !== note.origin).map((one) => one.name);
  if (others.length) say("witnesses", { count: others.length, names: others.join(", ") });
  if (index >= note.size) {
    say("waiting");
    return false;
  }
  const tree = new Tree(note.size, fetchBytes);
  const entry = await tree.entry(index);
  if (!equal(entry, new TextEncoder().encode(shown))) throw new CheckFailed("badBytes");
  const leaf = await leafHash(entry);
  say("bytes", { hash: hex(leaf) });
  const { root, steps } = await tree.climb(index, leaf);
  say("path", { tiles: tree.tiles.size, steps });
  if (!equal(root, note.root)) throw new CheckFailed("badRoot");
  say("root", { index });
  await compareWithMemory(tree, note, memory, say);
  return true;
}

// What this browser saw signed before must be the beginning of what is signed now.
async function compareWithMemory(tree, note, memory, say) {
  const name = `fermata checkpoint of ${note.origin}`;
  const kept = JSON.parse(memory.getItem(name) || "null");
  if (kept) {
    if (kept.size > note.size || hex(await tree.range(0, kept.size)) !== kept.root) throw new CheckFailed("badHistory");
    say("extends", { size: kept.size });
  } else {
    say("first");
  }
  memory.setItem(name, JSON.stringify({ size: note.size, root: hex(note.root) }));
}
