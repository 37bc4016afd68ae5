"""Load a site folder or file into a `Site`."""

from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from infrastress.core.errors import SiteError
from infrastress.site.model import Site

__all__ = ["load_site"]


def load_site(path: Path) -> Site:
    """Load `path`, a site folder holding site.yaml or the file itself.

    Raises:
        SiteError: with every fault found.
    """
    file = path / "site.yaml" if path.is_dir() else path
    try:
        return Site.model_validate(YAML(typ="safe").load(file))
    except (OSError, YAMLError, ValidationError) as error:
        raise SiteError(str(error), where=str(file)) from error
