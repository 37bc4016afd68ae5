"""The balance sheet of a capture: every packet once, by protocol, outcome and reason."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from infrastress.events.delivery import Balance

__all__ = ["CaptureBalance", "Outcome"]


class Outcome(StrEnum):
    """What became of a packet."""

    DECODED = "decoded"
    UNDECODED = "not decoded"  # seen and named, but not read
    MALFORMED = "malformed"
    DROPPED = "dropped"  # for want of room or of its other parts


@dataclass
class CaptureBalance:
    """Packets read = decoded + not decoded + malformed + dropped.

    Attributes:
        packets: read.
        counts: packets by (protocol, outcome, reason).
        connections_dropped: closed early because too many were open.
        gaps: places where bytes of a TCP stream are missing.
        signs: TCP that contradicts itself, by what: forged packets, or a capture that lost much.
        failures: of tshark, where it is asked for the rest: pieces of which it read nothing, by why.
        fault: why the capture ended before its file did.
    """

    packets: int = 0
    counts: Counter[tuple[str, Outcome, str]] = field(default_factory=Counter)
    connections_dropped: int = 0
    gaps: int = 0
    signs: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    fault: str | None = None

    @property
    def balances(self) -> bool:
        """True when every packet is accounted for."""
        return self.packets == self.counts.total()

    def total(self, outcome: Outcome) -> int:
        """Packets of an outcome."""
        return sum(n for (_, what, _), n in self.counts.items() if what == outcome)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        lines = [
            {"protocol": protocol, "outcome": str(outcome), "reason": reason, "packets": n}
            for (protocol, outcome, reason), n in sorted(self.counts.items())
        ]
        totals = {str(outcome): self.total(outcome) for outcome in Outcome}
        return {
            "packets": self.packets,
            **totals,
            "balances": self.balances,
            "connections_dropped": self.connections_dropped,
            "gaps": self.gaps,
            "signs": dict(sorted(self.signs.items())),
            "failures": dict(sorted(self.failures.items())),
            "fault": self.fault,
            "lines": lines,
        }

    def as_delivery(self) -> Balance:
        """The same as a delivery's balance, in packets; malformed is quarantined, what isn't decoded dropped."""
        balance = Balance(read=self.packets, accepted=self.total(Outcome.DECODED))
        for (protocol, outcome, reason), n in self.counts.items():
            where = balance.quarantined if outcome is Outcome.MALFORMED else balance.dropped
            if outcome is not Outcome.DECODED:
                where[f"{protocol}: {reason or outcome}"] += n
        return balance
