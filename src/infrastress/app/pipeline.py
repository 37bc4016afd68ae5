"""Recordings through the live pipeline: admission, detectors, fusion, store, and the results as files."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infrastress.app.baselines import Baseline, read_baselines
from infrastress.app.detecting import build_detectors, cards_of, choose_detectors
from infrastress.app.files import make_folder, write_json
from infrastress.app.fusing import build_fusion, read_measured
from infrastress.app.orders import judgement, open_database, open_folder, order_of
from infrastress.app.reading import open_recordings
from infrastress.core.errors import ConfigurationError, InputError
from infrastress.events import Event
from infrastress.events.kinds import SourceKind
from infrastress.runtime.export import export_results
from infrastress.runtime.replay import Progress, ReplaySummary, replay
from infrastress.site import Site
from infrastress.store import open_store
from infrastress.store.ports import Store

__all__ = ["Judged", "replay_recordings"]

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
    database: str | None = None,
    by_workers: bool = False,
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
        state: where baselines and measured rates lie.
        out: results go there, and the store where no database is named; without both the store lives in memory and
            nothing is written. A replay that was interrupted is gone on with.
        database: URL of the store, which other sites may share.
        by_workers: leave detection and fusion to other processes on that database, and wait until they are done.
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
        DecodeError: the file of measured rates is none.
        ConfigurationError: `out`, or the database for this site, holds another replay.
    """
    chosen = choose_detectors(site)
    baselines = read_baselines(state, site, {name: plugin.version for name, (plugin, _) in chosen.items()})
    at_once = batch_rows if batch_rows is not None or speed is None else _PACED_ROWS
    connectors = open_recordings(site, folder, recordings, exclude_kinds=exclude_kinds, batch_rows=at_once)
    if not connectors:
        raise InputError("nothing is left to read", where=", ".join(map(str, recordings)))
    if database is not None and overwrite:
        raise ConfigurationError(
            "nothing is ever thrown away in a database", remedy="leave out --overwrite and name a new database"
        )
    measured = read_measured(state)
    order = order_of(judgement(site, chosen, baselines, measured), recordings, connectors)
    if scores:
        order = {**order, "scores": True}
    detectors = build_detectors(site, chosen, baselines)
    with _open(out, database, order, overwrite=overwrite) as store:
        summary = replay(
            store,
            site,
            connectors,
            detectors,
            build_fusion(site, cards_of(chosen), measured),
            speed=speed,
            batch_rows=batch_rows or 10_000,
            scores=scores,
            on_result=on_result,
            on_progress=on_progress,
            by_workers=by_workers,
        )
        judged = Judged(summary, baselines, out)
        if out is not None:
            export_results(store, site, make_folder(out))
            write_json(out / "summary.json", judged.as_dict())
    return judged


def _open(out: Path | None, database: str | None, order: Mapping[str, Any], *, overwrite: bool) -> Store:
    if database is not None:
        return open_database(database, order)
    return open_store("memory://") if out is None else open_folder(out, order, overwrite=overwrite)
