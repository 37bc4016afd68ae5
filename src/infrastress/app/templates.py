"""The site templates that come with the package: in the wheel beside the code, in a checkout below `examples/`."""

from importlib.resources import files
from pathlib import Path

from infrastress.core.errors import ConfigurationError

__all__ = ["TEMPLATES", "template_folder"]

TEMPLATES = ("depot",)


def template_folder(name: str) -> Path:
    """Folder of a template.

    Raises:
        ConfigurationError: no such template, or the installation lacks it.
    """
    if name not in TEMPLATES:
        raise ConfigurationError(f"no template {name!r}", remedy=f"there is: {', '.join(TEMPLATES)}")
    package = Path(str(files("infrastress")))
    for folder in (package / "site" / "templates" / name, package.parents[1] / "examples" / name):
        if (folder / "site.yaml").is_file():
            return folder
    raise ConfigurationError(
        f"the template {name!r} is missing from this installation",
        remedy="install infrastress again: python -m pip install --force-reinstall infrastress",
    )
