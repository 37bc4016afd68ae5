"""What holds on every screen: readable, operable by keyboard, translated, on a phone and on a desk, with no trouble."""

import re

import pytest
from playwright.sync_api import expect

from infrastress.connectors.reports.records import Boxes
from tests.console.browsing import DESKTOP, PHONE, ROOT, drawn, listening
from tests.console.catalogues import flat, messages_of, pseudo_catalogue, untranslated
from tests.console.looking import axe, faint, focus_path, overflowing, sideways, texts

SCREENS = {
    "picture": "/",
    "alarms": "/alarms",
    "alarm": "/alarms/{alarm}",
    "incidents": "/incidents",
    "incident": "/incidents/{incident}",
    "evidence": "/evidence/{evidence}",
    "reports": "/reports",
    "report": "/reports/{report}",
    "signals": "/signals",
    "signal": "/signals/LT-103",
    "health": "/health",
    "source": "/health/scada",
    "site": "/site",
    "quarantine": "/quarantine",
    "storage": "/storage",
    "account": "/account",
    "wall": "/wall",
}


@pytest.fixture(scope="module")
def attacked(reported):
    """The attacked depot, and people have reported since."""
    return reported


@pytest.fixture(scope="module")
def paths(attacked):
    """The screens' addresses, with something real in each."""
    with attacked.client() as api:
        incident = next(one for one in api.incidents() if one.title.endswith("T-103"))
        alarm = next(one for one in api.alarms(sort="priority") if one.incident == incident.id)
        names = {"alarm": alarm.id, "incident": incident.id, "evidence": alarm.evidence}
    with_photo = next(one for one in Boxes(attacked.scene.folder / "reports").records() if one.photo)
    names["report"] = with_photo.number
    return {screen: path.format(**names) for screen, path in SCREENS.items()}


def test_every_route_is_looked_at():
    routes = re.findall(r'path: "(/[^"]*)"', (ROOT / "console" / "src" / "app" / "routes.ts").read_text())
    assert len(routes) > 10
    for route in routes:
        base = route.removesuffix("/*?")
        assert any(path == base or path.startswith(f"{base}/") for path in SCREENS.values()), route


@pytest.mark.parametrize("screen", SCREENS)
def test_it_can_be_read_by_everyone(screen, paths, attacked, open_page):
    page = listening(open_page(attacked, paths[screen]))
    found = {}
    for width, theme, deep in (
        (1440, "light", True),
        (390, "dark", True),
        (390, "light", False),
        (1440, "dark", False),
    ):
        page.set_viewport_size(dict(zip(("width", "height"), DESKTOP if width == DESKTOP[0] else PHONE, strict=True)))
        page.emulate_media(color_scheme=theme)
        page.wait_for_function("(theme) => document.documentElement.dataset.theme === theme", arg=theme)
        page.wait_for_function("() => document.getAnimations().every((one) => one.playState !== 'running')")
        found[width, theme] = [*faint(page), *(axe(page) if deep else ())]
        if sideways(page):
            found[width, theme].append("it scrolls sideways")
    assert not any(found.values()), found
    assert page.evaluate("document.title.length") > 0
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("heading", level=1).count() == 1


@pytest.mark.parametrize("screen", SCREENS)
def test_it_can_be_used_by_keyboard(screen, paths, attacked, open_page):
    page = listening(open_page(attacked, paths[screen]))
    missed, blind, reached = focus_path(page)
    assert not missed, (missed, reached)
    assert not blind, blind


@pytest.mark.parametrize("screen", SCREENS)
def test_german_fits_and_leaves_nothing_english(screen, paths, attacked, open_page):
    page = listening(open_page(attacked, paths[screen], width=390, language="de"))
    assert page.evaluate("document.documentElement.lang") == "de"
    german = dict(flat(messages_of("de")))
    only_english = {text for key, text in flat(messages_of("en")) if text not in german.values() and "{" not in text}
    said = texts(page)
    assert not [one for one in said if one in only_english]
    assert not [one for one in said if re.fullmatch(r"[a-z]+(\.[a-zA-Z]+)+", one)]  # a key that has no text
    assert not sideways(page)
    assert not overflowing(page)
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    assert not sideways(page)
    assert not overflowing(page)


def test_every_text_comes_from_the_catalogue(paths, attacked, open_page):
    page = open_page(attacked, "/api/v1/health/live", language="de")
    asked = set()
    page.on("request", lambda request: asked.add(request.url))
    page.route(
        re.compile(r"/assets/de-[^/]*\.js$"),
        lambda route: route.fulfill(
            body=pseudo_catalogue(route.fetch().text()), content_type="text/javascript", status=200
        ),
    )
    left, wide, data = {}, 0, set()  # what a screen shows may have been asked for by one before
    for screen, path in paths.items():
        asked.clear()
        page.goto(path)
        drawn(page)
        page.wait_for_load_state("load")
        page.wait_for_function(
            "() => document.documentElement.lang === 'de' && /[ａ-ｚ]/.test(document.body.innerText)"
        )
        said = texts(page)
        wide += sum(bool(re.search("[ａ-ｚ]", one)) for one in said)
        for _ in range(20):  # a request may be said later than what was drawn of its answer
            data |= {one.casefold() for url in sorted(asked) if "/api/" in url for one in _told(page, url)}
            found = untranslated(said, data)
            if not found:
                break
            page.wait_for_timeout(250)
        if found:
            left[screen] = found, sorted(asked)
    assert wide > 50
    assert not left


def _told(page, url):
    """Every string of an answer, but the stream's."""
    if "/stream" in url:
        return ()
    answer = page.request.get(url)
    assert answer.ok or answer.status in (404, 409), (url, answer.status, answer.text())
    return _strings(answer.json()) if "json" in answer.headers.get("content-type", "") else ()


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)


def test_who_wants_no_motion_gets_none(attacked, open_page):
    page = listening(open_page(attacked, "/alarms"))
    assert page.evaluate("document.getAnimations().filter((one) => one.playState === 'running').length") == 0


def test_a_banner_says_when_nobody_watches(make_console, open_page):
    console = make_console("quiet")
    page = listening(open_page(console))
    assert page.get_by_role("alert").count() == 0
    console.playing.silent.set()
    page.get_by_role("alert").filter(has_text="nobody watches").wait_for()
    console.playing.silent.clear()
    page.get_by_role("alert").filter(has_text="nobody watches").wait_for(state="hidden")


@pytest.mark.parametrize(
    "words",
    [
        ("en", "This screen can’t be shown.", "Show again"),
        ("de", "Diese Ansicht lässt sich nicht zeigen.", "Erneut zeigen"),
    ],
)
def test_a_screen_that_throws_takes_nothing_else_with_it(paths, attacked, open_page, words):
    language, said, again = words
    page = open_page(attacked, "/alarms", language=language)
    listening(page)
    page.troubles.expect("console error: TypeError")
    page.route("**/api/v1/incidents/*", lambda route: route.fulfill(json={"id": "malformed"}))
    page.evaluate("path => history.pushState(null, '', path)", paths["incident"])
    told = page.get_by_role("alert").filter(has_text=said)
    expect(told).to_contain_text("TypeError")
    expect(page.get_by_role("navigation")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link").nth(1).click()  # another screen, meanwhile
    expect(page.get_by_role("grid")).to_be_visible()
    page.go_back()
    told.wait_for()
    page.unroute("**/api/v1/incidents/*")
    told.get_by_role("button", name=again).click()
    expect(page.get_by_role("heading", name="T-103").first).to_be_visible()
    assert page.troubles.streams == 1
