"""What was heard is the same however the records were cut, and in whatever order they came."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.core.errors import DecodeError
from infrastress.inventory.facts import conversations
from infrastress.inventory.gather import gather
from infrastress.inventory.heard import Heard

from .rows import HMI, PLC, T0, any_row, heard, polls, records, row


@settings(max_examples=40, deadline=None)
@given(st.lists(any_row, max_size=16), st.integers(1, 8), st.randoms(use_true_random=False))
def test_the_same_whatever_the_batches_and_their_order(rows, size, rng: random.Random):
    whole = heard(rows)
    cuts = [rows[at : at + size] for at in range(0, len(rows), size)]
    rng.shuffle(cuts)
    parts = Heard()
    for cut in cuts:
        gather(parts, records(cut))
    assert parts.encode() == whole.encode()


@settings(max_examples=40, deadline=None)
@given(st.lists(any_row, max_size=12), st.integers(0, 24), st.booleans())
def test_two_halves_merged_are_the_whole_even_where_tables_are_too_small(rows, cut, swapped):
    rows = [*rows, *rows]  # so that both halves tell of the same
    bounds = {"max_nodes": 3, "max_ways": 4}
    whole, halves = heard(rows, **bounds), [heard(rows[:cut], **bounds), heard(rows[cut:], **bounds)]
    first, second = halves[::-1] if swapped else halves
    for half in halves:
        half.trim()
    first.merge(second)
    assert first.encode() == whole.encode()


def test_a_bound_that_is_passed_is_told_and_what_is_kept_is_whole():
    rows = [row(server=f"10.9.{i // 250}.{i % 250 + 1}") for i in range(600) for _ in range(2)]
    found = heard(rows, max_nodes=100, max_ways=100)
    gather(found, records(rows[:200]))
    found.encode()
    assert len(found.nodes) == len(found.ways) == 100
    assert found.overflow == {"nodes", "ways"}
    assert {way.heard.count for way in found.ways.values()} <= {2, 4}


def test_a_sweep_of_addresses_drives_out_no_device():
    probe = {"kind": "connection", "ok": False, "action": None, "function_name": None, "unit": None}
    found = heard(
        [row(server=f"10.9.{i // 250}.{i % 250 + 1}", **probe) for i in range(600)], max_nodes=50, max_ways=50
    )
    gather(found, records(polls(3)))
    found.encode()
    assert set(found.nodes) == {HMI, PLC}
    assert (len(found.called), len(found.ways), len(found.tried)) == (50, 1, 50)
    assert found.overflow == {"called", "tried"}


def test_counts_times_and_outcomes():
    rows = [
        *polls(3),
        row(ok=False, time=T0 - 5),
        row(kind="request", ok=None, response_ns=None, action="write", function_name="write single coil"),
        row(kind="connection", quantity=9, bytes=300, action=None, function_name=None, unit=None),
        row(kind="connection", quantity=1, bytes=0, ok=False, action=None, function_name=None, unit=None),
        row(kind="malformed", sender="client", action=None, function_name=None),
    ]
    found = heard(rows)
    (talk,) = conversations(found)
    way = talk.way
    read = way.deeds["c\tread\tread holding registers"]
    assert (read.answered, read.refused, read.first) == (3, 1, T0 - 5)
    assert way.deeds["c\twrite\twrite single coil"].unanswered == 1
    assert (way.connections, way.unanswered, way.packets, way.payload, way.malformed) == (2, 1, 10, 300, 1)
    assert found.nodes[HMI].spoke.count == len(rows)
    assert found.nodes[PLC].spoke.count == 5, "a request that is left unanswered, or a refused connection, is no word"


def test_who_speaks_is_who_says_what_it_is():
    rows = [
        row(identity="VendorName=A"),
        row(kind="message", sender="server", identity="PLC says"),
        row(kind="message", sender="client", identity="HMI says", client_unit=7),
        row(kind="response", sender="server", identity="PLC too"),
        row(protocol="opcua", unit=None, identity="application=S; client uri=C"),
    ]
    found = heard(rows)
    said = {address: {(one.text, one.unit) for one, _ in node.says()} for address, node in found.nodes.items()}
    assert said[PLC] == {("VendorName=A", 1), ("PLC says", 1), ("PLC too", 1), ("application=S", None)}
    assert said[HMI] == {("HMI says", 7), ("uri=C", None)}


def test_text_from_the_network_moves_no_cursor():
    found = heard([row(identity="a\x1b[2Jb\r\n\u202ec")])
    assert next(one.text for one, _ in found.nodes[PLC].says()) == "a·[2Jb···c"


def test_who_is_only_asked_for_has_not_spoken():
    arp = {"protocol": "arp", "transport": "ethernet", "kind": "message", "function_name": "request", "action": None}
    rows = [
        row(HMI, "10.20.10.77", server_mac="00:00:00:00:00:00", unit=None, **arp),
        row(
            HMI, "10.20.20.255", kind="connection", transport="udp", protocol="unknown", server_mac="ff:ff:ff:ff:ff:ff"
        ),
    ]
    found = heard(rows)
    assert set(found.nodes) == {HMI}
    assert (found.called["10.20.10.77"].for_many, found.called["10.20.20.255"].for_many) == (0, 1)
    assert found.nodes[HMI].arp


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"format":99}', b"\xff", b"[" * 100_000])
def test_what_is_no_inventory_is_refused(data):
    with pytest.raises(DecodeError):
        Heard.decode(data)


def test_kept_and_read_again():
    found = heard(polls())
    assert Heard.decode(found.encode()).encode() == found.encode()
