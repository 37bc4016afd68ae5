"""Templates: example sites that a new site starts from."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infrastress.core.errors import InputError

__all__ = ["create_site", "new_folder", "template_folder", "template_names"]

_PACKAGED = Path(__file__).parent / "templates"
_REPOSITORY = Path(__file__).parents[3] / "examples"
# What a site grows while it is used: no part of a template.
_LEFT_OUT = shutil.ignore_patterns("state", "data", "__pycache__", ".*")


def template_names() -> tuple[str, ...]:
    """Names of the templates that are here, sorted."""
    folders = [folder for root in (_PACKAGED, _REPOSITORY) if root.is_dir() for folder in root.iterdir()]
    return tuple(sorted({folder.name for folder in folders if (folder / "site.yaml").is_file()}))


def template_folder(name: str) -> Path:
    """Folder of a template: in the installed package, or in the repository's examples.

    Raises:
        InputError: there is no such template.
    """
    if re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        for root in (_PACKAGED, _REPOSITORY):
            if (root / name / "site.yaml").is_file():
                return root / name
    known = ", ".join(template_names()) or "none"
    raise InputError(f"there is no template {name!r}", remedy=f"there is: {known}")


def create_site(target: Path, template: str) -> Path:
    """Make a new site folder from a template; the folder is there whole or not at all.

    Args:
        target: the folder to make; it may exist when it is empty.
        template: name of the template.

    Returns:
        The new folder.

    Raises:
        InputError: no such template, the folder isn't empty, or it can't be written.
    """
    source = template_folder(template)
    with new_folder(target) as made:
        shutil.copytree(source, made, ignore=_LEFT_OUT, dirs_exist_ok=True)
    return target


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill that becomes `target` when the block ends well, and vanishes when it doesn't.

    Raises:
        InputError: the target isn't an empty folder, or it can't be written.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError("the target isn't an empty folder", where=str(target), remedy="name a new folder")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-site-") as scratch:
            made = Path(scratch) / "site"
            made.mkdir()
            yield made
            made.replace(target)  # onto an empty folder or nothing: the file system refuses anything else
    except OSError as error:
        raise InputError(
            f"the site can't be written: {error.strerror or error}", where=str(target), remedy="check rights and space"
        ) from error
