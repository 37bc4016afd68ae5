"""What office networks speak where it reaches controllers: remote administration, files, certificates, internet."""

from collections.abc import Iterator
from typing import Final

import msgspec

from infrastress.core.errors import InputError
from infrastress.core.time import from_iso
from infrastress.detectors.episodes import Notice
from infrastress.detectors.network.base import NetworkRule
from infrastress.detectors.network.view import Flags, Part
from infrastress.events.kinds import Severity
from infrastress.events.network_terms import ADMINISTERS, INDUSTRIAL, OFFICE, Action, Kind, Protocol

__all__ = ["SessionRules"]

_LOW: Final = 2.0
"""Purdue levels up to this are control: controllers, HMIs, engineering."""
_OUT: Final = (
    "teamviewer.com", "anydesk.com", "net.anydesk.com", "logmein.com", "logmeinrescue.com", "splashtop.com",
    "screenconnect.com", "remoteutilities.com", "rustdesk.com", "gotomypc.com", "connectwise.com",
)  # fmt: skip
"""Domains of the operators of remote control tools, by their own documentation."""
_SPOKEN: Final = (Kind.TRANSACTION, Kind.REQUEST, Kind.RESPONSE, Kind.MESSAGE, Kind.CONNECTION)
_CERTIFICATE: Final = 11


