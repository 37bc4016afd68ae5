"""What stands before every request: who asks, by which name we were called, from which page, how often; and metrics.

No page of another origin may make a browser act here: unsafe methods need a same-origin request and a token in a header
(double submit), the Host header must be a name of ours (DNS rebinding), and there is no CORS.
"""

import hmac
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infrastress.app.accounts import Book, Identity
from infrastress.app.accounts.throttle import Buckets
from infrastress.app.api.headers import HEADERS
from infrastress.app.api.problems import problem_response
from infrastress.app.api.settings import LOOPBACK_NAMES, ApiSettings, is_loopback
from infrastress.core.errors import ConfigurationError

__all__ = ["CSRF_HEADER", "Guard", "cookie_name", "csrf_of"]

CSRF_HEADER = "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_URL = 8000
_HOW = f"send {CSRF_HEADER} as GET /api/v1/session tells it, from a page of this server"
_UNCOUNTED = ("/api/v1/health/live", "/api/v1/health/ready")

Observe = Callable[[str, str, int, float], None]


def too_many(what: str, wait: float, path: str) -> Response:
    """The answer to who comes too often."""
    seconds = str(max(1, round(wait + 0.5)))
    headers = {"Retry-After": seconds}
    return problem_response(429, f"too many {what}", path, remedy=f"wait {seconds} s", headers=headers)


def csrf_of(secret: str) -> str:
    """The CSRF token of a session: made of its secret, which no page can read, so it outlives a restart."""
    return hmac.new(b"infrastress csrf 1", secret.encode(), sha256).hexdigest()


def cookie_name(*, tls: bool) -> str:
    """Name of the session's cookie; over TLS browsers hold it to this host and to TLS."""
    return "__Host-infrastress" if tls else "infrastress-session"


class Guard:
    """ASGI middleware; leaves the identity and the CSRF token in `scope["state"]`.

    Args:
        app: what stands behind.
        settings: of the API.
        book: accounts, sessions and tokens.
        observe: told route, method, status and seconds of each request.
    """

    def __init__(self, app: ASGIApp, *, settings: ApiSettings, book: Book, observe: Observe) -> None:
        self._app, self._settings, self._book, self._observe = app, settings, book, observe
        self._hosts = {name.lower() for name in (*LOOPBACK_NAMES, *settings.hosts, _bracketed(settings.host))}
        self._buckets = Buckets(settings.rate, settings.burst)
        self._cookie = cookie_name(tls=settings.tls)
        self._local_csrf = secrets.token_urlsafe(24)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._dress(MutableHeaders(scope=message))
            await send(message)

        try:
            refusal = self._refusal(scope)
            await (refusal or self._app)(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            self._observe(str(route), scope["method"], status, time.perf_counter() - began)

    def _refusal(self, scope: Scope) -> Callable[[Scope, Receive, Send], Awaitable[None]] | None:
        headers, path = Headers(scope=scope), scope["path"]
        address = scope["client"][0] if scope.get("client") else ""
        if not self._ours(headers.getlist("host")):
            return problem_response(
                421, "this server isn't called by that name", path, remedy="name it among the hosts in api.yaml"
            )
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > _LONGEST_URL:
            return problem_response(414, f"the address is longer than {_LONGEST_URL} bytes", path)
        try:
            identity, csrf, failed = self._who(headers, address)
        except ConfigurationError as error:
            return problem_response(503, error.what, path, remedy=error.remedy or "")
        scope.setdefault("state", {}).update(identity=identity, csrf=csrf, address=address)
        if path not in _UNCOUNTED and (wait := self._buckets.take(identity.key or address if identity else address)):
            return too_many("requests", wait, path)
        reason = "" if scope["method"] in _SAFE else self._forged(headers, identity, csrf)
        if failed or reason:
            return problem_response(
                401 if failed else 403,
                "the token is unknown or has expired" if failed else reason,
                path,
                remedy="make another: infrastress accounts token" if failed else _HOW,
                headers={"WWW-Authenticate": "Bearer"} if failed else {},
            )
        return None

    def _ours(self, hosts: list[str]) -> bool:
        if len(hosts) != 1:
            return False
        host = hosts[0].strip().lower()
        name = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
        return name.rstrip(".") in self._hosts

    def _who(self, headers: Headers, address: str) -> tuple[Identity | None, str | None, bool]:
        """Who asks, the CSRF token that belongs to it, and whether a token was given that isn't good."""
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            identity = self._book.token(secret.strip())
            return identity, None, identity is None
        secret = _cookie(headers.getlist("cookie"), self._cookie)
        if secret and (identity := self._book.session(secret)) is not None:
            return identity, csrf_of(secret), False
        if self._settings.local and is_loopback(address) and not self._book.can_sign_in:
            return Identity("local", "local", "local"), self._local_csrf, False
        return None, None, False

    def _forged(self, headers: Headers, identity: Identity | None, csrf: str | None) -> str:
        """Why a request that changes something may come from another page; empty when it can't."""
        if identity is not None and identity.kind == "token":
            return ""  # no browser sends it by itself
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return "the request comes from another page"
        origin = headers.get("origin")
        if origin is not None:
            try:
                own = urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
            except ValueError:
                own = False
            if not own:
                return "the request comes from another page"
        given = headers.get(CSRF_HEADER, "")
        if csrf is not None and not hmac.compare_digest(given.encode(), csrf.encode()):
            return f"the header {CSRF_HEADER} is missing or wrong"
        return ""

    def _dress(self, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", "private, no-cache")
        if self._settings.tls:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _cookie(lines: Iterable[str], name: str) -> str:
    found: Any = SimpleCookie()
    for line in lines:
        try:
            found.load(line)
        except CookieError:
            continue
    return found[name].value if name in found else ""
