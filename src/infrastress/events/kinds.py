"""The kinds of event: what an Event's body can be.

Every body is a frozen msgspec Struct tagged with its kind. Numbers are SI and carry their unit in the name; times are
int64 nanoseconds UTC. A field may be added with a default, never renamed or retyped: old readers skip what they don't
know, new readers fill what they miss.
"""

from typing import Any, Final, Literal

import msgspec

from infrastress.events.assessment import Assessment
from infrastress.events.severities import SEVERITIES, Severity

__all__ = [
    "CALLING",
    "KINDS",
    "SEVERITIES",
    "AccessAttempt",
    "Alarm",
    "AlarmAction",
    "AlarmState",
    "Body",
    "Category",
    "Cause",
    "Contribution",
    "Detection",
    "DoorState",
    "GasReading",
    "HandlingState",
    "Incident",
    "IncidentAction",
    "IncidentActionName",
    "InventoryAction",
    "LoginAttempt",
    "Report",
    "ReportVerdict",
    "ReporterRole",
    "SessionState",
    "Severity",
    "SourceKind",
    "Sureness",
    "Suspicion",
    "SwitchState",
    "Tick",
    "TimelineEntry",
    "ToolAlert",
    "TrackPoint",
    "TrackedObject",
    "Unknown",
    "WorkNotice",
]

CALLING: Final = frozenset({"medium", "high", "critical"})
"""Severities that call somebody; the rest are notices (ISA-18.2: alerts), listed with no sound and no banner."""
SourceKind = Literal["telemetry", "network", "access", "reports"]
"""The four kinds of source: process telemetry; OT traffic and logins; doors, badges and gas heads; people."""
Suspicion = Literal["sensor_fault", "sensor_falsified", "actuator_manipulated", "process_fault", "intrusion", "unknown"]
Category = Literal[
    "smell", "smoke", "fire", "leak", "mist", "dead_fish", "tap_water", "noise", "person", "vehicle", "drone", "cyber",
    "near_miss", "unsafe_act", "insider", "other",
]  # fmt: skip
"""What a report by a person is about. A concern about an insider is for the eyes of the security role alone."""
ReporterRole = Literal["", "neighbour", "staff", "contractor", "authority"]
"""How somebody who reports stands to the site; empty where nobody said."""
TrackedObject = Literal["person", "vehicle", "vessel", "drone", "aircraft", "animal", "unknown"]
"""What a radar, an RF sensor or Remote ID takes a track for."""
AlarmState = Literal["unacknowledged", "acknowledged", "returned", "shelved", "closed"]
HandlingState = Literal["new", "in_hand", "closed"]
"""How people handle an incident: nobody has it; somebody has; they are done with it."""
Sureness = Literal["almost certain", "likely", "as likely as not", "unlikely", "a bare possibility"]
"""A confidence in words: from 0.9, 0.7, 0.45 and 0.2 on."""
IncidentActionName = Literal["assign", "note", "task", "task_done", "task_reopen", "close", "reopen"]
Cause = Literal[
    "attack", "equipment_fault", "sensor_fault", "process_upset", "maintenance", "drill", "false_alarm", "weather",
    "other",
]  # fmt: skip
"""What an incident came from, as those say who closed it. `maintenance` is work or a test that nobody had announced."""


class Observed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """Base of everything a sensor, log or person says."""


class AccessAttempt(Observed, frozen=True, kw_only=True, omit_defaults=True, tag="access"):
    """A badge at a door."""

    person: str
    door: str
    zone: str
    granted: bool = True
    direction: Literal["in", "out"] = "in"


class LoginAttempt(Observed, frozen=True, kw_only=True, omit_defaults=True, tag="login"):
    """A login on a host or controller."""

    account: str
    host: str
    origin: str
    remote: bool = False
    success: bool = True


class DoorState(Observed, frozen=True, kw_only=True, omit_defaults=True, tag="door"):
    """What a door says of itself: its contact, its lock, its counter.

    `people` is how many a counter saw pass while the door stood open, told with "closed"; None where nothing counts.
    `held` and `forced` are the door controller's own words; `unlocked` is a release from inside or by `by`.
    """

    door: str
    state: Literal["open", "closed", "held", "forced", "locked", "unlocked", "disabled", "enabled", "tampered"]
    people: int | None = None
    by: str = ""


class SessionState(Observed, frozen=True, kw_only=True, omit_defaults=True, tag="session"):
    """A session on a host began or ended; `origin` is the host or address it came from."""

    account: str
    host: str
    origin: str
    state: Literal["opened", "closed"]
    remote: bool = False


class GasReading(Observed, frozen=True, kw_only=True, omit_defaults=True, tag="gas"):
    """A gas detector's reading or trip; `level_lel` is a fraction of the lower explosive limit.

    A head in fault, inhibited or under test says nothing of the air, whatever its level.
    """

    detector: str
    level_lel: float
    alarmed: bool = False
    condition: Literal["measuring", "fault", "inhibited", "test"] = "measuring"


