"""Who says by ARP to have which address: one that another device takes over may be a listener in the middle."""

from collections.abc import Iterator

import msgspec

from infrastress.detectors.episodes import Notice
from infrastress.detectors.network.base import NetworkRule
from infrastress.detectors.network.view import Part
from infrastress.events.kinds import Severity
from infrastress.events.network_terms import Protocol

__all__ = ["MoveRule"]

_SHARED = ("00:00:5e:00:01:", "00:00:5e:00:02:", "00:00:0c:07:ac:", "00:00:0c:9f:f")
"""MAC addresses that routers hand to each other (VRRP, HSRP)."""


class _Holder(msgspec.Struct):
    """Which MAC holds an address, since when; which held it before."""

    mac: str
    since: int
    before: str = ""


class _Memory(msgspec.Struct):
    held: dict[str, dict[str, _Holder]] = {}


class MoveRule(NetworkRule):
    """Addresses of each source on their own: the same may be another's on another network."""

    Memory = _Memory
    memory: _Memory

    def judge(self, part: Part) -> Iterator[Notice]:
        """Notices of what one source said in one frame."""
        held = self.memory.held.setdefault(part.source, {})
        claims = part.is_any("protocol", (Protocol.ARP,))
        for row in claims.nonzero()[0].tolist():
            address, mac, at = part.text("client", row), part.text("client_mac", row), int(part.known[row])
            if not (mac and self._who.is_node(address)):
                continue
            known = held.get(address)
            if known is None:
                held[address] = _Holder(mac, at)
                yield from self._foreign(part, row, address, mac)
            elif known.mac != mac:
                yield self._moved(part, row, held, address)
                held[address] = _Holder(mac, at, known.mac)
        while len(held) > 8192:
            del held[next(iter(held))]

    def _foreign(self, part: Part, row: int, address: str, mac: str) -> Iterator[Notice]:
        """The first claim that is heard, against the site model."""
        expected = self._who.mac(address)
        if expected and expected != mac and not mac.startswith(_SHARED):
            said = f"{mac} says to have {self._who.last(address)}, whose MAC address is {expected} by the site model"
            yield self._notice(part, row, address, "high", said)

    def _moved(self, part: Part, row: int, held: dict[str, _Holder], address: str) -> Notice:
        known, mac, at, window = held[address], part.text("client_mac", row), int(part.known[row]), self._options.window
        others = [
            one for one, holder in held.items() if holder.mac == mac and holder.before and at - holder.since <= window
        ]
        back = known.before == mac and at - known.since <= window
        expected, asset = self._who.mac(address), self._who.asset(address)
        said = f"{mac} says to have {self._who.name(address)} which {known.mac} had"
        severity: Severity = "low" if asset is None else "medium"
        if others:
            severity, said = (
                "high",
                f"{said}, as it took {', '.join(map(self._who.last, others))}: it may stand between them",
            )
        elif back:
            severity, said = "high", f"{said} less than a minute ago: both say to have it"
        elif expected and mac != expected:
            severity, said = "high", f"{said}; the site model says {expected}"
        if mac.startswith(_SHARED):
            severity = "low"
        return self._notice(part, row, address, severity, said)

    def _notice(self, part: Part, row: int, address: str, severity: Severity, sentence: str) -> Notice:
        return Notice(
            rule="net.address_moved",
            subject=address,
            at=int(part.known[row]),
            began=part.number("time", row),
            severity=severity,
            sentence=sentence,
            assets=self._who.assets(address),
            zone=self._who.place(address),
            packets=tuple(filter(None, [part.packet(row)])),
            techniques=("T0830",),
            confidence=0.7 if severity == "high" else 0.4,
        )
