"""Debian's Chromium, cut off from everything but loopback, and a page that remembers all that went wrong in it."""

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.console.scenes import PASSWORD
from tests.peers.processes import program

__all__ = [
    "DESKTOP",
    "PHONE",
    "WALL",
    "Troubles",
    "chromium",
    "drawn",
    "failure_folder",
    "launched",
    "listening",
    "missing",
    "sign_in",
]

ROOT = Path(__file__).resolve().parents[2]
MESSAGES = ROOT / "console" / "src" / "messages"
PATIENCE_S = 20.0
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
_READING = [json.loads((MESSAGES / language / "ui.json").read_text())["loading"] for language in ("en", "de")]


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
        self.streams = 0
        """How often the page has connected to the server's stream."""
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
        if urlsplit(response.url).path == "/api/v1/stream" and response.status == 200:
            self.streams += 1
        if response.status >= 400:
            self._add(f"{response.status} {response.request.method} {response.url}")

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self._add(f"console {message.type}: {message.text} ({message.location.get('url', '')})")


def failure_folder() -> Path:
    """Where pictures of failed tests go."""
    folder = ROOT / ".failures"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def opened(
    browser: Any,
    console: Any,
    path: str = "/",
    *,
    size: tuple[int, int] = DESKTOP,
    theme: str = "light",
    before: str = "",
    scale: float = 1.0,
) -> Iterator[Any]:
    """A page outside of tests, for pictures and measurements; `before` is run before the page's own scripts."""
    context = browser.new_context(
        base_url=console.address,
        viewport={"width": size[0], "height": size[1]},
        color_scheme=theme,
        locale="en-GB",
        timezone_id="UTC",
        reduced_motion="reduce",
        device_scale_factor=scale,
    )
    try:
        page = context.new_page()
        page.troubles = Troubles(page)
        if before:
            page.add_init_script(before)
        page.goto(path)
        yield page
    finally:
        context.close()


def sign_in(context: Any, role: str, password: str = PASSWORD) -> None:
    """Give a browser context a session; accounts are named after their role."""
    answer = context.request.post("/api/v1/session", data={"name": role, "password": password})
    assert answer.status == 201, answer.text()


def listening(page: Any, *, streams: int = 1) -> Any:
    """Wait until a page has drawn its screen and follows the stream.

    Args:
        page: opened by `open_page`.
        streams: how often it has connected by then, such as 2 after the server was away.
    """
    until = time.monotonic() + PATIENCE_S
    while page.troubles.streams < streams:
        assert time.monotonic() < until, "the page doesn't follow the stream"
        page.wait_for_timeout(50)
    return drawn(page)


def drawn(page: Any) -> Any:
    """Wait until nothing on the page says that it is still being read."""
    page.locator("#root > *").first.wait_for(state="attached")
    page.wait_for_function(
        "words => ![...document.querySelectorAll('[role=status]')].some((one) => words.includes(one.textContent))",
        arg=_READING,
    )
    return page
