"""What the API says: the models that the server writes and the client reads.

Times are ISO 8601, UTC, with up to nine digits behind the second. Fields may be added; readers
skip what they don't know.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from infrastress.client.base import Link, Moment, Page, Wire
from infrastress.client.handling import (
    Check,
    CloseRequest,
    Closing,
    Finding,
    Handling,
    HandlingDetail,
    IncidentAct,
    Note,
    OwnerRequest,
    Part,
    People,
    Person,
    Raw,
    Reopening,
    ReopenRequest,
    Span,
    Task,
    TaskRequest,
    TextRequest,
)
from infrastress.client.quarantine import HourCount, Quarantine, RefusalExample, RefusalReason
from infrastress.client.signals import Episode, Episodes, Expected, History, Prediction, Series, Unpredicted
from infrastress.events.health import HealthState
from infrastress.events.kinds import AlarmState, Severity, SourceKind, Sureness

__all__ = [
    "Act",
    "ActManyRequest",
    "ActManyResult",
    "ActRequest",
    "ActResult",
    "Acted",
    "Alarm",
    "AlarmDetail",
    "Alarms",
    "Asset",
    "AssetDetail",
    "Assets",
    "AssignAlarmRequest",
    "Balance",
    "Card",
    "Cards",
    "Check",
    "CloseRequest",
    "Closing",
    "Connected",
    "Decision",
    "Decisions",
    "Episode",
    "Episodes",
    "Evidence",
    "Expected",
    "Fault",
    "Finding",
    "Guard",
    "Handling",
    "HandlingDetail",
    "Health",
    "HealthChange",
    "History",
    "HourCount",
    "Incident",
    "IncidentAct",
    "IncidentActResult",
    "IncidentDetail",
    "Incidents",
    "Live",
    "Note",
    "Notification",
    "Notifications",
    "OwnerRequest",
    "Page",
    "Part",
    "PasswordRequest",
    "People",
    "Person",
    "Prediction",
    "Problem",
    "PulseState",
    "Quarantine",
    "Raw",
    "Ready",
    "RefusalExample",
    "RefusalReason",
    "ReopenRequest",
    "Reopening",
    "Series",
    "SessionInfo",
    "ShelveRequest",
    "SignInRequest",
    "Signal",
    "Signals",
    "Site",
    "SourceDetail",
    "SourceHealth",
    "Span",
    "StandingOf",
    "Task",
    "TaskRequest",
    "TextRequest",
    "TimelineLine",
    "Unpredicted",
    "Update",
    "Wire",
]


class Problem(Wire):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str = ""
    instance: str = ""
    remedy: str = ""
    errors: list[dict[str, Any]] = []


Action = Literal["acknowledge", "shelve", "unshelve", "assign"]
Assigned = Annotated[str | None, Field(description='A name, or "role:" and a role; None: nobody')]


class Act(Wire):
    """What a person did about an alarm."""

    id: str
    alarm: str
    action: Action
    by: str
    at: Moment
    until: Moment | None = None
    comment: str = ""
    to: Assigned = None
    together: Annotated[int, Field(ge=1, description="How many alarms the act was about")] = 1
    taken: Annotated[bool, Field(description="Whether fusion has taken it into the alarm's state")] = False


class Acted(Wire):
    """What a person did, about all alarms that it was about."""

    id: str
    action: Action
    by: str
    at: Moment
    until: Moment | None = None
    comment: str = ""
    to: Assigned = None
    alarms: list[str]


class Alarm(Wire):
    """An alarm as it stands (life cycle of IEC 62682)."""

    id: str
    state: AlarmState
    severity: Severity
    priority: Annotated[int, Field(ge=1, le=4, description="1 is the highest")]
    title: str
    sentence: str
    rule: str
    source_kind: SourceKind
    assets: list[str]
    zone: str
    incident: str | None
    cleared: bool
    count: int
    chattering: bool
    annunciated: Annotated[bool, Field(description="Whether it calls the operator; the others are notices")]
    group: Annotated[str, Field(description="Alarms of one cause have the same: their incident, else rule@zone")] = ""
    assigned_to: Assigned = None
    raised: Moment
    last_raised: Moment | None = None
    realarmed: Annotated[bool, Field(description="Raised again after it had been acknowledged")] = False
    updated: Moment
    version: int
    evidence: Annotated[str, Field(description="Id of its worst detection")]
    pending: Annotated[list[Act], Field(description="Acts that fusion has still to take")] = []
    links: dict[str, Link]


class Alarms(Page):
    """Alarms, a page."""

    items: list[Alarm]


class AlarmDetail(Alarm):
    """An alarm, what was done about it, and what its rule means."""

    acts: list[Act]
    card: "Card | None"


class ActRequest(Wire):
    """A comment on an act."""

    model_config = ConfigDict(extra="forbid")
    comment: Annotated[str, Field(max_length=1000)] = ""


class ShelveRequest(ActRequest):
    """Until when an alarm is shelved: at most seven days from now."""

    until: Moment


class AssignAlarmRequest(ActRequest):
    """Who has an alarm from now on."""

    to: Annotated[Assigned, Field(max_length=80)]


class ActManyRequest(ActRequest):
    """One act on many alarms. `until` goes with shelve, `to` with assign."""

    action: Action
    alarms: Annotated[list[Annotated[str, Field(max_length=80)]], Field(min_length=1, max_length=10_000)]
    until: Moment | None = None
    to: Annotated[Assigned, Field(max_length=80)] = None


class ActManyResult(Wire):
    """What came of an act on many, by alarm; the same again when it is repeated with the same key.

    done: it lies in the log. stood: the alarm stood so already, and nothing was written. unknown: there is none.
    """

    act: Annotated[Acted | None, Field(description="What was written, about those that are done; None: nothing")]
    repeated: bool
    outcomes: dict[str, Literal["done", "stood", "unknown"]]


class ActResult(Wire):
    """What came of an act. It shows in the alarm's state once fusion has taken it."""

    act: Act
    changed: Annotated[bool, Field(description="False where the alarm stood so already, or the act was repeated")]
    alarm: Alarm


