"""What a session makes of a broker that refuses, talks nonsense or says nothing: bytes as they stand in MQTT 5.0."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from infrastress.connectors.mqtt.message import Publish
from infrastress.connectors.mqtt.options import MqttOptions
from infrastress.connectors.mqtt.session import CLOSED, Session
from tests.connectors.live_contract import run
from tests.peers.processes import free_port
from tests.peers.sink import until

CONNACK, CONNACK_OLD = bytes.fromhex("2003 00 00 00"), bytes.fromhex("2002 01 00")
SUBACK, SUBACK_OLD = bytes.fromhex("9004 0001 00 01"), bytes.fromhex("9003 0001 01")
Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def message(packet: int = 7, *, topic: bytes = b"a", payload: bytes = b"1", head: int = 0x32) -> bytes:
    """A PUBLISH of version 5."""
    body = len(topic).to_bytes(2) + topic + packet.to_bytes(2) + b"\0" + payload
    assert len(body) < 128
    return bytes([head, len(body)]) + body


@asynccontextmanager
async def opened(play: Play, *, version: str = "5", **more: object) -> AsyncIterator[tuple[Session, list[Publish]]]:
    """A session, not opened, to a broker that does as it is told."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await play(reader, writer)
        finally:
            writer.close()

    port = free_port()
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    fields = {"host": "127.0.0.1", "port": port, "tls": False, "version": version, "longest_bytes": 128, **more}
    topics = [{"filter": "a", "payload": "number"}]
    taken: list[Publish] = []
    session = Session(
        MqttOptions.model_validate({**fields, "topics": topics}), "me", ("user", "tell-nobody"), None, taken.extend
    )
    try:
        yield session, taken
    finally:
        session.close()
        server.close()
        await asyncio.sleep(0.05)


def says(*parts: bytes, silent_s: float = 5.0) -> Play:
    """A broker that accepts, says these in turn and then nothing."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(CONNACK)
        await reader.read(1000)
        writer.write(SUBACK)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.01)
        await asyncio.wait([asyncio.ensure_future(reader.read())], timeout=silent_s)

    return play


async def reason(session: Session) -> str:
    return str(await asyncio.wait_for(asyncio.shield(session.lost), 8.0))


@pytest.mark.parametrize(
    ("version", "answer", "words"),
    [
        ("5", "2003 00 86 00", "bad user name or password"),
        ("5", "2009 00 97 06 1f 0003 66756c", r"quota exceeded \(ful\)"),
        ("5", "2002 00 01", "unsupported protocol version"),
        ("3.1.1", "2002 00 05", "not authorized"),
        ("5", "ff", "closed"),
        ("5", "485454502f312e31", "no MQTT|closed"),
    ],
)
def test_refused(version: str, answer: str, words: str) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(bytes.fromhex(answer))

    async def main() -> None:
        async with opened(play, version=version) as (session, _):
            with pytest.raises(OSError, match=words) as caught:
                await session.open()
            assert "tell-nobody" not in str(caught.value)

    run(main())


@pytest.mark.parametrize(("version", "kept"), [("5", False), ("3.1.1", True)])
def test_accepted_and_a_filter_refused(version: str, kept: bool) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await reader.read(1000)
        flags = hello[hello.index(b"MQTT") + 5]
        assert not flags & 0x02, "clean start"
        writer.write(CONNACK if version == "5" else CONNACK_OLD)
        await reader.read(1000)
        writer.write(bytes.fromhex("9004 0001 00 87" if version == "5" else "9003 0001 80"))
        await reader.read(1000)

    async def main() -> None:
        async with opened(play, version=version) as (session, _):
            assert await session.open() is kept
            with pytest.raises(ConnectionRefusedError, match="'a'"):
                await session.subscribe()

    run(main())


def test_messages_however_they_are_cut_and_what_can_not_be_read_of_them() -> None:
    whole = (
        message(1)
        + message(2, head=0x3B, payload=b"again")
        + message(3, topic=b"\xff\xfe")
        + b"\x32\xc8\x01" + b"\0\x01a\0\x04\0" + bytes(194)
    )  # fmt: skip

    async def main() -> None:
        async with opened(says(*[whole[i : i + 3] for i in range(0, len(whole), 3)])) as (session, taken):
            await session.open()
            await session.subscribe()
            await until(lambda: len(taken) == 4, lambda: f"{taken}")
            first, again, strange, long = taken
            assert first == Publish(b"a", b"1", 1, again=False, retained=False, size=1)
            assert again == Publish(b"a", b"again", 2, again=True, retained=True, size=5)
            with pytest.raises(UnicodeDecodeError):
                strange.topic.decode()
            assert (long.packet, long.payload, long.size, long.too_long) == (4, b"", 194, True)
            assert not session.lost.done()

    run(main())


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (message(0), "packet id"),
        (b"\xf0\x00", "no MQTT"),
        (b"\x32\x02\x00\x50", "no MQTT"),
        (b"\xe0\x01\x8b", "server shutting down"),
        (b"\xe0\x01\x8e", "client id used twice"),
        (b"\xe0\x00", CLOSED),
    ],
)
def test_the_end_has_a_reason(said: bytes, words: str) -> None:
    async def main() -> None:
        async with opened(says(said)) as (session, taken):
            await session.open()
            await session.subscribe()
            assert words in await reason(session)
            assert not taken

    run(main())


def test_a_broker_that_says_nothing_any_more_is_given_up() -> None:
    async def main() -> None:
        async with opened(says(silent_s=20.0), keep_alive_s=2) as (session, _):
            await session.open()
            await session.subscribe()
            assert "nothing heard" in await reason(session)

    run(main())


def test_only_what_is_acknowledged_is_and_a_held_session_reads_no_more() -> None:
    heard = bytearray()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(CONNACK)
        await reader.read(1000)
        writer.write(SUBACK + message(1) + message(2) + message(3))
        while data := await reader.read(1000):
            heard.extend(data)
            if len(heard) == 8:
                writer.write(message(4))

    async def main() -> None:
        async with opened(play) as (session, taken):
            await session.open()
            await session.subscribe()
            await until(lambda: len(taken) == 3, lambda: f"{taken}")
            await asyncio.sleep(0.1)
            assert not heard
            session.hold(True)
            session.acknowledge([1, 3])
            await until(lambda: len(heard) == 8, lambda: f"{heard!r}")
            assert heard == bytes.fromhex("4002 0001 4002 0003")
            await asyncio.sleep(0.1)
            assert len(taken) == 3
            session.hold(False)
            await until(lambda: len(taken) == 4, lambda: f"{taken}")

    run(main())
