"""How often each rule speaks in attacks that it could have seen, and falsely per asset and hour of quiet time.

An attack's window reaches from the first thing recorded of it to `grace` behind its end. A detection finds it when it
is raised in the window and names an asset, the zone, or a badge or account of it. A rule could have seen a window in
which something was recorded, of what the attack was about, of a kind of observation that the rule has ever based a
detection on in this recording; one that never spoke could have seen all. An episode is false when it is first raised
in quiet time: outside of all windows, innocent oddities included. Windows whose cause is a fault or honest work are
counted as those of attacks are, for themselves. Asset-hours are quiet hours times the
assets that told something of such kinds; a rule that never spoke watched one.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from infrastress.core.time import DAY, HOUR
from infrastress.evaluation.events import Episode, merge_episodes
from infrastress.evaluation.performance import Performance, Spoken, total
from infrastress.evaluation.windows import Window
from infrastress.events import Detection, Event
from infrastress.site import Site

__all__ = ["GRACE_S", "Found", "Measured", "Observations", "judge", "measure", "pooled", "touches"]

GRACE_S = 900.0
_PEOPLE = ("person", "account", "reporter", "by")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*")
_BY_SOURCE = {"telemetry": "telemetry", "network": "packets"}


class _Told(NamedTuple):
    kind: str
    at: int
    zone: str
    names: frozenset[str]


class Observations:
    """What was recorded, by id and by kind: what detections rest on.

    Args:
        events: observations of the recording.
        site: its site; its signals and addresses say what telemetry and packets tell of.
    """

    def __init__(self, events: Iterable[Event], site: Site) -> None:
        self._told: dict[str, _Told] = {}
        self.assets: dict[str, set[str]] = defaultdict(set)
        for event in events:
            people = (getattr(event.body, name, "") for name in _PEOPLE)
            names = frozenset([*event.assets, *(one for one in people if one)])
            self._told[event.id] = _Told(event.kind, event.occurred, event.zone, names)
            self.assets[event.kind].update(event.assets)
        self.assets["telemetry"] = {signal.asset for signal in site.signals}
        self.assets["packets"] = {asset.id for asset in site.assets if asset.interfaces}

    @property
    def span(self) -> tuple[int, int]:
        """First and last time."""
        times = [one.at for one in self._told.values()]
        return (min(times), max(times)) if times else (0, 0)

    def names(self, body: Detection) -> frozenset[str]:
        """Assets and people of what a detection rests on."""
        return frozenset().union(*(self._told[one].names for one in body.evidence if one in self._told))

    def kinds(self, body: Detection) -> set[str]:
        """Kinds of observation that a detection rests on."""
        found = {self._told[one].kind for one in body.evidence if one in self._told}
        other = _BY_SOURCE.get(body.source_kind)
        return found or ({other} if other else set())

    def in_window(self, window: Window) -> set[str]:
        """Kinds of observation that told of what an attack was about while it lasted."""
        found = set(_BY_SOURCE.values())
        for one in self._told.values():
            if window.began <= one.at <= window.ended and (_common(window, one.zone, one.names) or not _named(window)):
                found.add(one.kind)
        return found


def _named(window: Window) -> bool:
    return bool(window.names or window.zone)


def _common(window: Window, zone: str, names: frozenset[str]) -> bool:
    return bool(names & window.names) or bool(zone and zone == window.zone)


def touches(event: Event, window: Window, observed: Observations, grace: int) -> bool:
    """Whether a detection is of an attack: raised in its window, and naming what it was about.

    A window without names is of reports by people, whatever they are about.
    """
    body = event.body
    if not isinstance(body, Detection) or not window.during(event.occurred, grace):
        return False
    if not _named(window):
        return body.source_kind == "reports"
    said = frozenset(_WORD.findall(body.sentence)) & window.names
    return bool(said) or _common(window, event.zone, frozenset(event.assets) | observed.names(body))


class Found(NamedTuple):
    """An attack, and what spoke in it: rules with their delay behind the first thing recorded, s."""

    window: Window
    rules: dict[str, float]
    alarms: dict[str, float]
    """Those of medium severity or more."""


@dataclass(frozen=True)
class Measured:
    """What a recording gave.

    Attributes:
        rows: a row a rule, and one a detector as a whole (its rule is empty).
        attacks: each attack, and who spoke in it.
        false: detections that were first raised in quiet time.
        quiet_days: watched, less the attacks' windows.
    """

    rows: tuple[Performance, ...]
    attacks: tuple[Found, ...]
    false: tuple[Event, ...] = field(repr=False)
    quiet_days: float

    @property
    def false_alarms(self) -> tuple[Event, ...]:
        """False detections of medium severity or more."""
        return tuple(one for one in self.false if isinstance(one.body, Detection) and one.body.calls)


def measure(
    detections: Iterable[Event],
    observed: Observations,
    windows: Sequence[Window],
    span: tuple[int, int],
    *,
    rules: Mapping[str, tuple[str, Iterable[str]]],
    recording: str,
    commit: str = "",
    grace_s: float = GRACE_S,
) -> Measured:
    """Measure every rule of some detectors on one recording.

    Args:
        detections: what was raised and cleared.
        observed: what was recorded.
        windows: the attacks; and those of faults and honest work that aren't part of ordinary days (by their cause).
        span: begin and end of what was watched, ns.
        rules: by detector, its version and its rules' ids; what others raised is passed over.
        recording: name for the rows.
        commit: which version of the programme.
        grace_s: time behind an attack's end that belongs to it.
    """
    raised = [one for one in judge(detections) if one.body.detector in rules]
    grace = round(grace_s * 1e9)
    busy = merge_episodes(Episode(one.began, one.ended + grace) for one in windows)
    lost = sum(max(0, min(one.ended, span[1]) - max(one.began, span[0])) for one in busy)
    quiet = max(span[1] - span[0] - lost, 0)
    attacks = tuple(_found(one, raised, observed, grace) for one in windows if one.malicious)
    seen = [observed.in_window(one) for one in windows]
    of = ["attack" if one.malicious else one.cause for one in windows]
    first: dict[tuple[str, str], Any] = {}
    called = set[tuple[str, str]]()
    for event in raised:
        first.setdefault(_episode(event), event)
        if event.body.calls:
            called.add(_episode(event))
    false = tuple(e for e in first.values() if not any(b.began <= e.occurred <= b.ended for b in busy))
    rows = []
    for detector, (version, ids) in sorted(rules.items()):
        mine = [event for event in raised if event.body.detector == detector]
        for rule in ["", *sorted({*ids, *(event.body.rule for event in mine)})]:
            spoke = [event for event in mine if rule in ("", event.body.rule)]
            kinds = set().union(*(observed.kinds(event.body) for event in spoke)) if spoke else set()
            could = [i for i, there in enumerate(seen) if rule == "" or not kinds or kinds & there]
            told = {
                cause: _spoken(
                    [[e for e in spoke if touches(e, windows[i], observed, grace)] for i in could if of[i] == cause]
                )
                for cause in ("attack", "fault", "work")
            }
            wrong = [e for e in false if e.body.detector == detector and rule in ("", e.body.rule)]
            watched = len(set().union(*(observed.assets.get(kind, set()) for kind in kinds))) if kinds else 1
            rows.append(
                Performance(
                    detector=detector,
                    detector_version=version,
                    rule=rule,
                    windows=told["attack"].windows,
                    found=told["attack"].found,
                    asset_hours=round(max(watched, 1) * quiet / HOUR, 3),
                    false_episodes=len(wrong),
                    recording=recording,
                    commit=commit,
                    found_calling=told["attack"].calling,
                    false_calling=sum(_episode(e) in called for e in wrong),
                    faults=told["fault"] if "fault" in of else None,
                    works=told["work"] if "work" in of else None,
                )
            )
    return Measured(tuple(rows), attacks, false, quiet / DAY)


def _spoken(windows: Sequence[Sequence[Any]]) -> Spoken:
    """Of what was said in each window."""
    return Spoken(len(windows), sum(map(bool, windows)), sum(any(e.body.calls for e in there) for there in windows))


def judge(detections: Iterable[Event]) -> list[Any]:
    """What was raised, by time."""
    found = [one for one in detections if isinstance(one.body, Detection) and one.body.phase == "raised"]
    return sorted(found, key=lambda one: (one.occurred, one.source, one.sequence))


def _found(window: Window, raised: Sequence[Any], observed: Observations, grace: int) -> Found:
    rules: dict[str, float] = {}
    alarms: dict[str, float] = {}
    for event in raised:
        if touches(event, window, observed, grace):
            delay = (event.occurred - window.visible) / 1e9
            rules.setdefault(event.body.rule, delay)
            if event.body.calls:
                alarms.setdefault(event.body.rule, delay)
    return Found(window, rules, alarms)


def pooled(rows: Iterable[Performance]) -> list[Performance]:
    """Rows of one rule and version over all recordings as one: counts and hours add up."""
    found: dict[tuple[str, str, str], list[Performance]] = defaultdict(list)
    for row in rows:
        found[row.detector, row.detector_version, row.rule].append(row)
    return [total(group) for _, group in sorted(found.items())]


def _episode(event: Any) -> tuple[str, str]:
    return event.body.detector, event.body.episode
