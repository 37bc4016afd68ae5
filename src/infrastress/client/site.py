"""What the API says of a site's inside: graphs, barriers, services, what hangs on what, checks, the service itself."""

from typing import Annotated, Literal

from pydantic import Field

from infrastress.client.base import Link, Moment, Wire
from infrastress.client.models import Fault, Guard
from infrastress.events.health import HealthState
from infrastress.events.kinds import Severity

__all__ = [
    "AccountInfo",
    "Accounts",
    "BarrierState",
    "Barriers",
    "Change",
    "Changes",
    "CheckReport",
    "Conduit",
    "Detector",
    "Graph",
    "GraphEdge",
    "GraphNode",
    "HazardOf",
    "InterlockOf",
    "Lost",
    "Need",
    "Neighbour",
    "Process",
    "Reason",
    "Relations",
    "ReloadOutcome",
    "SecurityZone",
    "SecurityZones",
    "ServiceHealth",
    "ServiceState",
    "Services",
]

GraphKind = Literal["process", "dependency", "network"]


class GraphNode(Wire):
    """A node: an asset, or what a graph has beside them. `key` is unique within the graph."""

    key: str
    kind: Literal["asset", "service", "security_zone", "network"]
    id: str
    name: str
    type: Annotated[str, Field(description="Of an asset; otherwise the kind again")]
    group: Annotated[str | None, Field(description="Security zone in the network graph, physical zone in others")]
    level: Annotated[float | None, Field(description="Purdue level of a security zone")] = None
    open_alarms: int = 0
    worst: Severity | None = None
    health: Annotated[HealthState | None, Field(description="None where nothing tells of it")] = None
    links: dict[str, Link] = Field(default_factory=dict)


class GraphEdge(Wire):
    """An edge between two keys."""

    id: str
    source: str
    target: str
    kind: Literal["flow", "need", "conduit", "interface"]
    names: list[str] = Field(default_factory=list, description="Connections, dependency or conduit that it stands for")
    signals: list[str] = Field(default_factory=list, description="Flow signals that measure it")
    two_way: bool = False
    logic: Literal["all", "any"] | None = None
    buffer_h: float | None = None
    protocols: list[str] = Field(default_factory=list)
    address: str = ""


class Graph(Wire):
    """A graph of the site: `process` what flows where, `dependency` what needs what, `network` what reaches what."""

    kind: GraphKind
    version: Annotated[str, Field(description="Of the site model")]
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    total: Annotated[int, Field(description="Nodes of the whole graph, where `around` was asked for")]


class HazardOf(Wire):
    """What an asset's failure can do, and which barriers stand against it."""

    id: str
    asset: str
    event: str
    severity: Severity
    substance: str | None
    barriers: list[str]


class Reason(Wire):
    """Why a barrier isn't known to be clear, or a source not to be live."""

    asset: str
    kind: Annotated[
        Literal["alarm", "health", "untold", "watch"],
        Field(
            description="`untold`: nothing measures it, a test alone shows whether it works; `watch`: nobody watches"
        ),
    ]
    text: str
    alarm: str | None = None


class BarrierState(Guard):
    """A barrier as it stands: `clear` only where all it is made of is heard of, and no alarm stands on it."""

    pfd: float | None
    state: Literal["clear", "alarmed", "unknown"]
    reasons: list[Reason]
    hazards: list[HazardOf]


class Barriers(Wire):
    """All barriers; those with alarms first."""

    items: list[BarrierState]


class Need(Wire):
    """`of` needs all or any of `on`, and lives for `buffer_h` without."""

    id: str
    of: str
    on: list[str]
    logic: Literal["all", "any"]
    buffer_h: float


class Lost(Wire):
    """What is lost with something else, and after how many hours."""

    id: str
    kind: Literal["asset", "service"]
    name: str
    after_h: float


class ServiceState(Wire):
    """What the site delivers (ISO 22301), what it hangs on, and which of that has open alarms."""

    id: str
    name: str
    users: int
    mbco: Annotated[float, Field(description="Least that must be delivered, as a fraction")]
    rto_h: float | None
    mtpd_h: float | None
    needs: list[Need]
    relies_on: list[str]
    alarmed: list[str]
    single_points: Annotated[list[Lost], Field(description="Assets whose loss alone stops it")]


class Services(Wire):
    """All services."""

    items: list[ServiceState]


class Neighbour(Wire):
    """An asset next to another, and what joins them."""

    asset: str
    name: str
    type: str
    relation: Literal["flow", "switch", "control", "bund", "door", "area", "network"]
    open_alarms: int
    worst: Severity | None


