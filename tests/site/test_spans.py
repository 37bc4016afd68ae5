"""Plans of reads: every signal whole in one request, within what a request may ask; splits end."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from infrastress.site.process import Register
from infrastress.site.spans import Item, Limits, plan, split

WIDTHS = {"bool": 1, "int16": 1, "float32": 2, "float64": 4}


def item(number, table, address, data_type):
    if table in ("coil", "discrete"):
        data_type = "bool"
    register = Register(controller="PLC", table=table, address=address, data_type=data_type)
    return Item(table, address, WIDTHS[data_type], f"S{number}", register)


ADDRESSES = st.integers(0, 3000) | st.integers(0, 40)
TABLES = st.sampled_from(["coil", "discrete", "holding", "input"])
ITEMS = st.lists(st.tuples(TABLES, ADDRESSES, st.sampled_from(sorted(WIDTHS))), min_size=1, max_size=60).map(
    lambda specs: [item(number, *spec) for number, spec in enumerate(specs)]
)
LIMITS = st.builds(Limits, st.integers(4, 125), st.integers(1, 2000), st.integers(0, 30))


def covered(span):
    return {address for one in span.items for address in range(one.address, one.end)}


@given(ITEMS, LIMITS)
def test_each_item_is_whole_in_exactly_one_request_within_the_limits(items, limits):
    spans = plan(items, limits)
    assert sorted(one.signal for span in spans for one in span.items) == sorted(one.signal for one in items)
    for span in spans:
        most = limits.bits if span.table in ("coil", "discrete") else limits.registers
        assert 1 <= span.length <= most
        wanted = sorted(covered(span))
        assert wanted[0] == span.address
        assert wanted[-1] == span.address + span.length - 1
        gap = limits.gap * (16 if span.table in ("coil", "discrete") else 1)
        assert all(b - a - 1 <= gap for a, b in itertools.pairwise(wanted))
        assert all(one.table == span.table for one in span.items)


@given(ITEMS, LIMITS)
def test_splits_keep_every_item_and_end(items, limits):
    waiting = plan(items, limits)
    ended, rounds = [], 0
    while waiting:
        span = waiting.pop()
        pieces = split(span, limits)
        assert not pieces or sorted(o.signal for p in pieces for o in p.items) == sorted(o.signal for o in span.items)
        if pieces:
            waiting.extend(pieces)
        else:
            assert len({one.address for one in span.items}) == 1
            ended.extend(span.items)
        rounds += 1
        assert rounds < 1000
    assert sorted(one.signal for one in ended) == sorted(one.signal for one in items)


def test_a_thousand_registers_take_eight_requests():
    items = [item(number, "input", 2 * number, "float32") for number in range(500)]
    assert len(plan(items, Limits())) == 9  # 62 floats in 124 registers
    items = [item(number, "input", number, "int16") for number in range(1000)]
    assert len(plan(items, Limits())) == 8


def test_gaps_go_first():
    items = [item(n, "holding", address, "int16") for n, address in enumerate((0, 1, 5, 6))]
    (span,) = plan(items, Limits())
    assert [(piece.address, piece.length) for piece in split(span, Limits())] == [(0, 2), (5, 2)]
