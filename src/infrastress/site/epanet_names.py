"""Ids and words of a site file made from a network model: what EPANET calls a thing, in what a site file may hold."""

import json
import re
from collections.abc import Collection, Iterable

__all__ = ["amount", "entry", "free_id", "listed", "number", "plain", "quoted", "sequence", "text"]

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_RESERVED = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


def quoted(word: str) -> str:
    """A word as YAML, in quotes where it would be read as something else."""
    return word if _WORD.fullmatch(word) and word.lower() not in _RESERVED else text(word)


def text(words: str) -> str:
    """A sentence as YAML."""
    return json.dumps(plain(words), ensure_ascii=False)


def plain(words: str) -> str:
    """Words of a model without what no text file may hold, on one line."""
    return re.sub(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", " ", words)


def number(value: float, digits: int = 6) -> str:
    """A number with up to six digits."""
    return f"{value:.{digits}g}"


def amount(value: float) -> str:
    """A quantity for a comment: whole, with thousands, above 100; else with three digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def sequence(words: Iterable[str]) -> str:
    """A list in one line."""
    return "[" + ", ".join(words) + "]"


def entry(comment: str = "", /, **fields: str | None) -> str:
    """An entry of a list in one line; fields that are None are left out, `from_` is `from`."""
    shown = (f"{name.rstrip('_')}: {value}" for name, value in fields.items() if value is not None)
    line = "  - {" + ", ".join(shown) + "}"
    return f"{line}  # {plain(comment)}" if comment else line


def listed(words: Collection[str], most: int = 4) -> str:
    """Words as a sentence has them: "T1", "T1 and T2", "T1, T2, T3 and 5 more"."""
    names = list(words)
    if len(names) > most:
        return ", ".join(names[: most - 1]) + f" and {len(names) - most + 1} more"
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else "".join(names)


def free_id(name: str, taken: set[str], prefix: str) -> str:
    """An id made of a name, or of `prefix` where nothing of the name can stand in one; unlike all taken, takes it."""
    base = clean = re.sub(r"[^A-Za-z0-9_.:-]", "_", name)[:60].lstrip("_.:-") or prefix
    count = 1
    while clean in taken:
        count += 1
        clean = f"{base}-{count}"
    taken.add(clean)
    return clean
