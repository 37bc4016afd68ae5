"""docs/from-epanet.md: its excerpts are lines of the site that Net3 becomes."""

import re
from pathlib import Path

from infrastress.site.assets import Asset
from infrastress.site.epanet import site_from_inp
from infrastress.site.load import load_site
from tests.site.test_epanet import EXAMPLES, SHIPPED

PAGE = (Path(__file__).parents[2] / "docs" / "from-epanet.md").read_text(encoding="utf-8")
NET3 = next(path for path in SHIPPED if path.stem == "Net3")


def test_excerpts_are_what_net3_becomes(tmp_path: Path) -> None:
    text, notes = site_from_inp(NET3, EXAMPLES / "water" / "signals.yaml")
    assert notes == ()
    made = {line.strip() for line in text.splitlines()}
    shown = [line.strip() for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    assert len(shown) > 8
    assert [line for line in shown if line not in made] == []
    (tmp_path / "site.yaml").write_text(text)
    assert load_site(tmp_path).id == "water"


def test_the_page_names_real_types() -> None:
    types = {word for model in Asset.__args__[0].__args__ for word in model.model_fields["type"].annotation.__args__}
    assert {"tank", "boundary", "pump", "station", "valve", "pipe", "junction", "district"} <= types
    assert "about 700 lines" in PAGE
    net6 = next(path for path in SHIPPED if path.stem == "Net6")
    assert 600 < site_from_inp(net6)[0].count("\n") < 800
