"""What a member of the family is: a reader of one sensor's lines."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar, Final, NamedTuple

import msgspec

from infrastress.connectors.files.lines import MAX_LINE
from infrastress.connectors.nids.checking import check
from infrastress.connectors.nids.pairing import Pairs
from infrastress.connectors.records import Refused
from infrastress.core.errors import DecodeError
from infrastress.events.delivery import Balance, Refusal
from infrastress.events.kinds import ToolAlert
from infrastress.events.network import NetworkRow

__all__ = ["LONGEST", "LOST", "Alert", "Reading", "Record", "Said", "text_of"]

Record = dict[str, Any]
LONGEST: Final = MAX_LINE
"""Bytes of a line; a longer one is refused."""
LOST: Final = "lost-by-sensor"
"""Why packets that the sensor never saw count as refused cells."""
_EXAMPLES: Final = 20
_SHOWN: Final = 200
_BAD: Final = (KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError)


class Alert(NamedTuple):
    """What a tool found, when it happened (ns), and the tool's own number of it where it has one."""

    at: int
    body: ToolAlert
    number: int | None = None


class Said:
    """What some lines say, in order.

    Attributes:
        rows: of the network record.
        alerts: what the tool itself found, with its time.
        balance: a line counts as a row, a row of the network record as a cell.
        refusals: the first of what was refused.
    """

    def __init__(self) -> None:
        self.rows: list[NetworkRow] = []
        self.alerts: list[Alert] = []
        self.balance = Balance()
        self.refusals: list[Refusal] = []

    def refuse(self, reason: str, where: str, what: bytes | str = b"", *, dropped: bool = False) -> None:
        """Count a line that isn't taken; one that was expected is no example."""
        self.balance.read += 1
        (self.balance.dropped if dropped else self.balance.quarantined)[reason] += 1
        if not dropped and len(self.refusals) < _EXAMPLES:
            shown = what[:_SHOWN] if isinstance(what, str) else what[:_SHOWN].decode("utf-8", "replace")
            self.refusals.append(Refusal(reason, where, shown))


class Reading(ABC):
    """Reads the lines of one sensor, in order, whatever file they stand in.

    What it remembers between lines goes with the position (`dump`, `load`), so that reading goes on as if it had never
    stopped.

    Args:
        beside: names of the logs that lie beside: one may tell better what another tells too.

    Attributes:
        pairs, counters, texts: what is remembered: requests, counters of the sensor, and texts by their key.
        lost: packets that the sensor told that it lost, since they were asked for.
    """

    sensor: ClassVar[str]

    def __init__(self, beside: frozenset[str] = frozenset()) -> None:
        self.beside = beside
        self.pairs = Pairs()
        self.lost = 0
        self.counters: Counter[str] = Counter()
        self.texts: dict[str, str] = {}

    @abstractmethod
    def rows(self, record: Record, log: str) -> list[NetworkRow]:
        """Rows that a line completes.

        Args:
            record: the line's object.
            log: the log's name, without its ending and what a rotation added.

        Raises:
            Refused: it isn't taken; `dropped` where that is expected: a kind of line that says nothing of the network.
            KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError: it isn't as documented.
        """

    def alerts(self, record: Record, log: str) -> Sequence[Alert]:
        """What the tool found by itself, of a line that `rows` took; arguments and errors as there."""
        del record, log
        return ()

    def read(self, lines: Sequence[bytes], log: str, where: str, first: int, said: Said) -> None:
        """Read lines, the first of which is number `first` (from 1) of `where`."""
        for number, line in enumerate(lines, first):
            place = f"{where} line {number}"
            text = line.strip()
            if not text:
                said.refuse("blank", place, dropped=True)
                continue
            if len(text) > LONGEST:
                said.refuse("line-too-long", place, text)
                continue
            try:
                record = _DECODER.decode(text)
                rows = self.rows(record, log)
                for row in rows:
                    check(row)
                alerts = self.alerts(record, log)
            except Refused as refused:
                said.refuse(refused.reason, place, text, dropped=refused.dropped)
            except (msgspec.MsgspecError, RecursionError):
                said.refuse("no-json", place, text)
            except _BAD:
                said.refuse("not-as-documented", place, text)
            else:
                said.rows += rows
                said.alerts += alerts
                said.balance.read += 1
                said.balance.accepted += 1
        if self.lost:
            said.balance.cells_refused[LOST] += self.lost
            said.refusals.append(Refusal(LOST, where, f"{self.lost} packets"))
            self.lost = 0

    def finish(self, said: Said) -> None:
        """Nothing more comes."""
        said.rows += self.pairs.rest()

    def grown(self, name: str, total: int) -> int:
        """By how much a counter of the sensor grew; one that is below what it was began anew."""
        before = self.counters[name]
        self.counters[name] = total
        return total - before if total >= before else total

    def dump(self) -> bytes:
        """What is remembered."""
        return msgspec.msgpack.encode((self.pairs, dict(self.counters), self.texts))

    def load(self, data: bytes) -> None:
        """Inverse of `dump`; raises DecodeError."""
        try:
            remembered = msgspec.msgpack.decode(data, type=tuple[Pairs, dict[str, int], dict[str, str]])
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no memory of a sensor's log: {error}") from None
        self.pairs, counters, self.texts = remembered
        self.counters = Counter(counters)


_DECODER: Final = msgspec.json.Decoder(dict[str, Any])


def text_of(value: Any, most: int = 256) -> str | None:
    """Text as it goes into a row: of bounded length, None where there is none."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise TypeError("no text")
    return value if len(value) <= most else value[:most] + "..."
