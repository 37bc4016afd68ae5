"""What really happened as windows with names: from the spans of a truth.json, attacks and innocent oddities alike."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from infrastress.core.errors import InputError
from infrastress.core.time import from_iso

__all__ = ["Cause", "Truths", "Window", "read_windows"]


Cause = Literal["", "attack", "fault", "work"]


class Window(NamedTuple):
    """One span of truth; times in ns.

    Attributes:
        visible: when the first of it was recorded; `began` where nobody says.
        names: assets, signals and people (badges, accounts) that it was about.
        cause: what was behind it; empty for an oddity that belongs to ordinary days.
    """

    kind: str
    malicious: bool
    began: int
    visible: int
    ended: int
    zone: str
    names: frozenset[str]
    cause: Cause = ""

    def during(self, at: int, grace: int) -> bool:
        """Whether a moment lies between the first thing recorded and `grace` behind the end."""
        return self.visible <= at <= self.ended + grace


class Truths(NamedTuple):
    """Windows of a recording, and what was watched: begin and end, ns (None where nobody says)."""

    windows: tuple[Window, ...]
    span: tuple[int, int] | None

    @property
    def attacks(self) -> tuple[Window, ...]:
        """The malicious ones, by begin."""
        return tuple(one for one in self.windows if one.malicious)

    @property
    def told(self) -> tuple[Window, ...]:
        """Attacks, and faults and honest work that are more than oddities of ordinary days, by begin."""
        return tuple(one for one in self.windows if one.malicious or one.cause)


def read_windows(path: Path) -> Truths:
    """Read a truth.json, or the one in a folder, or the one beside a file.

    Raises:
        InputError: there is none, or it is no truth.
    """
    file = path / "truth.json" if path.is_dir() else path
    if file.name != "truth.json":
        file = path.with_name("truth.json")
    if not file.is_file():
        raise InputError(
            "nothing says what really happened", where=str(path), remedy="a truth.json belongs beside the recording"
        )
    try:
        content: Any = msgspec.json.decode(file.read_bytes())
        facts = content.get("facts") or {}
        causes = msgspec.convert(facts.get("causes") or {}, dict[str, Cause])
        windows = sorted(_windows(content["spans"], causes), key=lambda one: (one.began, one.kind))
        told = "began_at" in facts and "ended_at" in facts
        span = (from_iso(str(facts["began_at"])), from_iso(str(facts["ended_at"]))) if told else None
    except (msgspec.MsgspecError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"this is no truth: {error}", where=str(file)) from None
    return Truths(tuple(windows), span)


def _windows(spans: Iterable[dict[str, Any]], causes: Mapping[str, Cause]) -> Iterator[Window]:
    """A window a span; spans of an event whose cause is told are one."""
    parts: dict[str, list[Window]] = {}
    for span in spans:
        window = _window(span)
        if span.get("event") in causes:
            parts.setdefault(span["event"], []).append(window)
        else:
            yield window
    for event, mine in parts.items():
        yield Window(
            event, causes[event] == "attack", min(one.began for one in mine), min(one.visible for one in mine),
            max(one.ended for one in mine), "",
            frozenset().union(*(one.names | ({one.zone} if one.zone else frozenset()) for one in mine)), causes[event],
        )  # fmt: skip


def _window(span: dict[str, Any]) -> Window:
    began, ended = from_iso(str(span["began"])), from_iso(str(span["ended"]))
    if ended < began:
        raise InputError("a span of the truth ends before it begins", where=str(span["began"]))
    visible = from_iso(str(span["first_visible"])) if span.get("first_visible") else began
    names = [*(span.get("assets") or ()), *(span.get("signals") or ()), *(span.get("people") or ())]
    return Window(
        str(span["kind"]), bool(span["malicious"]), began, min(max(visible, began), ended), ended,
        str(span.get("zone") or ""), frozenset(map(str, names)),
    )  # fmt: skip
