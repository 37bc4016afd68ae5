"""Evidence: any record of the log in full, what it rests on, and blobs by content hash."""

import re
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from infrastress.app.accounts import Identity, may
from infrastress.app.accounts.permissions import needed_for
from infrastress.app.api.asking import PlantOf, needs, not_modified, who
from infrastress.app.api.plant import Plant
from infrastress.app.api.problems import ApiError
from infrastress.app.api.resting import Reader, parts_of, record_of, spans_of
from infrastress.app.api.wire import card_of, evidence_link, link
from infrastress.client import models
from infrastress.core.errors import DecodeError, StoreError
from infrastress.core.ids import content_hash
from infrastress.core.time import to_iso
from infrastress.events import Alarm, Detection, Event, Incident, decode_event, event_to_json
from infrastress.store.pinned import network_of
from infrastress.store.ports import Record, partition_of

__all__ = ["router"]

router = APIRouter(tags=["evidence"])
_ID = re.compile(r"[0-9a-f]{1,64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NETWORK = 500
_RAW = 100
"""Of what a record rests on, how many are looked up."""

_KINDS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\xd4\xc3\xb2\xa1", "application/vnd.tcpdump.pcap"),
    (b"\xa1\xb2\xc3\xd4", "application/vnd.tcpdump.pcap"),
    (b"\x0a\x0d\x0d\x0a", "application/x-pcapng"),
    (b"%PDF-", "application/pdf"),
)
_SHOWN = frozenset({"image/png", "image/jpeg"})


@router.get("/evidence/{id}")
def get_evidence(plant: PlantOf, id: str, identity: Annotated[Identity, Depends(who)]) -> models.Evidence:
    """An event or detection by its id: the record, its place in the log, spans of its signals, what it rests on."""
    record = _find(plant, id)
    try:
        event = decode_event(record.data)
    except DecodeError as error:
        raise ApiError(500, f"the record can't be read: {error}") from None
    _check(identity, event)
    fields: dict[str, Any] = msgspec.json.decode(event_to_json(event))
    body = event.body
    rests_on: dict[str, str] = {}
    parts: list[models.Part] = []
    card = None
    if isinstance(body, Detection):
        rests_on = {name: evidence_link(name) for name in body.evidence}
        parts = parts_of(body, plant.setup.site)
        card = card_of(plant.setup.cards.get(body.rule))
    elif isinstance(body, Alarm):
        rests_on = {body.detection: evidence_link(body.detection)}
        card = card_of(plant.setup.cards.get(body.rule))
    elif isinstance(body, Incident):
        rests_on = {name: evidence_link(name) for name in body.detections}
    return models.Evidence(
        id=event.id,
        kind=event.kind,
        partition=partition_of(record.subject),
        offset=record.offset,
        bytes=len(record.data),
        sha256=content_hash(record.data),
        event=fields,
        spans=spans_of(event),
        parts=parts,
        rests_on=rests_on,
        raw=Reader(plant, _RAW).raw(list(rests_on), _RAW),
        blobs={digest: link("blobs", digest) for digest in event.blobs},
        card=card,
        network=_network(plant, id) if isinstance(body, Detection) else [],
    )


@router.get(
    "/blobs/{digest}",
    dependencies=[needs("see.evidence")],
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)
def get_blob(request: Request, response: Response, plant: PlantOf, digest: str) -> Response:
    """A picture, packet or file by the SHA-256 of its content, checked as it is read."""
    if not _DIGEST.fullmatch(digest) or not plant.store.blobs.has(digest):
        raise ApiError(404, f"there is no blob {digest!r}")
    not_modified(request, response, digest)
    try:
        data = plant.store.blobs.get(digest)
    except StoreError as error:
        raise ApiError(500, error.what, remedy=error.remedy or "") from None
    kind = next((kind for head, kind in _KINDS if data.startswith(head)), "application/octet-stream")
    ending = {"image/png": ".png", "image/jpeg": ".jpg", "application/pdf": ".pdf"}.get(kind, "")
    how = "inline" if kind in _SHOWN else "attachment"
    headers = {
        "Content-Disposition": f'{how}; filename="{digest[:16]}{ending}"',
        "ETag": response.headers["ETag"],
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, max-age=31536000, immutable",
    }
    return Response(data, media_type=kind, headers=headers)


def _network(plant: Plant, detection: str) -> list[dict[str, Any]]:
    """Rows of the network record that are kept with a detection, without the fields that say nothing."""
    rows = [row for records in network_of(plant.store.log, plant.id, detection) for row in records.rows()]
    rows.sort(key=lambda row: row.time)
    return [
        {name: value for name, value in {**row._asdict(), "time": to_iso(row.time)}.items() if value is not None}
        for row in rows[-_NETWORK:]
    ]


def _find(plant: Plant, id_: str) -> Record:
    record = record_of(plant, id_) if _ID.fullmatch(id_) else None
    if record is None:
        raise ApiError(404, f"the log holds no event {id_!r}", remedy="it may be older than what is kept")
    return record


def _check(identity: Identity, event: Event) -> None:
    permission = needed_for(event)
    if not may(identity, permission):
        raise ApiError(403, f"the role {identity.role} has no permission {permission}")
