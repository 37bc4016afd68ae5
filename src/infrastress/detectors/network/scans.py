"""Scans and storms: much within a while that is ordinary one by one: refusals, objects, hosts, ports, broken PDUs."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from infrastress.detectors.episodes import Notice
from infrastress.detectors.network.base import NetworkRule, Recent, Seen, Told
from infrastress.detectors.network.view import Part
from infrastress.events.network_terms import OFFICE, Kind, Protocol

__all__ = ["ScanRules"]

_ASKED_AND_TOLD = (Protocol.MODBUS, Protocol.S7COMM, Protocol.ENIP, Protocol.CIP)
"""Protocols in which a server speaks only when it was asked."""


class _Memory(msgspec.Struct):
    refusals: Recent = msgspec.field(default_factory=Recent)
    objects: Seen = msgspec.field(default_factory=Seen)
    hosts: Seen = msgspec.field(default_factory=Seen)
    ports: Seen = msgspec.field(default_factory=Seen)
    malformed: Recent = msgspec.field(default_factory=Recent)
    unasked: Recent = msgspec.field(default_factory=Recent)


class ScanRules(NetworkRule):
    """Counts within `window_s`, whatever the frames."""

    Memory = _Memory
    memory: _Memory

    def judge(self, part: Part) -> Iterator[Notice]:
        """Notices of what one source said in one frame."""
        yield from self._refused(part)
        yield from self._swept(part)
        yield from self._broken(part)
        yield from self._unasked(part)
        before = part.end - self._options.window
        for memory in (self.memory.refusals, self.memory.malformed, self.memory.unasked):
            memory.forget(before)
        for seen in (self.memory.objects, self.memory.hosts, self.memory.ports):
            seen.forget(before)

    def _refused(self, part: Part) -> Iterator[Notice]:
        refused = (part.numbers("ok") == 0) & part.is_any("kind", (Kind.TRANSACTION, Kind.RESPONSE))
        refused &= ~part.is_any("protocol", OFFICE)  # pages and files that aren't there are nothing new
        options, memory = self._options, self.memory
        for row in refused.nonzero()[0].tolist():
            client, server, at = part.text("client", row), part.text("server", row), int(part.known[row])
            pair, packet = f"{client} > {server}", part.packet(row)
            storm = memory.refusals.add(pair, at, packet, most=options.refusals, window=options.window)
            if storm is not None:
                reason = part.text("error", row)
                said = (
                    f"{self._who.name(server)} refused {len(storm)} requests of {self._who.name(client)} within "
                    f"{_seconds(storm)}" + (f", the last as {reason!r}" if reason else "")
                )
                yield self._notice(
                    "net.refusal_storm",
                    pair,
                    (part, row),
                    storm,
                    said,
                    techniques=("T0861", "T0888"),
                    severity="medium",
                )
            what = "/".join(str(part.number(name, row)) for name in ("unit", "function", "address"))
            what = f"{what}/{part.text('object', row)}"
            scan = memory.objects.add(pair, what, at, packet, most=options.objects, window=options.window)
            if scan is not None:
                told = list(scan.values())
                said = (
                    f"{self._who.name(client)} asked {self._who.name(server)} for {len(scan)} different objects that "
                    f"it hasn't within {_seconds(told)}: looking for what there is?"
                )
                yield self._notice(
                    "net.object_scan", pair, (part, row), told, said, techniques=("T0861",), severity="high"
                )

    def _swept(self, part: Part) -> Iterator[Notice]:
        """Connections that were refused or not answered: to many hosts, or to many ports of one."""
        failed = (part.numbers("ok") == 0) & part.is_any("kind", (Kind.CONNECTION,))
        options, memory = self._options, self.memory
        for row, _ in part.distinct(("client", "server", "server_port"), failed):
            client, server, at = part.text("client", row), part.text("server", row), int(part.known[row])
            packet, port = part.packet(row), part.number("server_port", row)
            hosts = memory.hosts.add(client, server, at, packet, most=options.hosts, window=options.window)
            if hosts is not None:
                told = list(hosts.values())
                said = (
                    f"{self._who.name(client)} knocked at {len(hosts)} hosts that didn't let it in within "
                    f"{_seconds(told)}, the last at {server} port {port}"
                )
                yield self._notice(
                    "net.host_sweep", client, (part, row), told, said, techniques=("T0846",), severity="high"
                )
            pair = f"{client} > {server}"
            ports = memory.ports.add(pair, str(port), at, packet, most=options.ports, window=options.window)
            if ports is not None:
                told = list(ports.values())
                said = (
                    f"{self._who.name(client)} tried {len(ports)} ports of {self._who.name(server)} that are closed "
                    f"within {_seconds(told)}, the last was {port}"
                )
                yield self._notice(
                    "net.port_sweep", pair, (part, row), told, said, techniques=("T0846",), severity="high"
                )

    def _broken(self, part: Part) -> Iterator[Notice]:
        for row in part.is_any("kind", (Kind.MALFORMED,)).nonzero()[0].tolist():
            by_client = part.text("sender", row) == "client"
            sender, other = part.text("client", row), part.text("server", row)
            if not by_client:
                sender, other = other, sender
            pair, at = f"{sender} > {other}", int(part.known[row])
            told = self.memory.malformed.add(
                pair, at, part.packet(row), most=self._options.malformed, window=self._options.window
            )
            if told is not None:
                said = (
                    f"{self._who.name(sender)} sent {self._who.name(other)} {len(told)} messages that break the rules "
                    f"of {part.text('protocol', row)} within {_seconds(told)}: {part.text('error', row)}"
                )
                yield self._notice(
                    "net.malformed", pair, (part, row), told, said, techniques=("T0814", "T0866"), severity="medium"
                )

    def _unasked(self, part: Part) -> Iterator[Notice]:
        replies = part.is_any("kind", (Kind.RESPONSE,)) & part.is_any("protocol", _ASKED_AND_TOLD)
        for row in replies.nonzero()[0].tolist():
            client, server, at = part.text("client", row), part.text("server", row), int(part.known[row])
            pair = f"{server} > {client}"
            told = self.memory.unasked.add(
                pair, at, part.packet(row), most=self._options.unasked, window=self._options.window
            )
            if told is not None:
                said = (
                    f"{len(told)} replies of {self._who.name(server)} to {self._who.name(client)} within "
                    f"{_seconds(told)} that nobody asked for: forged, or are packets missing in the capture?"
                )
                yield self._notice(
                    "net.unasked_reply", pair, (part, row), told, said, techniques=("T0856",), severity="medium"
                )

    def _notice(
        self,
        rule: str,
        subject: str,
        at: tuple[Part, int],
        told: list[Told],
        sentence: str,
        *,
        techniques: tuple[str, ...],
        severity: Literal["medium", "high"],
    ) -> Notice:
        part, row = at
        who, client, server = self._who, part.text("client", row), part.text("server", row)
        return Notice(
            rule=rule,
            subject=subject,
            at=int(part.known[row]),
            began=min(one.at for one in told),
            severity=severity,
            sentence=sentence,
            assets=who.assets(client) if rule == "net.host_sweep" else who.assets(server, client),
            zone=who.place(server),
            packets=tuple(one.packet for one in told if one.packet),
            techniques=techniques,
            suspicion="intrusion" if severity == "high" else "unknown",
        )


def _seconds(told: list[Told]) -> str:
    return f"{(max(one.at for one in told) - min(one.at for one in told)) / 1e9:.0f} s"
