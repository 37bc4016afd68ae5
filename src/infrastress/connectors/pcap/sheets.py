"""A capture's balance sheet in parts: what was counted since the last delivery, and examples of what was malformed."""

from collections.abc import Iterator

from infrastress.connectors.pcap.balance import CaptureBalance
from infrastress.events.delivery import Balance, Refusal
from infrastress.events.network import NetworkRecords
from infrastress.events.network_terms import Kind

__all__ = ["Sheets", "malformed"]

_EXAMPLES = 20


class Sheets:
    """Hands out the balance of a dissection in parts that add up to the whole.

    Packets that wait for the rest of their PDU are in no part yet.

    Args:
        whole: grows as packets are read.
    """

    def __init__(self, whole: CaptureBalance) -> None:
        self._whole = whole
        self._before = whole.counts.copy()

    def part(self, records: int = 0) -> Balance:
        """Packets accounted for since the last part, with so many network records made of packets."""
        fresh = CaptureBalance(counts=self._whole.counts - self._before)
        fresh.packets = fresh.counts.total()
        self._before = self._whole.counts.copy()
        balance = fresh.as_delivery()
        balance.cells_accepted = records
        return balance


def malformed(records: NetworkRecords) -> Iterator[Refusal]:
    """Examples of PDUs that break their protocol's rules: the packet is quarantined in the balance, the row stays."""
    kinds, words = records.words("kind")
    if Kind.MALFORMED not in words:
        return
    which = (kinds == words.index(Kind.MALFORMED)).nonzero()[0][:_EXAMPLES]
    for row in records.take(which).rows():
        yield Refusal(f"{row.protocol}: malformed", f"{row.capture} packet {row.packet}", row.error or "")
