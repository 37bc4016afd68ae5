"""Held values: on the grid, as they were, only as far as the server has proved them."""

from hypothesis import given
from hypothesis import strategies as st

from infrastress.connectors.opcua.holding import Holding

CHANGES = st.lists(
    st.tuples(st.integers(100, 400), st.sampled_from("abc"), st.one_of(st.none(), st.floats(0, 9))), max_size=20
).map(lambda changes: sorted(changes, key=lambda change: change[0]))


@given(CHANGES, st.lists(st.integers(100, 500), min_size=1, max_size=8).map(sorted), st.integers(3, 40))
def test_every_good_value_is_told_a_cadence_after_it_was_told_and_as_it_was_then(changes, messages, cadence):
    holding = Holding(cadence)
    assert not list(holding.until(100))
    told = []
    waiting = list(changes)
    for proved in messages:
        while waiting and waiting[0][0] <= proved:
            when, signal, value = waiting.pop(0)
            told += [(t, values) for t, values in holding.until(when - 1)]
            holding.change(signal, value, when)
        told += [(t, values) for t, values in holding.until(proved)]
    times = [when for when, _ in told]
    assert times == sorted(set(times))
    assert all(100 < when <= messages[-1] and when % cadence == 0 for when in times)
    known = {}  # signal: (value, when it was last told)
    for when in range(cadence * (100 // cadence + 1), messages[-1] + 1, cadence):
        for changed, signal, value in changes:
            if when - cadence < changed <= when or (changed <= when and signal not in known):
                known[signal] = (value, changed)
        due = {s: value for s, (value, at) in known.items() if value is not None and at <= when - cadence}
        known |= {signal: (value, when) for signal, value in due.items()}
        assert dict(told).get(when, {}) == due


def test_a_server_that_was_silent_for_long_does_not_flood():
    holding = Holding(1)
    holding.change("a", 1.0, 0)
    assert not list(holding.until(5_000_000))
    assert len(list(holding.until(10_000_000))) <= 100
