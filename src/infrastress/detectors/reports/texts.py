"""How alike two texts are: exact Jaccard similarity of their shingles (A. Broder, 1997), within a bounded window."""

import re
import unicodedata

__all__ = ["LONGEST", "alike", "plain", "shingles"]

LONGEST = 240
"""Characters of a text that are compared."""
_LEAST = 24
"""A text with fewer characters says too little: many neighbours write "smell of petrol"."""
_WIDTH = 4
_OTHER = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """Lower case without accents, signs and repeated blanks: what is compared."""
    letters = unicodedata.normalize("NFKD", text[: 4 * LONGEST].casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _OTHER.sub(" ", bare).strip()[:LONGEST]


def shingles(plain_text: str) -> frozenset[str]:
    """Runs of four characters of a plain text; none of one that is too short to compare."""
    if len(plain_text) < _LEAST:
        return frozenset()
    return frozenset(plain_text[i : i + _WIDTH] for i in range(len(plain_text) - _WIDTH + 1))


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard similarity, 0..1; 0 where one of them says too little."""
    if not one or not other:
        return 0.0
    common = len(one & other)
    return common / (len(one) + len(other) - common)
