"""Templates: a new site is a whole, loadable copy, or nothing."""

from pathlib import Path

import pytest

from infrastress.core.errors import InputError
from infrastress.site.load import load_site
from infrastress.site.templates import create_site, template_folder, template_names


def test_new_site_loads(tmp_path: Path) -> None:
    made = create_site(tmp_path / "new" / "plant", "depot")
    assert load_site(made).id == "depot"
    assert [entry.name for entry in made.parent.iterdir()] == ["plant"]


def test_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "plant").mkdir()
    assert load_site(create_site(tmp_path / "plant", "depot")).id == "depot"


def test_refuses_folder_with_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="empty folder"):
        create_site(tmp_path, "depot")
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("name", ["depott", "../depot", "", "/"])
def test_unknown_template_names_the_known(name: str) -> None:
    assert "depot" in template_names()
    with pytest.raises(InputError, match="depot"):
        template_folder(name)
