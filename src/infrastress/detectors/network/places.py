"""Who speaks with whom, against the site model: nodes it doesn't know, ways it has no conduit for, changed roles."""

from collections.abc import Iterator

import msgspec

from infrastress.core.time import MINUTE
from infrastress.detectors.episodes import Notice
from infrastress.detectors.network.base import NetworkRule
from infrastress.detectors.network.view import Part, answered
from infrastress.events.network_terms import ACTS_ON_PLANT, ADMINISTERS, Kind, Protocol, Transport

__all__ = ["PlaceRules", "RoleRule"]

_EXCHANGED = (Kind.TRANSACTION, Kind.REQUEST, Kind.RESPONSE, Kind.MESSAGE, Kind.CONNECTION)
_SETTLED = 2 * MINUTE
_DAY_OFF = 7 * 24 * 60 * MINUTE


class PlaceRules(NetworkRule):
    """What the site model says of nodes, zones and conduits."""

    Memory = msgspec.defstruct("Memory", [])

    def judge(self, part: Part) -> Iterator[Notice]:
        """Notices of what one source said in one frame."""
        carried = part.is_any("transport", (Transport.TCP, Transport.UDP)) & part.is_any("kind", _EXCHANGED)
        if not self._who.knows_any:
            return
        heard = answered(part)
        for row, _ in part.distinct(("client",)):
            yield from self._node(part, row, part.text("client", row), part.text("server", row))
        for row, _ in part.distinct(("server",), heard):
            yield from self._node(part, row, part.text("server", row), part.text("client", row))
        for row, _ in part.distinct(("client", "server", "protocol"), carried):
            yield from self._way(part, row)

    def _node(self, part: Part, row: int, address: str, other: str) -> Iterator[Notice]:
        who = self._who
        if not who.stranger(address):
            return
        public = who.is_public(address)
        said = "an address of the internet" if public else "an address that the site model doesn't have"
        yield Notice(
            rule="net.unknown_node",
            subject=address,
            at=int(part.known[row]),
            began=part.number("time", row),
            severity="high" if public else "medium",
            sentence=f"{address}, {said}, is heard on {part.source}: {part.text('protocol', row)} with "
            f"{who.last(other)}",
            assets=who.assets(other),
            zone=who.place(other),
            packets=tuple(filter(None, [part.packet(row)])),
            techniques=("T0883",) if public else ("T0864", "T0848"),
            confidence=0.4,
            standing=True,
        )

    def _way(self, part: Part, row: int) -> Iterator[Notice]:
        who, client, server = self._who, part.text("client", row), part.text("server", row)
        protocol, level = part.text("protocol", row), who.level(server)
        zones = who.uncharted(client, server, protocol)
        if zones is None or (protocol in ADMINISTERS and level is not None and level <= 2):
            return  # remote administration of control has a rule of its own
        begin, end = zones
        refused = part.text("kind", row) == Kind.CONNECTION and part.number("ok", row) == 0
        name = "an unknown protocol" if protocol == Protocol.UNKNOWN else protocol
        yield Notice(
            rule="net.no_conduit",
            subject=f"{client} > {server} {protocol}",
            at=int(part.known[row]),
            began=part.number("time", row),
            severity="low" if refused else "medium",
            sentence=f"{who.name(client)} in {begin} spoke {name} to {who.last(server)} in {end}; the site "
            f"model has no conduit for that{', and it was refused' if refused else ''}",
            assets=who.assets(server, client),
            zone=who.place(server),
            packets=tuple(filter(None, [part.packet(row)])),
            techniques=("T0886",),
            confidence=0.5,
            standing=True,
        )


class _Device(msgspec.Struct):
    since: int
    last: int
    answers: int = 0
    asked: bool = False


class _Devices(msgspec.Struct):
    known: dict[str, _Device] = {}


class RoleRule(NetworkRule):
    """A device that has only ever answered in a protocol gives a command itself."""

    Memory = _Devices
    memory: _Devices

    def judge(self, part: Part) -> Iterator[Notice]:
        """Notices of what one source said in one frame."""
        told = part.is_any("kind", (Kind.TRANSACTION,))
        asks = part.is_any("kind", (Kind.TRANSACTION, Kind.REQUEST))
        acts = asks & part.is_any("action", map(str, ACTS_ON_PLANT))
        clients = {
            f"{part.text('client', row)} {part.text('protocol', row)}"
            for row, _ in part.distinct(("client", "protocol"), asks)
        }
        for row, _ in part.distinct(("client", "protocol"), acts):
            known = self.memory.known.get(f"{part.text('client', row)} {part.text('protocol', row)}")
            if known is not None and not known.asked and self._settled(known, part.begin):
                yield self._notice(part, row, known)
        for row, count in part.distinct(("server", "protocol"), told):
            key = f"{part.text('server', row)} {part.text('protocol', row)}"
            known = self.memory.known.setdefault(key, _Device(part.begin, part.end))
            known.answers, known.last = min(known.answers + count, 1 << 40), part.end
        for key in clients:
            known = self.memory.known.setdefault(key, _Device(part.begin, part.end))
            known.asked, known.last = True, part.end
        if len(self.memory.known) > 1024:
            before = part.end - _DAY_OFF
            self.memory.known = {key: one for key, one in self.memory.known.items() if one.last >= before}

    def _settled(self, known: _Device, now: int) -> bool:
        return known.answers >= self._options.settled and now - known.since >= _SETTLED

    def _notice(self, part: Part, row: int, known: _Device) -> Notice:
        who, client, server = self._who, part.text("client", row), part.text("server", row)
        protocol = part.text("protocol", row)
        return Notice(
            rule="net.role_change",
            subject=f"{client} {protocol}",
            at=int(part.known[row]),
            began=part.number("time", row),
            severity="high",
            sentence=f"{who.name(client)}, which has only answered in {protocol} so far ({known.answers} times), gave "
            f"{who.name(server)} a command: {part.text('function_name', row)}",
            assets=who.assets(client, server),
            zone=who.place(client),
            packets=tuple(filter(None, [part.packet(row)])),
            techniques=("T0848", "T0855"),
            confidence=0.7,
            standing=True,
        )
