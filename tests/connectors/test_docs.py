"""The bad-input page has each row that was promised and names a test in each; every named test exists."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROMISED = (
    "wrong columns", "text in numbers", "NaN", "empty cells", "time backwards", "duplicate rows", "missing rows",
    "unknown tags", "wrong encoding", "truncated Parquet", "YAML bomb", "10,000 assets", "5 GB CSV",
)  # fmt: skip


def test_every_row_names_a_test_that_exists() -> None:
    page = (ROOT / "docs" / "bad-input.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith(("| bad input", "|--"))]
    inputs = [row.split("|")[1] for row in rows]
    missing = [words for words in PROMISED if not any(words in cell for cell in inputs)]
    assert not missing, missing
    for row in rows:
        match = re.search(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert match is not None, f"no test named: {row}"
        tree = ast.parse((ROOT / match[1]).read_text())
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert match[2] in names, f"{match[2]} is not in {match[1]}"
