"""How people handle an incident: a pure fold over what they did, in whatever order it came to be known.

Handling never touches what fusion makes of an incident, and fusion never what people said of it. Only the two together
tell whether a closing still holds: evidence that was not known at the closing overtakes it.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from infrastress.events import Event, IncidentAction
from infrastress.events.envelope import body_as
from infrastress.events.kinds import Cause, HandlingState, Severity
from infrastress.fusion.evidence import rank_of

__all__ = ["Closing", "Handling", "Handlings", "Known", "Note", "Reopening", "Task", "fold"]


class Known(NamedTuple):
    """How much is known of an incident: episodes of all its alarms, and its severity."""

    episodes: int
    severity: Severity


class Note(msgspec.Struct, frozen=True):
    """What somebody wrote down."""

    id: str
    by: str
    at: int
    text: str


class Task(msgspec.Struct, frozen=True):
    """What somebody is to do; `settled_by` said last, at `settled_at`, that it is done or is not."""

    id: str
    by: str
    at: int
    text: str
    done: bool = False
    settled_by: str = ""
    settled_at: int = 0


class Closing(msgspec.Struct, frozen=True):
    """Why somebody was done with it, and what was known then."""

    id: str
    by: str
    at: int
    cause: Cause
    comment: str
    known: Known

    def overtaken(self, known: Known) -> bool:
        """Whether more is known now: an alarm was raised again or joined, or it has become more severe."""
        return known.episodes > self.known.episodes or rank_of(known.severity) > rank_of(self.known.severity)


class Reopening(msgspec.Struct, frozen=True):
    """Somebody wasn't done with it after all."""

    by: str
    at: int
    comment: str


class Handling(msgspec.Struct, frozen=True, kw_only=True):
    """What came of all that people did, in order of (occurred, id).

    `closing` is the last one that nobody took back; `reopening` tells who took the last one back.
    """

    acts: tuple[Event, ...] = ()
    owner: str = ""
    owner_since: int = 0
    notes: tuple[Note, ...] = ()
    tasks: tuple[Task, ...] = ()
    closing: Closing | None = None
    reopening: Reopening | None = None

    def overtaken(self, known: Known) -> bool:
        """Whether there is new evidence since the closing."""
        return self.closing is not None and self.closing.overtaken(known)

    def state(self, known: Known) -> HandlingState:
        """How it stands, with what is known now."""
        if self.closing is not None and not self.closing.overtaken(known):
            return "closed"
        return "in_hand" if self.owner else "new"


def fold(events: Iterable[Event]) -> Handling:
    """What came of some acts, each taken once; events of another kind are passed over."""
    acts = {event.id: event for event in events if isinstance(event.body, IncidentAction)}
    ordered = sorted(acts.values(), key=lambda event: (event.occurred, event.id))
    owner, owner_since = "", 0
    notes, tasks = list[Note](), dict[str, Task]()
    settled: dict[str, tuple[bool, str, int]] = {}
    closing: Closing | None = None
    reopening: Reopening | None = None
    for event in ordered:
        body, at = body_as(event, IncidentAction), event.occurred
        if body.action == "assign":
            owner_since = owner_since if body.owner == owner else at
            owner = body.owner
        elif body.action == "note":
            notes.append(Note(event.id, body.by, at, body.text))
        elif body.action == "task":
            tasks[event.id] = Task(event.id, body.by, at, body.text)
        elif body.action in ("task_done", "task_reopen"):
            settled[body.task] = (body.action == "task_done", body.by, at)
        elif body.action == "close":
            known = Known(body.episodes, body.severity)
            closing, reopening = Closing(event.id, body.by, at, body.cause or "other", body.text, known), None
        elif closing is not None:
            closing, reopening = None, Reopening(body.by, at, body.text)
    for name, (done, by, at) in settled.items():
        if name in tasks:
            tasks[name] = msgspec.structs.replace(tasks[name], done=done, settled_by=by, settled_at=at)
    return Handling(
        acts=tuple(ordered),
        owner=owner,
        owner_since=owner_since if owner else 0,
        notes=tuple(notes),
        tasks=tuple(tasks.values()),
        closing=closing,
        reopening=reopening,
    )


class Handlings:
    """Acts on all incidents of a site, filed under the incident that each stands for now.

    What people did about an incident that became part of another one counts for that one.
    """

    def __init__(self) -> None:
        self._acts: dict[str, dict[str, Event]] = {}
        self._superseded: dict[str, str] = {}
        self._folded: dict[str, Handling] = {}

    def take(self, event: Event) -> str:
        """Keep an act, once; returns the incident that it counts for."""
        body = event.body
        if not isinstance(body, IncidentAction):
            return ""
        self._acts.setdefault(body.incident, {})[event.id] = event
        name = self.standing(body.incident)
        self._folded.pop(name, None)
        return name

    def superseded(self, incident: str, by: str) -> None:
        """An incident became part of another, or (where `by` is empty) stands for itself (again)."""
        if self._superseded.get(incident, "") != by:
            self._superseded[incident] = by
            self._folded.clear()

    def standing(self, incident: str) -> str:
        """The incident that stands for this one now: itself, or the one at the end of the chain."""
        seen = {incident}
        while (after := self._superseded.get(incident, "")) and after not in seen:
            seen.add(after)
            incident = after
        return incident

    def of(self, incident: str) -> Handling:
        """What came of all acts that count for an incident."""
        name = self.standing(incident)
        if name not in self._folded:
            names = [one for one in self._acts if self.standing(one) == name]
            self._folded[name] = fold(event for one in names for event in self._acts[one].values())
        return self._folded[name]
