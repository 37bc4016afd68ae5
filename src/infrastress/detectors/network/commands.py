"""Commands that change a controller, program transfers, silencing, identity requests, writes: by whom, was it done."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from infrastress.detectors.episodes import Notice
from infrastress.detectors.network.base import NetworkRule, NetworkRuleOptions
from infrastress.detectors.network.points import Points
from infrastress.detectors.network.view import Part
from infrastress.detectors.network.who import Who
from infrastress.events.kinds import Severity
from infrastress.events.network_terms import ACTS_ON_PLANT, OFFICE, Action, Protocol

__all__ = ["CommandRules"]


class _Kind(NamedTuple):
    rule: str
    did: str
    severity: Severity
    by_engineer: Severity
    techniques: tuple[str, ...]


_STOP = _Kind("net.stop", "stopped", "high", "medium", ("T0858",))
_MODE = _Kind("net.mode", "changed the operating mode of", "medium", "low", ("T0858",))
_DOWNLOAD = _Kind("net.download", "loaded a program or configuration into", "high", "medium", ("T0843", "T0889"))
_UPLOAD = _Kind("net.upload", "read the program or a file out of", "medium", "low", ("T0845",))
_KINDS: Final = {
    Action.STOP: _STOP,
    Action.RESTART: _Kind("net.restart", "restarted", "high", "medium", ("T0816",)),
    Action.MODE: _MODE,
    Action.START: _MODE._replace(did="started"),
    Action.DOWNLOAD: _DOWNLOAD,
    Action.FILE_WRITE: _DOWNLOAD._replace(did="wrote a file into"),
    Action.DELETE: _DOWNLOAD._replace(did="deleted a block or file of"),
    Action.UPLOAD: _UPLOAD,
    Action.FILE_READ: _UPLOAD,
    Action.FIRMWARE: _Kind("net.firmware", "began to replace the firmware of", "high", "medium", ("T0857", "T0800")),
    Action.SILENCE: _Kind("net.silence", "made silent", "high", "medium", ("T0878", "T0804")),
}
_MILDER: Final[dict[Severity, Severity]] = {"high": "medium", "medium": "low", "low": "low"}
_NOBODY: Final = _Kind("net.stranger_command", "wrote to", "high", "high", ("T0855", "T0848"))
_ASKED: Final = _Kind("net.identity_request", "asked who it is of", "medium", "medium", ("T0888",))


class CommandRules(NetworkRule):
    """An episode is of one client, one server and one unit of it."""

    Memory = msgspec.defstruct("Memory", [])

    def __init__(self, who: Who, options: NetworkRuleOptions, points: Points) -> None:
        super().__init__(who, options)
        self._points = points
        self._watched = [*map(str, _KINDS), *map(str, ACTS_ON_PLANT), str(Action.IDENTIFY)]

    def judge(self, part: Part) -> Iterator[Notice]:
        """Notices of commands; a reply alone, whose request nobody saw, tells that there was one all the same."""
        commands = part.is_any("action", self._watched) & ~part.is_any("kind", ("malformed", "connection"))
        if not commands.any():
            return
        for row, count in part.distinct(("client", "server", "protocol", "unit", "action", "ok"), commands):
            kind = self._kind(part, row)
            if kind is not None:
                yield self._notice(part, row, count, kind)

    def _kind(self, part: Part, row: int) -> _Kind | None:
        action, client = Action(part.text("action", row)), part.text("client", row)
        if part.text("protocol", row) in OFFICE:
            return None  # files of office protocols are told by the rules of sessions
        if action in _KINDS:
            return _KINDS[action]
        if not self._who.stranger(client) or part.text("sender", row) == "server":
            return None
        return _ASKED if action is Action.IDENTIFY else _NOBODY

    def _notice(self, part: Part, row: int, count: int, kind: _Kind) -> Notice:
        who, client, server = self._who, part.text("client", row), part.text("server", row)
        severity = kind.by_engineer if who.is_engineering(client) else kind.severity
        ok = part.number("ok", row)
        if ok == 0:
            severity = _MILDER[severity]
        if kind.rule == "net.silence" and part.text("protocol", row) == Protocol.DNP3:
            severity = "low"  # masters switch unsolicited reports off and on whenever they start
        protocol, function, unit = part.text("protocol", row), part.text("function_name", row), part.number("unit", row)
        device = f" unit {unit}" if unit >= 0 else ""
        end = {0: ", which refused", 1: ""}.get(
            ok, ", without an answer" if part.text("kind", row) == "request" else ""
        )
        times = f", {count} times" if count > 1 else ""
        written = self._points.written(part, row) if kind is _NOBODY else []
        values = f", {', '.join(map(str, written[:5]))}" if written else ""
        sentence = (
            f"{who.name(client)} {kind.did} {who.last(server)}{device}: {protocol} {function}{values}{times}{end}"
            f"{_in(part.packet(row))}"
        )
        return Notice(
            rule=kind.rule,
            subject=f"{client} > {server}{device}",
            at=int(part.known[row]),
            began=part.number("time", row),
            severity=severity,
            sentence=sentence,
            assets=tuple(dict.fromkeys((*(one.signal.asset for one in written), *who.assets(server, client)))),
            zone=who.place(server),
            packets=tuple(filter(None, [part.packet(row)])),
            techniques=kind.techniques,
            confidence=0.7 if ok else 0.5,
        )


def _in(packet: str) -> str:
    """Where it stands, for people."""
    capture, _, number = packet.rpartition("#")
    return f" (packet {number} of {capture})" if packet else ""
