"""A short replay of the depot's attack, made once, and an API over it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.api.running import Api, copy_store, running


@pytest.fixture(scope="session")
def site_folder(plant: Path) -> Path:
    return plant / "plant"


@pytest.fixture(scope="session")
def recorded(plant: Path) -> Path:
    """The store of the replay; copy it before it is written to."""
    return plant / "calm" / "store"


@pytest.fixture(scope="session")
def api(site_folder: Path, recorded: Path, tmp_path_factory) -> Iterator[Api]:
    """A running API without accounts, for tests that change nothing that others see."""
    folder = tmp_path_factory.mktemp("api")
    with running(site_folder, copy_store(recorded, folder), folder / "state", rate=1e6, burst=1e6) as api:
        yield api
