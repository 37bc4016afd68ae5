"""Messages of the out-box: what is to go to whom, and how far it is. Each is durable before it is first sent."""

from typing import Literal

import msgspec

from infrastress.core.errors import DecodeError
from infrastress.core.ids import canonical_json, content_hash

__all__ = ["ATTEMPTS", "KIND", "Message", "backoff_s", "decode_message", "encode_message", "message_key", "message_of"]

KIND = "notification"
"""Kind of its keyed records; the partition is notify/<site>."""
ATTEMPTS = 20
"""Tries before a message is given up: about an hour and a quarter."""
_FIRST_S, _LONGEST_S = 5.0, 300.0


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message by one channel.

    `state`: queued (not tried, or to be tried again), sending (a try has begun; after a kill it is tried again under
    the same id), sent, given_up, withdrawn (acknowledged before it could be sent).

    Attributes:
        id: names it for whoever receives it, so that one that comes twice is seen to.
        kind: incident, alarm, digest or test.
        subjects: keys of the incidents and alarms it is about, the gravest first, at most 20.
        route, step: of the settings. more: further subjects it counts.
        title, text: what people read. created: event time, ns.
        attempts, reason: tries so far, and why the last one failed (or what of it did).
        next_try: wall clock, ns; 0 where none is planned. finished: wall clock, ns; 0 before.
    """

    id: str
    site: str
    channel: str
    kind: Literal["incident", "alarm", "digest", "test"]
    severity: str
    title: str
    text: str
    created: int
    subjects: tuple[str, ...] = ()
    more: int = 0
    route: str = ""
    step: int = 0
    state: Literal["queued", "sending", "sent", "given_up", "withdrawn"] = "queued"
    attempts: int = 0
    reason: str = ""
    next_try: int = 0
    finished: int = 0

    @property
    def undelivered(self) -> bool:
        """Whether it should have arrived and hasn't: given up, or failed at least once."""
        return self.state == "given_up" or (self.state in ("queued", "sending") and bool(self.reason))


def message_of(number: int, **fields: object) -> Message:
    """A new message; its id is a hash of its number and content, so that no other message ever has it."""
    blank = Message(id="", **fields)  # type: ignore[arg-type] # checked by the struct's users
    return msgspec.structs.replace(blank, id=content_hash(b"%d\0" % number + canonical_json(blank))[:32])


def message_key(message: Message) -> str:
    """Its key in Records."""
    return f"{message.site}/{message.id}"


def encode_message(message: Message) -> bytes:
    """Canonical bytes."""
    return canonical_json(message)


def decode_message(data: bytes) -> Message:
    """Inverse of `encode_message`; raises DecodeError."""
    try:
        return msgspec.json.decode(data, type=Message)
    except msgspec.MsgspecError as error:
        raise DecodeError(f"no notification: {error}") from None


def backoff_s(attempts: int) -> float:
    """Seconds to wait after so many failed tries."""
    return float(min(_LONGEST_S, _FIRST_S * 2 ** (min(attempts, 20) - 1)))
