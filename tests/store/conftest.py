"""Backends that are held to the contract."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from infrastress.store import open_store
from infrastress.store.ports import Store

pytest.register_assert_rewrite("tests.store.contract")

Factory = Callable[[], Store]


@pytest.fixture(params=["memory", "sqlite"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Factory]:
    """Makes empty stores of one backend and closes them."""
    with ExitStack() as stack:
        made = 0

        def make() -> Store:
            nonlocal made
            made += 1
            target = "memory://" if request.param == "memory" else tmp_path / f"store{made}"
            return stack.enter_context(open_store(target))

        yield make


@pytest.fixture
def store(make_store: Factory) -> Store:
    """One empty store."""
    return make_store()
