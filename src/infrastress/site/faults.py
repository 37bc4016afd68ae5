"""Faults of a site model: what is wrong, where, what was expected, and what was probably meant."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

__all__ = ["Fault", "did_you_mean", "shown"]

_SHOWN = 60


@dataclass(frozen=True)
class Fault:
    """One fault of a site file.

    Attributes:
        file: the file, relative to the site's folder.
        line: line counted from 1.
        field: path of the field, such as `assets[3].height_m`.
        found: what stands there.
        expected: what should.
        suggestion: what was probably meant or what to do, "" when nothing can be said.
        item: id of the list entry it lies in, "" outside of one.
        severity: an error keeps the site from loading, a warning doesn't.
    """

    file: str
    line: int
    field: str
    found: str
    expected: str
    suggestion: str = ""
    item: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        item = f" ({self.item})" if self.item else ""
        place = f" {self.field}{item}:" if self.field else ""
        hint = f"; {self.suggestion}" if self.suggestion else ""
        return f"{self.file}:{self.line}: {self.severity}:{place} {self.found}; expected {self.expected}{hint}"


def shown(value: object) -> str:
    """A value as a fault shows it: one short line."""
    if isinstance(value, dict):
        return f"a mapping of {len(value)} fields"
    if isinstance(value, list | tuple) and len(value) > 4:
        return f"a list of {len(value)} entries"
    if value is None:
        return "nothing"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 200:
        return "a number of more than 60 digits"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """`did you mean 'TK-101'?`, or what there is when nothing is near and the choice is small."""
    names = list(known)
    if not isinstance(word, str) or not names:
        return ""
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if not near:
        folded = {name.casefold(): name for name in names}
        near = [folded[word.casefold()]] if word.casefold() in folded else []
    if near:
        return f"did you mean {near[0]!r}?"
    return "there is " + ", ".join(names) if len(names) <= 6 else ""
