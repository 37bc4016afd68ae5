"""Setups: a site model, what was learned, how sources are reached, as one blob that the log names by its content hash.

What judges is built of a setup alone, so that the log and the blobs replay without the site's folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from pydantic import ValidationError

from infrastress.app.baselines import decisions_of, in_force, read_version, versions_of
from infrastress.app.detecting import cards_of, choose_detectors
from infrastress.app.fusing import build_fusion, read_measured
from infrastress.core.errors import ConfigurationError, StoreError
from infrastress.core.ids import canonical_json, content_hash
from infrastress.detectors.base import Detector
from infrastress.evaluation.performance import Performance
from infrastress.fusion import FusionUnit
from infrastress.fusion.risk.assess import refuse_wide
from infrastress.runtime import DetectionUnit
from infrastress.runtime.reloading import SiteUnit
from infrastress.site import Site
from infrastress.site.check import check_site
from infrastress.site.connections import Connection, connections_of
from infrastress.store.ports import Blobs, Store

__all__ = [
    "Prepared",
    "Setup",
    "changed_parts",
    "detection_of",
    "detectors_of",
    "fusion_of",
    "prepare",
    "read_setup",
    "site_in_force",
]

_FORMAT = 1
_TRAIN = "infrastress train SITE --approve --by NAME"


@dataclass(frozen=True)
class Setup:
    """What is in force.

    Attributes:
        digest: content hash of its blob.
        site: the site model; its `folder` is None.
        detectors: versions by name.
        baselines: what each detector learned, by name; only what was approved.
        contents: content hashes of the baselines, by detector.
        connections: how each source that is live is reached; names of secrets, never secrets.
        learned: which version of the baselines it is, when and by whom it was learned and put in force, why; empty
            where none is enforced.
        measured: rates of its detectors on recordings with truth.
    """

    digest: str
    site: Site
    detectors: Mapping[str, str]
    baselines: Mapping[str, Any]
    contents: Mapping[str, str]
    connections: dict[str, Connection]
    learned: Mapping[str, Any] = field(default_factory=dict)
    measured: tuple[Performance, ...] = ()

    @property
    def cards(self) -> Mapping[str, Any]:
        """Rule cards by rule."""
        return cards_of(choose_detectors(self.site))


@dataclass(frozen=True)
class Prepared:
    """A site folder that was checked.

    Attributes:
        site: its model, which knows its folder.
        connections: how its sources are reached.
        data: its setup's blob.
        notes: sentences on what isn't enforced, and warnings.
    """

    site: Site
    connections: dict[str, Connection]
    data: bytes
    notes: tuple[str, ...] = field(default=())

    @property
    def digest(self) -> str:
        """Content hash of the blob."""
        return content_hash(self.data)


def prepare(folder: Path, state: Path, file: Path | None = None) -> Prepared:
    """Check a site folder, what was learned for it, and a file of connections (by default the folder's own).

    Raises:
        ConfigurationError: the connections have faults, or a bow-tie can't be judged in time.
        SiteError: the model has faults, or a detector's options don't fit.
        PluginError: a detector isn't installed.
        BaselineError: what was learned is damaged.
        DecodeError: the file of measured rates is none.
    """
    from infrastress.site.load import load_site

    site = load_site(folder)
    chosen = choose_detectors(site)
    notes = [str(fault) for fault in check_site(folder).warnings]
    number = in_force(state)
    baselines: dict[str, Any] = {}
    contents: dict[str, str] = {}
    for name, one in ({} if number is None else read_version(state, number)).items():
        if name not in chosen:
            continue
        if not one.approved:
            notes.append(f"What {name} learned (version {number}) isn't enforced: nobody has approved it. {_TRAIN}")
        elif one.version != chosen[name][0].version:
            notes.append(
                f"What {name} learned (version {number}) isn't enforced: learned by its version {one.version}, this is "
                f"{chosen[name][0].version}. Learn again: infrastress train SITE RECORDING..."
            )
        elif one.site_version != site.version:
            notes.append(
                f"What {name} learned (version {number}) isn't enforced: learned with another site model "
                f"({one.site_version}, now {site.version}). Learn again: infrastress train SITE RECORDING..."
            )
        else:
            baselines[name], contents[name] = one.baseline, one.content
    if number is None:
        notes.append("Nothing was learned for this site yet: rules run with the site file's numbers alone.")
    connections = connections_of(site, file)
    measured = read_measured(state)
    refuse_wide(site)
    data = canonical_json(
        {
            "format": _FORMAT,
            "site": site.model_dump(mode="json", by_alias=True, exclude_defaults=True),
            "detectors": {name: plugin.version for name, (plugin, _) in chosen.items()},
            "baselines": baselines,
            "contents": contents,
            "connections": {source: one.model_dump(mode="json") for source, one in connections.items()},
            "learned": {} if number is None or not contents else _learned(state, number),
            **({"measured": msgspec.to_builtins(measured)} if measured else {}),
        }
    )
    return Prepared(site, connections, data, tuple(notes))


def _learned(state: Path, number: int) -> dict[str, Any]:
    """Who answers for a version that was approved: what its note and the latest decision on it say."""
    version = next(one for one in versions_of(state) if one.number == number)
    decision = next(one for one in reversed(decisions_of(state)) if one.version == number)
    return {
        "version": number,
        "learned": version.created,
        "learned_by": version.by,
        "approved": decision.at,
        "approved_by": decision.by,
        "why": decision.why or version.why,
    }


def read_setup(blobs: Blobs, digest: str) -> Setup:
    """A setup by its content hash.

    Raises:
        StoreError: it is missing or damaged.
        ConfigurationError: it was written by another version of infrastress.
    """
    try:
        fields = msgspec.json.decode(blobs.get(digest))
        if fields["format"] != _FORMAT:
            raise ValueError(f"format {fields['format']}")
        site = Site.model_validate(fields["site"])
        connections = {source: Connection.model_validate(one) for source, one in fields["connections"].items()}
        return Setup(
            digest, site, fields["detectors"], fields["baselines"], fields["contents"], connections,
            fields.get("learned", {}), msgspec.convert(fields.get("measured", []), tuple[Performance, ...]),
        )  # fmt: skip
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError, ValidationError) as error:
        raise ConfigurationError(
            f"this is no setup of this version: {error}", where=f"blob {digest}", remedy="use the version that wrote it"
        ) from None


def site_in_force(store: Store, site_id: str) -> Setup:
    """The setup in force.

    Raises:
        StoreError: there is none yet.
    """
    row = store.records.get("decision", f"{site_id}/site")
    if row is None:
        raise StoreError(
            f"no model of site {site_id!r} was put in force yet", remedy="start it: infrastress serve SITE"
        )
    return read_setup(store.blobs, msgspec.json.decode(row.data)["setup"])


def detectors_of(setup: Setup) -> list[Detector]:
    """The detectors of a setup, each with its baseline where there is one."""
    chosen = choose_detectors(setup.site)
    return [plugin(setup.site, options, setup.baselines.get(name)) for name, (plugin, options) in chosen.items()]


def detection_of(blobs: Blobs, site_id: str) -> SiteUnit[DetectionUnit]:
    """The unit of detection of a site, over all its setups."""

    def build(digest: str) -> DetectionUnit:
        setup = read_setup(blobs, digest)
        return DetectionUnit(setup.site, detectors_of(setup))

    return SiteUnit(site_id, build, forward=f"fusion/{site_id}")


def fusion_of(blobs: Blobs, site_id: str) -> SiteUnit[FusionUnit]:
    """The unit of fusion of a site, over all its setups."""

    def build(digest: str) -> FusionUnit:
        setup = read_setup(blobs, digest)
        return build_fusion(setup.site, setup.cards, setup.measured)

    return SiteUnit(site_id, build)


def changed_parts(before: bytes | None, after: bytes) -> tuple[str, ...]:
    """Which parts of the model, detectors or baselines differ between two blobs; "all" where there was none before."""
    if before is None:
        return ("all",)
    old, new = msgspec.json.decode(before), msgspec.json.decode(after)
    parts = {name for name in {*old["site"], *new["site"]} if old["site"].get(name) != new["site"].get(name)}
    parts |= {f"{what} {name}" for what in ("detectors", "contents", "connections") for name in {*old[what], *new[what]}
              if old[what].get(name) != new[what].get(name)}  # fmt: skip
    if old["contents"] == new["contents"] and old.get("learned", {}) != new.get("learned", {}):
        parts.add("approval of what was learned")
    if old.get("measured") != new.get("measured"):
        parts.add("measured rates")
    return tuple(
        sorted(part.replace("contents ", "baseline of ").replace("connections ", "connection of ") for part in parts)
    )