class TimelineLine(Wire):
    """One line of an incident's story."""

    occurred: Moment
    source_kind: SourceKind
    severity: Severity
    assets: list[str]
    text: str
    evidence: str
    signals: Annotated[list[str], Field(description="Whose history shows it; see `links` of the finding")]
    raw: Annotated[list[Raw], Field(description="The first raw records it rests on")]
    links: dict[str, Link]


class Incident(Wire):
    """Detections joined by one hypothesis."""

    id: str
    revision: int
    state: Literal["open", "closed"]
    hypothesis: str
    title: str
    severity: Severity
    confidence: float
    sure: Annotated[Sureness, Field(description="The confidence in words")]
    began: Moment
    first_alarm: Moment
    announced: Moment
    updated: Moment
    assets: list[str]
    source_kinds: list[SourceKind]
    techniques: list[str]
    detections_total: int
    superseded_by: str | None
    handling: Handling
    links: dict[str, Link]


class Incidents(Page):
    """Incidents, a page."""

    items: list[Incident]


class IncidentDetail(Incident):
    """An incident with its story and evidence; of a flood the worst and the first, `..._total` say of how many."""

    why: str
    first: Annotated[str, Field(description="What to do first, by its hypothesis")]
    aliases: list[str]
    timeline: list[TimelineLine]
    timeline_total: int
    detections: Annotated[list[str], Field(description="Ids of the first ones; see `links`")]
    detections_digest: str
    alarms: list[Alarm]
    alarms_total: int
    findings: list[Finding]
    checks: list[Check]
    handling: HandlingDetail
    evidence: dict[str, Link]
    before: Annotated[
        list[Raw],
        Field(
            description="The last of what was told of its assets, or in their zones, in the hour before it began; they "
            "are kept with it, and there from the next upkeep on"
        ),
    ] = []


class IncidentActResult(Wire):
    """What came of an act about an incident."""

    act: IncidentAct
    changed: Annotated[bool, Field(description="False where it stood so already, or the act was repeated")]
    incident: Incident


