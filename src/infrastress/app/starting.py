"""Starting a site folder: from a template, or from a network model the plant already has."""

from pathlib import Path
from typing import Any

from infrastress.core.errors import ConfigurationError
from infrastress.site.load import load_site
from infrastress.site.templates import create_site

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
    notes: tuple[str, ...] = ()
    if network is None:
        create_site(folder, template or "depot")
    else:
        notes = _from_network(folder, network, signals)
    site = load_site(folder)
    return {
        "site": site.id,
        "folder": str(folder),
        "assets": len(site.assets),
        "signals": len(site.signals),
        "notes": list(notes),
    }


def _from_network(folder: Path, network: Path, signals: Path | None) -> tuple[str, ...]:
    raise ConfigurationError("network models can't be read yet", where=str(network))
