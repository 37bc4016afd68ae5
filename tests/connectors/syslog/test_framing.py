"""Messages in a stream (RFC 6587): counted or by lines, however they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.connectors.listening import Frame
from infrastress.connectors.syslog.framing import Frames


def cut(frames: Frames, data: bytes, size: int) -> list[Frame]:
    return [frame for at in range(0, len(data), size) for frame in frames.feed(data[at : at + size])]


@given(
    st.lists(
        st.tuples(st.booleans(), st.binary(max_size=60).filter(lambda d: b"\n" not in d and d == d.rstrip(b"\r\0"))),
        max_size=8,
    ),
    st.integers(1, 30),
)
def test_counted_and_lines_mixed(told: list[tuple[bool, bytes]], size: int) -> None:
    data, expected = b"", []
    for counted, text in told:
        message = b"<1>" + text
        data += b"%d %s" % (len(message), message) if counted else message + b"\r\n"
        expected.append(Frame(message))
    frames = Frames(100)
    assert cut(frames, data, size) == expected
    assert not frames.bad


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_messages_longer_than_allowed_are_passed_over(size: int) -> None:
    long = b"<1>" + b"x" * 500
    data = b"%d %s" % (len(long), long) + b"4 <1>a" + long + b"\n" + b"<1>b\n"
    found = cut(Frames(200), data, size)
    assert [(frame.too_long, frame.line[:4]) for frame in found] == [
        (True, b"<1>x"),
        (False, b"<1>a"),
        (True, b"<1>x"),
        (False, b"<1>b"),
    ]


def test_a_counted_message_may_hold_line_ends() -> None:
    assert Frames(100).feed(b"7 <1>a\nb\n5 <1>cd") == [Frame(b"<1>a\nb\n"), Frame(b"<1>cd")]


@pytest.mark.parametrize("data", [b"12345678901 x", b"12x <1>a", b"99999999999"])
def test_a_length_that_is_none(data: bytes) -> None:
    frames = Frames(100)
    assert frames.feed(b"4 <1>a" + data) == [Frame(b"<1>a")]
    assert frames.bad


def test_the_last_line_needs_no_end() -> None:
    frames = Frames(100)
    assert frames.feed(b"<1>a\n<1>b") == [Frame(b"<1>a")]
    assert frames.end() == [Frame(b"<1>b")]


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_any_bytes(chunks: list[bytes]) -> None:
    frames = Frames(64)
    for chunk in chunks:
        for frame in frames.feed(chunk):
            assert len(frame.line) <= 100
    frames.end()
