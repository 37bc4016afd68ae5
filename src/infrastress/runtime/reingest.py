"""Re-ingestion: messages kept in quarantine are read again with the mapping in force, and what reads now is taken in.

Somebody orders it (a keyed record); the intake carries it out piece by piece. What a piece gave, which of its messages
are done, and how far the order is are one transaction. So nothing comes twice: not when it is ordered twice, and not
when the process is killed in the middle, after which the order goes on where it was.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from infrastress.core.errors import DecodeError, StoreError
from infrastress.core.ids import content_hash
from infrastress.events.delivery import Balance, Delivery, Raw, Refusal
from infrastress.runtime.kept import Kept, Marks, decode_kept
from infrastress.runtime.ledger import mended
from infrastress.runtime.live import LiveAdmission, Reread
from infrastress.store.ports import Output, Record, Row, Store

__all__ = ["KIND", "Order", "Reingester", "Still", "decode_order", "order_key", "order_output"]

KIND = "reingest"
"""Orders are keyed records of this kind."""
_LOOK_S = 0.5
_CONNECTING_S = 3.0
_PIECE = 200
"""Messages of one transaction."""
_EXAMPLES = 20
_FAILED = "reader-failed"


class Still(msgspec.Struct, frozen=True):
    """A message that is still refused, or in part: where it lies, and why it is now."""

    offset: int
    place: int
    reason: str
    where: str
    what: str


class Order(msgspec.Struct, kw_only=True):
    """An order, and what came of it so far.

    Attributes:
        id, source, by, at, comment: which, of what, who, when (event time, ns), why.
        reason: only messages of which something was refused for this; empty for all.
        dry: only tell what would come of it.
        state: `failed` says why in `error`.
        after, end: offsets in the quarantine: how far it is, and where it ends.
        messages, taken, partly: kept messages read; those that read wholly, and in part.
        refused: how much is still refused, in rows and cells, by the reason why now.
        mended: how much isn't any more, by the reason why it was.
        rows, late, values, events: taken in; `late` of the rows lie behind the watermark: history alone has them.
        examples: of what is still refused.
        finished: event time, ns.
    """

    id: str
    source: str
    by: str
    at: int
    reason: str = ""
    comment: str = ""
    dry: bool = False
    state: Literal["waiting", "running", "done", "failed"] = "waiting"
    after: int = 0
    end: int = 0
    messages: int = 0
    taken: int = 0
    partly: int = 0
    refused: dict[str, int] = {}
    mended: dict[str, int] = {}
    rows: int = 0
    late: int = 0
    values: int = 0
    events: int = 0
    examples: list[Still] = []
    error: str = ""
    finished: int = 0


_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(Order)


def order_key(site: str, order: str) -> str:
    """Key of an order among the records."""
    return f"{site}/{order}"


def order_output(site: str, order: Order) -> Output:
    """An order as it stands, as a record."""
    data = _ENCODER.encode(order)
    return Output(content_hash(data)[:32], f"quarantine/{site}:{KIND}", data, order_key(site, order.id), order.at)


def decode_order(data: bytes) -> Order:
    """Inverse of `order_output`'s data; raises DecodeError."""
    try:
        return _DECODER.decode(data)
    except msgspec.MsgspecError as error:
        raise DecodeError(f"no order: {error}") from None


class Taker(Protocol):
    """What re-ingestion needs of the intake."""

    @property
    def admission(self) -> LiveAdmission:
        """To be used within `perform`."""

    def connector(self, source: str) -> Any:
        """The connector of a source, or None."""

    def perform(self, act: Callable[[int], list[Output]]) -> Awaitable[None]:
        """Have something committed with what it changes in the admission."""


class _Found(NamedTuple):
    """Messages of one record, read again: their places, and what they gave."""

    marks: Marks
    places: list[int]
    rereads: list[Reread]


