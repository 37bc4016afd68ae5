"""What all tests share: hypothesis without deadlines (two loaded cores make timings meaningless), the public data."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests.postgres import Server, running_server

settings.register_profile("infrastress", deadline=None, derandomize=True)
settings.load_profile("infrastress")

os.environ.pop("INFRASTRESS_DATABASE", None)  # tests replay into databases of their own

ROOT = Path(__file__).resolve().parents[1]
TOGETHER = {
    "tests/app/test_demo.py": "demo",
    "tests/app/test_demo_live.py": "demo",
    "tests/console/test_tour.py": "demo",
    "tests/app/test_documented_commands.py": "commands",
    "tests/app/test_public_data.py": "public data",
}
"""Files whose fixture takes a minute, or which would disturb each other: one process each."""


class Together(LoadScopeScheduling):
    """Tests go to whoever is free, but those that belong together to one process."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER.get(nodeid.partition("::")[0], nodeid)


def pytest_xdist_make_scheduler(config, log):
    return Together(config, log)


@pytest.fixture(scope="session")
def public_data() -> Path:
    """The public data sets, read in place; skips where they are absent."""
    folder = Path(os.environ.get("INFRASTRESS_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"public data sets are not at {folder.name} (set INFRASTRESS_DATA)")
    return folder


@pytest.fixture(scope="session")
def depot_folder() -> Path:
    """The example depot."""
    return ROOT / "examples" / "depot"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server for this process's tests; each takes a database of its own."""
    with running_server() as server:
        yield server
