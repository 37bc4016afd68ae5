"""Packets of MQTT: published examples, another library's packets, any cutting, any bytes."""

import io
import struct
from contextlib import suppress
from typing import Any

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from infrastress.connectors.mqtt import wire
from infrastress.connectors.mqtt.wire import Connack, Disconnect, Packets, Publish, Suback, WireError


class Ink(paho.Client):
    """The paho library writing into memory: its packets as bytes."""

    def packets(self) -> bytes:
        out = io.BytesIO()
        while self._out_packet:
            out.write(self._out_packet.popleft()["packet"])
        return out.getvalue()

    def loop_write(self, *words: Any) -> Any:
        return paho.MQTT_ERR_SUCCESS


def by_paho(
    version: int, topic: str, payload: bytes, qos: int, *, mid: int, dup: bool, retain: bool, prop: str
) -> bytes:
    client = Ink(paho.CallbackAPIVersion.VERSION2, protocol=version)
    client._sock = object()  # type: ignore[assignment]
    client._thread = None
    properties = None
    if version == 5:
        properties = Properties(PacketTypes.PUBLISH)
        properties.UserProperty = ("key", prop)
        properties.ContentType = prop
    client._send_publish(mid, topic.encode(), payload, qos, retain, dup, None, properties)
    client._sock = None
    return client.packets()


MESSAGES = st.lists(
    st.tuples(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20),
        st.binary(max_size=300),
        st.sampled_from([0, 1]),
        st.integers(1, 65_535),
        st.booleans(),
        st.booleans(),
        st.text("ab", max_size=80),
    ),
    max_size=5,
)


@given(st.sampled_from([4, 5]), MESSAGES, st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_messages_of_another_library_however_they_are_cut(version: int, told: list[Any], cuts: list[int]) -> None:
    data, expected = b"", []
    for topic, payload, qos, mid, dup, retain, prop in told:
        again = dup and qos > 0
        data += by_paho(version, topic, payload, qos, mid=mid, dup=again, retain=retain, prop=prop)
        expected.append(Publish(topic.encode(), payload, mid if qos else 0, again, retain, len(payload)))
    packets, found, at = Packets(version, 1000), [], 0
    while at < len(data):
        for cut in cuts:
            found += packets.feed(data[at : at + cut])
            at += cut
    assert found == expected


@given(st.sampled_from([4, 5]), st.lists(st.binary(max_size=50), max_size=8))
def test_any_bytes_are_read_or_refused(version: int, chunks: list[bytes]) -> None:
    packets = Packets(version, 60)
    try:
        for chunk in chunks:
            packets.feed(chunk)
    except WireError:
        pass


@given(st.sampled_from([4, 5]), st.integers(0, 15), st.integers(0, 15), st.binary(max_size=60))
def test_any_packet_is_read_or_refused(version: int, kind: int, flags: int, body: bytes) -> None:
    with suppress(WireError):
        Packets(version, 100).feed(bytes([kind << 4 | flags, len(body)]) + body)


@pytest.mark.parametrize(
    ("number", "encoded"),
    [  # MQTT 5.0, table 1-1
        (0, b"\x00"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (16_383, b"\xff\x7f"),
        (16_384, b"\x80\x80\x01"),
        (2_097_151, b"\xff\xff\x7f"),
        (2_097_152, b"\x80\x80\x80\x01"),
        (268_435_455, b"\xff\xff\xff\x7f"),
    ],
)
def test_published_lengths(number: int, encoded: bytes) -> None:
    assert wire._length(number) == encoded
    assert wire._number(encoded, 0, len(encoded)) == (number, len(encoded))


def test_published_example_of_connect_in_3_1_1() -> None:
    """Section 3.1.2.3 and figures 3.2 to 3.6 of MQTT 3.1.1: name, level 4, user name and password, keep alive 10."""
    more = {"session_s": 0, "receive_maximum": 1, "password": "p"}
    data = wire.connect("c", version=4, keep_alive_s=10, username="u", **more)
    assert data == b"\x10\x13\x00\x04MQTT\x04\xc0\x00\x0a\x00\x01c\x00\x01u\x00\x01p"


def test_published_example_of_subscribe() -> None:
    """Figure 3-22 of MQTT 3.1.1 with QoS 1 for both: packet id 10, filters a/b and c/d."""
    assert wire.subscribe(10, ["a/b", "c/d"], version=4) == b"\x82\x0e\x00\x0a\x00\x03a/b\x01\x00\x03c/d\x01"


def test_answers() -> None:
    five, four = Packets(5, 100), Packets(4, 100)
    refusal = b"\x20\x0c\x00\x86\x09\x1f\x00\x06be off"
    assert five.feed(refusal) == [Connack(0x86, False, None, "be off")]
    assert five.feed(b"\x20\x06\x01\x00\x03\x13\x00\x07") == [Connack(0, True, 7, "")]
    assert four.feed(b"\x20\x02\x00\x05") == [Connack(0x87, False, None, "")]
    assert five.feed(b"\x90\x05\x00\x01\x00\x01\x87") == [Suback(1, b"\x01\x87")]
    assert five.feed(b"\xe0\x02\x8e\x00") == [Disconnect(0x8E, "")]
    assert "taken the session over" in wire.REASONS[0x8E]


@pytest.mark.parametrize("chunk", [1, 7, 100, 4096])
def test_a_message_longer_than_allowed_is_told_and_passed_over(chunk: int) -> None:
    long = by_paho(5, "a/b", b"x" * 3000, 1, mid=9, dup=False, retain=False, prop="")
    data = long + by_paho(5, "c", b"1", 1, mid=10, dup=False, retain=False, prop="") + long
    packets = Packets(5, 1000)
    found = [one for at in range(0, len(data), chunk) for one in packets.feed(data[at : at + chunk])]
    assert [(one.topic, one.payload, one.packet, one.too_long) for one in found if isinstance(one, Publish)] == [
        (b"a/b", b"", 9, True),
        (b"c", b"1", 10, False),
        (b"a/b", b"", 9, True),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"\x34\x05\x00\x01a\x00\x01",
        b"\x32\x05\x00\x01a\x00\x00",
        b"\x30\x02\x00\x05",
        b"\x30\x02\x00\x00",
        b"HTTP/1.1 400 Bad Request\r\n" + b"x" * 99,
    ],
)
def test_what_no_broker_says(data: bytes) -> None:
    with pytest.raises(WireError):
        Packets(4, 100).feed(data)


def test_acknowledgements_in_one_piece() -> None:
    assert wire.puback([1, 513]) == struct.pack(">BBHBBH", 0x40, 2, 1, 0x40, 2, 513)
