"""What is on the network: devices, who speaks to whom, what differs from the site model, and what people know."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response

from infrastress.app.accounts import Identity
from infrastress.app.api.asking import PlantOf, StreamOf, in_turn, needs, not_modified, wanted
from infrastress.app.api.listened import Listened, Told
from infrastress.app.api.pages import page_of, question
from infrastress.app.api.problems import ApiError
from infrastress.app.api.wire import link
from infrastress.client import inventory as wire
from infrastress.client.base import Page
from infrastress.core.ids import canonical_json
from infrastress.detectors.network.who import Who
from infrastress.events import InventoryAction
from infrastress.inventory.corrections import FIELDS, Correction
from infrastress.inventory.cyclonedx import as_cyclonedx
from infrastress.inventory.devices import order_of
from infrastress.inventory.exports import csv_table, device_dict
from infrastress.inventory.matching import KINDS
from infrastress.inventory.proposal import proposal

__all__ = ["router"]

router = APIRouter(tags=["inventory"])
SEE, ACT = needs("see.inventory"), needs("act.inventory")
JSON, CSV, BILL, YAML = "application/json", "text/csv", "application/vnd.cyclonedx+json", "application/yaml"
_FORMS = {"json": JSON, "csv": CSV, "cyclonedx": BILL, "yaml": YAML}
_ENDINGS = {CSV: "csv", BILL: "cdx.json", YAML: "yaml"}
_GRAVE = list(KINDS)

Item = dict[str, Any]
Filter = Annotated[str | None, Query(max_length=120)]
Table = Annotated[Literal["json", "csv"] | None, Query(description="What Accept would say; this goes before it")]
Form = Annotated[
    Literal["json", "csv", "cyclonedx", "yaml"] | None, Query(description="What Accept would say; this goes before it")
]
Key = Annotated[
    str | None, Header(max_length=128, description="The same key is the same act, however often it is sent")
]


def _listened(request: Request) -> Listened:
    listened: Listened = request.app.state.listened
    return listened


ListenedOf = Annotated[Listened, Depends(_listened)]


@dataclass(frozen=True)
class _Asked:
    """A list as somebody asks for it."""

    request: Request
    site: str
    listened: Listened
    position: str
    limit: int
    cursor: str | None

    def form(self, given: str | None, *offered: str) -> str:
        """As which kind of content they want it."""
        return _FORMS[given] if given else wanted(self.request.headers.get("accept", "*/*"), offered)

    def file(self, told: Told, name: str, kind: str, data: bytes) -> Response:
        """All of it as a file."""
        named = f'attachment; filename="{name}-{self.site}.{_ENDINGS[kind]}"'
        return Response(data, headers={**self.tag(told), "Content-Disposition": named}, media_type=kind)

    def page(self, told: Told, listed: "_List") -> Response:
        """A page of it."""
        items, after = page_of(
            listed.items, listed.key, limit=self.limit, cursor=self.cursor, asked=question(*listed.asked)
        )
        found = listed.model([*items], next=after, total=len(listed.items), position=self.position)
        return Response(found.model_dump_json(), headers=self.tag(told), media_type=JSON)

    def tag(self, told: Told) -> dict[str, str]:
        """Headers that name what the answer depends on; raises NotModified where the caller holds this very one."""
        response = Response()
        not_modified(self.request, response, told.tag)
        return {name: response.headers[name] for name in ("ETag", "Vary")}


@dataclass(frozen=True)
class _List:
    """What fits, in which order, what tells the question from others, and how a page of it is told."""

    items: list[Item]
    key: Callable[[Item], tuple[int | str, ...]]
    asked: tuple[Any, ...]
    model: Callable[..., Page]


def _asked(
    *,
    request: Request,
    plant: PlantOf,
    listened: ListenedOf,
    stream: StreamOf,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> _Asked:
    return _Asked(request, plant.id, listened, str(stream.position), limit, cursor)


Asked = Annotated[_Asked, Depends(_asked)]


def _content(*kinds: str) -> dict[int | str, dict[str, Any]]:
    schemas: dict[str, dict[str, Any]] = {CSV: {"type": "string"}, BILL: {"type": "object"}, YAML: {}}
    return {200: {"content": {kind: {"schema": schemas[kind]} for kind in kinds}}}


@router.get("/inventory", dependencies=[SEE], response_model=wire.Inventory, responses=_content(CSV, BILL, YAML))
async def get_inventory(
    *,
    asking: Asked,
    role: Annotated[wire.DeviceRole | None, Query()] = None,
    protocol: Annotated[str | None, Query(max_length=40, description="That it asks or answers by")] = None,
    declared: Annotated[bool | None, Query(description="Those the site model has, or the others")] = None,
    heard: Annotated[bool | None, Query(description="Those that spoke, or that were only asked for")] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of id, name, address, MAC, maker, words")] = None,
    format: Form = None,
) -> Response:
    """Devices by what they say on the network, with role, level and reasons.

    As CSV all that fit; as CycloneDX 1.6 all that spoke; as YAML what `site.yaml` lacks, to be looked at before it is
    pasted.
    """
    kind = asking.form(format, JSON, CSV, BILL, YAML)

    def fits(one: Item) -> bool:
        return (
            (role is None or one["role"]["value"] == role)
            and (protocol is None or protocol in one["client_of"] or protocol in one["server_of"])
            and (declared is None or (one["asset"] is not None) is declared)
            and (heard is None or (one["records"] > 0) is heard)
            and (not q or q.casefold() in _words(one))
        )

    def answer() -> Response:
        told = asking.listened.read()
        if kind in (BILL, YAML):
            return asking.file(told, "inventory", kind, _exported(told, kind))
        items = [one for one in told.plain["devices"] if fits(one)]
        if kind == CSV:
            return asking.file(told, "devices", CSV, csv_table("devices", items).encode())
        parts = ("inventory", role, protocol, declared, heard, q)
        return asking.page(told, _List(items, _device_key, parts, _inventory(told)))

    return await in_turn(asking.request, answer)


@router.get(
    "/inventory/conversations", dependencies=[SEE], response_model=wire.Conversations, responses=_content(CSV)
)  # fmt: skip
async def list_conversations(
    *,
    asking: Asked,
    client: Annotated[str | None, Query(max_length=120, description="Its address")] = None,
    server: Annotated[str | None, Query(max_length=120, description="Its address")] = None,
    device: Annotated[str | None, Query(max_length=120, description="Id of a device: on either side")] = None,
    protocol: Filter = None,
    format: Table = None,
) -> Response:
    """The communication matrix: who asks whom by what, how often answered, refused, left unanswered."""
    kind = asking.form(format, JSON, CSV)

    def answer() -> Response:
        told = asking.listened.read()
        one = told.devices.get(device or "")
        its = {device} if one is None else {*one.addresses}
        items = [
            way
            for way in told.plain["conversations"]
            if (client is None or way["client"] == client)
            and (server is None or way["server"] == server)
            and (protocol is None or way["protocol"] == protocol)
            and (device is None or way["client"] in its or way["server"] in its)
        ]
        if kind == CSV:
            return asking.file(told, "conversations", CSV, csv_table("conversations", items).encode())
        parts = ("conversations", client, server, device, protocol)
        return asking.page(told, _List(items, _way_key, parts, _paged(wire.Conversations)))

    return await in_turn(asking.request, answer)


@router.get("/inventory/differences", dependencies=[SEE], response_model=wire.Differences, responses=_content(CSV))
async def list_differences(
    *, asking: Asked, kind: Annotated[list[wire.DifferenceKind] | None, Query()] = None, format: Table = None
) -> Response:
    """What differs from the site model: strangers, the silent, ways without a conduit, other addresses and roles."""
    form = asking.form(format, JSON, CSV)

    def answer() -> Response:
        told = asking.listened.read()
        items = [one for one in told.plain["findings"] if kind is None or one["kind"] in kind]
        if form == CSV:
            return asking.file(told, "differences", CSV, csv_table("findings", items).encode())
        return asking.page(told, _List(items, _difference_key, ("differences", kind), _paged(wire.Differences)))

    return await in_turn(asking.request, answer)


@router.get("/inventory/corrections", dependencies=[SEE])
def list_corrections(listened: ListenedOf) -> wire.InventoryCorrections:
    """What people said that devices are, with who, when and why."""
    return wire.InventoryCorrections(items=[_correction(one) for one in reversed(listened.read().corrections)])


@router.post("/inventory/corrections")
def correct_device(
    listened: ListenedOf,
    identity: Annotated[Identity, ACT],
    body: wire.CorrectionRequest,
    idempotency_key: Key = None,
) -> wire.CorrectionResult:
    """Say what a device is; it holds over what is heard and what the site model says, until it is taken back."""
    fields: dict[str, str] = {name: _plain(getattr(body, name)) for name in FIELDS if name in body.model_fields_set}
    device, why = body.device.strip(), body.why.strip()
    if not fields or not device or not why:
        raise ApiError(422, f"say which device, why, and at least one of {', '.join(FIELDS)}")
    wish = InventoryAction(device=device, action="correct", fields=fields, by=identity.name, why=why)
    correction, changed, stands = listened.correct(wish, idempotency_key)
    return wire.CorrectionResult(
        correction=_correction(correction), changed=changed, device=_device(device_dict(stands))
    )  # fmt: skip


def _plain(value: str | float | None) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else f"{value:g}"


def _exported(told: Told, kind: str) -> bytes:
    inventory = told.inventory
    if kind == BILL:
        return canonical_json(as_cyclonedx(inventory.site.id, inventory.devices))
    return proposal(inventory.heard, inventory.site, Who(inventory.site), inventory.devices).encode()


def _inventory(told: Told) -> Callable[..., wire.Inventory]:
    plain = told.plain
    kinds = [one["kind"] for one in plain["findings"]]

    def model(items: list[Item], **page: Any) -> wire.Inventory:
        return wire.Inventory(
            items=[_device(one) for one in items],
            heard=sum(device.heard > 0 for device in told.inventory.devices),
            conversations=len(plain["conversations"]),
            differences={name: kinds.count(name) for name in _GRAVE if name in kinds},
            listened_h=told.listened_h,
            sources=plain["sources"],
            overflow=plain["overflow"],
            whole=told.whole,
            **page,
        )

    return model


def _paged(kind: type[Page]) -> Callable[..., Page]:
    return lambda items, **page: kind.model_validate({"items": items, **page})


def _words(one: Item) -> str:
    said = (word["text"] for word in one["says"])
    macs = (card["mac"] for card in one["macs"])
    return "\0".join((one["id"], one["name"], one["vendor"], *one["addresses"], *macs, *said)).casefold()


def _place(address: str) -> tuple[int, str]:
    version, packed = order_of(address)
    return version, packed.hex()


def _device_key(one: Item) -> tuple[int | str, ...]:
    return (*_place(one["addresses"][0]), one["id"])


def _way_key(one: Item) -> tuple[int | str, ...]:
    return (*_place(one["client"]), *_place(one["server"]), one["protocol"])


def _difference_key(one: Item) -> tuple[int | str, ...]:
    return _GRAVE.index(one["kind"]), one["subject"], one["sentence"]


def _device(one: Item) -> wire.NetworkDevice:
    links = {"conversations": f"{link('inventory', 'conversations')}?device={quote(one['id'])}"}
    if one["asset"]:
        links["asset"] = link("assets", one["asset"])
    return wire.NetworkDevice(**one, links=links)


def _correction(one: Correction) -> wire.InventoryCorrection:
    return wire.InventoryCorrection(
        device=one.node, fields=one.fields, at=one.at, by=one.by, why=one.why, act=one.act or None
    )
