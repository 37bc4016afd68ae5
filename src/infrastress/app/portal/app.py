"""The portal's application: a form, a page for each receipt, and the same for machines."""

import asyncio
import hmac
import json
import os
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from infrastress.app.portal.drawing import Drawing
from infrastress.app.portal.limits import Meter
from infrastress.app.portal.multipart import FormError, Parts, parse_form
from infrastress.app.portal.pages import Pages, Standing
from infrastress.app.portal.photos import PhotoError, cleaned
from infrastress.app.portal.submission import Sender, read_submission, record_of
from infrastress.app.portal.taking import Taker
from infrastress.app.portal.words import choose
from infrastress.connectors.reports.options import ReportsOptions
from infrastress.connectors.reports.records import ALPHABET, Act, Boxes, Record
from infrastress.core.time import to_iso
from infrastress.events.kinds import ReporterRole
from infrastress.site import Site

__all__ = ["Portal", "create_portal"]

LARGEST = 9_000_000
"""Bytes of a body."""
_SMALL = 64_000
_BODY_S = 120.0
_COOKIE = "report-device"
_YEAR_S = 365 * 86_400
_TRIES_PER_H = 60
_STATIC = {"form.css": "text/css", "form.js": "text/javascript", "worker.js": "text/javascript"}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(self), microphone=()",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
}


class _RefusedError(Exception):
    """Why something can't be taken: a status, and the key of a phrase."""

    def __init__(self, status: int, key: str) -> None:
        super().__init__(key)
        self.status, self.key = status, key


