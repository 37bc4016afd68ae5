"""Starting a site folder: from a template, or from a network model the plant already has."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infrastress.app.files import make_folder
from infrastress.app.templates import template_folder
from infrastress.core.errors import ConfigurationError
from infrastress.site.load import load_site

__all__ = ["start_site"]


def start_site(
    folder: Path, *, template: str | None = None, network: Path | None = None, signals: Path | None = None
) -> dict[str, Any]:
    """Make a site folder; nothing is left behind where that fails.

    Args:
        folder: must not exist, or be empty.
        template: name of a template; the depot when neither it nor `network` is given.
        network: an EPANET network model (.inp, or .inp.gz).
        signals: a recording whose tags become signals of the network's assets.

    Raises:
        ConfigurationError: the folder isn't empty.
        InputError: the network model can't be read.
    """
    with _aside(folder) as place:
        notes: tuple[str, ...] = ()
        if network is None:
            shutil.copytree(
                template_folder(template or "depot"), place, dirs_exist_ok=True, copy_function=shutil.copyfile
            )
            shutil.rmtree(place / "state", ignore_errors=True)
        else:
            notes = _from_network(place, network, signals)
        site = load_site(place)
    return {
        "site": site.id,
        "folder": str(folder),
        "assets": len(site.assets),
        "signals": len(site.signals),
        "notes": list(notes),
    }


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """A folder beside `folder` that takes its place when the block succeeds."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            "it is there already and not empty" if folder.is_dir() else "a file stands there",
            where=str(folder),
            remedy="name a new folder; nothing is overwritten",
        )
    make_folder(folder.absolute().parent)
    place = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.absolute().parent))
    try:
        yield place
        place.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        place.rename(folder)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def _from_network(place: Path, network: Path, signals: Path | None) -> tuple[str, ...]:
    raise ConfigurationError("network models can't be read yet", where=str(network))
