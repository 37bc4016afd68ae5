"""The examples in docs/site-model.md are one sound site."""

import re
from pathlib import Path

from infrastress.site.assets import Asset
from infrastress.site.check import check_site
from infrastress.site.metering import read_metering
from infrastress.site.model import Site

DOCUMENT = (Path(__file__).parents[2] / "docs" / "site-model.md").read_text(encoding="utf-8")


def test_examples_together_are_a_sound_site(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", DOCUMENT, flags=re.DOTALL)
    (tmp_path / "site.yaml").write_text("".join(blocks), encoding="utf-8")
    result = check_site(tmp_path)
    assert result.faults == ()
    assert result.site is not None
    empty = [name for name in Site.model_fields if not getattr(result.site, name)]
    assert empty == [], "every part of the model has its example"


def test_every_asset_type_is_in_the_table() -> None:
    types = {word for model in Asset.__args__[0].__args__ for word in model.model_fields["type"].annotation.__args__}
    assert {name for name in types if f"`{name}`" not in DOCUMENT} == set()


def test_signals_example_is_read(tmp_path: Path) -> None:
    block = next(block for block in DOCUMENT.split("```")[1::2] if "controllers:" in block and "signals:" in block)
    (tmp_path / "signals.yaml").write_text(block, encoding="utf-8")
    assert read_metering(tmp_path / "signals.yaml").controllers == {"PLC1": ("PU1", "PU2")}
