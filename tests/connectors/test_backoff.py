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


def test_a_cancellation_is_heeded_by_who_drops_the_first() -> None:
    dropped = 0

    async def attempt() -> None:
        nonlocal dropped
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            dropped += 1
        await asyncio.sleep(10)

    async def main() -> None:
        task = asyncio.create_task(keep_trying(attempt, failed=lambda *_: None, random=Random(1)))
        await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=3)
        assert done
        assert task.cancelled()
        assert dropped == 1
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_an_attempt_that_cancels_itself_is_tried_again() -> None:
    """A library that cancels its own task says nothing about ours."""
    reasons: list[Exception] = []

    async def attempt() -> None:
        if len(reasons) == 1:
            raise ConfigurationError("enough")
        raise asyncio.CancelledError

    with pytest.raises(ConfigurationError):
        asyncio.run(
            keep_trying(attempt, failed=lambda error, _: reasons.append(error), random=Random(1), first_s=0.001)
        )
    assert [type(reason) for reason in reasons] == [ConnectionError]