class Reingester:
    """Carries out a site's orders, one after the other.

    Args:
        store: where orders and kept messages lie.
        site: id of the site.
        taker: the intake.
    """

    def __init__(self, store: Store, site: str, taker: Taker) -> None:
        self._store, self._site, self._taker = store, site, taker
        self._partition = f"quarantine/{site}"
        self._seen: tuple[int, str] | None = None

    async def run(self) -> None:
        """Look for orders until cancelled."""
        while True:
            try:
                order = await asyncio.to_thread(self._next)
                if order is not None:
                    await self._carry_out(order)
                    continue
            except StoreError:
                pass  # the intake says so itself; the order waits
            await asyncio.sleep(_LOOK_S)

    def _next(self) -> Order | None:
        """The oldest order that isn't finished."""
        while rows := self._store.records.list(KIND, after=self._seen, limit=100):
            for row in rows:
                order = self._open(row)
                if order is not None:
                    return order
                self._seen = (row.sort, row.key)
        return None

    def _open(self, row: Row) -> Order | None:
        if not row.key.startswith(f"{self._site}/"):
            return None
        try:
            order = decode_order(row.data)
        except DecodeError:
            return None
        return order if order.state in ("waiting", "running") else None

    async def _carry_out(self, order: Order) -> None:
        if order.state == "waiting" or order.dry:  # one that only tells begins anew after a kill
            order = _fresh(order, end=await asyncio.to_thread(self._store.log.end, self._partition))
            order.state = "running"
        while order.state == "running":
            connector = await self._connector(order.source)
            rereader = getattr(connector, "rereader", lambda: None)()
            if rereader is None:
                order.state = "failed"
                order.error = (
                    "the source has no connection now"
                    if connector is None
                    else "its connector keeps no messages: what it reads comes again by itself"
                )
                break
            records = await asyncio.to_thread(self._records, order)
            if not records:
                order.state = "done"
                break
            for record in records:
                await self._record(order, record, rereader)
                order.after = record.offset
        await self._taker.perform(lambda clock: self._finish(order, clock))

    async def _connector(self, source: str) -> Any:
        """The source's connector; where it has none, as while new connections are put in force, it is waited for."""
        patience = time.monotonic() + _CONNECTING_S
        while (found := self._taker.connector(source)) is None and time.monotonic() < patience:
            await asyncio.sleep(_LOOK_S)
        return found

    def _records(self, order: Order) -> list[Record]:
        log = self._store.log
        after = max(order.after, log.start(self._partition))
        records = log.read(self._partition, after, 4, types=("raw",))
        return [record for record in records if record.offset <= order.end]

    async def _record(self, order: Order, record: Record, rereader: Callable[[Raw, int], Delivery]) -> None:
        try:
            kept = decode_kept(record.data)
        except DecodeError:
            return
        if kept.source != order.source:
            return
        marks = await asyncio.to_thread(self._marks, kept, record.offset)
        wanted = [one for one in marks.waiting(kept) if not order.reason or order.reason in one[1].refused]
        for start in range(0, len(wanted), _PIECE):
            piece = wanted[start : start + _PIECE]
            rereads = await asyncio.to_thread(_read_again, rereader, kept, piece)
            found = _Found(marks, [place for place, _ in piece], rereads)
            if order.dry:
                self._tell(order, found)
                order.late += sum(_behind(one.delivery, self._taker.admission.watermark or 0) for one in rereads)
            else:
                await self._taker.perform(partial(self._take, order, found))

    def _marks(self, kept: Kept, offset: int) -> Marks:
        marks = Marks(kept.source, offset)
        row = self._store.records.get("reread", marks.key(self._site))
        if row is not None:
            with suppress(msgspec.MsgspecError):
                return msgspec.json.decode(row.data, type=Marks)
        return marks

    def _take(self, order: Order, found: _Found, clock: int) -> list[Output]:
        """In the intake's thread: admit what reads now, mark it, and note how far the order is."""
        admission = self._taker.admission
        state = admission.dump()
        before = admission.balances.get(order.source)
        try:
            better = [one for one in found.rereads if _better(one)]
            outputs = admission.reingest(better, clock)
            after = admission.balances[order.source]
        except Exception as error:  # a stranger's delivery may be anything, and must not stop the others
            admission.load(state)
            order.state, order.error = "failed", f"{type(error).__name__}: {error}"
            return []
        self._tell(order, found)
        order.late += after.late - (before.late if before else 0)
        marks = found.marks
        for place, one in zip(found.places, found.rereads, strict=True):
            if not one.delivery.raw:
                marks.done.append(place)
                marks.left.pop(str(place), None)
            elif _better(one):
                marks.left[str(place)] = msgspec.structs.replace(one.delivery.raw[0], data=b"")
        if better:
            outputs.append(marks.output(self._site))
        return [*outputs, order_output(self._site, order)]

    def _tell(self, order: Order, found: _Found) -> None:
        """Add up what came of some messages."""
        for place, (raw, delivery) in zip(found.places, found.rereads, strict=True):
            left = delivery.raw[0] if delivery.raw else None
            balance = delivery.balance
            order.messages += 1
            order.taken += left is None
            better = _better(Reread(raw, delivery))
            order.partly += left is not None and better
            order.rows += sum(map(len, delivery.samples))
            order.events += len(delivery.events)
            order.values += balance.cells_accepted
            gone = mended(raw.refused, left.refused if left is not None else {}) if better else {}
            for reason, count in gone.items():
                order.mended[reason] = order.mended.get(reason, 0) + count
            if left is None:
                continue
            for reason, count in left.refused.items():
                order.refused[reason] = order.refused.get(reason, 0) + count
            for fault in left.faults[:1]:
                if len(order.examples) < _EXAMPLES:
                    order.examples.append(Still(found.marks.offset, place, *fault))

    def _finish(self, order: Order, clock: int) -> list[Output]:
        order.finished = clock
        outputs = [order_output(self._site, order)]
        if not order.dry and order.state == "done":
            fields = ("source", "reason", "by", "comment", "messages", "taken", "partly", "rows", "late", "events")
            told = {name: getattr(order, name) for name in fields}
            outputs.append(self._taker.admission.decide(clock, decision=KIND, order=order.id, **told))
        return outputs


