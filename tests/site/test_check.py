"""The checker: the shipped example is sound, and load_site carries every fault."""

from pathlib import Path

import pytest

from infrastress.core.errors import SiteError
from infrastress.site.check import check_site
from infrastress.site.load import load_site


def test_example_has_no_fault(depot_folder: Path) -> None:
    result = check_site(depot_folder)
    assert result.faults == ()
    assert result.site is not None
    assert result.site.id == "depot"


def test_load_site_raises_with_all_faults(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("id: plant\nnmae: Plant\nassets:\n- {id: T1, type: tnak}\n")
    with pytest.raises(SiteError) as caught:
        load_site(tmp_path)
    assert len(caught.value.faults) == 2
    assert "2 faults" in str(caught.value)