class InterlockOf(Wire):
    """A safety function an asset takes part in. `value` is in the signal's own unit."""

    id: str
    signal: str
    comparison: Literal["above", "below", "equal", "unequal"]
    value: float
    unit: str
    actuator: str
    must_be: Literal["open", "closed", "running", "stopped"]
    within_s: float
    bypass: str | None


class Relations(Wire):
    """What an asset hangs together with."""

    asset: str
    neighbours: list[Neighbour]
    needs: list[Need]
    needed_by: list[Need]
    lost_with: Annotated[list[Lost], Field(description="What else is lost once this asset is, the soonest first")]
    hazards: list[HazardOf]
    barriers: list[BarrierState]
    interlocks: list[InterlockOf]


class Conduit(Wire):
    """An allowed link between two security zones."""

    id: str
    begins: str
    ends: str
    protocols: list[str]


class SecurityZone(Wire):
    """An IEC 62443 zone: its Purdue level, its target security level SL-T, what lies in it, what it is linked to."""

    id: str
    name: str
    level: float
    target: int
    networks: list[str]
    assets: list[str]
    alarmed: list[str]
    conduits: list[Conduit]


class SecurityZones(Wire):
    """All security zones, from the highest level to the lowest."""

    items: list[SecurityZone]


class CheckReport(Wire):
    """The site's folder as it is on disk now, checked and put nowhere."""

    at: Annotated[Moment, Field(description="By the wall's clock")]
    ok: Annotated[bool, Field(description="It could be put in force, as far as the files say")]
    faults: list[Fault]
    notes: Annotated[list[str], Field(description="What wouldn't be enforced, such as a baseline nobody approved")]
    version: Annotated[str | None, Field(description="Of its model; None where it has errors")]
    in_force: Annotated[str, Field(description="Version of the model in force")]
    changed: Annotated[list[str], Field(description="What a reload would change")]
    remedy: str


class Change(Wire):
    """A site model that was put in force."""

    at: Moment
    by: str
    why: str
    changed: list[str]
    version: str
    setup: Annotated[str, Field(description="Content hash of model, options, baselines and connections")]


class ReloadOutcome(Wire):
    """What came of the latest wish to put the folder in force since the service was started."""

    at: Moment
    by: str
    why: str
    ok: bool
    changed: list[str]
    faults: list[str]
    notes: list[str]


class Changes(Wire):
    """What was put in force, the newest first: since the start of the service and up to two days before."""

    items: list[Change]
    latest: ReloadOutcome | None


class Process(Wire):
    """A process of the service."""

    name: str
    state: Literal["starting", "ready", "restarting", "hung", "stopped"]
    since: Moment | None
    restarts: int
    last_error: str
    beat_age_s: float


class Detector(Wire):
    """A detector in force, whether it runs, and whether what it learned is enforced."""

    name: str
    version: str
    on: bool
    why: Annotated[str, Field(description="What it threw, where it is off")]
    baseline: Annotated[str | None, Field(description="Content hash of what it learned, where that is enforced")]


class Learned(Wire):
    """The version of what was learned that is enforced, and who answers for it."""

    version: int
    learned: Annotated[Moment, Field(description="When it was learned")]
    approved: Annotated[Moment, Field(description="When it was approved, or put in force again")]
    approved_by: str
    why: str
    since: Annotated[Moment | None, Field(description="Since when this service has judged by it")]
    drift: Annotated[list[str], Field(description="Standing notices that the plant has moved away from it")]


class ServiceHealth(Wire):
    """Whether the site is watched, and by what. Without a supervisor `processes` is empty."""

    ready: bool
    reasons: list[str]
    started: Moment | None
    written: Annotated[Moment | None, Field(description="When the supervisor last told, by the wall's clock")]
    processes: list[Process]
    detectors: list[Detector]
    learned: Annotated[Learned | None, Field(description="What was learned; absent where nothing of it is enforced")]
    backlog: Annotated[dict[str, int], Field(description="Records that detection and fusion have still to take")]
    undelivered: Annotated[int, Field(description="Messages that should have arrived and haven't")]
    notes: list[str]


class AccountInfo(Wire):
    """Who may sign in. Times are of the wall's clock."""

    name: str
    role: str
    created: Moment
    disabled: bool
    one_time_until: Annotated[Moment | None, Field(description="Holds a one-time password, good until then")]
    sessions: int
    last_used: Moment | None


class Accounts(Wire):
    """All accounts by name; they are made and changed with `infrastress accounts`."""

    items: list[AccountInfo]
