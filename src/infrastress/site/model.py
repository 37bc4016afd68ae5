"""The site model: one plant, as one validated tree, with look-ups by id."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr

from infrastress.core.ids import canonical_json, content_hash
from infrastress.site.assets import Asset
from infrastress.site.base import Id, Model, Point
from infrastress.site.context import (
    Barrier,
    Conduit,
    Dependency,
    Hazard,
    Network,
    Person,
    Receptor,
    Road,
    SecurityZone,
    Service,
    Shift,
    Substance,
    VotingGroup,
    Zone,
)
from infrastress.site.control import ControlRule
from infrastress.site.process import Connection, Interlock, Signal
from infrastress.site.risk import AttackTree, Bowtie, Work
from infrastress.site.sources import DetectorSettings, RuntimeSettings, Source

__all__ = ["Location", "Site"]


class Location(Model):
    """Where the site's metre coordinates lie on earth."""

    crs: Annotated[str, Field(pattern=r"^(EPSG:\d{4,6}|local)$")] = "local"
    latitude: Annotated[float | None, Field(ge=-90, le=90, description="Of the point [0, 0] when the CRS is local")] = (
        None
    )
    longitude: Annotated[float | None, Field(ge=-180, le=180)] = None
    rotation_deg: float = 0.0
    boundary: Annotated[list[Point] | None, Field(min_length=3)] = None


class Site(Model):
    """One plant: everything the platform knows of it before anything happens."""

    schema_version: Literal[1] = 1
    id: Id
    name: str = ""
    description: str = ""
    time_zone: Annotated[str, Field(description="IANA name, e.g. Europe/Rome")] = "UTC"
    location: Location = Location()
    substances: tuple[Substance, ...] = ()
    zones: tuple[Zone, ...] = ()
    security_zones: tuple[SecurityZone, ...] = ()
    conduits: tuple[Conduit, ...] = ()
    networks: tuple[Network, ...] = ()
    assets: tuple[Asset, ...] = ()
    signals: tuple[Signal, ...] = ()
    connections: tuple[Connection, ...] = ()
    interlocks: tuple[Interlock, ...] = ()
    control_rules: tuple[ControlRule, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    barriers: tuple[Barrier, ...] = ()
    voting: tuple[VotingGroup, ...] = ()
    attack_trees: tuple[AttackTree, ...] = ()
    bowties: tuple[Bowtie, ...] = ()
    works: tuple[Work, ...] = ()
    services: tuple[Service, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    receptors: tuple[Receptor, ...] = ()
    people: tuple[Person, ...] = ()
    shifts: tuple[Shift, ...] = ()
    roads: tuple[Road, ...] = ()
    sources: tuple[Source, ...] = ()
    runtime: RuntimeSettings = RuntimeSettings()
    detectors: tuple[DetectorSettings, ...] = ()
    _folder: Path | None = PrivateAttr(default=None)

    @property
    def folder(self) -> Path | None:
        """The site folder it was loaded from, for what lies beside site.yaml; None for a site made in memory."""
        return self._folder

    @cached_property
    def asset_by_id(self) -> dict[str, Asset]:
        """Assets by id."""
        return {asset.id: asset for asset in self.assets}

    @cached_property
    def signal_by_id(self) -> dict[str, Signal]:
        """Signals by id."""
        return {signal.id: signal for signal in self.signals}

    @cached_property
    def source_by_id(self) -> dict[str, Source]:
        """Sources by id."""
        return {source.id: source for source in self.sources}

    @cached_property
    def signals_of(self) -> dict[str, tuple[Signal, ...]]:
        """Signals by asset id."""
        found: dict[str, list[Signal]] = {}
        for signal in self.signals:
            found.setdefault(signal.asset, []).append(signal)
        return {asset: tuple(signals) for asset, signals in found.items()}

    @cached_property
    def version(self) -> str:
        """Content hash of the model: names it in evidence and baselines."""
        return content_hash(canonical_json(self.model_dump(mode="json", by_alias=True, exclude_defaults=True)))[:16]
