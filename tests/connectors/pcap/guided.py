"""A small fuzzer guided by coverage: what reaches a new line of a dissector is kept and mutated further."""

import random
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from infrastress.connectors.pcap import protocols
from infrastress.connectors.pcap.protocols.base import Dissector
from infrastress.connectors.pcap.talk import Half, Row, Talk
from infrastress.events.network import SCHEMA, columns_of
from infrastress.events.network_terms import Transport

FOLDER = str(Path(protocols.__file__).parent)
HEAD = ("10.0.0.1", "10.0.0.2", 40_000, 502, None, None, None, None)
Said = list[tuple[bool, bytes]]
Line = tuple[str, int]


class Guided:
    """Mutates conversations of one dissector.

    Args:
        kind: the dissector.
        seeds: conversations that it understands: (from the client, payload).
        seed: of chance.
    """

    def __init__(self, kind: type[Dissector], seeds: Iterable[Said], seed: int) -> None:
        self.kind, self.corpus = kind, list(seeds)
        self.lines: set[Line] = set()
        self._chance = random.Random(seed)
        self._rows: list[Row] = []

    def run(self, executions: int) -> None:
        """So many conversations, none of which may raise; rows have to fit the schema."""
        for n in range(executions):
            said = self._mutated(self._chance.choice(self.corpus)) if n >= len(self.corpus) else self.corpus[n]
            new = self._traced(said) - self.lines
            if new:
                self.lines |= new
                self.corpus.append(said)
            if len(self._rows) > 2000:
                self.check()
        self.check()

    def check(self) -> None:
        """The rows since last checked, as columns."""
        if self._rows:
            columns_of(dict(zip(SCHEMA.names, zip(*self._rows, strict=True), strict=True)))
            self._rows.clear()

    def _speak(self, said: Said) -> None:
        transport = Transport.TCP if Transport.TCP in self.kind.transports else Transport.UDP
        talk = Talk(self._rows, HEAD, transport, capture="fuzz", time=0, packet=1)
        talk.dissector = self.kind(talk)
        ends = {True: Half(talk, True), False: Half(talk, False)}
        ends[True].peer, ends[False].peer, talk.half = ends[False], ends[True], ends[True]
        at = {True: 1, False: 1}
        for i, (client, data) in enumerate(said):
            if transport is Transport.UDP:
                talk.datagram(ends[client], data, i, i + 1)
            elif data:
                talk.segment(ends[client], at[client], data, i, i + 1)
                at[client] += len(data)
        talk.finish()

    def _traced(self, said: Said) -> set[Line]:
        lines: set[Line] = set()

        def line(frame: FrameType, event: str, _: Any) -> Callable[..., Any]:
            if event == "line":
                lines.add((frame.f_code.co_filename, frame.f_lineno))
            return line

        def call(frame: FrameType, _: str, __: Any) -> Callable[..., Any] | None:
            return line if frame.f_code.co_filename.startswith(FOLDER) else None

        before = sys.gettrace()
        sys.settrace(call)
        try:
            self._speak(said)
        finally:
            sys.settrace(before)
        return lines

    def _mutated(self, said: Said) -> Said:
        chance, out = self._chance, [(client, bytearray(data)) for client, data in said]
        for _ in range(chance.choice((1, 1, 2, 4))):
            client, data = chance.choice(out)
            at = chance.randrange(len(data) + 1)
            act = chance.randrange(6)
            if act == 0 and data:
                data[at % len(data)] ^= 1 << chance.randrange(8)
            elif act == 1 and data:
                data[at % len(data)] = chance.choice((0, 1, 127, 128, 255, chance.randrange(256)))
            elif act == 2:
                data[at:at] = chance.randbytes(chance.randrange(1, 9))
            elif act == 3:
                del data[at : at + chance.randrange(1, 9)]
            elif act == 4:
                _, other = chance.choice(chance.choice(self.corpus))
                begin = chance.randrange(len(other) + 1)
                data[at:] = other[begin : begin + 300]
            else:
                out.append((not client if chance.random() < 0.5 else client, bytearray(data[:2000])))
        return [(client, bytes(data[:4000])) for client, data in out[:12]]
