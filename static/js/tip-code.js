// The receipt code of a tip: 96 random bits as six words. From it come the key that answers are sealed to, and the handle to ask for them with.
import { hashWords } from "./hash-words.js";
import { bech32, hkdf, identityToRecipient, sha256 } from "./vendor/age.js";

const WORDS = 6;
const CONSONANTS = "bdfghjklmnprstvz";
const VOWELS = "aiou";
const bytes = (text) => new TextEncoder().encode(text);
export const hex = (data) => [...data].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export function newCode() {
  return hashWords(hex(crypto.getRandomValues(new Uint8Array(2 * WORDS))), WORDS);
}

// The bytes of a code as somebody typed it; null where it is none.
function read(code) {
  const words = code.toLowerCase().split(/[^a-z]+/).filter(Boolean);
  const shape = new RegExp(`^[${CONSONANTS}][${VOWELS}][${CONSONANTS}][${VOWELS}][${CONSONANTS}]$`);
  if (words.length !== WORDS || !words.every((word) => shape.test(word))) return null;
  return Uint8Array.from(words.flatMap(([a, b, c, d, e]) => {
    const [first, third, fifth] = [a, c, e].map((letter) => CONSONANTS.indexOf(letter));
    const bits = (first << 12) | (VOWELS.indexOf(b) << 10) | (third << 6) | (VOWELS.indexOf(d) << 4) | fifth;
    return [bits >> 8, bits & 255];
  }));
}

// { identity, recipient, handle } of a code; null where it is none.
export async function keysOf(code) {
  const secret = read(code);
  if (secret === null) return null;
  const derive = (purpose) => hkdf(sha256, secret, undefined, bytes(`fermata/tip/${purpose}/v1`), 32);
  const identity = bech32.encodeFromBytes("AGE-SECRET-KEY-", derive("identity")).toUpperCase();
  return { identity, recipient: await identityToRecipient(identity), handle: hex(derive("handle")) };
}
