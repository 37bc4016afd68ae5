"""Backoff: grows to its bound, spreads, begins anew, and gives up only for what waiting can't mend."""

import asyncio
from random import Random

import pytest

from infrastress.connectors.backoff import keep_trying
from infrastress.core.errors import ConfigurationError


def waits(attempts: int, seed: int = 1) -> list[float]:
    found: list[float] = []

    async def attempt() -> None:
        if len(found) == attempts:
            raise ConfigurationError("enough")
        raise OSError("refused")

    def failed(error: Exception, wait_s: float) -> None:
        assert isinstance(error, OSError)
        found.append(wait_s)

    with pytest.raises(ConfigurationError):
        asyncio.run(keep_trying(attempt, failed=failed, random=Random(seed), first_s=0.001, longest_s=0.016))
    return found


def test_doubles_to_its_bound_with_jitter() -> None:
    found = waits(8)
    bounds = [0.001, 0.002, 0.004, 0.008, 0.016, 0.016, 0.016, 0.016]
    assert all(bound / 2 <= wait <= bound for wait, bound in zip(found, bounds, strict=True))
    assert waits(8, seed=2) != found


def test_a_peer_that_hangs_up_politely_is_tried_again_too() -> None:
    reasons: list[Exception] = []

    async def attempt() -> None:
        if len(reasons) == 2:
            raise ConfigurationError("enough")

    def failed(error: Exception, _: float) -> None:
        reasons.append(error)

    with pytest.raises(ConfigurationError):
        asyncio.run(keep_trying(attempt, failed=failed, random=Random(1), first_s=0.001))
    assert all(isinstance(reason, ConnectionError) for reason in reasons)
