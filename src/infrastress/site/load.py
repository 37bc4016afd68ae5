"""Load a site folder or file into a `Site`."""

from pathlib import Path

from infrastress.core.errors import SiteError
from infrastress.site.check import check_site
from infrastress.site.model import Site

__all__ = ["load_site"]


def load_site(path: Path) -> Site:
    """Load `path`, a site folder holding site.yaml or the file itself.

    Raises:
        SiteError: with every fault found, in its `faults`.
    """
    result = check_site(path)
    if result.site is not None:
        result.site._folder = path if path.is_dir() else path.parent
        return result.site
    errors = result.errors
    first = errors[0]
    count = "1 fault" if len(errors) == 1 else f"{len(errors)} faults"
    raise SiteError(
        f"the site model has {count}; the first: {first}",
        where=str(path),
        remedy="`infrastress check` lists them all",
        faults=result.faults,
    )
