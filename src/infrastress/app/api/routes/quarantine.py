"""What was refused: by source and reason, the messages as they came, and orders to read them again."""

from collections import Counter
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Header, Query

from infrastress.app.accounts import Identity, may
from infrastress.app.api.asking import PlantOf, StreamOf, known, needs
from infrastress.app.api.books import read_books
from infrastress.app.api.kept import Place, read_kept
from infrastress.app.api.pages import page_of, question
from infrastress.app.api.plant import Plant
from infrastress.app.api.problems import ApiError
from infrastress.app.api.wire import iso, link
from infrastress.client import models, quarantine
from infrastress.core.errors import DecodeError
from infrastress.core.ids import content_hash
from infrastress.core.time import to_iso
from infrastress.events.delivery import Raw
from infrastress.runtime.reingest import KIND, Order, decode_order, order_key, order_output

__all__ = ["router"]

router = APIRouter(tags=["quarantine"])
SEE, ACT = needs("see.quarantine"), needs("act.quarantine")
_TEXT, _HEX = 8_000, 1_000
"""Characters and bytes shown of a message."""
_ORDERS = 50
Filter = Annotated[str | None, Query(max_length=80)]
Key = Annotated[
    str | None, Header(max_length=128, description="The same key is the same order, however often it is sent")
]


@router.get("/quarantine", dependencies=[SEE])
def get_quarantine(
    plant: PlantOf,
    source: Filter = None,
    reason: Filter = None,
    examples: Annotated[int, Query(ge=0, le=20, description="Newest examples of each")] = 5,
) -> models.Quarantine:
    """What was refused, by source and reason, with examples; how much can be read again, and was taken in since."""
    rows: Counter[tuple[str, str]] = Counter()
    cells: Counter[tuple[str, str]] = Counter()
    kept: Counter[tuple[str, str]] = Counter()
    again: Counter[tuple[str, str]] = Counter()
    for name, (book, _) in read_books(plant).items():
        for counter, counts in (
            (rows, book.quarantined),
            (cells, book.cells_refused),
            (again, book.reingested),
            (kept, book.kept),
        ):
            counter.update({(name, why): count for why, count in counts.items()})
    plant.kept.retire(plant.store.log.start(f"quarantine/{plant.id}"))
    waiting, hours = plant.kept.counts()
    with plant.projection.lock:
        told = {key: list(queue) for key, queue in plant.projection.refused.items()}
    items = [
        models.RefusalReason(
            source=key[0],
            reason=key[1],
            rows=rows[key],
            cells=cells[key],
            examples=[
                models.RefusalExample(where=str(c.get("where", "")), what=str(c.get("what", "")), offset=offset)
                for offset, c in reversed(told.get(key, [])[-examples:] if examples else [])
            ],
            kept=kept[key],
            reingested=again[key],
            messages=waiting[key],
            by_hour=[
                models.HourCount(hour=to_iso(hour), count=count) for hour, count in sorted(hours.get(key, {}).items())
            ],
        )
        for key in sorted({*rows, *cells, *told, *waiting})
        if (source is None or key[0] == source) and (reason is None or key[1] == reason)
    ]
    return models.Quarantine(items=items, rows=sum(i.rows for i in items), cells=sum(i.cells for i in items))


