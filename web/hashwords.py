"""A hash as words that a person can compare aloud: proquints (D. Wilkerson, arXiv 0901.4016).

Sixteen bits make one word of five letters, consonant-vowel-consonant-vowel-consonant. `static/js/hash-words.js` does the same.
"""

CONSONANTS = "bdfghjklmnprstvz"
VOWELS = "aiou"


def hash_words(hexadecimal: str, count: int = 4) -> str:
    """Return the first `count` times 16 bits of a hash as words; raise ValueError for what is not hexadecimal."""
    data = bytes.fromhex(hexadecimal)[: 2 * count]
    return " ".join(_word(int.from_bytes(data[at : at + 2])) for at in range(0, len(data) - 1, 2))


def _word(bits: int) -> str:
    return "".join(
        (
            CONSONANTS[bits >> 12 & 15],
            VOWELS[bits >> 10 & 3],
            CONSONANTS[bits >> 6 & 15],
            VOWELS[bits >> 4 & 3],
            CONSONANTS[bits & 15],
        )
    )
