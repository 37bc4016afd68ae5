"""Lines of EVE by their `event_type`; fields as Suricata 7 and 8 document them."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from infrastress.connectors.eve.alerts import alert_of
from infrastress.connectors.eve.dnp3 import dnp3_rows
from infrastress.connectors.eve.ends import moment, number
from infrastress.connectors.eve.enip import enip_rows
from infrastress.connectors.eve.flows import alert_row, arp_row, flow_row
from infrastress.connectors.eve.modbus import modbus_rows
from infrastress.connectors.eve.sessions import SESSIONS
from infrastress.connectors.nids.pairing import Pairs
from infrastress.connectors.nids.reading import Alert, Reading, Record
from infrastress.connectors.records import Refused
from infrastress.events.network import NetworkRow

__all__ = ["EveReading"]

_Read = Callable[[Record, str], list[NetworkRow]]
_ALONE: Final[dict[str, _Read]] = {
    "modbus": modbus_rows,
    "enip": enip_rows,
    "flow": lambda record, log: [flow_row(record, log)],
    "arp": lambda record, log: [arp_row(record, log)],
    "alert": lambda record, log: [alert_row(record, log)],
    **SESSIONS,
}
"""Kinds of line that say all by themselves."""
_PAIRED: Final[dict[str, Callable[[Record, str, Pairs], list[NetworkRow]]]] = {
    "dnp3": dnp3_rows,
}


class EveReading(Reading):
    """Reads EVE. Counters of packets that Suricata lost come with its `stats`."""

    sensor: ClassVar[str] = "Suricata"

    @staticmethod
    def kinds() -> frozenset[str]:
        """Kinds of event that are taken."""
        return frozenset({*_ALONE, *_PAIRED, "stats"})

    def rows(self, record: Record, log: str) -> list[NetworkRow]:
        """As the base class says."""
        kind = record["event_type"]
        if kind in _ALONE:
            return self.pairs.overdue(moment(record)) + _ALONE[kind](record, log)
        if kind in _PAIRED:
            return _PAIRED[kind](record, log, self.pairs)
        if kind == "stats":
            self._stats(record["stats"])
            raise Refused("stats", dropped=True)
        if not isinstance(kind, str):
            raise TypeError("event_type is no text")
        raise Refused(f"{kind[:40]}: not taken", dropped=True)

    def alerts(self, record: Record, log: str) -> Sequence[Alert]:
        """Of a line of kind `alert`, which stays a row of the network record besides."""
        del log
        return (alert_of(record),) if record["event_type"] == "alert" else ()

    def _stats(self, stats: Record) -> None:
        """Packets that never reached it: dropped by the kernel, before or in the capture."""
        capture = stats.get("capture") or {}
        for name in ("kernel_drops", "kernel_ifdrops"):
            if name in capture:
                self.lost += self.grown(name, number(capture[name]))
