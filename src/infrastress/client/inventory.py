"""Models of the API: the devices on the network, who speaks to whom, what differs from the site model, corrections."""

from typing import Annotated, Literal

from pydantic import Field

from infrastress.client.base import Link, Moment, Page, Wire

__all__ = [
    "Conversation",
    "ConversationFunction",
    "Conversations",
    "CorrectionRequest",
    "CorrectionResult",
    "DeviceRole",
    "Difference",
    "DifferenceKind",
    "Differences",
    "HeardSource",
    "Inventory",
    "InventoryCorrection",
    "InventoryCorrections",
    "JudgedLevel",
    "JudgedRole",
    "NetworkCard",
    "NetworkDevice",
    "NetworkFunction",
    "NetworkIdentity",
]

DeviceRole = Literal[
    "controller", "hmi", "engineering", "historian", "server", "gateway", "router", "switch", "workstation", "unknown"
]
DifferenceKind = Literal[
    "unknown_node", "mac_differs", "address_differs", "role_differs", "no_conduit", "silent", "not_covered"
]
JudgedBy = Annotated[str, Field(description="heard, model (site.yaml says so) or correction (a person does)")]


class JudgedRole(Wire):
    """What a device is."""

    value: DeviceRole
    confidence: Annotated[float, Field(ge=0, le=1, description="From weights set by hand, no measured probability")]
    by: JudgedBy
    because: list[str]


class JudgedLevel(Wire):
    """Its Purdue level."""

    value: float | None
    confidence: float
    by: JudgedBy
    because: list[str]


class NetworkCard(Wire):
    """A hardware address with its maker, or why there is none."""

    mac: str
    vendor: str


class NetworkIdentity(Wire):
    """What a device says it is, word for word: a forger may say what he likes."""

    protocol: str
    unit: int | None
    text: str


class NetworkFunction(Wire):
    """A function that a device asked for, and how often it was answered."""

    protocol: str
    function: str
    count: int


class NetworkDevice(Wire):
    """A device on the network."""

    id: Annotated[str, Field(description="Its asset, else its first address")]
    name: str
    asset: str | None
    addresses: list[str]
    macs: list[NetworkCard]
    behind_router: Annotated[str | None, Field(description="MAC of the router through which it was heard")]
    vendor: str
    vlans: list[int]
    role: JudgedRole
    heard_role: Annotated[JudgedRole, Field(description="By its conduct alone")]
    level: JudgedLevel
    says: list[NetworkIdentity]
    behind: Annotated[list[NetworkIdentity], Field(description="What devices behind it say they are")]
    client_of: Annotated[dict[str, int], Field(description="Requests that were answered, by protocol")]
    server_of: Annotated[dict[str, int], Field(description="Requests that it answered, by protocol")]
    functions: list[NetworkFunction]
    first: Moment | None
    last: Moment | None
    records: Annotated[int, Field(description="In which it spoke; 0: it was only asked for")]
    packets: int
    bytes: int
    notes: list[str]
    links: dict[str, Link]


class HeardSource(Wire):
    """A source or capture, with the network records taken from it."""

    source: str
    records: int
    first: Moment
    last: Moment


class Inventory(Page):
    """Devices in order of their addresses, and what the inventory rests on."""

    items: list[NetworkDevice]
    heard: Annotated[int, Field(description="Devices that spoke, of all; the others were only asked for")]
    conversations: int
    differences: Annotated[dict[str, int], Field(description="From the site model, by kind, the gravest first")]
    listened_h: Annotated[float, Field(description="Hours with anything heard, in steps of ten minutes")]
    sources: list[HeardSource]
    overflow: Annotated[list[str], Field(description="Tables that were too small to keep all")]
    whole: Annotated[bool, Field(description="False: the log isn't read to its end yet; ask again")]


class ConversationFunction(Wire):
    """One function of a conversation, with its outcomes."""

    by: Literal["client", "server"]
    action: str | None
    function: str | None
    answered: int
    refused: int
    unanswered: int
    told: Annotated[int, Field(description="Without being asked")]
    first: Moment
    last: Moment


class Conversation(Wire):
    """What a client and a server said by one protocol."""

    client: str
    server: str
    protocol: str
    transport: str
    ports: list[int]
    units: list[int]
    actions: list[ConversationFunction]
    records: int
    answered: int
    connections: int
    unanswered: Annotated[int, Field(description="Connections that nobody answered, or that were refused")]
    malformed: int
    packets: int
    bytes: int
    first: Moment
    last: Moment


class Conversations(Page):
    """The communication matrix: by client, server and protocol."""

    items: list[Conversation]


class Difference(Wire):
    """Something that differs from the site model."""

    kind: DifferenceKind
    subject: Annotated[str, Field(description="An asset, an address, or two with an arrow between")]
    sentence: str
    first: Moment | None
    last: Moment | None


class Differences(Page):
    """What differs from the site model, the gravest kind first."""

    items: list[Difference]


class CorrectionRequest(Wire):
    """What a device is, as somebody knows better; null takes an earlier correction of the field back."""

    device: Annotated[str, Field(min_length=1, max_length=120, description="Its asset, an address or a MAC")]
    why: Annotated[str, Field(min_length=1, max_length=500, description="How that is known")]
    role: DeviceRole | None = None
    level: Annotated[float | None, Field(ge=0, le=5, description="Purdue level")] = None
    name: Annotated[str | None, Field(min_length=1, max_length=120)] = None
    vendor: Annotated[str | None, Field(min_length=1, max_length=120)] = None


class InventoryCorrection(Wire):
    """A correction as it was made."""

    device: str
    fields: Annotated[dict[str, str], Field(description="role, level, name, vendor; empty: taken back")]
    at: Moment
    by: str
    why: str
    act: Annotated[str | None, Field(description="Id of the act in the log; None: by command")]


class InventoryCorrections(Wire):
    """All corrections, the newest first; the newest of a device and field holds."""

    items: list[InventoryCorrection]


class CorrectionResult(Wire):
    """What came of a correction."""

    correction: InventoryCorrection
    changed: Annotated[bool, Field(description="False: the same key was sent before")]
    device: NetworkDevice