@router.get("/quarantine/messages")
def list_messages(
    *,
    plant: PlantOf,
    stream: StreamOf,
    identity: Annotated[Identity, SEE],
    source: Filter = None,
    reason: Filter = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> quarantine.KeptMessages:
    """Messages of which something is refused, as they came, the newest first, without those taken in since."""
    plant.kept.retire(plant.store.log.start(f"quarantine/{plant.id}"))
    places = plant.kept.places(source, reason)
    asked = question("messages", source, reason)
    page, after = page_of(places, lambda at: (-at.offset, -at.place), limit=limit, cursor=cursor, asked=asked)
    found = read_kept(plant.store.log, plant.store.records, plant.id, page)
    items = [_message(plant, identity, at, kept.source, raw) for at, kept, raw in found]
    return quarantine.KeptMessages(items=items, next=after, total=len(places), position=str(stream.position))


@router.post("/quarantine/reingest", status_code=202)
def reingest(
    plant: PlantOf, body: quarantine.ReingestRequest, identity: Annotated[Identity, ACT], idempotency_key: Key = None
) -> quarantine.Reingest:
    """Order that kept messages are read again with the mapping in force, and what reads now is taken in, once.

    The intake carries orders out one after the other; ask for the order to see how far it is.
    """
    known(plant.setup.site.source_by_id.get(body.source), "source", body.source)
    id_ = uuid4().hex[:16]
    if idempotency_key:
        id_ = content_hash(f"{identity.name}\0{idempotency_key}".encode())[:16]
        if row := plant.store.records.get(KIND, order_key(plant.id, id_)):
            return _order(decode_order(row.data))
    order = Order(
        id=id_, source=body.source, by=identity.name, at=plant.clock.now(), reason=body.reason,
        comment=body.comment, dry=body.dry_run,
    )  # fmt: skip
    plant.put(order_output(plant.id, order))
    return _order(order)


@router.get("/quarantine/reingest", dependencies=[SEE])
def list_orders(plant: PlantOf) -> quarantine.Reingests:
    """The newest orders, with what came of them."""
    found: list[Order] = []
    after: tuple[int, str] | None = None
    while rows := plant.store.records.list(KIND, after=after, limit=500):
        found += [decode_order(row.data) for row in rows if row.key.startswith(f"{plant.id}/")]
        found, after = found[-_ORDERS:], (rows[-1].sort, rows[-1].key)
    return quarantine.Reingests(items=[_order(order) for order in reversed(found)])


@router.get("/quarantine/reingest/{order}", dependencies=[SEE])
def get_order(plant: PlantOf, order: str) -> quarantine.Reingest:
    """An order, and what came of it so far."""
    row = known(plant.store.records.get(KIND, order_key(plant.id, order)), "order", order)
    try:
        return _order(decode_order(row.data))
    except DecodeError as error:
        raise ApiError(500, str(error)) from None


def _order(order: Order) -> quarantine.Reingest:
    return quarantine.Reingest(
        id=order.id,
        source=order.source,
        reason=order.reason,
        dry_run=order.dry,
        by=order.by,
        comment=order.comment,
        ordered=to_iso(order.at),
        finished=iso(order.finished),
        state=order.state,
        error=order.error,
        messages=order.messages,
        taken=order.taken,
        partly=order.partly,
        mended=order.mended,
        refused=order.refused,
        rows=order.rows,
        late=order.late,
        values=order.values,
        events=order.events,
        examples=[quarantine.MessageFault(reason=one.reason, where=one.where, what=one.what) for one in order.examples],
        links={"self": link("quarantine", "reingest", order.id)},
    )


def _message(plant: Plant, identity: Identity, at: Place, source: str, raw: Raw) -> quarantine.KeptMessage:
    own = plant.setup.site.source_by_id.get(source)
    withheld = (own is None or own.kind == "reports") and not may(identity, "see.reports")
    text, code = _shown(raw.data)
    faults = [quarantine.MessageFault(**fault._asdict()) for fault in raw.faults]
    return quarantine.KeptMessage(
        id=f"{at.offset}.{at.place}",
        source=source,
        received=to_iso(raw.received),
        about=dict(raw.about),
        refused=dict(raw.refused),
        faults=[fault.model_copy(update={"what": ""}) for fault in faults] if withheld else faults,
        taken=len(raw.taken),
        size=len(raw.data),
        text=None if withheld else text,
        hex=None if withheld else code,
        whole=not withheld and len(raw.data) <= (_HEX if text is None else len((text or "").encode())),
        withheld=withheld,
    )


def _shown(data: bytes) -> tuple[str | None, str | None]:
    """The beginning as text, or in hexadecimal where it is none."""
    if b"\0" not in data[:_TEXT]:
        for cut in range(4):  # a character may be cut in the middle
            head = data[:_TEXT]
            try:
                return head[: len(head) - cut].decode(), None
            except UnicodeDecodeError:
                if len(data) <= _TEXT:
                    break
    return None, data[:_HEX].hex(" ")
