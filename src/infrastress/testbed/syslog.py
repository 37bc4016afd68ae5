"""The plant's computers: each login is a syslog message (RFC 5424 in octet counting, RFC 6587) over TCP.

Syslog has no answer, so what is under way while the collector goes down is lost, as it is in a plant.
"""

import asyncio
import contextlib
from collections import deque
from typing import Any

from infrastress.core.clock import EventClock
from infrastress.core.time import to_iso
from infrastress.events import Event, LoginAttempt
from infrastress.events.envelope import body_as
from infrastress.testbed.pacing import pace

__all__ = ["RULES", "SyslogSender", "message_of"]

HOST = "127.0.0.1"
_ID = "login@32473"
"""Structured data of examples (RFC 5612)."""
_AUTH_NOTICE = 10 * 8 + 5

RULES: list[dict[str, Any]] = [
    {
        "needs": [_ID],
        "event": "login",
        "fields": {
            "account": f"{_ID}/account", "host": "host", "origin": f"{_ID}/origin", "remote": f"{_ID}/remote",
            "success": f"{_ID}/success",
        },
        "assets": ["host"],
    }
]  # fmt: skip
"""How the platform's syslog connector reads these messages."""


def message_of(event: Event) -> bytes:
    """The message of a login."""
    body = body_as(event, LoginAttempt)
    fields = {
        "account": body.account, "origin": body.origin, "remote": str(body.remote).lower(),
        "success": str(body.success).lower(),
    }  # fmt: skip
    data = " ".join(f'{name}="{_escaped(value)}"' for name, value in fields.items())
    word = "accepted" if body.success else "failed"
    text = f"session of {body.account} from {body.origin} {word}"
    message = (
        f"<{_AUTH_NOTICE}>1 {to_iso(event.occurred)[:26].rstrip('Z')}Z {body.host} logind - - [{_ID} {data}] {text}"
    )
    encoded = message.encode()
    return b"%d %b" % (len(encoded), encoded)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


class SyslogSender:
    """Sends logins to a collector.

    Args:
        events: logins in their order.
        port: of the collector on loopback.
        clock: event time.
    """

    def __init__(self, events: deque[Event], port: int, clock: EventClock) -> None:
        self._events, self._port, self._clock = events, port, clock
        self._writer: asyncio.StreamWriter | None = None
        self.sent = 0

    @property
    def left(self) -> int:
        """How many logins are still to be sent."""
        return len(self._events)

    async def run(self) -> None:
        """Send until all is sent, or cancelled."""
        try:
            await pace(self._events, self._clock, self._send)
        finally:
            await self._close()

    async def _send(self, events: list[Event]) -> bool:
        try:
            if self._writer is None or self._writer.is_closing():
                _, self._writer = await asyncio.open_connection(HOST, self._port)
            self._writer.write(b"".join(map(message_of, events)))
            await self._writer.drain()
        except OSError:
            await self._close()
            return False
        self.sent += len(events)
        return True

    async def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
