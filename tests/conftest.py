"""What all tests share: hypothesis without deadlines (two loaded cores make timings meaningless), the public data."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgres import Server, running_server
from tests.scheduling import Together, costly_first
from tests.wheels import Installed, build_wheel

settings.register_profile("infrastress", deadline=None, derandomize=True)
settings.load_profile("infrastress")

os.environ.pop("INFRASTRESS_DATABASE", None)  # tests replay into databases of their own

ROOT = Path(__file__).resolve().parents[1]


def pytest_xdist_make_scheduler(config, log):
    config.option.loadscopereorder = False  # the order is ours
    return Together(config, log)


def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):  # one of several processes
        costly_first(items)


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
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    return build_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in a clean environment."""
    return Installed(wheel, tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where live demos of this process run, one after the other: what the first learns is good for all."""
    return tmp_path_factory.mktemp("demos") / "out"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server for this process's tests; each takes a database of its own."""
    with running_server() as server:
        yield server
