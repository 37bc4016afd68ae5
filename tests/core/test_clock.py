"""The event clock: the machine's own unless a testbed says otherwise, the same in every process."""

import time

import pytest

from infrastress.core.clock import CLOCK_VARIABLE, ClockStep, EventClock, SteadyClock
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


class Hands:
    """The machine's clocks, set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.monotonic = 1000 * 10**9, 10**9
        monkeypatch.setattr(time, "time_ns", lambda: self.wall)
        monkeypatch.setattr(time, "monotonic_ns", lambda: self.monotonic)

    def pass_s(self, seconds: float) -> None:
        self.wall += round(seconds * 1e9)
        self.monotonic += round(seconds * 1e9)

    def set_s(self, seconds: float) -> None:
        self.wall += round(seconds * 1e9)


def test_a_steady_clock_follows_ahead_and_waits_when_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    hands, clock = Hands(monkeypatch), SteadyClock()
    start = clock.now()
    hands.pass_s(5)
    assert clock.now() - start == 5e9
    hands.set_s(3600)
    hands.pass_s(1)
    assert clock.now() - start == 3606e9
    assert clock.stepped() == [ClockStep(start + 5 * 10**9, 3600 * 10**9)]
    hands.set_s(-100)
    shown = []
    for _ in range(250):
        hands.pass_s(1)
        shown.append(clock.now())
    assert shown == sorted(shown)
    assert shown[9] - start == 3611e9  # at half its pace
    assert shown[-1] == hands.wall
    assert [step.by for step in clock.stepped()] == [-100 * 10**9]


def test_small_corrections_are_no_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    hands, clock = Hands(monkeypatch), SteadyClock()
    shown = [clock.now()]
    for correction in (0.2, -0.5, 0.1, -0.3):
        hands.pass_s(1)
        hands.set_s(correction)
        shown.append(clock.now())
    assert shown == sorted(shown)
    assert clock.stepped() == []


def test_a_steady_clock_of_a_testbed(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = Hands(monkeypatch)
    monkeypatch.setenv(CLOCK_VARIABLE, EventClock(origin=5, wall=hands.wall, speed=60.0).text)
    clock = SteadyClock.of_environment()
    assert isinstance(clock, SteadyClock)
    clock.now()
    hands.pass_s(2)
    assert clock.now() == 5 + 120 * 10**9