class SwitchState(Observed, frozen=True, kw_only=True, omit_defaults=True, tag="switch"):
    """A discrete device changed state: a level switch, a bypass, a fence section, a flame detector, a call point.

    The state is a word of the device's own, such as "alarm", "fault", "inhibited".
    """

    device: str
    state: str
    by: str = ""


class ToolAlert(Observed, frozen=True, kw_only=True, omit_defaults=True, tag="alert"):
    """What another tool (an IDS, a SIEM, a log monitor) told: one of thousands a day, nearly all of them usual.

    `signature` is the tool's steady name of what it saw, `family` tool and log ("wazuh sshd"), `sensor` the instance
    that saw it. It is about `host` or `address`; `peer` is the address at the other end. `text` is the tool's own
    sentence, `techniques` are ids of ATT&CK that it names.
    """

    signature: str
    host: str = ""
    address: str = ""
    peer: str = ""
    family: str = ""
    sensor: str = ""
    severity: Severity = "low"
    techniques: tuple[str, ...] = ()
    text: str = ""


class TrackPoint(Observed, frozen=True, kw_only=True, omit_defaults=True, tag="track"):
    """A point of a track, as a radar, an RF sensor, Remote ID or AIS gives it; the number of a track is its sensor's.

    `altitude_m` is above ground, `course_deg` clockwise from north, `accuracy_m` one standard deviation in the plane.
    `identity` is what the object says of itself (serial number, MMSI, call sign); anybody can say anything.
    """

    track: str
    sensor: str
    what: TrackedObject
    latitude: float
    longitude: float
    altitude_m: float | None = None
    speed_m_s: float | None = None
    course_deg: float | None = None
    accuracy_m: float | None = None
    identity: str = ""
    lost: bool = False


class Report(Observed, frozen=True, kw_only=True, omit_defaults=True, tag="report"):
    """A person tells what they saw, smelled or heard.

    `reporter` is a pseudonym; who that is lies elsewhere and can be erased. `role` says where the person stands to the
    site, `device` is the pseudonym of what it was sent from, `network` one of the day for the addresses around it,
    `receipt` the number given for it, `photo` a Blob's hash.
    """

    reporter: str
    channel: str
    category: Category
    text: str
    latitude: float | None = None
    longitude: float | None = None
    trained: bool = False
    role: ReporterRole = ""
    device: str = ""
    language: str = ""
    photo: str = ""
    receipt: str = ""
    network: str = ""


class ReportVerdict(Observed, frozen=True, kw_only=True, omit_defaults=True, tag="report_verdict"):
    """What somebody found out about a report, named by the public part of its receipt.

    It is told of the report alone: what is made of an incident is said by acts on the incident.
    """

    receipt: str
    verdict: Literal["confirmed", "unfounded"]
    by: str


class Contribution(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One signal's part in a detection, in SI units. `share` sums to 1 over a detection."""

    signal: str
    share: float
    expected: float | None = None
    seen: float | None = None
    unit: str = ""


class WorkNotice(Observed, frozen=True, kw_only=True, omit_defaults=True, tag="work_notice"):
    """Work that is announced: a permit, a maintenance window, a drill. It explains alarms and hides none.

    `work` names it: the newest word on a name holds, and one that is `cancelled` explains nothing. It lasts from
    `begins` to `ends` (ns UTC), in physical `zones`, on the computers of `security_zones`, at `assets`.
    """

    work: str
    begins: int
    ends: int
    sort: Literal["permit", "maintenance", "drill"] = "permit"
    name: str = ""
    zones: tuple[str, ...] = ()
    security_zones: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    cancelled: bool = False


class Detection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="detection"):
    """A detector found something.

    `phase` is "raised" when it begins, "cleared" when the condition has gone; both carry the same `episode`.
    `began` is the estimated onset, `until` the end of the window judged. `score` >= 1 means the limit is reached.
    `sentence` states the violated rule with its numbers in the plant's units. `evidence` are ids of events;
    `packets` what was captured, each as `capture#number`; `signals` the spans to look at.
    """

    detector: str
    detector_version: str
    rule: str
    episode: str
    phase: Literal["raised", "cleared"]
    source_kind: SourceKind
    severity: Severity
    score: float
    sentence: str
    began: int
    until: int
    suspicion: Suspicion = "unknown"
    confidence: float = 0.5
    contributions: tuple[Contribution, ...] = ()
    evidence: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    baseline: str = ""
    packets: tuple[str, ...] = ()

    @property
    def calls(self) -> bool:
        """Whether it calls somebody by itself; otherwise it is a notice."""
        return self.severity in CALLING


