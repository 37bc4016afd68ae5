"""The syslog connector: listens on UDP and TCP, with TLS where it has a certificate.

Syslog acknowledges nothing: what is on its way when this process dies is lost, and seen where the sender numbers its
messages (`meta sequenceId`).
"""

from collections import OrderedDict
from typing import cast

import msgspec

from infrastress.connectors.base import LiveContext
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.listening import Framing, Listener, refuse
from infrastress.connectors.records import Refused
from infrastress.connectors.syslog.framing import Frames
from infrastress.connectors.syslog.message import Malformed, Message, parse
from infrastress.connectors.syslog.options import SyslogOptions
from infrastress.connectors.syslog.rules import Rules
from infrastress.connectors.times import zone_of
from infrastress.core.errors import DecodeError
from infrastress.site import Site
from infrastress.site.sources import Source

__all__ = ["SyslogConnector"]

_SENDERS = 1_000
"""Senders whose numbers are remembered."""
_HIGHEST = 2_147_483_647


class SyslogConnector(Listener):
    """Listens to syslog messages."""

    name = "syslog"
    Options = SyslogOptions

    def __init__(self, site: Site, source: Source, options: SyslogOptions, context: LiveContext) -> None:
        super().__init__(site, source, options, context)
        self._rules = Rules(options.rules, site, source.id)
        self._zone = zone_of(options.time_zone or site.time_zone)
        self._numbers: OrderedDict[str, int] = OrderedDict()

    def framing(self) -> Framing:
        """As `Listener.framing`."""
        return Frames(self.options.longest_bytes)

    def opened(self, cursor: bytes) -> None:
        """As `Listener.opened`: numbers go on where senders number their messages."""
        try:
            self._numbers = OrderedDict(msgspec.msgpack.decode(cursor, type=dict[str, int]) if cursor else {})
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no position of this connector: {error}") from None

    def mark(self) -> bytes:
        """As `Listener.mark`."""
        return msgspec.msgpack.encode(dict(self._numbers))

    def read(self, inbox: Inbox, line: bytes, sender: str, now: int) -> None:
        """As `Listener.read`."""
        message: Message | None = None
        try:
            message = parse(line, now, self._zone)
            time = now if message.time is None else message.time
            event = self._rules.event(message, sender, time, inbox.next_event)
        except (Malformed, Refused) as refused:
            refuse(inbox, refused.reason, sender, line)
            inbox.keep(line, now, sender=sender)
        else:
            if event is None:
                inbox.refuse("no-rule", sender, "", dropped=True)
            else:
                inbox.event(event)
        if message is not None:
            self._follow(inbox, message, sender)

    def _follow(self, inbox: Inbox, message: Message, sender: str) -> None:
        """Look for missing messages (RFC 5424, section 7.3.1)."""
        told = message.data.get("meta", {}).get("sequenceId", "")
        if not (told.isascii() and told.isdigit() and len(told) <= 10 and 0 < int(told) <= _HIGHEST):
            return
        number, name = int(told), f"{message.host or sender}/{message.app}/{message.process}"[:200]
        last = self._numbers.pop(name, None)
        if last is not None and number > last + 1:
            missing = f"number {last + 1} is" if number == last + 2 else f"numbers {last + 1} to {number - 1} are"
            inbox.refuse_cell("sequence-gap", name, f"{missing} missing", spoils=False)
        restarted = last is None or number == 1 or last == _HIGHEST
        self._numbers[name] = number if restarted else max(number, cast(int, last))
        if len(self._numbers) > _SENDERS:
            self._numbers.popitem(last=False)
