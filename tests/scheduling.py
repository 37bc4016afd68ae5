"""Which process of a test run takes which tests, and in which order: costly ones first, shared fixtures made once."""

from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

__all__ = ["Together", "costly_first", "unit_of"]

ROOT = Path(__file__).resolve().parents[1]
TOGETHER = {
    "tests/test_wheel.py": "demo",
    "tests/app/test_demo.py": "demo",
    "tests/app/test_demo_live.py": "demo",
    "tests/console/test_tour.py": "demo",
    "tests/app/test_documented_commands.py": "commands",
    "tests/app/test_public_data.py": "public data",
}
"""Files that share a fixture of a minute, or would disturb each other."""
FIRST = (
    *TOGETHER,
    "tests/console/",
    "tests/simulators/water/",
    "tests/runtime/test_kills.py",
    "tests/runtime/test_live_run.py",
)
"""What takes longest, so that no process is left with it alone at the end."""


@cache
def unit_of(file: str) -> str:
    """What goes to one process as a whole: its name, empty where each test of the file may go elsewhere."""
    if file in TOGETHER:
        return TOGETHER[file]
    return file if 'scope="module"' in (ROOT / file).read_text() else ""


class Together(LoadScopeScheduling):
    """Tests go to whoever is free, in their order, but those that belong together to one process."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid.partition("::")[0]) or nodeid


def costly_first(items: list[pytest.Item]) -> None:
    """Put what takes longest first; the order is otherwise kept."""

    def rank(item: pytest.Item) -> int:
        return next((i for i, name in enumerate(FIRST) if item.nodeid.startswith(name)), len(FIRST))

    items.sort(key=rank)
