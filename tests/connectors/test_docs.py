"""The bad-input page names a test in each row; every named test exists."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_row_names_a_test_that_exists() -> None:
    page = (ROOT / "docs" / "bad-input.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith(("| bad input", "|--"))]
    assert len(rows) >= 25
    for row in rows:
        match = re.search(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert match is not None, f"no test named: {row}"
        tree = ast.parse((ROOT / match[1]).read_text())
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert match[2] in names, f"{match[2]} is not in {match[1]}"
