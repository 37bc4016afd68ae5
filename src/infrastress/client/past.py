"""What the API says of the past: how things stood at a time, and each change until another.

One answer holds all that a screen needs to show any moment of the span: of each thing, the version that stood at a
moment is the last one whose `at_ms` isn't later. Where none is, the thing wasn't known yet.
"""

from typing import Annotated

from pydantic import Field

from infrastress.client.base import Moment, Wire
from infrastress.events.health import HealthState
from infrastress.events.kinds import AlarmState, Severity, SourceKind

__all__ = ["Past", "PastAlarm", "PastAlarmVersion", "PastHealth", "PastHealthVersion", "PastIncident"]
__all__ += ["PastIncidentVersion"]

AtMs = Annotated[float, Field(description="Unix milliseconds of event time, from when on it was known")]


class PastAlarmVersion(Wire):
    """How an alarm stood from a moment on."""

    at_ms: AtMs
    version: int
    state: AlarmState
    severity: Severity
    priority: int
    cleared: bool = False
    annunciated: bool = False
    chattering: bool = False
    count: int = 1
    incident: str | None = None
    sentence: str = ""


class PastAlarm(Wire):
    """An alarm that was open at some moment of the span."""

    id: str
    title: str
    rule: str
    source_kind: SourceKind
    assets: list[str]
    zone: str
    raised: Moment
    versions: list[PastAlarmVersion]


class PastIncidentVersion(Wire):
    """How an incident stood from a moment on."""

    at_ms: AtMs
    revision: int
    state: Annotated[str, Field(description="open or closed")]
    hypothesis: str
    title: str
    severity: Severity
    confidence: float
    assets: list[str]
    superseded_by: str | None = None


class PastIncident(Wire):
    """An incident that was open at some moment of the span."""

    id: str
    began: Moment
    announced: Moment
    versions: list[PastIncidentVersion]


class PastHealthVersion(Wire):
    """How a source or signal stood from a moment on."""

    at_ms: AtMs
    state: HealthState
    detail: str = ""


class PastHealth(Wire):
    """How a source stood; with a `member`, how a signal stood by itself: `live` means that it stood as its source."""

    source: str
    member: str = ""
    versions: list[PastHealthVersion]


class Past(Wire):
    """Alarms, incidents and health of [begin, end], as they were known then."""

    begin: Moment
    end: Moment
    whole_from: Annotated[Moment, Field(description="Before this retention has removed some of it")]
    step_s: Annotated[float, Field(description="0: every version; else overtaken ones within so many are left out")]
    left_out: Annotated[int, Field(description="Versions left out; no state that something was in is")]
    unwatched: Annotated[list[tuple[Moment, Moment]], Field(description="Spans in which nobody watched")]
    alarms: list[PastAlarm]
    incidents: list[PastIncident]
    health: list[PastHealth]
