"""Setups: a site model with what its detectors learned, as one blob that the log can name by its content hash.

What judges is built of a setup alone, so that the log and the blobs replay without the site's folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from pydantic import ValidationError

from infrastress.app.baselines import in_force, read_version
from infrastress.app.detecting import cards_of, choose_detectors
from infrastress.core.errors import ConfigurationError, StoreError
from infrastress.core.ids import canonical_json, content_hash
from infrastress.fusion import FusionUnit
from infrastress.runtime import DetectionUnit
from infrastress.runtime.reloading import SiteUnit
from infrastress.site import Site
from infrastress.site.check import check_site
from infrastress.store.ports import Blobs, Store

__all__ = ["Prepared", "Setup", "changed_parts", "detection_of", "fusion_of", "prepare", "read_setup", "site_in_force"]

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
    """

    digest: str
    site: Site
    detectors: Mapping[str, str]
    baselines: Mapping[str, Any]
    contents: Mapping[str, str]

    @property
    def cards(self) -> Mapping[str, Any]:
        """Rule cards by rule."""
        return cards_of(choose_detectors(self.site))


@dataclass(frozen=True)
class Prepared:
    """A site folder that was checked.

    Attributes:
        site: its model, which knows its folder.
        data: its setup's blob.
        notes: sentences on what isn't enforced, and warnings.
    """

    site: Site
    data: bytes
    notes: tuple[str, ...] = field(default=())

    @property
    def digest(self) -> str:
        """Content hash of the blob."""
        return content_hash(self.data)


def prepare(folder: Path, state: Path) -> Prepared:
    """Check a site folder and what was learned for it.

    Raises:
        SiteError: the model has faults, or a detector's options don't fit.
        PluginError: a detector isn't installed.
        BaselineError: what was learned is damaged.
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
    data = canonical_json(
        {
            "format": _FORMAT,
            "site": site.model_dump(mode="json", by_alias=True, exclude_defaults=True),
            "detectors": {name: plugin.version for name, (plugin, _) in chosen.items()},
            "baselines": baselines,
            "contents": contents,
        }
    )
    return Prepared(site, data, tuple(notes))


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
        return Setup(digest, site, fields["detectors"], fields["baselines"], fields["contents"])
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


def detection_of(blobs: Blobs, site_id: str) -> SiteUnit[DetectionUnit]:
    """The unit of detection of a site, over all its setups."""

    def build(digest: str) -> DetectionUnit:
        setup = read_setup(blobs, digest)
        chosen = choose_detectors(setup.site)
        detectors = [
            plugin(setup.site, options, setup.baselines.get(name)) for name, (plugin, options) in chosen.items()
        ]
        return DetectionUnit(setup.site, detectors)

    return SiteUnit(site_id, build, forward=f"fusion/{site_id}")


def fusion_of(blobs: Blobs, site_id: str) -> SiteUnit[FusionUnit]:
    """The unit of fusion of a site, over all its setups."""

    def build(digest: str) -> FusionUnit:
        setup = read_setup(blobs, digest)
        return FusionUnit(setup.site, cards=setup.cards)

    return SiteUnit(site_id, build)


def changed_parts(before: bytes | None, after: bytes) -> tuple[str, ...]:
    """Which parts of the model, detectors or baselines differ between two blobs; "all" where there was none before."""
    if before is None:
        return ("all",)
    old, new = msgspec.json.decode(before), msgspec.json.decode(after)
    parts = {name for name in {*old["site"], *new["site"]} if old["site"].get(name) != new["site"].get(name)}
    parts |= {f"{what} {name}" for what in ("detectors", "contents") for name in {*old[what], *new[what]}
              if old[what].get(name) != new[what].get(name)}  # fmt: skip
    return tuple(sorted(part.replace("contents ", "baseline of ") for part in parts))
