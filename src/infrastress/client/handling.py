"""What the API says of an incident's handling (who has it, notes, tasks, closing) and of the evidence it rests on."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from infrastress.client.base import Link, Moment, Wire
from infrastress.events.kinds import Cause, HandlingState, IncidentActionName, Severity, SourceKind, Suspicion

__all__ = [
    "Check",
    "CloseRequest",
    "Closing",
    "Finding",
    "Handling",
    "HandlingDetail",
    "IncidentAct",
    "Note",
    "OwnerRequest",
    "Part",
    "People",
    "Person",
    "Raw",
    "ReopenRequest",
    "Reopening",
    "Span",
    "Task",
    "TaskRequest",
    "TextRequest",
]

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class Closing(Wire):
    """Why somebody was done with an incident."""

    by: str
    at: Moment
    cause: Cause
    comment: str


class Reopening(Wire):
    """Somebody wasn't done with it after all."""

    by: str
    at: Moment
    comment: str


class Handling(Wire):
    """How people handle an incident, whatever fusion makes of it."""

    state: Annotated[HandlingState, Field(description="Nobody has it, somebody has, it is done with")]
    owner: Annotated[str | None, Field(description="Who has it: an account, or `role:` and a role")]
    owner_since: Moment | None
    closing: Closing | None
    new_evidence: Annotated[bool, Field(description="More is known than at the closing, so it is not closed")]
    notes_total: int
    tasks_total: int
    tasks_open: int
    changed: Annotated[Moment | None, Field(description="When somebody did something about it last")]


class Note(Wire):
    """What somebody wrote down."""

    id: str
    by: str
    at: Moment
    text: str


class Task(Wire):
    """What somebody is to do, and who said last whether it is done."""

    id: str
    by: str
    at: Moment
    text: str
    done: bool
    settled_by: str | None
    settled_at: Moment | None


class IncidentAct(Wire):
    """What a person did about an incident; `incident` is the one they did it to, which may be part of this one now."""

    id: str
    incident: str
    action: IncidentActionName
    by: str
    at: Moment
    owner: str | None
    text: str
    task: str | None
    cause: Cause | None
    links: dict[str, Link]


class HandlingDetail(Handling):
    """Handling with all that was written and done; of a flood the newest."""

    reopening: Reopening | None
    notes: list[Note]
    tasks: list[Task]
    acts: list[IncidentAct]
    acts_total: int


class OwnerRequest(Wire):
    """Who has it from now on: an account, `role:` and a role, nobody (empty), or whoever asks (absent)."""

    model_config = ConfigDict(extra="forbid")
    owner: Annotated[str | None, Field(max_length=80)] = None


class TextRequest(Wire):
    """A note or a task."""

    model_config = ConfigDict(extra="forbid")
    text: _Text


class TaskRequest(Wire):
    """Whether a task is done."""

    model_config = ConfigDict(extra="forbid")
    done: bool


class CloseRequest(Wire):
    """What it came from, and what was found."""

    model_config = ConfigDict(extra="forbid")
    cause: Cause
    comment: _Text


class ReopenRequest(Wire):
    """Why it is taken up again."""

    model_config = ConfigDict(extra="forbid")
    comment: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""


class Person(Wire):
    """Somebody who can be given something: an account, or all who have a role."""

    id: Annotated[str, Field(description="As it is given: a name, or `role:` and a role")]
    kind: Literal["account", "role"]
    role: str


class People(Wire):
    """Who can be given something."""

    items: list[Person]


class Span(Wire):
    """A span of a signal's history to look at."""

    signal: str
    begin: Moment
    end: Moment
    history: Link


class Part(Wire):
    """A signal's part in a detection, in the signal's own unit. Shares of one detection sum to 1."""

    signal: str
    share: float
    expected: float | None
    seen: float | None
    unit: str


class Raw(Wire):
    """A raw record that a detection rests on."""

    id: str
    kind: Annotated[str, Field(description="Such as access, login, gas, switch, report")]
    occurred: Moment | None
    source: str
    blobs: dict[str, Link]
    links: dict[str, Link]


class Finding(Wire):
    """What one alarm of an incident rests on: its worst detection, in words and numbers."""

    id: str
    alarm: str
    rule: str
    title: str
    sentence: Annotated[str, Field(description="The violated rule with its numbers, in the plant's units")]
    severity: Severity
    source_kind: SourceKind
    suspicion: Suspicion
    score: Annotated[float, Field(description="1 is the limit")]
    confidence: float
    assets: list[str]
    began: Moment
    until: Moment
    techniques: list[str]
    parts: list[Part]
    spans: list[Span]
    links: dict[str, Link]


class Check(Wire):
    """What to check first, by a rule that found something, and what harmless things look alike."""

    rule: str
    title: str
    alarms: Annotated[int, Field(description="How many alarms of the incident are by this rule")]
    first_check: str
    benign_causes: list[str]
    links: dict[str, Link]
