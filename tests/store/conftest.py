"""Backends that are held to the contract."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from infrastress.store import open_store
from infrastress.store.ports import Store
from tests.postgres import Server

pytest.register_assert_rewrite("tests.store.contract")

Factory = Callable[[], Store]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Factory]:
    """Makes empty stores of one backend and closes them."""
    with ExitStack() as stack:
        made = 0

        def make() -> Store:
            nonlocal made
            made += 1
            if request.param == "memory":
                target: str | Path = "memory://"
            elif request.param == "sqlite":
                target = tmp_path / f"store{made}"
            else:
                server: Server = request.getfixturevalue("postgres")
                target = f"{server.new_database()}&folder={tmp_path}/history{made}"
            return stack.enter_context(open_store(target))

        yield make


@pytest.fixture
def store(make_store: Factory) -> Store:
    """One empty store."""
    return make_store()
