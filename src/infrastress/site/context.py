"""What surrounds the process: zones, networks, substances, hazards, barriers, services, people, receptors, roads."""

from typing import Annotated, Literal

from pydantic import Field

from infrastress.site.base import Id, Model, Point, Polygon, Severity

__all__ = [
    "Barrier",
    "Conduit",
    "Dependency",
    "Hazard",
    "Network",
    "Person",
    "Receptor",
    "Road",
    "SecurityZone",
    "Service",
    "Shift",
    "Substance",
    "VotingGroup",
    "Zone",
]

Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Local time HH:MM")]


class Zone(Model):
    """A physical area."""

    id: Id
    name: str = ""
    polygon: Polygon | None = None
    access: Annotated[Literal["public", "staff", "restricted"], Field(description="Who may be there")] = "staff"
    explosive: Annotated[Literal["none", "zone0", "zone1", "zone2"], Field(description="ATEX zone")] = "none"
    closed_to: Annotated[
        tuple[Literal["person", "vehicle", "vessel", "drone", "aircraft"], ...],
        Field(description="Tracks of these that enter are told"),
    ] = ()


class SecurityZone(Model):
    """An IEC 62443 zone; `level` is its Purdue level, `target` its security level SL-T."""

    id: Id
    name: str = ""
    level: Annotated[float, Field(ge=0, le=5)]
    target: Annotated[int, Field(ge=0, le=4)] = 1


class Conduit(Model):
    """An allowed link between two security zones."""

    id: Id
    from_: Annotated[Id, Field(alias="from")]
    to: Id
    protocols: tuple[str, ...] = ()


class Network(Model):
    """An IP network."""

    id: Id
    cidr: str
    security_zone: Id | None = None
    vlan: Annotated[int | None, Field(ge=1, le=4094)] = None


class Substance(Model):
    """What is stored."""

    id: Id
    name: str
    cas: str = ""
    density_kg_m3: Annotated[float | None, Field(gt=0)] = None
    flash_point_c: float | None = None
    seveso: Annotated[tuple[str, ...], Field(description="Seveso III Annex I categories, e.g. P5a, E2")] = ()


class Hazard(Model):
    """What an asset's failure can do."""

    id: Id
    asset: Id
    substance: Id | None = None
    event: Literal["overfill", "leak", "rupture", "fire", "explosion", "toxic_release", "pollution", "outage"]
    severity: Severity = "high"


class Barrier(Model):
    """A safeguard on a bow-tie; `pfd` is its probability of failure on demand."""

    id: Id
    name: str = ""
    prevents: Annotated[tuple[Id, ...], Field(description="Hazards it stands against")] = ()
    assets: Annotated[tuple[Id, ...], Field(description="What it is made of")] = ()
    side: Literal["prevention", "mitigation"] = "prevention"
    pfd: Annotated[float | None, Field(gt=0, le=1)] = None


class VotingGroup(Model):
    """Detectors that vote (IEC 61511): `needed` of the members in alarm are a confirmed alarm, such as 2oo3."""

    id: Id
    name: str = ""
    members: Annotated[tuple[Id, ...], Field(min_length=2)]
    needed: Annotated[int, Field(ge=1)] = 2
    hazard: Annotated[Id | None, Field(description="Hazard it confirms")] = None


class Service(Model):
    """What the site delivers (ISO 22301): floor `mbco` as a fraction, recovery and absolute limits in hours."""

    id: Id
    name: str = ""
    users: Annotated[int, Field(ge=0)] = 0
    mbco: Annotated[float, Field(ge=0, le=1)] = 0.0
    rto_h: Annotated[float | None, Field(gt=0)] = None
    mtpd_h: Annotated[float | None, Field(gt=0)] = None


class Dependency(Model):
    """`of` needs all or any of `on`; `buffer_h` is how long it lives without."""

    id: Id
    of: Id
    on: Annotated[tuple[Id, ...], Field(min_length=1)]
    logic: Literal["all", "any"] = "all"
    buffer_h: Annotated[float, Field(ge=0)] = 0.0


class Receptor(Model):
    """People and places around the site."""

    id: Id
    name: str = ""
    kind: Literal["dwellings", "school", "hospital", "workplace", "road", "nature", "other"]
    position: Point
    population: Annotated[int, Field(ge=0)] = 0


class Shift(Model):
    """A working shift in local time; one that ends before it begins runs over midnight."""

    id: Id
    begins: Clock
    ends: Clock
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = (
        "mon", "tue", "wed", "thu", "fri", "sat", "sun",
    )  # fmt: skip


class Person(Model):
    """Someone known by badge or account: a role and what it may touch, not a name."""

    id: Id
    role: Literal["operator", "maintenance", "security", "manager", "contractor", "engineer", "visitor"]
    badge: str | None = None
    accounts: tuple[str, ...] = ()
    shifts: tuple[Id, ...] = ()
    zones: Annotated[tuple[Id, ...], Field(description="Zones this person's work is in")] = ()
    hosts: Annotated[tuple[Id, ...], Field(description="Hosts and controllers this person logs in to")] = ()
    remote: bool = False


class Road(Model):
    """A road: for evacuation, access and blocked ways."""

    id: Id
    name: str = ""
    line: Annotated[list[Point], Field(min_length=2)]
    kind: Literal["access", "public", "evacuation"] = "access"
