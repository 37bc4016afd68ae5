import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.core.errors import DecodeError
from infrastress.events.arrow import encode_batch
from infrastress.events.network import SCHEMA, NetworkRecords, NetworkRow, columns_of
from infrastress.events.network_terms import Action, Kind, Protocol, Sender, Transport

READ = NetworkRow(
    time=1_700_000_000_000_000_001,
    kind=Kind.TRANSACTION,
    protocol=Protocol.MODBUS,
    transport=Transport.TCP,
    client="10.0.0.5",
    server="10.0.0.9",
    client_port=40_000,
    server_port=502,
    client_mac="00:11:22:33:44:55",
    vlan=12,
    sender=Sender.CLIENT,
    response_ns=1_500_000,
    transaction=7,
    unit=1,
    function=3,
    function_name="read holding registers",
    action=Action.READ,
    object="holding-register",
    address=100,
    quantity=2,
    value=17.0,
    values=[17.0, 18.0],
    ok=True,
    bytes=23,
    capture="a.pcap",
    packet=4,
    response_packet=5,
)
LONE = NetworkRow(time=5, kind=Kind.MALFORMED, protocol=Protocol.DNP3, transport=Transport.UDP, error="bad CRC")

maybe_word = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
maybe_int = st.none() | st.integers(-(2**31), 2**31 - 1)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "time": st.integers(0, 2**62),
            "kind": st.sampled_from(list(Kind)),
            "protocol": st.sampled_from(list(Protocol)),
            "transport": st.sampled_from(list(Transport)),
            "client": maybe_word,
            "server": maybe_word,
            "unit": maybe_int,
            "function": maybe_int,
            "value": st.none() | st.floats(allow_nan=False),
            "values": st.none() | st.lists(st.floats(allow_nan=False), max_size=3),
            "ok": st.none() | st.booleans(),
            "packet": maybe_int,
        }
    ).map(lambda fields: NetworkRow(**fields)),
    max_size=6,
)


def records(*given: NetworkRow, sequence: int = 0) -> NetworkRecords:
    return NetworkRecords.from_rows("site", "tap", sequence, given)


@settings(max_examples=60, deadline=None)
@given(rows, st.integers(0, 6), st.integers(0, 6))
def test_rows_and_their_slices_come_back_as_they_were(table: list[NetworkRow], start: int, stop: int) -> None:
    whole = records(*table, sequence=10)
    assert list(NetworkRecords.decode(whole.encode()).rows()) == table
    part = whole.slice(start, stop)
    assert list(part.rows()) == table[start:stop]
    again = NetworkRecords.decode(part.encode())
    assert list(again.rows()) == table[start:stop]
    assert again.sequence == 10 + min(start, len(table))
    assert again.id == part.id == records(*table[start:stop], sequence=again.sequence).id


def test_every_field_has_its_column_and_text_that_repeats_is_kept_once() -> None:
    assert SCHEMA.names == list(NetworkRow._fields)
    many = records(*[READ] * 1000)
    assert len(many.encode()) < 1000 * 200  # its texts alone would be 170
    assert many.words("client")[1] == ("10.0.0.5",)


@pytest.mark.parametrize(
    "change",
    [
        {"value": 18.0},
        {"values": [17.0, 19.0]},
        {"values": None},
        {"ok": None},
        {"client": None},
        {"vlan": 0},
        {"time": 1},
        {"server": "10.0.0.8"},
        {"exception": 0},
    ],
)
def test_the_id_follows_the_content(change: dict[str, object]) -> None:
    assert records(READ).id != records(READ._replace(**change)).id
    assert records(READ).id != records(READ, sequence=1).id


def test_columns_for_detectors_tell_null_from_nought() -> None:
    two = records(READ, LONE)
    assert two.integers("unit").tolist() == [1, -1]
    assert two.integers("time").tolist() == [READ.time, 5]
    assert two.floats()[0] == 17.0
    assert math.isnan(two.floats()[1])
    codes, words = two.words("client")
    assert [words[code] if code >= 0 else None for code in codes] == ["10.0.0.5", None]


def test_columns_may_be_given_as_arrays_and_left_out() -> None:
    batch = columns_of(
        {
            "time": np.array([1, 2]),
            "kind": pa.array(["message"] * 2),
            "protocol": pa.array(["arp"] * 2).dictionary_encode(),
            "transport": ["ethernet"] * 2,
        }
    )
    assert batch.schema == SCHEMA
    assert batch.column("unit").null_count == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"time": [1], "kind": [None], "protocol": ["modbus"], "transport": ["tcp"]},
        {"time": [1], "kind": ["message"]},
        {"time": [1], "kind": ["message"], "protocol": ["modbus"], "transport": ["tcp", "udp"]},
        {"time": [1], "kind": ["message"], "protocol": ["modbus"], "transport": ["tcp"], "unit": [2**70]},
        {"time": [1], "kind": ["message"], "protocol": ["modbus"], "transport": ["tcp"], "colour": ["red"]},
    ],
)
def test_what_fits_no_column_is_refused(fields: dict[str, list[object]]) -> None:
    with pytest.raises(DecodeError):
        columns_of(fields)


def test_other_bytes_are_no_records() -> None:
    data = records(READ).encode()
    other = encode_batch(pa.RecordBatch.from_pydict({"time": [1]}))
    for bad in (b"", data[:-40], b"\xff" * 100, other):
        with pytest.raises(DecodeError):
            NetworkRecords.decode(bad)


def test_a_later_versions_columns_are_carried_along() -> None:
    one = records(READ)
    wider = NetworkRecords("site", "tap", 0, one.columns.append_column("colour", pa.array(["red"])))
    again = NetworkRecords.decode(wider.encode())
    assert again.columns.column("colour").to_pylist() == ["red"]
    assert again.id != one.id
