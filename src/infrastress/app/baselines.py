"""Baselines: what detectors learned, in numbered versions that are never overwritten, and which one is in force.

    STATE/baselines/v0001/<detector>.json    what one detector learned, content-hashed
    STATE/baselines/v0001/version.json       when, from what, by whom and why it was learned
    STATE/baselines/decisions/d0001.json     a version approved, or put in force again, by whom and why

The version that the latest decision names is in force; before any decision, the newest. A version and a decision
appear whole or not at all: each is written beside its place and then takes the next free number by one rename or link.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Literal

import msgspec

from infrastress.app.files import make_folder, write_json
from infrastress.app.numbered import numbered, settle, write_next
from infrastress.core.errors import BaselineError
from infrastress.core.ids import canonical_json, content_hash
from infrastress.site import Site

__all__ = [
    "Baseline",
    "Decision",
    "Version",
    "decide",
    "decisions_of",
    "in_force",
    "read_baselines",
    "read_version",
    "state_folder",
    "versions_of",
    "write_version",
]

FORMAT = 2
_LEARN = "infrastress train SITE RECORDING..."


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """What one detector learned at one site.

    `version` is the detector's, `site_version` the site model's; `trained_on` names the recordings and their spans.
    `approved` and `number` (of the version it lies in) come from where it lies, not from its file.
    """

    detector: str
    version: str
    site_version: str
    baseline: dict[str, Any]
    words: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    trained_on: tuple[dict[str, Any], ...] = ()
    format: int = FORMAT
    approved: bool = False
    number: int = 0

    def fields(self) -> dict[str, Any]:
        """What its file holds, without the hash."""
        fields: dict[str, Any] = msgspec.to_builtins(self)
        del fields["approved"], fields["number"]
        return fields

    @property
    def content(self) -> str:
        """Hash of what was learned and from what; approval doesn't change it."""
        return content_hash(canonical_json(self.fields()))


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One training: its number, when (ISO 8601), by whom and why, from what; `detectors` are content hashes by name.

    `excluded` are spans left out with their reason, `accepted` what looked attacked and was let in, and why.
    """

    number: int
    created: str
    by: str = ""
    why: str = ""
    detectors: dict[str, str]
    trained_on: tuple[dict[str, Any], ...] = ()
    excluded: tuple[dict[str, str], ...] = ()
    accepted: tuple[dict[str, str], ...] = ()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A person or role approved a version, or put an approved one in force again."""

    version: int
    action: Literal["approved", "used"]
    at: str
    by: str
    why: str = ""


def state_folder(site: Path, state: Path | None) -> Path:
    """Where a site's learned state lies: `state`, or the folder `state` beside the site file."""
    return state or (site if site.is_dir() else site.parent) / "state"


def write_version(state: Path, version: Version, baselines: dict[str, Baseline]) -> Version:
    """Keep what was learned under the next free number, whole or not at all; returns it with its number.

    Args:
        state: the site's state folder.
        version: its number is ignored.
        baselines: by detector.
    """
    shelf = make_folder(state / "baselines")
    taken = [number for number, _ in numbered(shelf, "v")]
    number = max(taken, default=0)
    scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=shelf))
    try:
        scratch.chmod(0o755)
        for name, baseline in baselines.items():
            write_json(scratch / f"{name}.json", {**baseline.fields(), "content": baseline.content})
        while True:
            number += 1
            kept = msgspec.structs.replace(version, number=number)
            write_json(scratch / "version.json", msgspec.to_builtins(kept))
            try:
                # Onto a folder that holds files a rename fails: another training took the number.
                os.rename(scratch, shelf / f"v{number:04d}")
            except OSError:
                if not (shelf / f"v{number:04d}").exists():
                    raise
                continue
            settle(shelf)
            return kept
    finally:
        if scratch.exists():
            shutil.rmtree(scratch)


def versions_of(state: Path) -> list[Version]:
    """All versions, oldest first.

    Raises:
        BaselineError: a version's note is damaged.
    """
    return [_decode(folder / "version.json", Version) for _, folder in numbered(state / "baselines", "v")]


def decisions_of(state: Path) -> list[Decision]:
    """All decisions, oldest first.

    Raises:
        BaselineError: one is damaged.
    """
    return [_decode(file, Decision) for _, file in numbered(state / "baselines" / "decisions", "d")]


