"""Single times are read with the very results and reasons of the column reader."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.connectors.moments import MomentReader
from infrastress.connectors.times import REASONS, Clock

ISO = st.from_regex(
    r"(19|20|22|99)\d\d-[0-2]\d-[0-3]\d[T ][0-2]\d:[0-5]\d(:[0-6]\d)?([.,]\d{1,9})?(Z|[+-]\d\d:?\d\d|[+-]\d\d)?",
    fullmatch=True,
)


def by_column(fmt: str, zone: str | None, text: str | None) -> int | str:
    times = Clock(fmt, zone).read(pa.array([text], pa.string()))
    return REASONS[times.codes[0]] if times.codes[0] else int(times.ns[0])


@given(ISO, st.sampled_from(["UTC", "Europe/Rome", None]))
def test_iso(text: str, zone: str | None) -> None:
    assert MomentReader("iso", zone).read(text) == by_column("iso", zone, text)


@given(st.sampled_from(["epoch_s", "epoch_ms", "epoch_us", "epoch_ns"]), st.integers(-(10**20), 10**20))
def test_whole_numbers(fmt: str, number: int) -> None:
    assert MomentReader(fmt, None).read(number) == by_column(fmt, None, str(number))


@given(st.sampled_from(["epoch_s", "epoch_ms"]), st.floats(0, 1e12))
def test_broken_numbers(fmt: str, number: float) -> None:
    assert MomentReader(fmt, None).read(number) == by_column(fmt, None, f"{number:.9f}")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [(None, "time-empty"), ({}, "time-unreadable"), (True, "time-unreadable"), ("soon", "time-unreadable")],
)
def test_what_is_no_time(raw: object, reason: str) -> None:
    assert MomentReader("iso", "UTC").read(raw) == reason


def test_a_time_of_no_zone() -> None:
    assert MomentReader("iso", None).read("2026-01-01T00:00:00") == "time-without-zone"
