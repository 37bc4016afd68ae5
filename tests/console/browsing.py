"""Debian's Chromium, cut off from everything but loopback, and a page that remembers all that went wrong in it."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.peers.processes import program

__all__ = ["DESKTOP", "PHONE", "WALL", "Troubles", "chromium", "launched", "missing"]

DESKTOP, PHONE, WALL = (1440, 900), (390, 844), (3840, 2160)
CHROMIUM = "INFRASTRESS_CHROMIUM"
"""Environment variable: a Chromium elsewhere."""
_WORDS = (
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--font-render-hinting=none",
    "--autoplay-policy=no-user-gesture-required",
)
_HARMLESS = (
    r"requestfailed .*net::ERR_ABORTED",  # a stream or request that ended with its page
    r"401 GET http://127\.0\.0\.1:\d+/api/v1/session$",  # this is how a page asks whether it has to sign in
    r"console error: Failed to load resource: .* 401 .*",  # the browser's words for the same
    r"console warning: .*(WebGL|GL Driver|GPU stall|swiftshader).*",
)


def chromium() -> str | None:
    """Where Chromium is, None where it isn't."""
    return os.environ.get(CHROMIUM) or program("chromium") or program("chromium-browser")


def missing() -> str:
    """What browser tests lack on this machine; empty where they can run."""
    if chromium() is None:
        return "Chromium is not installed (Debian package chromium)"
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "the Python package playwright is not installed (call: make test)"
    return ""


@contextmanager
def launched() -> Iterator[Any]:
    """A headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=list(_WORDS), chromium_sandbox=os.getuid() != 0
        )
        try:
            yield browser
        finally:
            browser.close()


class Troubles:
    """What went wrong in a page: failed requests, answers of 400 and more, requests that would leave this machine,
    errors and warnings on the console (violations of the content security policy among them), uncaught exceptions.

    `expect` names those that a test brings about on purpose.
    """

    def __init__(self, page: Any) -> None:
        self._seen: list[str] = []
        self._expected = [re.compile(pattern) for pattern in _HARMLESS]
        page.on("request", self._request)
        page.on("requestfailed", lambda request: self._add(f"requestfailed {request.url} {request.failure}"))
        page.on("response", self._response)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._add(f"uncaught: {error}"))
        page.on("crash", lambda _: self._add("the page crashed"))

    def expect(self, *patterns: str) -> None:
        """These are no trouble, from the beginning of the page on."""
        self._expected += [re.compile(pattern) for pattern in patterns]

    def expect_server_away(self) -> None:
        """The test stops the server."""
        self.expect(r"requestfailed ", r"net::ERR_", r"50[234] ", r"status of 50[234]")

    @property
    def found(self) -> list[str]:
        """What wasn't expected."""
        return [one for one in self._seen if not any(pattern.search(one) for pattern in self._expected)]

    def _add(self, what: str) -> None:
        self._seen.append(what)

    def _request(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.hostname not in ("127.0.0.1", "localhost"):
            self._add(f"a request to {request.url}")

    def _response(self, response: Any) -> None:
        if response.status >= 400:
            self._add(f"{response.status} {response.request.method} {response.url}")

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self._add(f"console {message.type}: {message.text} ({message.location.get('url', '')})")


def failure_folder(root: Path) -> Path:
    """Where pictures of failed tests go."""
    return Path(os.environ.get("INFRASTRESS_FAILURES", root / ".failures"))
