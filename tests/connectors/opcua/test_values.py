"""Status codes, times and node ids as OPC UA writes them."""

from datetime import UTC, datetime, timedelta

import pytest
from asyncua import ua
from hypothesis import given
from hypothesis import strategies as st

from infrastress.connectors.opcua.nodes import NodeName, NoSuchNamespace
from infrastress.connectors.opcua.values import nanoseconds, overflowed, refusal_of, time_of

# OPC UA Part 4, 7.39, and the StatusCodes table of Part 6, annex A.2
STATUS = [
    (0x0000_0000, "", ""),
    (0x0030_0000, "", ""),  # GoodClamped
    (0x0000_0480, "", ""),  # Good, overflow
    (0x4000_0000, "opcua-Uncertain", ""),
    (0x4090_0000, "opcua-UncertainLastUsableValue", ""),
    (0x4094_0000, "opcua-UncertainEngineeringUnitsExceeded", ""),
    (0x8000_0000, "opcua-Bad", "opcua-Bad"),
    (0x808C_0000, "opcua-BadSensorFailure", "opcua-BadSensorFailure"),
    (0x808A_0000, "opcua-BadNotConnected", "opcua-BadNotConnected"),
    (0x808A_0480, "opcua-BadNotConnected", "opcua-BadNotConnected"),
    (0xC000_0000, "opcua-Bad", "opcua-Bad"),  # reserved, to be treated as bad
]


@pytest.mark.parametrize(("status", "refused", "accepted"), STATUS)
def test_status_codes(status, refused, accepted):
    assert refusal_of(status, "refuse") == refused
    assert refusal_of(status, "accept") == accepted


@given(st.integers(0, 2**32 - 1))
def test_only_good_is_taken_and_uncertain_when_said(status):
    severity = status >> 30
    assert (refusal_of(status, "refuse") == "") == (severity == 0)
    assert (refusal_of(status, "accept") == "") == (severity in (0, 1))
    assert overflowed(status) == ((status >> 10) & 3 == 1 and bool(status & 0x80))


@given(st.integers(1, 2**62 - 1000).map(lambda ns: ns // 1000 * 1000), st.booleans())
def test_times_are_exact(ns, aware):
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ns // 1000)
    if ns:
        assert nanoseconds(moment if aware else moment.replace(tzinfo=None)) == ns


def test_times_that_no_clock_shows_fall_back():
    absurd = [None, datetime(1601, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
    assert [nanoseconds(moment) for moment in absurd] == [None, None, None]
    server = datetime(2026, 1, 1, tzinfo=UTC)
    value = ua.DataValue(ua.Variant(1.0), SourceTimestamp=absurd[1], ServerTimestamp=server)
    assert time_of(value, "source", 7) == nanoseconds(server)
    assert time_of(ua.DataValue(ua.Variant(1.0)), "source", 7) == 7
    assert time_of(value, "clock", 7) == 7
    value = ua.DataValue(ua.Variant(1.0), SourceTimestamp=server - timedelta(1), ServerTimestamp=server)
    assert time_of(value, "server", 7) == nanoseconds(server)


NAMESPACES = ["http://opcfoundation.org/UA/", "urn:server", "urn:plant", "urn:a;b%"]


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("nsu=urn:plant;s=Tank1.Level", "ns=2;s=Tank1.Level"),
        ("nsu=urn:plant;s=a;b=c", "ns=2;s=a;b=c"),
        ("nsu=urn:plant;i=4711", "ns=2;i=4711"),
        ("nsu=urn:a%3Bb%25;i=1", "ns=3;i=1"),
        ("nsu=urn:plant;g=09087e75-8e5e-499b-954f-f2a9603db28a", "ns=2;g=09087e75-8e5e-499b-954f-f2a9603db28a"),
        ("i=2258", "i=2258"),
    ],
)
def test_node_ids(text, node):
    assert NodeName.parse(text).on(NAMESPACES) == ua.NodeId.from_string(node)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ns=2;s=Tank1.Level", "indexes change"),
        ("Tank1.Level", "no node id"),
        ("nsu=urn:plant;i=often", "no identifier of kind i"),
        ("nsu=;s=x", "no node id"),
    ],
)
def test_what_is_no_node_id(text, said):
    with pytest.raises(ValueError, match=said):
        NodeName.parse(text)


def test_a_namespace_that_the_server_does_not_have():
    with pytest.raises(NoSuchNamespace):
        NodeName.parse("nsu=urn:elsewhere;s=x").on(NAMESPACES)
