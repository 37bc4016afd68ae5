"""The deep path: what we don't read ourselves, tshark reads, where it is installed; a piece at a time, with limits.

tshark gets packets as a capture on its standard input and gives a line a packet. It may take so long, use so much
memory, crash, and say what it likes: each piece is a process of its own, and what becomes of it is counted.
"""

import os
import shutil
import struct
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from typing import Final, NamedTuple

from infrastress.connectors.pcap.balance import CaptureBalance, Outcome
from infrastress.connectors.pcap.deep_words import FIELDS, INTERFACE, PROFINET_INTERFACES, READS
from infrastress.connectors.pcap.protocols.base import Message
from infrastress.connectors.pcap.talk import Row, Talk
from infrastress.events.network_terms import Kind, Protocol, Sender, Transport

__all__ = ["BY_TSHARK", "Deep", "Failure", "Limits", "Place", "tshark"]

BY_TSHARK: Final = "by tshark"
_PATIENCE: Final = 3
"""Failures one after the other from which on tshark isn't asked any more."""
_LINE: Final = 4_096
_SHELL: Final = 'ulimit -v "$1" && ulimit -t "$2" && shift 2 && exec "$@"'


class Limits(NamedTuple):
    """Of one piece: packets and their bytes, seconds, and bytes of memory that tshark may use."""

    packets: int = 10_000
    size: int = 16_000_000
    seconds: float = 20.0
    memory: int = 2_000_000_000


class Failure(NamedTuple):
    """A piece of which nothing was read: a reason, packets of the capture, and what happened."""

    reason: str
    where: str
    what: str


class Place(NamedTuple):
    """Of a packet of no conversation: whence and where, as `Talk.head`; its transport; as what it counts unread."""

    head: tuple[object, ...]
    transport: Transport
    name: str
    reason: str


class _Packet(NamedTuple):
    frame: bytes
    time: int
    number: int
    talk: Talk | None
    place: Place | None
    client: bool


@dataclass
class _Held:
    """A conversation of which packets wait, and how many of its packets are counted when tshark has spoken."""

    talk: Talk
    packets: int = 0


def tshark() -> str | None:
    """Where it is; None where it isn't installed."""
    return shutil.which("tshark")


