"""What readers of alerts share: texts of bounded length, times, ids of ATT&CK."""

import re
from collections.abc import Iterable
from typing import Any, Final

from infrastress.core.errors import InputError
from infrastress.core.time import from_iso

__all__ = ["LONG", "plain", "techniques_of", "time_of"]

LONG: Final = 400
"""Of a text, in characters; what is longer is cut."""
_TECHNIQUE: Final = re.compile(r"T\d{4}(\.\d{3})?")
_MOST: Final = 16
_TIMES: Final = range(1, 1 << 62)


def plain(value: Any, most: int = 128) -> str:
    """A text or number of a record as one short line; raises TypeError for anything else, "" for nothing."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError("no text")
    text = " ".join(str(value).split())
    return text if len(text) <= most else text[: most - 3] + "..."


def techniques_of(told: Any) -> tuple[str, ...]:
    """Ids of ATT&CK in what a tool gives for them: a list, a text, nothing; what isn't one is left out."""
    every: Iterable[Any] = told if isinstance(told, list) else [told]
    ids = (one.strip().replace("_", ".").upper() for one in every if isinstance(one, str))
    return tuple(dict.fromkeys(one for one in ids if _TECHNIQUE.fullmatch(one)))[:_MOST]


def time_of(told: Any) -> int:
    """Nanoseconds of an ISO time, or of seconds since 1970; raises ValueError, TypeError."""
    if isinstance(told, str):
        try:
            at = from_iso(told)
        except InputError as error:
            raise ValueError(error.what) from None
    elif isinstance(told, int | float) and not isinstance(told, bool):
        whole = int(told)
        at = whole * 1_000_000_000 + round((told - whole) * 1e6) * 1000
    else:
        raise TypeError("no time")
    if at not in _TIMES:
        raise ValueError("no time of this age")
    return at
