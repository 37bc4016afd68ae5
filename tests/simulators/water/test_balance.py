"""The balance: closes for any network whose numbers close, breaks where a single one is changed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.core.errors import SimulationError
from infrastress.simulators.water.balance import Balance, TankStep, reached


@st.composite
def networks(draw):
    """Random links with flows; what each junction draws is what its links bring."""
    nodes = draw(st.integers(2, 8))
    links = draw(st.lists(st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)), min_size=1, max_size=15))
    flow = draw(st.lists(st.floats(-10, 10), min_size=len(links), max_size=len(links)))
    start, end = np.array(links).T
    inflow = np.zeros(nodes)
    for (first, last), rate in zip(links, flow, strict=True):
        inflow[first] -= rate
        inflow[last] += rate
    return nodes, start, end, np.array(flow), inflow


def balance_of(nodes, start, end, tanks=()):
    at = np.array(tanks, dtype=np.int64)
    junctions = np.array([i for i in range(nodes) if i not in tanks], dtype=np.int64)
    return Balance(start, end, junctions, at, tuple(f"N{i}" for i in range(nodes)))


@given(networks())
def test_what_comes_in_goes_out(network):
    nodes, start, end, flow, expected = network
    balance = balance_of(nodes, start, end)
    inflow = balance.inflow(flow)
    assert inflow == pytest.approx(expected, abs=1e-9)
    balance.check_junctions(0, flow, inflow, expected)


@given(networks(), st.data())
def test_water_from_nothing_is_told_with_junction_and_amounts(network, data):
    nodes, start, end, flow, demand = network
    at = data.draw(st.integers(0, nodes - 1))
    balance = balance_of(nodes, start, end)
    demand = demand.copy()
    demand[at] += data.draw(st.sampled_from([-1, 1])) * data.draw(st.floats(0.01, 10))
    with pytest.raises(SimulationError, match=rf"second 60: the balance of junction N{at} .* m3/s flow in"):
        balance.check_junctions(60, flow, balance.inflow(flow), demand)


def test_no_number_is_no_balance():
    balance = balance_of(2, np.array([0]), np.array([1]))
    with pytest.raises(SimulationError, match="N1"):
        balance.check_junctions(0, np.array([1.0]), np.array([-1.0, np.nan]), np.array([-1.0, 1.0]))


def step(inflow, before, after, *, spills=False, seconds=60):
    return TankStep(
        120, seconds, np.array([inflow]), np.array([before]), np.array([after]), (np.array([10.0]), np.array([100.0])),
        np.array([20.0]), np.array([spills]),
    )  # fmt: skip


@given(st.floats(-0.4, 0.4), st.floats(40, 60))
def test_a_tank_holds_what_flowed_in(inflow, before):
    balance = balance_of(1, np.array([0]), np.array([0]), tanks=(0,))
    assert balance.check_tanks(step(inflow, before, before + 60 * inflow)) == [0]
    assert balance.rounding_m3[0] == 0
    with pytest.raises(SimulationError, match=r"seconds 120 to 180: the balance of tank N0 .*off by"):
        balance.check_tanks(step(inflow, before, before + 60 * inflow + 0.01))


@given(st.floats(0.01, 0.5), st.floats(0, 20))
def test_a_full_tank_spills_the_rest_or_is_refused(inflow, left):
    balance = balance_of(1, np.array([0]), np.array([0]), tanks=(0,))
    came = 60 * inflow
    spilled = balance.check_tanks(step(inflow, 100.0 - min(left, came), 100.0, spills=True))
    assert spilled[0] == pytest.approx(came - min(left, came), abs=1e-9)
    lost = came - min(left, came)
    if lost > 1.01 * inflow + 0.01:
        with pytest.raises(SimulationError, match="tank N0"):
            balance.check_tanks(step(inflow, 100.0 - min(left, came), 100.0))


def test_a_tank_that_ceases_to_be_empty_is_told_as_exactly_as_one_that_becomes_so():
    balance = balance_of(2, np.array([0]), np.array([1]), (0,))
    balance.check_tanks(step(0.0, 10.0, 10.0 + 1e-4))  # within 0.3 mm of level
    assert balance.rounding_m3 == pytest.approx([1e-4])
    with pytest.raises(SimulationError, match="tank N0"):
        balance.check_tanks(step(0.0, 50.0, 50.0 + 1e-4))


def test_an_empty_tank_gives_no_more_than_a_second():
    balance = balance_of(1, np.array([0]), np.array([0]), tanks=(0,))
    balance.check_tanks(step(-0.2, 22.0 - 0.15, 10.0))
    assert balance.rounding_m3[0] == pytest.approx(0.15)
    with pytest.raises(SimulationError, match="N0"):
        balance.check_tanks(step(-0.2, 21.0, 10.0))


@settings(max_examples=60)
@given(networks(), st.data())
def test_water_goes_where_links_allow(network, data):
    """Against a plain search."""
    nodes, start, end, *_ = network
    open_ = np.array(data.draw(st.lists(st.booleans(), min_size=len(start), max_size=len(start))))
    both = np.array(data.draw(st.lists(st.booleans(), min_size=len(start), max_size=len(start))))
    sources = np.array(sorted(data.draw(st.sets(st.integers(0, nodes - 1), max_size=3))), dtype=np.int64)
    expected, border = set(sources.tolist()), set(sources.tolist())
    while border:
        here = border.pop()
        for i in range(len(start)):
            ways = [(start[i], end[i])] + ([(end[i], start[i])] if both[i] else [])
            for first, last in ways:
                if open_[i] and first == here and int(last) not in expected:
                    expected.add(int(last))
                    border.add(int(last))
    assert set(np.flatnonzero(reached(sources, (start, end), open_, both, nodes)).tolist()) == expected
