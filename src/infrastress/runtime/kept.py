"""Messages kept in quarantine: how they lie in the log, how much is kept, and which were taken in since.

A record `raw` of `quarantine/<site>` holds messages of one source, numbered in the order in which they were refused. It
never changes. What became of its messages when they were read again stands in the newest record `reread` of its offset.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from infrastress.core.errors import DecodeError
from infrastress.core.ids import content_hash, event_id
from infrastress.core.time import DAY
from infrastress.events.delivery import Raw
from infrastress.store.ports import Output

__all__ = [
    "KEPT_DAYS",
    "MOST_BYTES",
    "MOST_MESSAGES",
    "Budget",
    "Kept",
    "Marks",
    "chief_reason",
    "decode_kept",
    "kept_output",
]

MOST_BYTES, MOST_MESSAGES = 64_000_000, 200_000
"""Kept of one source; at most half of it for one reason, so that one fault can't hide the others."""
KEPT_DAYS = 90.0
"""Days over which that is counted where the site doesn't say how long quarantine is kept."""
_OVERHEAD = 100


class Kept(msgspec.Struct, frozen=True):
    """Messages of one source; `first` is the number of the first."""

    source: str
    first: int
    messages: tuple[Raw, ...]


class Marks(msgspec.Struct):
    """What became of the messages of a record, by their place in it.

    Attributes:
        source: whose messages.
        offset: of the record.
        done: taken in wholly.
        left: taken in partly: what is left, without the bytes.
    """

    source: str
    offset: int
    done: list[int] = []
    left: dict[str, Raw] = {}

    def key(self, site: str) -> str:
        """Of the newest version."""
        return f"{site}/{self.source}/{self.offset}"

    def waiting(self, kept: Kept) -> Iterator[tuple[int, Raw]]:
        """Messages that are still to be taken in, with their places."""
        done = set(self.done)
        for place, raw in enumerate(kept.messages):
            if place not in done:
                left = self.left.get(str(place))
                yield place, raw if left is None else msgspec.structs.replace(left, data=raw.data)

    def output(self, site: str) -> Output:
        """As a record."""
        data = _JSON.encode(self)
        return Output(content_hash(data)[:32], f"quarantine/{site}:reread", data, self.key(site), self.offset)


_JSON = msgspec.json.Encoder(order="sorted")
_MSGPACK = msgspec.msgpack.Encoder(order="sorted")
_KEPT = msgspec.msgpack.Decoder(Kept)


def kept_output(site: str, source: str, first: int, messages: Sequence[Raw]) -> Output:
    """A record of messages."""
    data = zlib.compress(_MSGPACK.encode(Kept(source, first, tuple(messages))), 1)
    return Output(event_id(source, first, data), f"quarantine/{site}:raw", data)


def decode_kept(data: bytes) -> Kept:
    """The messages of a record.

    Raises:
        DecodeError: the bytes are none.
    """
    try:
        return _KEPT.decode(zlib.decompress(data))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise DecodeError(f"no kept messages: {error}") from None


class Budget(msgspec.Struct):
    """How much of a source is kept: (bytes, messages) by day and reason. What is too old or taken in makes room."""

    days: dict[str, dict[str, tuple[int, int]]] = {}

    def admit(self, messages: Sequence[Raw], kept_days: float) -> list[Raw]:
        """Those for which there is room, counted as kept.

        Args:
            messages: in order.
            kept_days: how long messages are kept, days.
        """
        if not messages:
            return []
        newest = messages[-1].received
        for day in [day for day in self.days if int(day) * DAY < newest - kept_days * DAY - DAY]:
            del self.days[day]
        total, by_reason = [0, 0], dict[str, list[int]]()
        for reasons in self.days.values():
            for reason, (size, count) in reasons.items():
                own = by_reason.setdefault(reason, [0, 0])
                for sums in (total, own):
                    sums[0] += size
                    sums[1] += count
        taken = []
        for raw in messages:
            reason, size = chief_reason(raw.refused), len(raw.data) + _OVERHEAD
            own = by_reason.setdefault(reason, [0, 0])
            fits = total[0] + size <= MOST_BYTES and total[1] < MOST_MESSAGES
            if not fits or own[0] + size > MOST_BYTES // 2 or own[1] >= MOST_MESSAGES // 2:
                continue
            for sums in (total, own):
                sums[0] += size
                sums[1] += 1
            self.hold(raw, reason)
            taken.append(raw)
        return taken

    def hold(self, raw: Raw, reason: str) -> None:
        """A message is kept for a reason."""
        self._add(raw, reason, len(raw.data) + _OVERHEAD, 1)

    def release(self, raw: Raw, reason: str) -> None:
        """A message was taken in; `reason` is the one that it was kept for."""
        self._add(raw, reason, -len(raw.data) - _OVERHEAD, -1)

    def _add(self, raw: Raw, reason: str, size: int, count: int) -> None:
        day = self.days.setdefault(str(raw.received // DAY), {})
        known = day.get(reason, (0, 0))
        day[reason] = (max(0, known[0] + size), max(0, known[1] + count))


def chief_reason(refused: Mapping[str, int]) -> str:
    """The reason for most of what was refused of a message."""
    return max(sorted(refused), key=lambda reason: refused[reason], default="")
