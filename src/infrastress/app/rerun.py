"""The log of a live site run again: it comes to the very same detections, alarms and incidents, or it is told where.

The log says which site model was in force from when; models, options and what was learned are blobs of the store. So
neither the site's folder nor its clock is needed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from infrastress.app.files import make_folder, write_json
from infrastress.app.keeping.backup import Place
from infrastress.app.service.models import detection_of, fusion_of, site_in_force
from infrastress.core.errors import ConfigurationError
from infrastress.runtime.export import export_results
from infrastress.runtime.replay import ReplaySummary, replay_log
from infrastress.site.load import load_site
from infrastress.store import open_store
from infrastress.store.ports import Log, read_all

__all__ = ["Compared", "Rerun", "rerun_log"]


@dataclass(frozen=True)
class Compared:
    """One partition of results, live against run again.

    Attributes:
        live, again: records of each.
        differs: number of the first record that differs, from 1; None where the shorter is the beginning of the longer.
    """

    live: int
    again: int
    differs: int | None


@dataclass(frozen=True)
class Rerun:
    """What a rerun came to: its summary and how its results compare, by partition."""

    summary: ReplaySummary
    compared: dict[str, Compared]

    @property
    def same(self) -> bool:
        """Whether everything that the live site has found is what was found again."""
        return all(one.differs is None for one in self.compared.values())

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        compared = {name: vars(one) for name, one in self.compared.items()}
        return {"same": self.same, "compared": compared, "counts": self.summary.counts}


def rerun_log(place: Place, out: Path, *, advance: Callable[[float], None]) -> Rerun:
    """Run a live site's log again into a new folder: results as `replay` writes them, and rerun.json.

    The site may be running: what it has not judged yet is not compared.

    Args:
        place: where the site's parts lie.
        out: folder for the results.
        advance: told parts of the way, 1 in all.

    Raises:
        ConfigurationError: the folder holds something, or the beginning of the log was retired.
        StoreError: the site was never live.
    """
    if out.is_dir() and any(out.iterdir()):
        raise ConfigurationError("the folder isn't empty", where=str(out), remedy="name a new one with --out")
    site_id = load_site(place.site).id
    ingest = f"ingest/{site_id}/main"
    with open_store(place.store, upgrade=False) as live:
        site = site_in_force(live, site_id).site
        if live.log.start(ingest):
            raise ConfigurationError(
                "the beginning of the log was retired, and what was found depends on all of it",
                where=place.store,
                remedy="runtime.retention_days says how long `ingest` is kept",
            )
        whole = max(1, live.log.end(ingest))
        with open_store(make_folder(out) / "store") as again:
            summary = replay_log(
                live.log,
                again,
                site,
                detection_of(live.blobs, site_id),
                fusion_of(live.blobs, site_id),
                on_progress=lambda records: advance(records / whole),
            )
            partitions = (f"fusion/{site_id}", f"result/{site_id}")
            compared = {name: _compare(live.log, again.log, name) for name in partitions}
            export_results(again, site, out)
    result = Rerun(summary, compared)
    write_json(out / "rerun.json", result.as_dict())
    return result


def _compare(live: Log, again: Log, partition: str) -> Compared:
    start = live.start(partition)  # records before it were retired
    pairs = zip(read_all(live, partition), islice(read_all(again, partition), start, None), strict=False)
    differs = next((n for n, (a, b) in enumerate(pairs, start + 1) if (a.id, a.data) != (b.id, b.data)), None)
    return Compared(live.end(partition), again.end(partition), differs)
