"""The HTTP service of a source: who may push, how much, in which form; errors as RFC 9457 problems."""

import asyncio
import hmac
import time
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from http import HTTPStatus
from typing import Any

from infrastress.connectors.http_push.acceptance import Answer, Push
from infrastress.connectors.http_push.reading import BodyReader, Form
from infrastress.core.ids import canonical_json

__all__ = ["Service"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_S = 30.0
"""How long a sender may take over its body, s."""
_MAX_KEY = 256
_FORMS: dict[str, Form] = {
    "application/json": "json",
    "application/x-ndjson": "lines",
    "application/jsonl": "lines",
    "application/json-lines": "lines",
    "text/csv": "csv",
}


class _Problem(Exception):  # noqa: N818 - an answer to the sender
    def __init__(self, status: int, detail: str, *headers: tuple[str, str]) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers


class Service:
    """A bare ASGI application.

    Args:
        source: id of the source; what it pushes goes to `/` or `/<source>`.
        token: what `Authorization: Bearer` must hold; None where nobody has to show one.
        reader: reads bodies.
        take: takes pushes; None from it means "come again".
        max_bytes: of a body, both as sent and unpacked.
        rate_per_s: pushes a second, on average; twice as many at once.
    """

    def __init__(
        self,
        source: str,
        token: bytes | None,
        reader: BodyReader,
        take: Callable[[Push], Awaitable[Answer | None]],
        *,
        max_bytes: int,
        rate_per_s: float,
    ) -> None:
        self._paths = ("", "/", f"/{source}")
        self._token, self._reader, self._take, self._max_bytes = token, reader, take, max_bytes
        self._rate, self._allowance, self._looked = rate_per_s, 2 * rate_per_s, time.monotonic()
        self.refused: Counter[int] = Counter()
        """Answers that were errors, by status."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
            form = self._may(scope, headers)
            body = await self._body(headers, receive)
            key = headers.get("idempotency-key", "")
            if len(key) > _MAX_KEY:
                raise _Problem(400, f"an Idempotency-Key has at most {_MAX_KEY} characters")
            answer = await self._take(Push(partial(self._reader.read, form), body, key))
            if answer is None:
                raise _Problem(503, "not stored yet; send the same again", ("retry-after", "5"))
        except _Problem as problem:
            self.refused[problem.status] += 1
            told = {"detail": problem.detail}
            await _send(send, problem.status, told, *problem.headers, ("connection", "close"))
        else:
            if answer.status >= HTTPStatus.BAD_REQUEST:
                self.refused[answer.status] += 1
            await _send(send, answer.status, answer.body)

    def _may(self, scope: Message, headers: dict[str, str]) -> Form:
        """Everything that can be told before the body is read."""
        if scope["path"] not in self._paths:
            raise _Problem(404, f"push to {self._paths[-1]}")
        if scope["method"] != "POST":
            raise _Problem(405, "only POST is answered", ("allow", "POST"))
        if self._token is not None:
            scheme, _, shown = headers.get("authorization", "").partition(" ")
            known = hmac.compare_digest(shown.strip().encode("latin-1"), self._token)
            if scheme.lower() != "bearer" or not known:
                raise _Problem(401, "no valid bearer token", ("www-authenticate", "Bearer"))
        elif "origin" in headers:  # a page in a browser on this machine, and no token that would tell it from a gateway
            raise _Problem(403, "browsers are not answered")
        now = time.monotonic()
        self._allowance = min(2 * self._rate, self._allowance + (now - self._looked) * self._rate)
        self._looked = now
        if self._allowance < 1:
            raise _Problem(429, f"more than {self._rate:g} pushes a second", ("retry-after", "1"))
        self._allowance -= 1
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _FORMS:
            raise _Problem(415, f"send one of {', '.join(_FORMS)}", ("accept", ", ".join(_FORMS)))
        if headers.get("content-encoding", "identity").lower() not in ("identity", "gzip"):
            raise _Problem(415, "a body may be packed with gzip alone", ("accept-encoding", "gzip"))
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._max_bytes:
            raise _Problem(413, f"a body has at most {self._max_bytes} bytes")
        return _FORMS[kind]

    async def _body(self, headers: dict[str, str], receive: Receive) -> bytes:
        pieces: list[bytes] = []
        size, more = 0, True
        try:
            async with asyncio.timeout(BODY_S):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Problem(400, "the body broke off")
                    pieces.append(message.get("body", b""))
                    size += len(pieces[-1])
                    if size > self._max_bytes:
                        raise _Problem(413, f"a body has at most {self._max_bytes} bytes")
                    more = message.get("more_body", False)
        except TimeoutError:
            raise _Problem(408, f"the body took longer than {BODY_S:g} s") from None
        body = b"".join(pieces)
        if headers.get("content-encoding", "identity").lower() == "gzip":
            body = _unpacked(body, self._max_bytes)
        if not body.strip():
            raise _Problem(400, "the body is empty")
        return body


def _unpacked(data: bytes, most: int) -> bytes:
    """Contents of gzip members, never more than `most` bytes and one."""
    out = b""
    try:
        while data:
            member = zlib.decompressobj(wbits=31)
            out += member.decompress(data, most + 1 - len(out))
            if len(out) > most:
                raise _Problem(413, f"unpacked, a body has at most {most} bytes")
            if not member.eof:
                raise _Problem(400, "the gzip body breaks off")
            data = member.unused_data
    except zlib.error:
        raise _Problem(400, "the body is no gzip") from None
    return out


async def _send(send: Send, status: int, body: dict[str, Any], *headers: tuple[str, str]) -> None:
    kind = "application/json"
    if status >= HTTPStatus.BAD_REQUEST:
        kind = "application/problem+json"
        body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, **body}
    data = canonical_json(body)
    every = [("content-type", kind), ("content-length", str(len(data))), ("cache-control", "no-store"), *headers]
    raw = [(name.encode(), value.encode("latin-1")) for name, value in every]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": data})
