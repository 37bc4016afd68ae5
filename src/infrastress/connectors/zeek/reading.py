"""Lines of Zeek by their log; fields as Zeek and the ICSNPP packages document them."""

from collections.abc import Callable
from typing import ClassVar, Final

from infrastress.connectors.nids.pairing import Pairs
from infrastress.connectors.nids.reading import Reading, Record
from infrastress.connectors.records import Refused
from infrastress.connectors.zeek.ends import moment
from infrastress.connectors.zeek.industrial import INDUSTRIAL
from infrastress.connectors.zeek.sessions import SESSIONS, x509_of
from infrastress.events.network import NetworkRow

__all__ = ["LOGS", "ZeekReading"]

_ALONE: Final[dict[str, Callable[[Record, str], list[NetworkRow]]]] = SESSIONS
_PAIRED: Final[dict[str, Callable[[Record, str, Pairs], list[NetworkRow]]]] = INDUSTRIAL
_LOSS: Final = {"capture_loss": "gaps", "stats": "pkts_dropped"}
"""Counts of what Zeek didn't see since the line before."""
_BETTER: Final = {"modbus": "modbus_detailed", "bacnet": "bacnet_property"}
"""Logs whose lines another log, where it is written too, tells better."""
LOGS: Final = frozenset({*_ALONE, *_PAIRED, *_LOSS, "x509"})
"""Those that are followed."""
_CERTIFICATES: Final = 64


class ZeekReading(Reading):
    """Reads Zeek's logs. A line with a `_path` names its log itself."""

    sensor: ClassVar[str] = "Zeek"

    def rows(self, record: Record, log: str) -> list[NetworkRow]:
        """As the base class says."""
        log = record.get("_path") or log
        if (better := _BETTER.get(log)) in self.beside and (
            log != "bacnet" or record.get("pdu_service") in ("read_property", "write_property")
        ):
            raise Refused(f"{log}: {better} tells it", dropped=True)
        if log in _ALONE:
            rows = _ALONE[log](record, log)
            return [self._certified(row, record) for row in rows] if log == "ssl" else rows
        if log in _PAIRED:
            return self.pairs.overdue(moment(record)) + _PAIRED[log](record, log, self.pairs)
        if log in _LOSS:
            moment(record)
            self.lost += max(0, int(record.get(_LOSS[log]) or 0))
            raise Refused(log, dropped=True)
        if log == "x509":
            self._remember(record)
            raise Refused("x509: told with its session", dropped=True)
        if not isinstance(log, str):
            raise TypeError("_path is no text")
        raise Refused(f"{log[:40]}: not taken", dropped=True)

    def _remember(self, record: Record) -> None:
        fingerprint, text = x509_of(record)
        self.texts.pop(fingerprint, None)
        self.texts[fingerprint] = text
        while len(self.texts) > _CERTIFICATES:
            del self.texts[next(iter(self.texts))]

    def _certified(self, row: NetworkRow, record: Record) -> NetworkRow:
        """A certificate with its dates, where x509.log told them before."""
        chain = record.get("cert_chain_fps") or ()
        known = self.texts.get(chain[0]) if chain else None
        return row._replace(identity=known) if known and row.function_name == "certificate" else row
