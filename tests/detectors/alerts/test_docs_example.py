"""The example in docs/alert-grouping.md does what the page says."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "alert-grouping.md"


def test_the_example_prints_what_it_says(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    exec(compile(code, str(PAGE), "exec"), {})  # noqa: S102
    printed = capsys.readouterr().out.splitlines()
    assert printed == [line[2:] for line in code.splitlines() if line.startswith("# ")]
