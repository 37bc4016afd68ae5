"""What a store was asked to replay: the same order may go on in it, another is refused.

In a folder the order is a file beside the store; in a database, which sites share, it is a record of each site's own.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from infrastress.app.baselines import Baseline
from infrastress.app.detecting import Chosen
from infrastress.app.files import make_folder, write_json
from infrastress.app.reading import how_read
from infrastress.connectors.base import Connector
from infrastress.core.errors import ConfigurationError
from infrastress.core.ids import canonical_json, content_hash
from infrastress.evaluation.performance import Performance
from infrastress.site import Site
from infrastress.store import open_store
from infrastress.store.ports import Store

__all__ = ["judgement", "may_judge", "open_database", "open_folder", "order_of"]

_STORE, _ORDER = "store", "replay.json"


def judgement(
    site: Site, chosen: Mapping[str, Chosen], baselines: Mapping[str, Baseline], measured: Sequence[Performance] = ()
) -> dict[str, Any]:
    """What detection and fusion depend on: site model, versions of detectors, what they learned, measured rates."""
    rates = {"measured": content_hash(msgspec.json.encode(measured))} if measured else {}
    return {
        **rates,
        "site": site.id,
        "site_version": site.version,
        "detectors": {name: plugin.version for name, (plugin, _) in chosen.items()},
        "baselines": {name: one.content for name, one in baselines.items()},
    }


def order_of(
    judged_by: Mapping[str, Any], recordings: Sequence[Path], connectors: Sequence[Connector]
) -> dict[str, Any]:
    """An order: how it is judged, which recordings, how they are read."""
    return {
        **judged_by,
        "recordings": [{"path": str(path), "bytes": _size(path)} for path in recordings],
        "read_as": content_hash(canonical_json(how_read(connectors))),
    }


def open_folder(out: Path, order: Mapping[str, Any], *, overwrite: bool) -> Store:
    """The store in an output folder, for this order.

    Raises:
        ConfigurationError: the folder holds another replay, and is not to be overwritten.
    """
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


def open_database(url: str, order: Mapping[str, Any]) -> Store:
    """The store in a database, for this order of its site.

    Raises:
        ConfigurationError: the database holds another replay of the site, or other data of it.
    """
    store = open_store(url)
    try:
        site = order["site"]
        before = _read(store, site)
        if before is None and not store.log.end(f"ingest/{site}/main"):
            store.log.append(f"replay/{site}:order", [("order", canonical_json(dict(order)))])  # the first to come wins
            before = _read(store, site)
        if before != order:
            raise ConfigurationError(
                f"the database holds another replay of site {site!r} (other recordings, site model, or baselines)",
                remedy="name another database with --database; nothing is ever thrown away in one",
            )
    except BaseException:
        store.close()
        raise
    return store


def may_judge(store: Store, judged_by: Mapping[str, Any]) -> bool:
    """Whether there is something to judge for this site yet.

    Raises:
        ConfigurationError: it was ordered for another site model, other detectors or baselines.
    """
    order = _read(store, judged_by["site"])
    if order is None:
        return False
    for name, ours in {"measured": None, **judged_by}.items():
        if order.get(name) != ours:
            raise ConfigurationError(
                f"site {judged_by['site']!r} was ordered to be judged with {name.replace('_', ' ')} "
                f"{order.get(name)}, here it is {ours}",
                remedy="bring the site folder, what was learned, and infrastress to the same version on all machines",
            )
    return True


def _read(store: Store, site: str) -> Any:
    records = store.log.read(f"replay/{site}", 0, 1)
    return msgspec.json.decode(records[0].data) if records else None


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
