"""Captures as files: pcap with nanoseconds, a file a day of UTC, packets in order of time."""

import struct
from pathlib import Path
from typing import Any, Final

from infrastress.core.time import SECOND, to_iso

__all__ = ["PATTERN", "CaptureFiles"]

PATTERN: Final = "traffic-*.pcap"
_DAY: Final = 86_400 * SECOND
_HEADER: Final = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, 1)
_RECORD: Final = struct.Struct("<IIII")


class CaptureFiles:
    """Writes packets into files of a folder; those of an earlier run are removed.

    Args:
        folder: of the recording.

    Attributes:
        told: of each file its name, when its first and last packet were, and how many there are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(PATTERN):
            old.unlink()
        self._waiting: list[tuple[int, int, bytes]] = []
        self._count = 0
        self.told: list[dict[str, Any]] = []

    def put(self, at: int, packet: bytes) -> None:
        """Take a packet; its time is ns UTC."""
        self._count += 1
        self._waiting.append((at, self._count, packet))

    def write(self, until: int) -> None:
        """Write what came before a time; nothing earlier may come later."""
        self._waiting.sort()
        now = next((i for i, (at, _, _) in enumerate(self._waiting) if at >= until), len(self._waiting))
        ready, self._waiting = self._waiting[:now], self._waiting[now:]
        while ready:
            day = ready[0][0] // _DAY
            last = next((i for i, (at, _, _) in enumerate(ready) if at // _DAY != day), len(ready))
            self._append(ready[:last])
            ready = ready[last:]

    def _append(self, packets: list[tuple[int, int, bytes]]) -> None:
        first, last = packets[0][0], packets[-1][0]
        name = f"traffic-{to_iso(first)[:10]}.pcap"
        if not self.told or self.told[-1]["file"] != name:
            (self._folder / name).write_bytes(_HEADER)
            self.told.append({"file": name, "first_at": first, "packets": 0})
        self.told[-1] |= {"last_at": last, "packets": self.told[-1]["packets"] + len(packets)}
        with (self._folder / name).open("ab") as file:
            for at, _, packet in packets:
                seconds, rest = divmod(at, SECOND)
                file.write(_RECORD.pack(seconds, rest, len(packet), len(packet)) + packet)
