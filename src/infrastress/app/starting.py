"""Starting a site folder: from a template, or from a network model the plant already has."""

from collections import Counter
from pathlib import Path
from typing import Any

from infrastress.site.epanet import create_site_from_inp
from infrastress.site.load import load_site
from infrastress.site.model import Site
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
        signals: a file that says what of the network is metered, under which tags.

    Returns:
        The site's id and folder, numbers of its assets and signals, `made` (how many of each kind), and `notes`:
        sentences on what was left out.

    Raises:
        InputError: the folder isn't empty, or the network model can't be read.
        PluginError: the package that reads network models isn't installed.
    """
    notes: tuple[str, ...] = ()
    if network is None:
        create_site(folder, template or "depot")
    else:
        notes = create_site_from_inp(folder, network, signals)
    site = load_site(folder)
    return {
        "site": site.id,
        "folder": str(folder),
        "assets": len(site.assets),
        "signals": len(site.signals),
        "made": _made(site),
        "notes": list(notes),
    }


def _made(site: Site) -> dict[str, int]:
    """How many of each type of asset, most first, and of each list that says what happens and what is needed."""
    made: dict[str, int] = dict(Counter(asset.type for asset in site.assets).most_common())
    for name in ("signals", "connections", "interlocks", "control_rules", "services", "dependencies"):
        if count := len(getattr(site, name)):
            made[name] = count
    return made
