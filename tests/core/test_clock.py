"""The event clock: the machine's own unless a testbed says otherwise, the same in every process."""

import time

import pytest

from infrastress.core.clock import CLOCK_VARIABLE, EventClock
from infrastress.core.errors import ConfigurationError


def test_the_machines_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CLOCK_VARIABLE, raising=False)
    assert abs(EventClock.of_environment().now() - time.time_ns()) < 1_000_000_000


def test_another_speed_goes_round_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = EventClock(origin=10**18, wall=time.time_ns() - 2_000_000_000, speed=600.0)
    monkeypatch.setenv(CLOCK_VARIABLE, clock.text)
    assert EventClock.of_environment() == clock
    assert 1200e9 <= clock.now() - 10**18 < 30_000e9
    assert clock.wall_s(60.0) == pytest.approx(0.1)


@pytest.mark.parametrize("text", ["", "1:2", "a:b:c", "1:2:0", "1:2:-1", "1:2:nan", "1:2:inf"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        EventClock.parse(text)
