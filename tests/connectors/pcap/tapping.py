"""A capture tool for tests: Modbus writes into rotating captures, a record at a time, as dumpcap and tcpdump do."""

import struct
import time
from pathlib import Path

from tests.connectors.live_contract import Peer
from tests.connectors.pcap.packets import ACK, PSH, SERVER, SYN, ethernet, mbap, tcp

HEADER = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, 1)


def record(packet: bytes, at: int) -> bytes:
    """A packet as it stands in a pcap with nanoseconds."""
    seconds, rest = divmod(at, 10**9)
    return struct.pack("<IIII", seconds, rest, len(packet), len(packet)) + packet


class Session:
    """One TCP connection of a Modbus client, packet by packet."""

    def __init__(self, port: int) -> None:
        self.ends = {"c": (("10.0.0.1", port), SERVER), "s": (SERVER, ("10.0.0.1", port))}
        self.at = {"c": 1000, "s": 7000}
        self.number = 0

    def opening(self) -> list[bytes]:
        packets = [self._packet("c", b"", SYN), self._packet("s", b"", SYN | ACK)]
        self.at = {side: at + 1 for side, at in self.at.items()}
        return packets

    def write(self, value: int) -> list[bytes]:
        """A register is written, and confirmed."""
        self.number += 1
        pdu = struct.pack(">BHH", 6, 100, value)
        return [self._packet(side, mbap(self.number, pdu)) for side in ("c", "s")]

    def nonsense(self) -> bytes:
        self.number += 1
        return self._packet("c", mbap(self.number, bytes.fromhex("1000010001ff")))

    def _packet(self, side: str, data: bytes, flags: int = ACK | PSH) -> bytes:
        packet = ethernet(tcp(*self.ends[side], self.at[side], data, flags))
        self.at[side] += len(data)
        return packet


class Tap(Peer):
    """Writes LT1 as register writes; every start is another file, a kill leaves half a record."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.number, self.half = folder, 0, b""
        self.session = Session(40_000)

    async def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.number += 1
        self.session = Session(40_000 + self.number)
        self.path = self.folder / f"tap_{self.number:05}.pcap"
        self.path.write_bytes(HEADER)
        self.put(*self.session.opening())

    async def kill(self) -> None:
        if self.half:
            self._append(record(bytes(60), time.time_ns())[:30])
            self.half = b""

    async def say(self, value: float) -> None:
        self.put(*self.session.write(int(value)))

    async def nonsense(self) -> None:
        self.put(self.session.nonsense())

    def put(self, *packets: bytes) -> None:
        """Each record in two halves, as a buffer that is flushed in the middle of one."""
        for packet in packets:
            whole = record(packet, time.time_ns())
            self._append(whole[:20])
            self._append(whole[20:])
        self.half = b"1"

    def _append(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)