class Deep:
    """Packets that wait for tshark.

    Args:
        balance: where they are counted. rows: where rows go. capture: its name in them.
        limits: of a piece.
        program: tshark.

    Attributes:
        failures: since somebody took them.
    """

    def __init__(self, balance: CaptureBalance, rows: list[Row], capture: str, *, limits: Limits, program: str) -> None:
        self._balance, self._rows, self._capture = balance, rows, capture
        self._limits, self._program = limits, program
        self._packets: list[_Packet] = []
        self._size, self._link, self._failed = 0, 1, 0
        self._held: dict[int, _Held] = {}
        self._fields = FIELDS
        self.failures: list[Failure] = []

    def said(self, talk: Talk, frame: bytes, *, time: int, number: int, link: int, client: bool) -> None:
        """A packet of a conversation that nobody here reads so far."""
        if self._failed < _PATIENCE:
            self._held.setdefault(id(talk), _Held(talk))
            self._add(_Packet(frame, time, number, talk, None, client), link)

    def seen(self, place: Place, frame: bytes, *, time: int, number: int, link: int) -> None:
        """A packet of no conversation; it is counted here."""
        if self._failed < _PATIENCE:
            self._add(_Packet(frame, time, number, None, place, client=True), link)
        else:
            self._balance.counts[place.name, Outcome.UNDECODED, place.reason] += 1

    def hold(self, talk: Talk, n: int) -> bool:
        """Whether these packets of a conversation, which would count as not decoded, are counted later."""
        held = self._held.get(id(talk))
        if held is None:
            return False
        held.packets += n
        return True

    def flush(self) -> None:
        """Ask tshark about all that wait; rows and counts follow."""
        packets, self._packets, self._size = self._packets, [], 0
        held, self._held = self._held, {}
        packets = [one for one in packets if one.talk is None or one.talk.dissector is None]
        packets.sort(key=lambda one: one.number)
        found = self._ask(packets) if packets else {}
        said: dict[int, Counter[str]] = {}
        told: dict[tuple[object, ...], tuple[_Packet, Message]] = {}
        for i, packet in enumerate(packets):
            message = found.get(i)
            if packet.place is not None:
                what = (packet.place.name, Outcome.UNDECODED, packet.place.reason)
                protocol = message.protocol if message else None
                self._balance.counts[(protocol, Outcome.DECODED, BY_TSHARK) if protocol else what] += 1
            elif message is not None and message.protocol is not None:
                said.setdefault(id(packet.talk), Counter())[message.protocol] += 1
            if message is not None:
                key = id(packet.talk) if packet.talk else packet.place, message.protocol, packet.client
                once = (packet.number,) if message.function is not None else ()
                _, first = told.setdefault((*key, *once), (packet, message))
                if first is not message:
                    first.size += message.size
        for packet, message in told.values():
            self._write(packet, message)
        for talk, one in held.items():
            self._settle(one, said.get(talk, Counter()))

    def _add(self, packet: _Packet, link: int) -> None:
        full = len(self._packets) >= self._limits.packets or self._size + len(packet.frame) > self._limits.size
        if self._packets and (full or link != self._link):
            held = self._held.get(id(packet.talk))
            self.flush()
            if held is not None:  # its conversation goes on waiting
                self._held[id(packet.talk)] = _Held(held.talk)
        self._link = link
        self._packets.append(packet)
        self._size += len(packet.frame)

    def _settle(self, held: _Held, said: Counter[str]) -> None:
        """Move packets of a conversation from not decoded to decoded, no more than are counted as the former."""
        talk = held.talk
        if talk.dissector is None:
            for protocol, n in said.items():
                left = n
                taken = min(left, held.packets)
                held.packets -= taken
                left -= taken
                for key in [key for key in talk.counts if key == (Outcome.UNDECODED, "") or key[0] is Outcome.DECODED]:
                    part = min(left, talk.counts[key])
                    talk.counts[key] -= part
                    left -= part
                self._balance.counts[protocol, Outcome.DECODED, BY_TSHARK] += n - left
        if held.packets:
            self._balance.counts[talk.protocol, Outcome.UNDECODED, ""] += held.packets

    def _write(self, packet: _Packet, message: Message) -> None:
        if packet.talk is not None:
            packet.talk.write(Kind.MESSAGE, message, None, packet.client)
        elif packet.place is not None:
            m, place, nothing = message, packet.place, (None,) * 9
            self._rows.append(
                (m.time, Kind.MESSAGE, m.protocol, place.transport, *place.head, Sender.CLIENT, None, None, None, None,
                 m.function, m.function_name, m.action, *nothing, m.size, self._capture, m.packet, None)
            )  # fmt: skip

    def _ask(self, packets: list[_Packet]) -> dict[int, Message]:
        """What tshark reads, by index; nothing where it fails, which is noted."""
        if self._failed >= _PATIENCE:
            return {}
        where = f"packets {packets[0].number} to {packets[-1].number}"
        capture = _capture(packets, self._link)
        try:
            done = self._run(capture)
            # Another version doesn't know all fields, and names those.
            if done.returncode and (strange := set(done.stderr.decode("utf-8", "replace").split()) & {*self._fields}):
                self._fields = tuple(field for field in self._fields if field not in strange)
                done = self._run(capture)
        except subprocess.TimeoutExpired:
            return self._fail("tshark-timed-out", where, f"it took longer than {self._limits.seconds:g} s")
        except OSError as error:
            return self._fail("tshark-failed", where, str(error.strerror or error))
        if done.returncode:
            last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
            return self._fail("tshark-failed", where, f"it ended with {done.returncode}: {last}")
        self._failed = 0
        lines = (_message(line, packets, self._fields) for line in done.stdout.split(b"\n"))
        return dict(filter(None, lines))

    def _run(self, capture: bytes) -> subprocess.CompletedProcess[bytes]:
        fields = ("frame.number", "frame.protocols", *self._fields)
        options = ["-n", "-r", "-", "-T", "fields", "-E", "occurrence=f"]
        options += [part for field in fields for part in ("-e", field)]
        limits = [str(self._limits.memory // 1024), str(int(self._limits.seconds) + 1)]
        command = ["/bin/sh", "-c", _SHELL, "tshark", *limits, self._program, *options]
        with tempfile.TemporaryDirectory(prefix="infrastress-") as home:
            environment = {"PATH": os.defpath, "HOME": home, "TMPDIR": home, "LC_ALL": "C"}
            return subprocess.run(  # noqa: S603 - it stays: tshark is a program; what comes from outside is its stdin
                command,
                input=capture,
                capture_output=True,
                timeout=self._limits.seconds,
                env=environment,
                check=False,
            )

    def _fail(self, reason: str, where: str, what: str) -> dict[int, Message]:
        self._failed += 1
        off = f"; after {_PATIENCE} failures it isn't asked any more" if self._failed == _PATIENCE else ""
        self._balance.failures[reason] += 1
        self.failures.append(Failure(reason, where, f"{what}{off}"))
        return {}


def _capture(packets: list[_Packet], link: int) -> bytes:
    """As pcap with nanoseconds."""
    parts = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 1 << 18, link)]
    for one in packets:
        seconds, ns = divmod(max(one.time, 0), 1_000_000_000)
        size = len(one.frame)
        parts += (struct.pack("<IIII", seconds & 0xFFFF_FFFF, ns, size, size), one.frame)
    return b"".join(parts)


def _message(line: bytes, packets: list[_Packet], fields: tuple[str, ...]) -> tuple[int, Message] | None:
    """A line of tshark: which packet, and what it says; None where that is nothing that we take."""
    cells = line[:_LINE].decode("ascii", "replace").split("\t")
    if len(cells) != 2 + len(fields) or not cells[0].isdecimal() or not 0 < int(cells[0]) <= len(packets):
        return None
    names = cells[1].split(":")
    if "_ws.malformed" in names:
        return None
    known = next((READS[name] for name in reversed(names) if name in READS), None)
    if known is None:
        return None
    if known.protocol is Protocol.DCERPC and _cell(cells, fields, INTERFACE).startswith(PROFINET_INTERFACES):
        known = READS["pn_io"]
    at = int(cells[0]) - 1
    packet = packets[at]
    code = _number(_cell(cells, fields, known.field))
    name, action = known.named.get(code, (None, None)) if code is not None else (None, None)
    message = Message(
        protocol=known.protocol, function=code, function_name=name, action=action,
        size=len(packet.frame), time=packet.time, packet=packet.number,
    )  # fmt: skip
    return at, message


def _cell(cells: list[str], fields: tuple[str, ...], name: str) -> str:
    return cells[2 + fields.index(name)] if name in fields else ""


def _number(text: str) -> int | None:
    try:
        number = int(text, 0)
    except ValueError:
        return None
    return number if 0 <= number < 1 << 31 else None