class Portal:
    """Answers requests.

    Args:
        site: the site model.
        options: of the source of reports.
        boxes: where reports lie.
        clock: event time, ns.
        staff: the code by which staff are known, None where there is none.

    Attributes:
        counted: what was noted and refused since the start, by a short reason.
        secure: whether it is reached over TLS.
    """

    def __init__(
        self, site: Site, options: ReportsOptions, boxes: Boxes, clock: Callable[[], int], staff: str | None = None
    ) -> None:
        self._site, self._options, self._boxes, self._clock, self._staff = site, options, boxes, clock, staff
        self.taker = Taker(boxes, clock)
        self._drawing = Drawing(site)
        self._pages = Pages(site, options, map_=self._drawing.possible)
        self._devices, self._networks = Meter(options.device_per_h), Meter(options.network_per_h)
        self._tries = Meter(_TRIES_PER_H)
        self._large = asyncio.Semaphore(4)
        self.secure = options.certificate is not None or options.proxy
        self.counted: Counter[str] = Counter()

    async def form(self, request: Request) -> Response:
        """The form."""
        fields = {"asset": request.query_params.get("at", "")[:80]}
        if fields["asset"] not in self._site.asset_by_id:
            fields["asset"] = ""
        return HTMLResponse(self._pages.form(_language(request), fields))

    async def post(self, request: Request) -> Response:
        """A report from the form, answered by the page of its receipt."""
        language = _language(request)
        fields: Mapping[str, str] = {}
        try:
            parts = await self._parts(request)
            fields = parts.fields
            told = await self._take(request, parts.fields, parts, language, "web")
        except _RefusedError as refused:
            self.counted[refused.key] += 1
            page = self._pages.form(language, fields, self._pages.say(language, refused.key))
            return HTMLResponse(page, refused.status)
        answer = RedirectResponse(f"/r/{told.receipt}?lang={language}&new=1", 303)
        return self._marked(answer, told.device)

    async def place(self, request: Request) -> Response:
        """The form again, with the mark that a touch on the map made."""
        language = _language(request)
        try:
            fields = dict((await self._parts(request)).fields)
        except _RefusedError as refused:
            return HTMLResponse(self._pages.plain(language, self._pages.say(language, refused.key)), refused.status)
        x, y = fields.get("map.x", ""), fields.get("map.y", "")
        if x.isdigit() and y.isdigit() and len(x + y) < 9 and (x, y) != ("0", "0") and self._drawing.possible:
            latitude, longitude = self._drawing.touched(int(x), int(y))
            fields |= {"latitude": str(latitude), "longitude": str(longitude)}
        return HTMLResponse(self._pages.form(language, fields))

    async def map(self, request: Request) -> Response:
        """The map."""
        parts = request.query_params.get("at", "")[:60].split(",")
        mark = None
        if len(parts) == 2:
            try:
                mark = float(parts[0]), float(parts[1])
            except ValueError:
                mark = None
        if mark is not None and not (abs(mark[0]) <= 90 and abs(mark[1]) <= 180):
            mark = None
        return Response(self._drawing.svg(mark), media_type="image/svg+xml")

    async def state(self, request: Request) -> Response:
        """How a report stands."""
        language = _language(request)
        try:
            standing = self._standing(request, request.path_params["receipt"])
        except _RefusedError as refused:
            return HTMLResponse(self._pages.plain(language, self._pages.say(language, refused.key)), refused.status)
        return HTMLResponse(self._pages.state(language, standing, fresh="new" in request.query_params))

    async def look_up(self, request: Request) -> Response:
        """To the page of a receipt that was typed in."""
        return RedirectResponse(f"/r/{_tidy(request.query_params.get('receipt', ''))}?lang={_language(request)}", 303)

    async def erase(self, request: Request) -> Response:
        """Delete the key of a reporter."""
        language, receipt = _language(request), request.path_params["receipt"]
        try:
            self._erase(request, receipt)
        except _RefusedError as refused:
            return HTMLResponse(self._pages.plain(language, self._pages.say(language, refused.key)), refused.status)
        answer = RedirectResponse(f"/r/{_tidy(receipt)}?lang={language}", 303)
        answer.delete_cookie(_COOKIE)
        return answer

    async def api_post(self, request: Request) -> Response:
        """A report from a machine or from the form's script."""
        language = _language(request)
        try:
            kind = request.headers.get("content-type", "")
            if kind.partition(";")[0].strip().lower() == "application/json":
                parts = Parts({}, {})
                fields = _object(await self._body(request))
            else:
                parts = await self._parts(request)
                fields = parts.fields
            asked = fields.get("language")
            told = await self._take(
                request, fields, parts, choose(asked if isinstance(asked, str) else "", language), "api"
            )
        except _RefusedError as refused:
            self.counted[refused.key] += 1
            return self._problem(language, refused)
        body = {
            "receipt": told.receipt,
            "page": f"/r/{told.receipt}?lang={language}&new=1",
            "received": to_iso(told.received),
            "notes": list(told.notes),
            "behind": told.behind,
            "repeated": told.repeated,
        }
        return self._marked(JSONResponse(body, 200 if told.repeated else 201), told.device)

    async def api_state(self, request: Request) -> Response:
        """How a report stands, for machines; DELETE erases its reporter."""
        language, receipt = _language(request), request.path_params["receipt"]
        try:
            if request.method == "DELETE":
                self._erase(request, receipt)
            standing = self._standing(request, receipt)
        except _RefusedError as refused:
            return self._problem(language, refused)
        return JSONResponse(
            {
                "receipt": standing.receipt,
                "category": standing.category,
                "received": to_iso(standing.received),
                "reached": {name: to_iso(at) for name, at in standing.reached.items()},
                "answers": list(standing.answers),
                "notes": list(standing.notes),
            }
        )

    async def static(self, request: Request) -> Response:
        """Style and scripts of the form."""
        name = request.path_params.get("name", "worker.js")
        if name not in _STATIC:
            return Response(status_code=404)
        data = files(__package__).joinpath("static", name).read_bytes()
        return Response(data, media_type=_STATIC[name], headers={"Cache-Control": "no-cache"})

    async def alive(self, request: Request) -> Response:
        """For whoever watches."""
        del request
        return JSONResponse({"live": True})

    async def _take(
        self, request: Request, fields: Mapping[str, Any], parts: Parts, language: str, channel: str
    ) -> "_Taken":
        now, vault = self._clock(), self._boxes.vault
        told = read_submission(fields, self._site, language, now)
        if told.missing:
            raise _RefusedError(422, "missing")
        token = request.cookies.get(_COOKIE) or request.headers.get("x-device", "")
        if not 16 <= len(token) <= 200:
            token = secrets.token_urlsafe(24)
        key = fields.get("key") or request.headers.get("idempotency-key", "")
        mark = vault.mark("key", key) if isinstance(key, str) and 8 <= len(key) <= 200 else ""
        if mark and (repeated := self._again(mark)) is not None:
            return repeated._replace(device=token)
        network = vault.network(self._address(request), now)
        crowded = [self._devices.over(vault.mark("device", token), now), self._networks.over(network, now)]
        role = self._role(request, fields, told.notes, network, now)
        lane = "insider" if told.category == "insider" else "behind" if any(crowded) and role != "staff" else "main"
        try:
            reporter = await asyncio.to_thread(vault.reporter, token)
            photo = await self._photo(parts, told.notes, reporter, lane)
            sender = Sender(reporter, network, role, channel)
            receipt = _receipt_of(vault.mark("receipt", mark)) if mark else None
            record, opener = record_of(told, sender, vault, now, photo=photo, key=mark, receipt=receipt)
            await self.taker.take(record, lane)
        except OSError:
            raise _RefusedError(503, "not_kept") from None
        self.counted.update(f"noted: {note}" for note in record.notes)
        return _Taken(f"{record.number}-{opener}", now, record.notes, lane == "behind", False, token)

    def _again(self, mark: str) -> "_Taken | None":
        """What was taken under a sender's own key before."""
        number, opener = _receipt_of(self._boxes.vault.mark("receipt", mark))
        found = self.taker.find(number)
        if found is None or found[0].key != mark:
            return None
        record, lane = found
        return _Taken(f"{number}-{opener}", record.received, record.notes, lane == "behind", True, "")

    def _role(
        self, request: Request, fields: Mapping[str, Any], notes: list[str], network: str, now: int
    ) -> ReporterRole:
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        given = shown if scheme.lower() == "bearer" else fields.get("staff", "")
        if not isinstance(given, str) or not given.strip():
            return "neighbour"
        tried = self._staff is None or self._tries.over(f"staff {network}", now)
        if self._staff is not None and not tried and hmac.compare_digest(given.strip().encode(), self._staff.encode()):
            return "staff"
        notes.append("staff")
        return "neighbour"

    async def _photo(self, parts: Parts, notes: list[str], reporter: str, lane: str) -> str:
        """Keep a photo, sealed for its reporter, by the hash of what is kept; "" where there is none."""
        file = parts.files.get("photo")
        if file is None:
            return ""
        if lane == "behind":
            notes.append("photo_busy")
            return ""
        try:
            picture = await asyncio.to_thread(cleaned, file.data)
        except PhotoError as error:
            notes.append(str(error))
            return ""
        sealed = self._boxes.vault.seal(reporter, picture, "photo")
        digest = sha256(sealed).hexdigest()
        await asyncio.to_thread(_keep, self._boxes.photos, digest, sealed)
        return digest

    def _found(self, request: Request, receipt: str) -> tuple[Record, str, str]:
        tidy = _tidy(receipt)
        number, _, opener = tidy.partition("-")
        network = self._boxes.vault.network(self._address(request), self._clock())
        found = self.taker.find(number) if opener else None
        if found is None or not self._boxes.vault.matches(found[0].mark, number, opener):
            if self._tries.over(network, self._clock()):
                raise _RefusedError(429, "many_tries")
            raise _RefusedError(404, "unknown")
        return (*found, tidy)

    def _standing(self, request: Request, receipt: str) -> Standing:
        record, lane, tidy = self._found(request, receipt)
        reached = {"received": record.received}
        answers = []
        for act in self.taker.acts(record.number):
            reached.setdefault(act.act, act.at)
            if act.act in ("answered", "linked"):
                reached.setdefault("seen", act.at)
            if act.act == "answered":
                opened = self._boxes.vault.open(record.reporter, act.sealed, f"answer {record.number}")
                if opened is not None:
                    answers.append(opened.decode("utf-8", "replace"))
        return Standing(tidy, record.category, record.received, reached, tuple(answers), record.notes, lane == "behind")

    def _erase(self, request: Request, receipt: str) -> None:
        record, _, _ = self._found(request, receipt)
        now = self._clock()
        try:
            self._boxes.vault.erase(record.reporter)
            if record.photo:
                (self._boxes.photos / record.photo).unlink(missing_ok=True)
            self._boxes.act(Act(record.number, "erased", now, by="reporter"))
        except OSError:
            raise _RefusedError(503, "not_kept") from None

    def _marked(self, answer: Response, device: str) -> Response:
        answer.set_cookie(_COOKIE, device, max_age=_YEAR_S, httponly=True, samesite="lax", secure=self.secure, path="/")
        return answer

    def _problem(self, language: str, refused: _RefusedError) -> Response:
        body = {"type": "about:blank", "status": refused.status, "detail": self._pages.say(language, refused.key)}
        return JSONResponse(body, refused.status, media_type="application/problem+json")

    def _address(self, request: Request) -> str:
        own = request.client.host if request.client is not None else ""
        if self._options.proxy and (told := request.headers.get("x-forwarded-for")):
            return told.rpartition(",")[2].strip()
        return own

    async def _parts(self, request: Request) -> Parts:
        kind = request.headers.get("content-type", "")
        try:
            return parse_form(kind, await self._body(request))
        except FormError:
            raise _RefusedError(400, "wrong") from None

    async def _body(self, request: Request) -> bytes:
        """The body, never more than fits; few large ones at once."""
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length) > LARGEST:
            raise _RefusedError(413, "too_large")
        if length.isdigit() and int(length) <= _SMALL:
            return await _read(request)
        async with self._large:
            return await _read(request)