class Evidence(Wire):
    """A record of the log in full, and what it rests on."""

    id: str
    kind: str
    partition: str
    offset: int
    bytes: int
    sha256: Annotated[str, Field(description="Of the record's bytes as they lie in the log")]
    event: Annotated[dict[str, Any], Field(description="The record, times in ISO 8601")]
    spans: list[Span]
    parts: Annotated[list[Part], Field(description="Of a detection: each signal's part")]
    rests_on: dict[str, Link]
    raw: Annotated[list[Raw], Field(description="The first of what it rests on: kind, time, source")]
    blobs: dict[str, Link]
    card: "Card | None"
    network: Annotated[
        list[dict[str, Any]],
        Field(
            description="Of an incident's detection, rows of the network record: those of its packets, and what its "
            "assets said from ten minutes before it on; the last 500. They are there from the next upkeep on"
        ),
    ] = []


class Card(Wire):
    """What a rule means, what else may cause it, what to check first."""

    rule: str
    title: str
    means: str
    expected_against_seen: str
    benign_causes: list[str]
    first_check: str
    techniques: list[str]


class Cards(Wire):
    """Cards of all rules in force."""

    items: list[Card]


class StandingOf(Wire):
    """How a source or member stands now."""

    state: HealthState
    told: Annotated[HealthState, Field(description="What was last told of it, whether or not it still holds")]
    since: Moment | None = None
    last_seen: Moment | None = None
    last_good: Moment | None = None
    value_si: float | None = None
    cadence_s: float = 0.0
    lag_s: float = 0.0
    detail: str = ""


class Signal(Wire):
    """A telemetry tag. Limits and range are in its own unit."""

    id: str
    name: str
    asset: str
    kind: str
    unit: str
    unit_si: str
    source: str | None
    resolution: float
    range: tuple[float, float] | None
    limits: dict[str, float | None]
    value: Annotated[float | None, Field(description="What it told last, in its own unit; how old: `health`")] = None
    standing: Annotated[int, Field(description="Anomalous spans that stand")] = 0
    worst: Annotated[Severity | None, Field(description="Severity of the worst of them")] = None
    health: StandingOf
    links: dict[str, Link]


class Signals(Page):
    """Signals, a page."""

    items: list[Signal]


class Asset(Wire):
    """Anything that can fail or be attacked."""

    id: str
    name: str
    type: str
    zone: str | None
    security_zone: str | None
    criticality: int
    position: tuple[float, float] | None
    open_alarms: int
    worst: Severity | None
    health: Annotated[HealthState | None, Field(description="Worst of what tells of it; None: nothing does")] = None
    links: dict[str, Link]


class Assets(Page):
    """Assets, a page."""

    items: list[Asset]


class Connected(Wire):
    """A connection of the process that begins at, ends at, or runs through an asset."""

    id: str
    begins: str
    ends: str
    through: list[str]
    flow: str | None
    two_way: bool


class Guard(Wire):
    """A barrier that an asset is part of."""

    id: str
    name: str
    side: str
    prevents: list[str]
    assets: list[str]


class AssetDetail(Asset):
    """An asset with all that belongs to it."""

    model: Annotated[dict[str, Any], Field(description="As it stands in the site model")]
    signals: list[Signal]
    alarms: list[Alarm]
    connections: list[Connected]
    barriers: list[Guard]


class Fault(Wire):
    """One fault of a site file: where, what stands there, what should, and what was probably meant."""

    file: str
    line: int
    field: str
    found: str
    expected: str
    suggestion: str = ""
    item: str = ""
    severity: Literal["error", "warning"] = "error"


class Site(Wire):
    """The site: what it is, whether its file is in order, its plan as GeoJSON, and the whole model."""

    id: str
    name: str
    description: str
    time_zone: str
    version: str
    counts: dict[str, int]
    faults: Annotated[list[Fault], Field(description="Of the site file, as `infrastress check` tells them")]
    plan: Annotated[dict[str, Any], Field(description="A GeoJSON FeatureCollection; see `crs` in it")]
    model: dict[str, Any]
    links: dict[str, Link]


class Balance(Wire):
    """Read = accepted + quarantined + dropped, in rows."""

    read: int
    accepted: int
    quarantined: dict[str, int]
    dropped: dict[str, int]
    cells_accepted: int
    cells_empty: int
    cells_refused: dict[str, int]
    late: Annotated[int, Field(description="Of those accepted: behind the watermark, so in history alone")] = 0
    kept: Annotated[
        dict[str, int], Field(description="Of what was refused, rows and cells by reason: kept as it came")
    ] = Field(default_factory=dict)
    reingested: Annotated[
        dict[str, int], Field(description="Of what was refused, rows and cells by reason: taken in since")
    ] = Field(default_factory=dict)
    balances: bool


