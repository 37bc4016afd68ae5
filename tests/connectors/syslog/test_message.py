"""Syslog messages: the examples that the RFCs print, and no line whatever does harm."""

from contextlib import suppress
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.connectors.syslog.message import Malformed, Message, parse
from infrastress.core.time import from_iso

UTC = ZoneInfo("UTC")
NOW = from_iso("2003-10-12T00:00:00Z")
BOM = b"\xef\xbb\xbf"
SD = {"exampleSDID@32473": {"iut": "3", "eventSource": "Application", "eventID": "1011"}}
SD_TEXT = b'[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"]'


def at(text: str) -> int:
    return from_iso(text)


NEW = [  # RFC 5424, section 6.5
    (
        b"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - "
        + BOM + b"'su root' failed for lonvick on /dev/pts/8",
        Message(
            34, at("2003-10-11T22:14:15.003Z"), "mymachine.example.com", "su", "", "ID47", {},
            "'su root' failed for lonvick on /dev/pts/8",
        ),
    ),
    (
        b"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
        Message(
            165, at("2003-08-24T12:14:15.000003Z"), "192.0.2.1", "myproc", "8710", "", {},
            "%% It's time to make the do-nuts.",
        ),
    ),
    (
        b"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 " + SD_TEXT + b" " + BOM
        + b"An application event log entry...",
        Message(
            165, at("2003-10-11T22:14:15.003Z"), "mymachine.example.com", "evntslog", "", "ID47", SD,
            "An application event log entry...",
        ),
    ),
    (
        b"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 " + SD_TEXT
        + b'[examplePriority@32473 class="high"]',
        Message(
            165, at("2003-10-11T22:14:15.003Z"), "mymachine.example.com", "evntslog", "", "ID47",
            {**SD, "examplePriority@32473": {"class": "high"}}, "",
        ),
    ),
]  # fmt: skip
OLD = [  # RFC 3164, section 5.4
    (
        b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
        Message(
            34, at("2003-10-11T22:14:15Z"), "mymachine", "su", "", "", {},
            "'su root' failed for lonvick on /dev/pts/8",
        ),
    ),
    (
        b"<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!",
        Message(13, at("2004-02-05T17:32:18Z"), "10.0.0.99", "", "", "", {}, "Use the BFG!"),
    ),
    (
        b"<165>Aug 24 05:34:00 CST 1987 mymachine myproc[10]: %% It's time to make the do-nuts.  %%",
        Message(
            165, at("2003-08-24T05:34:00Z"), "CST", "", "", "", {},
            "1987 mymachine myproc[10]: %% It's time to make the do-nuts.  %%",
        ),
    ),
    (
        b"<0>1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!",
        Message(
            0, None, "", "", "", "", {},
            "1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!",
        ),
    ),
    (
        b"<0>Oct 22 10:52:12 scapegoat 1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 "
        b"sched[0]: That's All Folks!",
        Message(
            0, at("2003-10-22T10:52:12Z"), "scapegoat", "", "", "", {},
            "1990 Oct 22 10:52:01 TZ-6 scapegoat.dmz.example.org 10.1.2.3 sched[0]: That's All Folks!",
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("line", "message"), NEW + OLD)
def test_published_examples(line: bytes, message: Message) -> None:
    assert parse(line, NOW, UTC) == message


@pytest.mark.parametrize(
    ("stamp", "time"),
    [  # RFC 5424, section 6.2.3.1; the last has nanoseconds, which are not allowed
        (b"1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.52Z"),
        (b"1985-04-12T19:20:50.52-04:00", "1985-04-12T23:20:50.52Z"),
        (b"2003-08-24T05:14:15.000000003-07:00", None),
        (b"2003-08-24t05:14:15Z", None),
        (b"2003-13-24T05:14:15Z", None),
    ],
)
def test_published_times(stamp: bytes, time: str | None) -> None:
    line = b"<1>1 " + stamp + b" h a - - -"
    if time is None:
        with pytest.raises(Malformed, match="time-unreadable"):
            parse(line, NOW, UTC)
    else:
        assert parse(line, NOW, UTC).time == at(time)


def test_published_structured_data() -> None:
    """RFC 5424, sections 6.3.3 and 6.3.5: escapes; a space ends the data; none begins a name."""
    head = b"<1>1 - - - - - "
    assert parse(head + rb'[x@1 a="\"\\\]\c"]', NOW, UTC).data == {"x@1": {"a": '"\\]\\c'}}
    second = b'[examplePriority@32473 class="high"]'
    split = parse(head + SD_TEXT + b" " + second, NOW, UTC)
    assert (split.data, split.text) == (SD, second.decode())
    for wrong in (b'[ exampleSDID@32473 iut="3"]', b'[x@1 a="]"]', b'[x@1 a="1"', b"[x@1]y", b"no"):
        with pytest.raises(Malformed, match="structured-data"):
            parse(head + wrong, NOW, UTC)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"Use the BFG!", "no-priority"),  # RFC 3164, section 5.4
        (b"", "no-priority"),
        (b"<>x", "no-priority"),
        (b"<007>x", "no-priority"),
        (b"<192>x", "priority"),
        (b"<1>2 2003-10-11T22:14:15Z h a - - -", "version"),
        (b"<1>1 2003-10-11T22:14:15Z h a", "header"),
        (b"<1>1 2003-10-11T22:14:15Z h\xc3\xa9 a - - -", "header"),
        (b"<1>Feb 31 00:00:00 h x", "time-unreadable"),
    ],
)
def test_what_is_malformed(line: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        parse(line, NOW, UTC)


@pytest.mark.parametrize(
    ("now", "zone", "stamp", "time"),
    [
        ("2026-01-01T00:00:10Z", "UTC", b"Dec 31 23:59:50", "2025-12-31T23:59:50Z"),
        ("2025-12-31T23:59:50Z", "UTC", b"Jan  1 00:00:10", "2026-01-01T00:00:10Z"),
        ("2026-07-01T10:00:00Z", "Europe/Rome", b"Jul  1 12:00:00", "2026-07-01T10:00:00Z"),
        ("2025-03-01T00:00:00Z", "UTC", b"Feb 29 00:00:00", "2024-02-29T00:00:00Z"),
    ],
)
def test_the_year_that_comes_nearest(now: str, zone: str, stamp: bytes, time: str) -> None:
    assert parse(b"<1>" + stamp + b" h x", at(now), ZoneInfo(zone)).time == at(time)


def test_hostile_text_is_written_out() -> None:
    message = parse(b"<1>1 - h - - - - a\x1b[2Jb\nc\x00\xff\xe2\x80\xa8", NOW, UTC)
    assert message.text == "a\\x1b[2Jb\\x0ac\\x00\\xff\\x2028"


WORDS = st.binary(max_size=12) | st.sampled_from(
    [b"<13>", b"1 ", b"- ", b'[a b="', b'"]', b"Oct 11 22:14:15 ", b"2003-10-11T22:14:15Z "]
)


@given(st.lists(WORDS, max_size=12))
def test_any_line_is_read_or_refused(words: list[bytes]) -> None:
    with suppress(Malformed):
        assert not set(parse(b"".join(words), NOW, UTC).text) & set(map(chr, (*range(9), *range(10, 32))))


NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='="]'), min_size=1, max_size=32)
VALUES = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufeff"),
    max_size=20,
)


@given(st.integers(0, 191), st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=3), max_size=3), VALUES)
def test_what_was_written_is_read(priority: int, data: dict[str, dict[str, str]], text: str) -> None:
    def escaped(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")

    elements = ""
    for name, found in data.items():
        elements += f"[{name}" + "".join(f' {key}="{escaped(value)}"' for key, value in found.items()) + "]"
    line = f"<{priority}>1 2003-10-11T22:14:15.5Z host app 12 kind {elements or '-'} {text}".encode()
    assert parse(line, NOW, UTC) == Message(
        priority, at("2003-10-11T22:14:15.5Z"), "host", "app", "12", "kind", data, text
    )