class _Taken(msgspec.Struct, frozen=True):
    """What whoever sent it is told."""

    receipt: str
    received: int
    notes: tuple[str, ...]
    behind: bool
    repeated: bool
    device: str

    def _replace(self, **changes: Any) -> "_Taken":
        return msgspec.structs.replace(self, **changes)


async def _read(request: Request) -> bytes:
    data = bytearray()
    try:
        async with asyncio.timeout(_BODY_S):
            async for piece in request.stream():
                data += piece
                if len(data) > LARGEST:
                    raise _RefusedError(413, "too_large")
    except (TimeoutError, ClientDisconnect):
        raise _RefusedError(408, "wrong") from None
    return bytes(data)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise _RefusedError(400, "wrong") from None
    if not isinstance(found, dict):
        raise _RefusedError(400, "wrong")
    return found


def _language(request: Request) -> str:
    return choose(request.query_params.get("lang", ""), request.headers.get("accept-language", ""))


def _receipt_of(mark: str) -> tuple[str, str]:
    """A receipt made of a keyed hash, so that the same key gives the same one."""
    number = int(mark, 16)
    letters = []
    for _ in range(14):
        number, rest = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[rest])
    return "".join(letters[:6]), "".join(letters[6:])


def _tidy(receipt: str) -> str:
    """A receipt as it is printed, however it was typed."""
    letters = "".join(letter for letter in receipt.upper()[:40] if letter in ALPHABET)
    return f"{letters[:6]}-{letters[6:14]}"


