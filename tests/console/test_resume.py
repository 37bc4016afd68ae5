"""Bad days: the server dies, the network is away, the session ends. Nothing is missed, hardly a page loaded anew."""

import time

import pytest

from tests.console.browsing import PATIENCE_S, drawn, listening
from tests.console.scenes import PASSWORD

PAGES = ("/", "/alarms", "/incidents")
KNOWN = """
window.known = {};
const take = (alarms) => {
  for (const one of alarms ?? []) window.known[one.id] = Math.max(one.version, window.known[one.id] ?? 0);
};
const plain = window.fetch;
window.fetch = async (...words) => {
  const answer = await plain(...words);
  if (/\\/api\\/v1\\/alarms(\\?|$)/.test(answer.url)) take((await answer.clone().json()).items);
  return answer;
};
window.EventSource = class extends EventSource {
  constructor(...words) {
    super(...words);
    super.addEventListener("update", (event) => take(JSON.parse(event.data).alarms));
  }
};
"""
"""Notes each version of an alarm that the page is told of."""
STYLED = """
[...document.styleSheets].filter((one) => {
  try {
    return one.cssRules.length > 0;
  } catch {
    return false;
  }
}).map((one) => one.href)
"""
"""The style sheets that are in force; the rules of one that could not be read can't be asked for."""


@pytest.fixture
def follow(open_page):
    """Opens pages that follow and note what they are told."""

    def opened(console):
        pages = [open_page(console, path, before=KNOWN) for path in PAGES]
        for page in pages:
            listening(page)
            page.troubles.expect_server_away()
        return pages

    return opened


def versions(console):
    with console.client() as api:
        return {alarm.id: alarm.version for alarm in api.alarms(limit=500)}


def knows(page, console):
    """Wait until the page knows what the API says; the plant plays on, so what is said last counts."""
    until = time.monotonic() + PATIENCE_S
    while (known := page.evaluate("window.known")) != (said := versions(console)):
        assert time.monotonic() < until, {one for one in said.items() if one not in known.items()}
        page.wait_for_timeout(100)


def cut(page):
    return page.get_by_role("alert").filter(has_text="Connection lost")


def test_the_server_is_away_and_nothing_is_missed(make_console, follow):
    console = make_console("attacked")
    pages = follow(console)
    with console.client() as api:
        alarm = next(api.alarms(state="unacknowledged"))
    console.raise_alarms(5)
    for page in pages:
        page.wait_for_function("(n) => Object.keys(window.known).length >= n", arg=len(versions(console)))
    for _ in range(2):
        console.stop_api()
        for page in pages:
            cut(page).wait_for()
        console.raise_alarms(40)
        console.start_api()
        for page in pages:
            cut(page).wait_for(state="hidden")
    with console.client() as api:
        api.acknowledge(alarm.id, "seen")
    for page in pages:
        knows(page, console)
        assert page.evaluate("performance.getEntriesByType('navigation').length") == 1
        assert page.troubles.streams >= 3


@pytest.mark.prove
def test_the_whole_service_is_killed_and_comes_back(make_served, follow):
    console = make_served("attacked")
    pages = follow(console)
    console.kill()
    for page in pages:
        cut(page).wait_for()
    console.start()
    for page in pages:
        cut(page).wait_for(state="hidden", timeout=60_000)
        knows(page, console)


def test_what_is_asked_for_while_the_server_is_away_comes_when_it_is_back(make_console, open_page):
    console = make_console("attacked")
    page = listening(open_page(console, "/account"))
    loads: list[str] = []
    page.on("load", lambda it: loads.append(it.url))
    page.troubles.expect_server_away()
    console.stop_api()
    cut(page).wait_for()
    away = page.get_by_role("alert").filter(has_text="The server can’t be reached")
    page.get_by_role("link", name="Incidents").click()
    page.get_by_role("main").locator(away).wait_for()
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").locator(away).wait_for()
    page.keyboard.press("Escape")
    page.wait_for_timeout(15_000)  # long enough for whoever asks again and again to ask seldom
    console.start_api()
    cut(page).wait_for(state="hidden")
    page.get_by_role("heading", name="Incidents", exact=True).wait_for(timeout=8_000)
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").wait_for()
    styled = page.evaluate(STYLED)
    for name in ("finder", "incidents"):
        assert any(f"/{name}-" in sheet for sheet in styled), name
    assert len(loads) <= 1  # browsers that remember what a module's address once gave need the page anew


def test_offline_and_back(make_console, follow):
    console = make_console("attacked")
    page, *others = follow(console)
    page.context.set_offline(True)
    cut(page).wait_for()
    console.raise_alarms(7)
    page.context.set_offline(False)
    cut(page).wait_for(state="hidden")
    for one in (page, *others):
        knows(one, console)


def test_an_ended_session_asks_for_the_name_and_goes_on_where_it_was(make_console, open_page):
    console = make_console("attacked", accounts=True)
    page = listening(open_page(console, "/incidents", role="operator"))
    page.troubles.expect(r"401 ", r"status of 401")
    for key, _ in console.api.book.sessions:
        console.api.book.sign_out(key)
    page.get_by_label("Password").wait_for(timeout=40_000)
    page.get_by_label("Name").fill("operator")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("navigation").first.wait_for()
    drawn(page)
    assert page.evaluate("location.pathname") == "/incidents"
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1