class SourceHealth(StandingOf):
    """How a source stands, and how many of its members stand how."""

    source: str
    kind: Annotated[
        SourceKind | None, Field(description="None for what isn't a source of the site, like notifications")
    ]
    connector: Annotated[
        str | None, Field(description="How it is reached; None: it has no live connection and stays silent")
    ] = None
    every_s: Annotated[float, Field(description="How often it comes, a mean; 0 while that isn't known")] = 0.0
    balance: Balance | None
    newest: Moment | None
    missing: int
    overdue: Annotated[int, Field(description="Rows that its cadence promised and that didn't come")] = 0
    clock_ahead_s: Annotated[float, Field(description="How far its clock is ahead, at least")] = 0.0
    counts: dict[str, int]
    links: dict[str, Link]


class SourceDetail(SourceHealth):
    """A source with its members: signals, devices, cameras."""

    members: dict[str, StandingOf]


class HealthChange(StandingOf):
    """A source or member that stands differently now."""

    source: str
    member: str


class PulseState(Wire):
    """Whether detection is alive, and how far it is."""

    fresh: bool
    age_s: Annotated[float | None, Field(description="Seconds of event time since the newest tick; None: never")]
    clock: Moment | None
    watermark: Moment | None
    lag_s: float | None
    failed: dict[str, str]
    detail: str


class Health(Wire):
    """How all sources stand. Without a fresh pulse nobody watches, and all is unknown; so is none of none."""

    state: HealthState
    counts: dict[str, int]
    pulse: PulseState
    sources: list[SourceHealth]
    position: str


class Decision(Wire):
    """What the runtime decided, a person did or a source's link told: a line of the log."""

    id: str
    offset: int
    kind: Literal["decision", "action", "link"]
    what: str
    content: dict[str, Any]


class Decisions(Page):
    """The newest decisions first."""

    items: list[Decision]


class Notification(Wire):
    """One message of the out-box by one channel, and how far it is."""

    id: str
    channel: str
    kind: Literal["incident", "alarm", "digest", "test"]
    severity: str
    title: str
    subjects: Annotated[list[str], Field(description="Keys of the incidents and alarms it is about")]
    state: Literal["queued", "sending", "sent", "given_up", "withdrawn"]
    undelivered: Annotated[bool, Field(description="It should have arrived and hasn't")]
    attempts: int
    reason: str
    created: Moment
    finished: Moment | None


class Notifications(Page):
    """Messages of the last thirty days, the newest first."""

    items: list[Notification]
    undelivered: int


class Demonstration(Wire):
    """The plant is simulated: event seconds a second of wall time, and which story a demo plays, where it is one.

    `run` tells one run from the next.
    """

    speed: float
    story: str | None
    run: str


class SessionInfo(Wire):
    """Who asks. `csrf` goes into the header X-CSRF-Token of whatever changes something.

    `demonstration` is null where the plant is real.
    """

    name: str
    role: str
    kind: Literal["session", "token", "local"]
    permissions: list[str]
    csrf: str | None
    must_change_password: bool
    ends: Annotated[
        Moment | None, Field(description="When a session ends at the latest, by the wall's clock; sooner without use")
    ] = None
    demonstration: Demonstration | None = None


class SignInRequest(Wire):
    """Name and password."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=256)]


class PasswordRequest(Wire):
    """The current password and the one to come."""

    model_config = ConfigDict(extra="forbid")
    current: Annotated[str, Field(min_length=1, max_length=256)]
    new: Annotated[str, Field(min_length=1, max_length=256)]


class Live(Wire):
    """The process answers."""

    live: bool


class Ready(Wire):
    """Whether the site is watched; why not where it isn't."""

    ready: bool
    reasons: list[str]


class Update(Wire):
    """One frame of the stream: the newest versions of what changed since the frame before."""

    position: str = ""
    alarms: list[Alarm] = []
    acts: list[Acted] = []
    incidents: list[Incident] = []
    health: list[HealthChange] = []
    pulse: PulseState | None = None
    decisions: list[Decision] = []
