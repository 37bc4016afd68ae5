"""Baselines: what detectors learned, as content-hashed JSON files beside the site, one a detector."""

from pathlib import Path
from typing import Any

import msgspec

from infrastress.app.files import make_folder, write_json
from infrastress.core.errors import BaselineError
from infrastress.core.ids import canonical_json, content_hash
from infrastress.site import Site

__all__ = ["Baseline", "approve_baselines", "read_baselines", "state_folder", "write_baseline"]

FORMAT = 1


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """What one detector learned at one site.

    `version` is the detector's, `site_version` the site model's; `trained_on` names the recordings and their spans;
    `approved` is set by a person: until then a live service must not enforce it.
    """

    detector: str
    version: str
    site_version: str
    baseline: dict[str, Any]
    words: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    trained_on: tuple[dict[str, Any], ...] = ()
    approved: bool = False
    format: int = FORMAT

    @property
    def content(self) -> str:
        """Hash of what was learned and from what; approval doesn't change it."""
        fields = msgspec.to_builtins(self)
        del fields["approved"]
        return content_hash(canonical_json(fields))


def state_folder(site: Path, state: Path | None) -> Path:
    """Where a site's learned state lies: `state`, or the folder `state` beside the site file."""
    return state or (site if site.is_dir() else site.parent) / "state"


def write_baseline(state: Path, baseline: Baseline) -> Path:
    """Write a baseline, whole or not at all; returns its file."""
    file = make_folder(state / "baselines") / f"{baseline.detector}.json"
    write_json(file, {**msgspec.to_builtins(baseline), "content": baseline.content})
    return file


def read_baselines(state: Path, site: Site, versions: dict[str, str]) -> dict[str, Baseline]:
    """Baselines by detector, of those in `versions` (detector -> its version) that have one.

    Raises:
        BaselineError: a file is damaged, or was learned with another site model or detector version.
    """
    found: dict[str, Baseline] = {}
    for name, version in sorted(versions.items()):
        file = state / "baselines" / f"{name}.json"
        if not file.exists():
            continue
        baseline = _read(file)
        again = "learn again: infrastress train SITE RECORDING..., or remove the file to run without"
        if baseline.detector != name:
            raise BaselineError(
                f"this is what {baseline.detector!r} learned, not {name!r}", where=str(file), remedy=again
            )
        if baseline.version != version:
            raise BaselineError(
                f"learned by {name} version {baseline.version}; this is version {version}",
                where=str(file),
                remedy=again,
            )
        if baseline.site_version != site.version:
            raise BaselineError(
                f"learned with site model {baseline.site_version}; the site is now {site.version}",
                where=str(file),
                remedy=again,
            )
        found[name] = baseline
    return found


def approve_baselines(state: Path, baselines: dict[str, Baseline]) -> None:
    """Note that a person approved these baselines."""
    for baseline in baselines.values():
        write_baseline(state, msgspec.structs.replace(baseline, approved=True))


def _read(file: Path) -> Baseline:
    remedy = "restore it from a backup, or learn again: infrastress train SITE RECORDING..."
    try:
        fields = msgspec.json.decode(file.read_bytes())
        content = fields.pop("content")
        baseline = msgspec.convert(fields, Baseline)
    except (msgspec.MsgspecError, KeyError, AttributeError, RecursionError) as error:
        raise BaselineError(f"no baseline: {error}", where=str(file), remedy=remedy) from None
    if baseline.format != FORMAT:
        raise BaselineError(f"baseline format {baseline.format}, expected {FORMAT}", where=str(file), remedy=remedy)
    if content != baseline.content:
        raise BaselineError("its content was changed after it was written", where=str(file), remedy=remedy)
    return baseline