def _fresh(order: Order, *, end: int) -> Order:
    """An order as it was given, up to where the quarantine reaches now."""
    given = ("id", "source", "by", "at", "reason", "comment", "dry")
    return Order(**{name: getattr(order, name) for name in given}, end=end)


def _read_again(rereader: Callable[[Raw, int], Delivery], kept: Kept, piece: Sequence[tuple[int, Raw]]) -> list[Reread]:
    return [Reread(raw, _one(rereader, raw, kept.first + place, kept.source)) for place, raw in piece]


def _one(rereader: Callable[[Raw, int], Delivery], raw: Raw, number: int, source: str) -> Delivery:
    try:
        delivery = rereader(raw, number)
    except Exception as error:  # a stranger's reader may throw anything: its message simply stays
        fault = Refusal(_FAILED, "", f"{type(error).__name__}: {error}"[:200])
        left = msgspec.structs.replace(raw, refused={_FAILED: sum(raw.refused.values())}, faults=(fault,))
        return Delivery(source, b"", balance=Balance(), raw=(left,))
    refused = delivery.balance.quarantined + delivery.balance.cells_refused
    if refused and not delivery.raw:
        left = msgspec.structs.replace(raw, refused=dict(refused), faults=tuple(delivery.refusals[:1]))
        return Delivery(source, b"", raw=(left,))
    return delivery


def _better(one: Reread) -> bool:
    """Whether reading a message again gave anything."""
    delivery = one.delivery
    return not delivery.raw or bool(delivery.samples or delivery.events)


def _behind(delivery: Delivery, watermark: int) -> int:
    return sum(int((samples.times < watermark).sum()) for samples in delivery.samples)
