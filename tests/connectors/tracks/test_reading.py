"""Cursor on Target and AIS: published messages, what is none, and hostile ones."""

import random
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.connectors.records import Refused
from infrastress.connectors.tracks.ais import AisFrames, AisReader
from infrastress.connectors.tracks.cot import CotFrames, CotReader
from infrastress.core.time import SECOND

# The example of MITRE's "Cursor on Target Message Router User's Guide", with a track added.
EVENT = (
    "<?xml version='1.0' standalone='yes'?><event version='2.0' uid='J-01334' type='a-h-A-M-F-U-M' "
    "time='2005-04-05T11:43:38.07Z' start='2005-04-05T11:43:38.07Z' stale='2005-04-05T11:45:38.07Z'>"
    "<detail><track course='370.5' speed='12.25'/><contact callsign='UAV-7'/></detail>"
    "<point lat='30.0090027' lon='-85.9578735' ce='45.3' hae='-42.6' le='99.5'/></event>"
)
# gpsd's AIVDM description: a moored ship in Seattle.
MOORED = b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C"


def event(**changed: str) -> bytes:
    text = EVENT
    for name, value in changed.items():
        start = text.index(f" {name}='") + len(name) + 3
        text = text[:start] + value + text[text.index("'", start) :]
    return text.encode()


