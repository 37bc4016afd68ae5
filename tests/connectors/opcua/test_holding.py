"""Held values: on the grid, as they were, only as far as the server has proved them."""

from hypothesis import given
from hypothesis import strategies as st

from infrastress.connectors.opcua.holding import Holding

CHANGES = st.lists(
    st.tuples(st.integers(100, 400), st.sampled_from("abc"), st.one_of(st.none(), st.floats(0, 9))), max_size=20
).map(lambda changes: sorted(changes, key=lambda change: change[0]))


@given(CHANGES, st.lists(st.integers(100, 500), min_size=1, max_size=8).map(sorted), st.integers(3, 40))
def test_each_moment_of_the_grid_once_with_what_was_true_then(changes, messages, cadence):
    holding = Holding(cadence)
    holding.begin(100)
    told = []
    waiting = list(changes)
    for proved in messages:
        while waiting and waiting[0][0] <= proved:
            when, signal, value = waiting.pop(0)
            told += [(t, dict(values)) for t, values in holding.until(when - 1)]
            holding.change(signal, value)
        told += [(t, dict(values)) for t, values in holding.until(proved)]
    times = [when for when, _ in told]
    assert times == sorted(set(times))
    assert all(100 < when <= messages[-1] and when % cadence == 0 for when in times)
    for when in range(cadence * (100 // cadence + 1), messages[-1] + 1, cadence):
        truth = {}
        for changed, signal, value in changes:
            if changed <= when:
                truth[signal] = value
        truth = {signal: value for signal, value in truth.items() if value is not None}
        assert dict(told).get(when, {}) == truth


def test_a_server_that_was_silent_for_long_does_not_flood():
    holding = Holding(1)
    holding.begin(0)
    holding.change("a", 1.0)
    assert len(list(holding.until(10_000_000))) <= 100
