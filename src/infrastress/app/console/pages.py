"""The console's pages: files built into the package, read once, served compressed, under a strict policy.

They say nothing of the site, so they need no sign-in. Every address that is no file and not the API's is the console's
own: it reads its address itself.
"""

import mimetypes
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from infrastress.app.api.problems import ApiError

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["BUILT", "POLICY", "Pages", "add_console"]

BUILT = Path(__file__).parent / "built"
"""Where `make console` puts them; not under version control, but in the wheel."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_FOREVER = "public, max-age=31536000, immutable"  # files whose names hold the hash of their content
_UNBUILT = b"""<!doctype html><title>infrastress</title><h1>The console isn't built</h1>
<p>Call <code>make console</code> where infrastress was installed from, then start it again.
The API answers under <code>/api/v1</code>."""


@dataclass(frozen=True)
class _File:
    body: bytes
    packed: bytes | None
    kind: str
    tag: str
    forever: bool


class Pages:
    """The built files, in memory.

    Args:
        folder: where they lie; an empty or missing one is a console that isn't built.
    """

    def __init__(self, folder: Path = BUILT) -> None:
        self._files: dict[str, _File] = {}
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.is_file() and path.suffix != ".gz":
                body, packed = path.read_bytes(), path.with_name(f"{path.name}.gz")
                name = path.relative_to(folder).as_posix()
                kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
                self._files[name] = _File(
                    body,
                    packed.read_bytes() if packed.is_file() else None,
                    "text/javascript" if path.suffix in (".js", ".mjs") else kind,
                    f'"{sha256(body).hexdigest()[:20]}"',
                    name.startswith("assets/"),
                )

    @property
    def built(self) -> bool:
        """Whether there is a console."""
        return "index.html" in self._files

    def answer(self, request: Request, path: str) -> Response:
        """A file, or the console's page for any other address that a browser opens.

        Raises:
            ApiError: 404, there is no such file, and no page was asked for.
        """
        file = self._files.get(path)
        if file is None:
            page = "text/html" in request.headers.get("accept", "") and not path.startswith("api/")
            if not page or path.startswith("assets/"):
                raise ApiError(404, "there is no such page")
            if not self.built:
                return Response(_UNBUILT, 503, {"Content-Security-Policy": "default-src 'none'"}, "text/html")
            file = self._files["index.html"]
        headers = {
            "Content-Security-Policy": POLICY,
            "ETag": file.tag,
            "Cache-Control": _FOREVER if file.forever else "no-cache",
            "Vary": "Accept-Encoding",
        }
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        body = file.body
        if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            body, headers["Content-Encoding"] = file.packed, "gzip"
        return Response(body, headers=headers, media_type=file.kind)


def add_console(app: "FastAPI", pages: Pages) -> None:
    """Serve the console wherever no route of an app fits."""
    otherwise = app.router.default

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            request = Request(scope, receive)
            await pages.answer(request, scope["path"].lstrip("/"))(scope, receive, send)
        else:
            await otherwise(scope, receive, send)

    app.router.default = page
