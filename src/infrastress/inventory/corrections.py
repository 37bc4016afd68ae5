"""What people know better: corrections of a role, level, name or vendor; the last one of a node and field holds."""

from collections.abc import Iterable
from typing import Final

import msgspec

__all__ = ["FIELDS", "Correction", "applied"]

FIELDS: Final = ("role", "level", "name", "vendor")


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """One of them.

    Attributes:
        node: asset id, address or MAC.
        fields: what is right; an empty value takes an earlier correction of the field back.
        at: ISO 8601. by: name or role. why: in words.
        act: id of the act in the site's log that it is; empty where it was given by command.
    """

    node: str
    fields: dict[str, str]
    at: str
    by: str
    why: str
    act: str = ""


def applied(corrections: Iterable[Correction]) -> dict[str, tuple[str, str]]:
    """By field what holds, with who said so and why, of one node's corrections in order."""
    holds: dict[str, tuple[str, str]] = {}
    for one in corrections:
        for field, value in one.fields.items():
            if value:
                holds[field] = value, f"corrected by {one.by} on {one.at[:10]}: {one.why}"
            else:
                holds.pop(field, None)
    return holds
