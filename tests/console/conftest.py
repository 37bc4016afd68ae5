"""What browser tests share: Chromium, pages that forgive nothing, and consoles over recorded days of the depot.

Consoles: `quiet`, `attacked`, `flooded`, `reported` are shared, for tests that change nothing. `make_console` and
`make_served` give one of one's own.
Pages: `open_page(console, "/alarms", width=390, theme="dark", language="de", role="operator")`.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.console.browsing import (
    DESKTOP,
    PATIENCE_S,
    PHONE,
    WALL,
    Troubles,
    failure_folder,
    launched,
    missing,
    sign_in,
)
from tests.console.consoles import ApiConsole, Console, ServedConsole
from tests.console.scenes import Scene, make_scene

_SIZES = {size[0]: size for size in (DESKTOP, PHONE, WALL)}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    """Remember how a test went, for its fixtures."""
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this test run, the same for all its processes."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if base.name.startswith("popen-") else base) / "scenes"


@pytest.fixture(scope="session")
def scene_of(shared: Path) -> Callable[[str], Scene]:
    """A scene by name."""
    return lambda name: make_scene(name, shared)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for all tests of this process."""
    if reason := missing():
        pytest.skip(reason)
    from playwright.sync_api import expect

    expect.set_options(timeout=1000 * PATIENCE_S)
    with launched() as browser:
        yield browser


def _shared_console(name: str) -> Any:
    @pytest.fixture(scope="session", name=name)
    def console(scene_of: Callable[[str], Scene], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiConsole]:
        if reason := missing():
            pytest.skip(reason)
        console = ApiConsole(scene_of(name).copy(tmp_path_factory.mktemp(name) / "scene")).start()
        yield console
        console.stop()

    console.__doc__ = f"The {name} depot, shared: change nothing there."
    return console


quiet, attacked, flooded, reported = map(_shared_console, ("quiet", "attacked", "flooded", "reported"))


@pytest.fixture
def make_console(scene_of: Callable[[str], Scene], tmp_path: Path) -> Iterator[Callable[..., ApiConsole]]:
    """`make_console("attacked", accounts=True)`: one's own, ended with the test; `before` changes it first."""
    made: list[ApiConsole] = []

    def make(name: str = "attacked", *, before: Callable[[Scene], None] = lambda _: None, **more: Any) -> ApiConsole:
        scene = scene_of(name).copy(tmp_path / f"console-{len(made)}")
        before(scene)
        made.append(ApiConsole(scene, **more).start())
        return made[-1]

    yield make
    for console in made:
        console.stop()


@pytest.fixture
def make_served(scene_of: Callable[[str], Scene], tmp_path: Path) -> Iterator[Callable[..., ServedConsole]]:
    """`make_served("quiet", accounts=True)`: the whole service on a scene, started; `kill`, `stop`, `start` it."""
    made: list[ServedConsole] = []

    def make(name: str = "quiet", *, before: Callable[[Scene], None] = lambda _: None, **more: Any) -> ServedConsole:
        scene = scene_of(name).copy(tmp_path / f"served-{len(made)}")
        before(scene)
        console = ServedConsole(scene, **more)
        made.append(console)
        return console.start()

    yield make
    for console in made:
        console.stop()


@pytest.fixture
def open_page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Opens pages; at the end nothing may have gone wrong in any of them (`page.troubles.expect(pattern)`).

    `open_page(console, path="/", width=1440, height=900, theme="light", language="en", role=None, motion="reduce",
    signed_in=True, before="")`. With accounts, `role` ("operator" by default) has signed in; `signed_in=False` shows
    the form. `before` is a script that runs before the page's own.
    """
    pages: list[Any] = []

    def open_one(
        console: Console,
        path: str = "/",
        *,
        width: int = DESKTOP[0],
        height: int | None = None,
        theme: str = "light",
        language: str = "en",
        role: str | None = None,
        signed_in: bool = True,
        motion: str = "reduce",
        before: str = "",
    ) -> Any:
        context = browser.new_context(
            base_url=console.address,
            viewport={"width": width, "height": height or _SIZES.get(width, DESKTOP)[1]},
            color_scheme=theme,
            locale={"en": "en-GB", "de": "de-DE"}.get(language, language),
            timezone_id="UTC",  # the site's own zone is shown, whatever the machine's
            reduced_motion=motion,
            has_touch=width <= PHONE[0],
        )
        context.set_default_timeout(1000 * PATIENCE_S)
        page = context.new_page()
        page.troubles = Troubles(page)
        pages.append(page)
        if before:
            page.add_init_script(before)
        if console.accounts and signed_in:
            sign_in(context, role or "operator")
        page.goto(path)
        return page

    yield open_one
    troubles = [trouble for page in pages for trouble in page.troubles.found]
    if troubles or request.node.stash.get(_FAILED, False):
        folder = failure_folder()
        for number, page in enumerate(pages):
            name = re.sub(r"[^\w.-]+", "_", request.node.name)
            if not page.is_closed():
                page.screenshot(path=folder / f"{name}-{number}.png")
    for page in pages:
        page.context.close()
    assert not troubles, troubles


@pytest.fixture
def page(open_page: Callable[..., Any], attacked: ApiConsole) -> Any:
    """The attacked depot's first page."""
    return open_page(attacked)