def in_force(state: Path) -> int | None:
    """Number of the version in force; None where nothing was learned."""
    decisions = decisions_of(state)
    if decisions:
        return decisions[-1].version
    numbers = [number for number, _ in numbered(state / "baselines", "v")]
    return max(numbers, default=None)


def decide(state: Path, decision: Decision) -> None:
    """Note a decision, whole or not at all.

    Raises:
        BaselineError: there is no such version, or it was never approved and is to be used.
    """
    numbers = {number for number, _ in numbered(state / "baselines", "v")}
    if decision.version not in numbers:
        known = ", ".join(map(str, sorted(numbers))) or "none"
        raise BaselineError(f"there is no version {decision.version}", where=str(state), remedy=f"there are: {known}")
    if decision.action == "used" and not _approved(state, decision.version):
        raise BaselineError(
            f"version {decision.version} was never approved",
            where=str(state),
            remedy=f"infrastress train SITE --approve --version {decision.version} --by NAME",
        )
    write_next(state / "baselines" / "decisions", "d", msgspec.to_builtins(decision))


def read_baselines(state: Path, site: Site, versions: dict[str, str]) -> dict[str, Baseline]:
    """Baselines in force by detector, of those in `versions` (detector -> its version) that learned.

    Raises:
        BaselineError: a file is damaged, or was learned with another site model or detector version.
    """
    number = in_force(state)
    if number is None:
        if old := sorted((state / "baselines").glob("*.json")):
            raise BaselineError(
                "written by an infrastress that kept no versions",
                where=str(old[0]),
                remedy=f"learn again: {_LEARN}, or remove the file to run without",
            )
        return {}
    found = read_version(state, number)
    again = f"learn again: {_LEARN}, or put an older version in force: infrastress train SITE --use N --by NAME"
    for name, baseline in found.items():
        where = str(_folder(state, number) / f"{name}.json")
        if name in versions and baseline.version != versions[name]:
            raise BaselineError(
                f"learned by {name} version {baseline.version}; this is version {versions[name]}",
                where=where,
                remedy=again,
            )
        if baseline.site_version != site.version:
            raise BaselineError(
                f"learned with site model {baseline.site_version}; the site is now {site.version}",
                where=where,
                remedy=again,
            )
    return {name: baseline for name, baseline in found.items() if name in versions}


def read_version(state: Path, number: int) -> dict[str, Baseline]:
    """What each detector learned in a version.

    Raises:
        BaselineError: there is none of that number, or a file is missing or damaged.
    """
    folder = _folder(state, number)
    if not folder.is_dir():
        known = ", ".join(str(n) for n, _ in numbered(state / "baselines", "v")) or "none"
        raise BaselineError(f"there is no version {number}", where=str(state), remedy=f"there are: {known}")
    version, approved = _decode(folder / "version.json", Version), _approved(state, number)
    found: dict[str, Baseline] = {}
    for name, content in sorted(version.detectors.items()):
        file = folder / f"{name}.json"
        baseline = _read(file)
        if baseline.content != content or baseline.detector != name:
            raise BaselineError("this is not what that training wrote", where=str(file), remedy=_RESTORE)
        found[name] = msgspec.structs.replace(baseline, approved=approved, number=number)
    return found


_RESTORE = f"restore it from a backup, or learn again: {_LEARN}"


def _folder(state: Path, number: int) -> Path:
    return state / "baselines" / f"v{number:04d}"


def _approved(state: Path, number: int) -> bool:
    return any(one.version == number and one.action == "approved" for one in decisions_of(state))


def _decode(file: Path, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except (msgspec.MsgspecError, OSError, RecursionError) as error:
        raise BaselineError(f"damaged: {error}", where=str(file), remedy=_RESTORE) from None


def _read(file: Path) -> Baseline:
    try:
        fields = msgspec.json.decode(file.read_bytes())
        content = fields.pop("content")
        baseline = msgspec.convert(fields, Baseline)
    except (msgspec.MsgspecError, KeyError, AttributeError, OSError, RecursionError) as error:
        raise BaselineError(f"no baseline: {error}", where=str(file), remedy=_RESTORE) from None
    if baseline.format != FORMAT:
        raise BaselineError(f"baseline format {baseline.format}, expected {FORMAT}", where=str(file), remedy=_RESTORE)
    if content != baseline.content:
        raise BaselineError("its content was changed after it was written", where=str(file), remedy=_RESTORE)
    return baseline