class Alarm(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="alarm"):
    """What an operator sees of a detection (life cycle of IEC 62682). One alarm has one `alarm` key.

    Repeats of one rule on the same assets on one day (UTC) are one alarm; `count` says how many episodes it holds,
    `chattering` that they are too many to be annunciated one by one. `last_raise` is when it was last raised, 0 where
    that was the only time; `realarmed` that this was after somebody had acknowledged it, and nobody has since.
    """

    alarm: str
    state: AlarmState
    severity: Severity
    priority: int
    title: str
    sentence: str
    detection: str
    rule: str
    source_kind: SourceKind
    incident: str = ""
    cleared: bool = False
    count: int = 1
    chattering: bool = False
    last_raise: int = 0
    realarmed: bool = False

    @property
    def annunciated(self) -> bool:
        """Whether it calls the operator: of medium severity or more, or part of an incident.

        The rest are notices.
        """
        return self.severity in CALLING or bool(self.incident)


class AlarmAction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="alarm_action"):
    """What a person did about an alarm, or about many at once: then `alarm` is empty and `alarms` names them.

    A shelved alarm comes back at `until` or when it is unshelved. `to` is who has an assigned one from now on: an
    account, "role:" and a role, or nobody. Who has it is between people: fusion passes over it.
    """

    alarm: str
    action: Literal["acknowledge", "shelve", "unshelve", "assign"]
    by: str
    until: int = 0
    comment: str = ""
    to: str = ""
    alarms: tuple[str, ...] = ()

    @property
    def subjects(self) -> tuple[str, ...]:
        """The alarms it is about."""
        return self.alarms or (self.alarm,)


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an incident's story."""

    occurred: int
    source_kind: SourceKind
    event: str
    assets: tuple[str, ...]
    text: str
    severity: Severity = "info"


class Incident(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="incident"):
    """Detections joined by one hypothesis. `incident` names it over its revisions, of which the highest counts.

    A flood is bounded: `detections` and `timeline` hold its beginning, `detections_total` and `timeline_total` say how
    many there are, and `detections_digest` (sum of the ids' first 64 bits, modulo 2^64) proves which. `aliases` are
    incidents that turned out to be part of this one; each of them ends in a revision that names its `superseded_by`.
    `assessment` is the risk model's, of which `confidence` is one number; None where the model had nothing to say.
    """

    incident: str
    revision: int
    state: Literal["open", "closed"]
    hypothesis: str
    title: str
    severity: Severity
    confidence: float
    why: str
    began: int
    updated: int
    first_alarm: int
    detections: tuple[str, ...]
    source_kinds: tuple[SourceKind, ...]
    timeline: tuple[TimelineEntry, ...]
    techniques: tuple[str, ...] = ()
    detections_total: int = 0
    detections_digest: str = ""
    timeline_total: int = 0
    aliases: tuple[str, ...] = ()
    superseded_by: str = ""
    assessment: Assessment | None = None


class IncidentAction(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="incident_action"
):
    """What a person did about an incident. It changes how the incident is handled, never what fusion makes of it.

    `assign` gives it to `owner`, to nobody where that is empty. `note` and `task` add a `text`; `task_done` and
    `task_reopen` name the `task`: the id of the act that added it. `close` tells the `cause` and in `text` what was
    found; `episodes` and `severity` say how much was known then, so that what comes later can be told from it.
    """

    incident: str
    action: IncidentActionName
    by: str
    owner: str = ""
    text: str = ""
    task: str = ""
    cause: Cause | None = None
    episodes: int = 0
    severity: Severity = "info"


class InventoryAction(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="inventory_action"
):
    """What a person knows better about a device on the network than what is heard and the site model say.

    `device` is an asset's id, an address or a MAC; an empty value of `fields` takes an earlier correction back. It is
    no evidence of anything: neither detection nor fusion takes it.
    """

    device: str
    action: Literal["correct"]
    fields: dict[str, str]
    by: str
    why: str


class Tick(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="tick"):
    """The watermark: no Samples before `watermark` will be accepted any more from any source of this partition.

    `final` is set once, when a recording has ended: everything still buffered is to be judged. `clock` is what the
    event clock showed when a live runtime wrote it: what is missing by then is late. Recordings have no clock: 0.
    """

    watermark: int
    final: bool = False
    clock: int = 0


class Unknown(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="unknown"):
    """A kind this version doesn't know; kept whole so that nothing is lost on the way."""

    kind_name: str
    fields: dict[str, Any]


Body = (
    AccessAttempt
    | LoginAttempt
    | DoorState
    | SessionState
    | GasReading
    | SwitchState
    | ToolAlert
    | TrackPoint
    | Report
    | ReportVerdict
    | WorkNotice
    | Detection
    | Alarm
    | AlarmAction
    | Incident
    | IncidentAction
    | InventoryAction
    | Tick
    | Unknown
)

KINDS: dict[str, type[msgspec.Struct]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        AccessAttempt,
        LoginAttempt,
        DoorState,
        SessionState,
        GasReading,
        SwitchState,
        ToolAlert,
        TrackPoint,
        Report,
        ReportVerdict,
        WorkNotice,
        Detection,
        Alarm,
        AlarmAction,
        Incident,
        IncidentAction,
        InventoryAction,
        Tick,
    )
}