def test_a_published_event() -> None:
    occurred, point = CotReader("RADAR-1", ground_m=-60.0).read(EVENT.encode(), None)
    assert occurred == 1112701418_070_000_000
    assert (point.track, point.sensor, point.what) == ("J-01334", "RADAR-1", "aircraft")
    assert (point.latitude, point.longitude) == (30.0090027, -85.9578735)
    assert (point.altitude_m, point.speed_m_s, point.course_deg) == (17.4, 12.25, 10.5)
    assert (point.accuracy_m, point.identity) == (45.3, "UAV-7")
    assert CotReader("RADAR-1").read(EVENT.encode(), None).point.altitude_m is None  # above the ellipsoid says nothing


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("a-u-A-M-H-Q", "drone"),
        ("a-h-A-M-F-Q-r", "drone"),
        ("a-n-A-C-F", "aircraft"),
        ("a-f-S-X", "vessel"),
        ("a-u-G-E-V-C", "vehicle"),
        ("a-f-G-U-C-I", "person"),
        ("a-u-G", "unknown"),
        ("a-", "unknown"),
    ],
)
def test_what_a_type_is(kind: str, what: str) -> None:
    assert CotReader("s").read(event(type=kind), None).point.what == what


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "no-xml"),
        (b"hello", "no-xml"),
        (b"<event", "no-xml"),
        (b"<other/>", "no-cot-event"),
        (event(type="t-x-c-t"), "no-track"),
        (event(uid=""), "cot-incomplete"),
        (event(lat="91"), "no-position"),
        (event(lat="nan"), "no-position"),
        (event(lon="1e400"), "no-position"),
        (event(time="yesterday"), "time-unreadable"),
        (b"\xbf\x01\xbf\x0a\x00", "tak-protobuf"),
        (
            b'<!DOCTYPE e [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><event uid="&b;" type="a-h-A"/>',
            "xml-doctype",
        ),
        (b'<!DOCTYPE e SYSTEM "file:///etc/passwd"><event/>', "xml-doctype"),
        (b"<event>" + b"<a/>" * 600 + b"</event>", "cot-too-many-elements"),
        (b"<event " + b"a='1' a='2'/>", "no-xml"),
    ],
)
def test_what_is_no_track(message: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        CotReader("s").read(message, None)
    assert refused.value.reason == reason


def test_deep_xml_is_no_danger() -> None:
    deep = b"<event>" + b"<a>" * 20_000 + b"</a>" * 20_000 + b"</event>"
    with pytest.raises(Refused, match="cot-too-many-elements"):
        CotReader("s").read(deep, None)


@given(st.integers(0, 2**32))
def test_events_are_cut_however_they_arrive(seed: int) -> None:
    draw = random.Random(seed)
    messages = [event(uid=f"t{i}") + draw.choice([b"", b"\n", b"  \r\n"]) for i in range(draw.randint(1, 5))]
    stream, frames, found = b"".join(messages), CotFrames(2_000), []
    at = 0
    while at < len(stream):
        step = draw.randint(1, 700)
        found += frames.feed(stream[at : at + step])
        at += step
    assert [frame.line for frame in found] == [message.strip() for message in messages]
    assert frames.end() == []


def test_one_without_an_end_spoils_no_other() -> None:
    alone = b"<?xml version='1.0'?><!DOCTYPE a><event uid='x' type='a-u-A'/>"
    cut = b"<event uid='y'><detail><eventful/>"
    frames = CotFrames(2_000)
    found = [frame.line for frame in frames.feed(alone + b"\n" + event(uid="t1") + cut + event(uid="t2"))]
    assert found == [alone, event(uid="t1"), cut, event(uid="t2")]


def test_an_event_too_long_is_passed_over() -> None:
    frames = CotFrames(1_000)
    long = b"<event>" + b"x" * 5_000 + b"</event>"
    found = [frame for i in range(0, len(long), 400) for frame in frames.feed(long[i : i + 400])]
    assert [frame.too_long for frame in found] == [True]
    assert frames.feed(event())[0].line == event()
    assert frames.feed(b"<event") == []
    assert frames.end()[0].line == b"<event"


def test_a_published_sentence() -> None:
    received = round(datetime(2026, 11, 27, 12, 0, 2, tzinfo=UTC).timestamp()) * SECOND
    occurred, point = AisReader("AIS-1").read(MOORED, received)
    assert point.track == point.identity == "477553000"
    assert point.what == "vessel"
    assert (point.latitude, point.longitude) == pytest.approx((47.582833, -122.345833), abs=1e-6)
    assert point.speed_m_s == 0.0
    assert point.course_deg == 51.0
    assert point.accuracy_m is None
    assert occurred == received + 13 * SECOND  # second 15 of a minute, nearest to second 2


def test_times_of_a_recording_stand_in_the_tag_block() -> None:
    block = b"s:st1,c:1700000000"
    check = 0
    for byte in block:
        check ^= byte
    tagged = b"\\" + block + b"*%02X\\" % check + MOORED
    assert AisReader("a").read(tagged, None).occurred == 1_699_999_995 * SECOND  # :20 past, told second is 15
    with pytest.raises(Refused, match="no-time"):
        AisReader("a").read(MOORED, None)
    with pytest.raises(Refused, match="no-time"):  # a block whose checksum is wrong says nothing
        AisReader("a").read(tagged.replace(b"c:17", b"c:18"), None)


def test_what_takes_several_sentences_is_no_position() -> None:
    from pyais.encode import encode_dict

    parts = encode_dict({"type": 5, "mmsi": 211000001, "shipname": "X"})
    assert len(parts) == 2
    for part in parts:
        with pytest.raises(Refused) as refused:
            AisReader("a").read(part.encode(), 0)
        assert (refused.value.reason, refused.value.dropped) == ("no-track", True)


@pytest.mark.parametrize(
    ("kind", "what"), [(2, "vessel"), (9, "aircraft"), (18, "vessel"), (19, "vessel"), (27, "vessel")]
)
def test_reports_of_every_kind(kind: int, what: str) -> None:
    from pyais.encode import encode_dict

    fields = {"type": kind, "mmsi": 211000001, "lat": 41.2, "lon": 11.9, "speed": 19, "course": 90, "alt": 300}
    point = AisReader("a").read(encode_dict(fields)[0].encode(), 0).point
    assert (point.what, point.course_deg) == (what, 90.0)
    assert (point.latitude, point.longitude) == pytest.approx((41.2, 11.9), abs=2e-3)
    assert point.speed_m_s == pytest.approx(19 * 1852 / 3600, abs=0.01)
    assert point.altitude_m == (300.0 if kind == 9 else None)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "no-ais"),
        (b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5D", "ais-checksum"),
        (b"!AIVDM,x,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C", "no-ais"),
        (b"!AIVDM,1,1,,B,,0*25", "no-ais"),
        (b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47", "no-ais"),
        (b"\xff\xfe!AIVDM", "no-ais"),
    ],
)
def test_what_is_no_sentence(message: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        AisReader("a").read(message, 0)
    assert refused.value.reason == reason


def test_a_ship_that_knows_no_place_is_dropped() -> None:
    from pyais.encode import encode_dict

    nowhere = encode_dict({"type": 1, "mmsi": 211000001, "lat": 91, "lon": 181})[0].encode()
    with pytest.raises(Refused) as refused:
        AisReader("a").read(nowhere, 0)
    assert (refused.value.reason, refused.value.dropped) == ("no-position", True)


@given(st.binary(max_size=120), st.booleans())
def test_bytes_never_raise_anything_else(data: bytes, sentence: bool) -> None:
    message = b"!AIVDM,1,1,,B," + data if sentence else data
    for reader in (AisReader("a"), CotReader("a")):
        with suppress(Refused):
            reader.read(message, 0)


@given(st.lists(st.binary(min_size=1, max_size=90), max_size=20))
def test_lines_are_bounded(pieces: list[bytes]) -> None:
    frames = AisFrames(100)
    for piece in pieces:
        for frame in frames.feed(piece):
            assert len(frame.line) <= 100
        assert len(frames._rest) <= 100
