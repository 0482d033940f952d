// A hash as words that a person can compare aloud: proquints, as web/hashwords.py writes them.
const CONSONANTS = "bdfghjklmnprstvz";
const VOWELS = "aiou";

export function hashWords(hexadecimal, count = 4) {
  const words = [];
  for (let at = 0; at < count; at += 1) {
    const bits = Number.parseInt(hexadecimal.slice(4 * at, 4 * at + 4), 16);
    words.push(CONSONANTS[(bits >> 12) & 15] + VOWELS[(bits >> 10) & 3] + CONSONANTS[(bits >> 6) & 15] + VOWELS[(bits >> 4) & 3] + CONSONANTS[bits & 15]);
  }
  return words.join(" ");
}