def _keep(folder: Path, digest: str, data: bytes) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = folder / f".{digest}"
    with part.open("wb") as file:
        part.chmod(0o600)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / digest)


def create_portal(portal: Portal) -> Any:
    """The ASGI application of a portal."""
    app = Starlette(
        routes=[
            Route("/", portal.form, methods=["GET"]),
            Route("/", portal.post, methods=["POST"]),
            Route("/place", portal.place, methods=["POST"]),
            Route("/map.svg", portal.map),
            Route("/state", portal.look_up),
            Route("/r/{receipt}", portal.state),
            Route("/r/{receipt}/erase", portal.erase, methods=["POST"]),
            Route("/api/reports", portal.api_post, methods=["POST"]),
            Route("/api/reports/{receipt}", portal.api_state, methods=["GET", "DELETE"]),
            Route("/static/{name}", portal.static),
            Route("/worker.js", portal.static),
            Route("/alive", portal.alive),
        ]
    )

    async def dressed(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message["headers"]}
                extra = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
                if b"cache-control" not in names:
                    extra.append((b"cache-control", b"no-store"))
                if portal.secure:
                    extra.append((b"strict-transport-security", b"max-age=31536000"))
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        await app(scope, receive, sending if scope["type"] == "http" else send)

    return dressed