class SessionRules(NetworkRule):
    """Nothing is learned: zones, levels and conduits of the site model say what may reach what."""

    Memory = msgspec.defstruct("Memory", [])

    def judge(self, part: Part) -> Iterator[Notice]:
        """Notices of what one source said in one frame."""
        spoken = part.is_any("kind", _SPOKEN)
        yield from self._administered(part, spoken & part.is_any("protocol", ADMINISTERS))
        yield from self._transferred(part, part.is_any("action", (Action.FILE_WRITE,)))
        yield from self._called_out(part)
        yield from self._shown(part, part.is_any("protocol", (Protocol.TLS,)) & part.is_any("sender", ("server",)))
        yield from self._exposed(part, spoken & part.is_any("protocol", INDUSTRIAL))

    def _administered(self, part: Part, where: Flags) -> Iterator[Notice]:
        for row, _ in part.distinct(("client", "server", "protocol", "ok"), where):
            client, server, protocol = (part.text(name, row) for name in ("client", "server", "protocol"))
            if self._enters(client, server, protocol):
                refused = part.number("ok", row) == 0
                yield self._notice(
                    part,
                    row,
                    "net.remote_admin",
                    subject=f"{client} > {server} {protocol}",
                    severity="low" if refused else "high",
                    sentence=(
                        f"{self._who.name(client)} {'tried to open' if refused else 'opened'} a {protocol} session "
                        f"with {self._who.last(server)}, for which the site model has no conduit"
                        f"{', and was refused' if refused else ''}"
                    ),
                    techniques=("T0886", "T0866"),
                )

    def _transferred(self, part: Part, where: Flags) -> Iterator[Notice]:
        for row, count in part.distinct(("client", "server", "protocol", "ok"), where):
            client, server, protocol = (part.text(name, row) for name in ("client", "server", "protocol"))
            if protocol not in OFFICE or not self._enters(client, server, protocol):
                continue
            refused, name = part.number("ok", row) == 0, part.text("object", row)
            what = f"the file {name}" if name else "a file"
            yield self._notice(
                part,
                row,
                "net.file_transfer",
                subject=f"{client} > {server} {protocol}",
                severity="low" if refused else "high",
                sentence=(
                    f"{self._who.name(client)} {'tried to write' if refused else 'wrote'} {what} to "
                    f"{self._who.last(server)} by {protocol}{f', {count} writes' if count > 1 else ''}, for which the "
                    f"site model has no conduit{', and was refused' if refused else ''}"
                ),
                techniques=("T0867",),
            )

    def _called_out(self, part: Part) -> Iterator[Notice]:
        asked = part.is_any("protocol", (Protocol.TLS, Protocol.DNS)) & part.is_any("sender", ("client",))
        for row, _ in part.distinct(("client", "object"), asked):
            client, name = part.text("client", row), part.text("object", row).lower().rstrip(".")
            tool = next((one for one in _OUT if name == one or name.endswith(f".{one}")), None)
            level = self._who.level(client)
            if tool is None or level is None or level > 3:
                continue
            yield self._notice(
                part,
                row,
                "net.remote_tool",
                subject=f"{client} {tool}",
                severity="high" if level <= _LOW else "medium",
                sentence=(
                    f"{self._who.name(client)}, at Purdue level {level:g}, asked for {name}: a tool for remote control"
                ),
                techniques=("T0886", "T0822"),
                assets=self._who.assets(client),
            )

    def _shown(self, part: Part, where: Flags) -> Iterator[Notice]:
        """Certificates that are out of date, or vouched for by nobody where they come from another zone."""
        shown = where & (part.numbers("function") == _CERTIFICATE)
        for row in shown.nonzero()[0].tolist():
            told = dict(pair.partition("=")[::2] for pair in part.text("identity", row).split("; "))
            client, server = part.text("client", row), part.text("server", row)
            began = part.number("time", row)
            over = _past(told.get("not_after"), began)
            early = not _past(told.get("not_before"), began, missing=True)
            if over or early or "expired" in told.get("validation", ""):
                when = f" on {told['not_after'][:10]}" if over else ""
                what = f"which ended{when}" if not early else f"which begins on {told['not_before'][:10]}"
                sentence = f"{self._who.name(server)} showed {self._who.name(client)} a certificate {what}"
            elif told.get("self_signed") == "yes" and self._who.zone(client) != self._who.zone(server):
                sentence = (
                    f"{self._who.name(server)} showed {self._who.name(client)}, in another zone, a certificate "
                    "that it signed itself"
                )
            else:
                continue
            subject = f": {told['subject']}" if told.get("subject") else ""
            yield self._notice(
                part,
                row,
                "net.certificate",
                subject=f"{server}",
                severity="low",
                sentence=sentence.rstrip(",") + subject,
                techniques=("T0830",),
            )

    def _exposed(self, part: Part, where: Flags) -> Iterator[Notice]:
        for row, _ in part.distinct(("client", "server", "protocol", "ok"), where):
            client, server, protocol = (part.text(name, row) for name in ("client", "server", "protocol"))
            if not self._who.is_public(client) or self._who.asset(client) or self._who.is_public(server):
                continue
            refused = part.number("ok", row) == 0
            yield self._notice(
                part,
                row,
                "net.internet_access",
                subject=f"{client} > {server} {protocol}",
                severity="medium" if refused else "high",
                sentence=(
                    f"{client}, an address of the internet, {'tried to speak' if refused else 'spoke'} {protocol} to "
                    f"{self._who.last(server)}{', which refused' if refused else ''}: it can be reached from outside"
                ),
                techniques=("T0883", "T0822"),
            )

    def _enters(self, client: str, server: str, protocol: str) -> bool:
        """Whether this reaches into control from another zone, or from a stranger, without a conduit."""
        who, level = self._who, self._who.level(server)
        if level is None or level > _LOW or not who.is_node(server) or not who.is_node(client):
            return False
        begin, end = who.zone(client), who.zone(server)
        if begin == end:
            return who.stranger(client)
        return begin is None or end is None or not who.allowed(begin, end, protocol)

    def _notice(
        self,
        part: Part,
        row: int,
        rule: str,
        *,
        subject: str,
        severity: Severity,
        sentence: str,
        techniques: tuple[str, ...],
        assets: tuple[str, ...] | None = None,
    ) -> Notice:
        who, client, server = self._who, part.text("client", row), part.text("server", row)
        return Notice(
            rule=rule,
            subject=subject,
            at=int(part.known[row]),
            began=part.number("time", row),
            severity=severity,
            sentence=sentence,
            assets=who.assets(server, client) if assets is None else assets,
            zone=who.place(server) or who.place(client),
            packets=tuple(filter(None, [part.packet(row)])),
            techniques=techniques,
            confidence=0.6,
            standing=True,
        )


def _past(text: str | None, now: int, *, missing: bool = False) -> bool:
    """Whether a day has passed; `missing` where none is said."""
    if not text:
        return missing
    try:
        return from_iso(text) < now
    except InputError:
        return missing
