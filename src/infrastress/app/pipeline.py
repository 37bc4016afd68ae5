"""Recordings through the live pipeline: admission, detectors, fusion, store, and the results as files."""

import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from infrastress.app.baselines import Baseline, read_baselines
from infrastress.app.detecting import Chosen, build_detectors, choose_detectors
from infrastress.app.files import make_folder, write_json
from infrastress.app.reading import how_read, open_recordings
from infrastress.connectors.base import Connector
from infrastress.core.errors import ConfigurationError, InputError
from infrastress.core.ids import canonical_json, content_hash
from infrastress.detectors.base import RuleCard
from infrastress.events import Event
from infrastress.events.kinds import SourceKind
from infrastress.fusion import FusionUnit
from infrastress.runtime.export import export_results
from infrastress.runtime.replay import Progress, ReplaySummary, replay
from infrastress.site import Site
from infrastress.store import open_store
from infrastress.store.ports import Store

__all__ = ["Judged", "cards_of", "replay_recordings"]

_STORE, _ORDER = "store", "replay.json"
_PACED_ROWS = 10
"""Rows read at once where the speed is given: a whole block would come at one moment."""


@dataclass(frozen=True)
class Judged:
    """A finished replay: its summary, the baselines it used, and where its results are."""

    summary: ReplaySummary
    baselines: dict[str, Baseline]
    out: Path | None

    def as_dict(self) -> dict[str, Any]:
        """What summary.json holds."""
        used = {name: {"content": one.content, "approved": one.approved} for name, one in self.baselines.items()}
        return {**self.summary.as_dict(), "baselines": used}


def replay_recordings(
    site: Site,
    folder: Path,
    recordings: Sequence[Path],
    *,
    state: Path,
    out: Path | None = None,
    overwrite: bool = False,
    speed: float | None = None,
    batch_rows: int | None = None,
    exclude_kinds: Collection[SourceKind] = (),
    scores: bool = False,
    on_result: Callable[[Event], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Judged:
    """Replay recordings at a site.

    Args:
        site: the site model.
        folder: its folder.
        recordings: files or folders.
        state: where baselines lie.
        out: results and store go there; without it the store lives in memory and nothing is written. A replay that was
            interrupted is gone on with.
        overwrite: throw away what another replay left in `out`.
        speed: event time per wall time; None for as fast as possible.
        batch_rows: most telemetry rows per record; results don't depend on it.
        exclude_kinds: kinds of source to leave out.
        scores: keep each detector's score of each frame, for evaluation.
        on_result: called with each version of an alarm or incident as it comes.
        on_progress: called as reading goes on.

    Raises:
        InputError: a recording can't be read.
        BaselineError: what was learned doesn't fit this site any more.
        ConfigurationError: `out` holds another replay.
    """
    chosen = choose_detectors(site)
    baselines = read_baselines(state, site, {name: plugin.version for name, (plugin, _) in chosen.items()})
    at_once = batch_rows if batch_rows is not None or speed is None else _PACED_ROWS
    connectors = open_recordings(site, folder, recordings, exclude_kinds=exclude_kinds, batch_rows=at_once)
    if not connectors:
        raise InputError("nothing is left to read", where=", ".join(map(str, recordings)))
    detectors = build_detectors(site, chosen, baselines)
    order = _order(site, chosen, baselines, recordings, connectors) | ({"scores": True} if scores else {})
    with _open(out, order, overwrite=overwrite) as store:
        summary = replay(
            store,
            site,
            connectors,
            detectors,
            FusionUnit(site, cards=cards_of(chosen)),
            speed=speed,
            batch_rows=batch_rows or 10_000,
            scores=scores,
            on_result=on_result,
            on_progress=on_progress,
        )
        judged = Judged(summary, baselines, out)
        if out is not None:
            export_results(store, site, out)
            write_json(out / "summary.json", judged.as_dict())
    return judged


def cards_of(chosen: dict[str, Chosen]) -> dict[str, RuleCard]:
    """Rule cards of all detectors and of the platform itself, by rule."""
    from infrastress.detectors.health import CARDS

    return {**CARDS, **{rule: card for plugin, _ in chosen.values() for rule, card in plugin.cards.items()}}


def _order(
    site: Site,
    chosen: dict[str, Chosen],
    baselines: dict[str, Baseline],
    recordings: Sequence[Path],
    connectors: Sequence[Connector],
) -> dict[str, Any]:
    """What was asked for: the same order may go on in the same folder, another may not."""
    return {
        "site": site.id,
        "site_version": site.version,
        "detectors": {name: plugin.version for name, (plugin, _) in chosen.items()},
        "baselines": {name: one.content for name, one in baselines.items()},
        "recordings": [{"path": str(path), "bytes": _size(path)} for path in recordings],
        "read_as": content_hash(canonical_json(how_read(connectors))),
    }


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in sorted(path.iterdir()) if file.is_file())
    return path.stat().st_size


def _throw_away(store: Path) -> None:
    """Remove a store; one that stayed in part would be gone on with."""
    try:
        if store.exists():
            shutil.rmtree(store)
    except OSError as error:
        raise ConfigurationError(
            f"the results of another replay can't be removed: {error.strerror}",
            where=str(store),
            remedy="remove the folder by hand, or name another with --out",
        ) from error


def _open(out: Path | None, order: dict[str, Any], *, overwrite: bool) -> Store:
    if out is None:
        return open_store("memory://")
    make_folder(out)
    note = out / _ORDER
    if note.exists() or (out / _STORE).exists():
        try:
            before = msgspec.json.decode(note.read_bytes()) if note.exists() else None
        except msgspec.DecodeError:
            before = None
        if before != order:
            if not overwrite:
                raise ConfigurationError(
                    "the folder holds the results of another replay (other recordings, site, or baselines)",
                    where=str(out),
                    remedy="name another folder with --out, or throw those results away with --overwrite",
                )
            _throw_away(out / _STORE)
    write_json(note, order)
    return open_store(out / _STORE)
