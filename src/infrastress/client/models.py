"""What the API says: the models that the server writes and the client reads.

Times are ISO 8601, UTC, with up to nine digits behind the second. Fields may be added; readers
skip what they don't know.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from infrastress.events.health import HealthState
from infrastress.events.kinds import AlarmState, Severity, SourceKind

__all__ = [
    "Act",
    "ActRequest",
    "ActResult",
    "Alarm",
    "AlarmDetail",
    "Alarms",
    "Asset",
    "AssetDetail",
    "Assets",
    "Balance",
    "Card",
    "Cards",
    "Connected",
    "Decision",
    "Decisions",
    "Evidence",
    "Guard",
    "Health",
    "HealthChange",
    "History",
    "Incident",
    "IncidentDetail",
    "Incidents",
    "Live",
    "Notification",
    "Notifications",
    "PasswordRequest",
    "Problem",
    "PulseState",
    "Quarantine",
    "Ready",
    "RefusalExample",
    "RefusalReason",
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
    "TimelineLine",
    "Update",
]

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"}, description="ISO 8601, UTC")]
Link = Annotated[str, Field(description="Path on this server")]


class Wire(BaseModel):
    """Base of all that is sent; what a reader doesn't know, it skips."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Problem(Wire):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str = ""
    instance: str = ""
    remedy: str = ""
    errors: list[dict[str, Any]] = []


class Page(Wire):
    """One page of a list.

    `next` is given back as `cursor` to go on; None at the end. `position` is where the stream stands: following it from
    there misses nothing that happened since.
    """

    next: str | None = None
    total: Annotated[int, Field(ge=0, description="How many fit the filters now")] = 0
    position: str = ""


class Act(Wire):
    """What a person did about an alarm."""

    id: str
    alarm: str
    action: Literal["acknowledge", "shelve", "unshelve"]
    by: str
    at: Moment
    until: Moment | None = None
    comment: str = ""
    taken: Annotated[bool, Field(description="Whether fusion has taken it into the alarm's state")] = False


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
    raised: Moment
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
    began: Moment
    first_alarm: Moment
    announced: Moment
    updated: Moment
    assets: list[str]
    source_kinds: list[SourceKind]
    techniques: list[str]
    detections_total: int
    superseded_by: str | None
    links: dict[str, Link]


class Incidents(Page):
    """Incidents, a page."""

    items: list[Incident]


class IncidentDetail(Incident):
    """An incident with its story and evidence."""

    why: str
    aliases: list[str]
    timeline: list[TimelineLine]
    timeline_total: int
    detections: Annotated[list[str], Field(description="Ids of the first ones; see `links`")]
    detections_digest: str
    alarms: list[Alarm]
    evidence: dict[str, Link]


class Span(Wire):
    """A span of a signal's history to look at."""

    signal: str
    begin: Moment
    end: Moment
    history: Link


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
    rests_on: dict[str, Link]
    blobs: dict[str, Link]
    card: "Card | None"


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


class Site(Wire):
    """The site: what it is, whether its file is in order, its plan as GeoJSON, and the whole model."""

    id: str
    name: str
    description: str
    time_zone: str
    version: str
    counts: dict[str, int]
    faults: Annotated[list[dict[str, Any]], Field(description="Of the site file, as `infrastress check` tells them")]
    plan: Annotated[dict[str, Any], Field(description="A GeoJSON FeatureCollection; see `crs` in it")]
    model: dict[str, Any]
    links: dict[str, Link]


class Series(Wire):
    """One signal's history.

    `times_ms` are Unix milliseconds, rising. Between two values the line may be drawn, but where a value is None: there
    is a gap. Every value is one that was told; of each step the first, lowest, highest and last are kept.
    """

    signal: str
    unit: str
    times_ms: list[float]
    values: list[float | None]
    gaps: list[tuple[Moment, Moment]]
    count: Annotated[int, Field(description="How many values the span holds")]


class History(Wire):
    """History of signals, for a plot of some width."""

    begin: Moment
    end: Moment
    width: int | None
    step_s: float | None
    units: Literal["plant", "si"]
    series: list[Series]


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
    balance: Balance | None
    newest: Moment | None
    missing: int
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


class RefusalExample(Wire):
    """One refused row, cell or line."""

    where: str
    what: str
    offset: int


class RefusalReason(Wire):
    """What a source was refused for one reason."""

    source: str
    reason: str
    rows: int
    cells: int
    examples: list[RefusalExample]
    kept: Annotated[int, Field(description="Of rows and cells: whose message was kept as it came")] = 0
    reingested: Annotated[int, Field(description="Of rows and cells: taken in since")] = 0
    messages: Annotated[int, Field(description="Kept messages that can be read again now")] = 0
    by_hour: Annotated[
        list[tuple[Moment, int]], Field(description="Messages that can be read again, by the hour in which they came")
    ] = Field(default_factory=list)


class Quarantine(Wire):
    """What was refused, by source and reason."""

    items: list[RefusalReason]
    rows: int
    cells: int


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


class SessionInfo(Wire):
    """Who asks. `csrf` goes into the header X-CSRF-Token of whatever changes something."""

    name: str
    role: str
    kind: Literal["session", "token", "local"]
    permissions: list[str]
    csrf: str | None
    must_change_password: bool


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
    incidents: list[Incident] = []
    health: list[HealthChange] = []
    pulse: PulseState | None = None
    decisions: list[Decision] = []
