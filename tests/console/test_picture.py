"""The live picture: what is wrong shows without a reload, by shape and in words; the last hours on the same screen."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from infrastress.core.time import MINUTE, to_iso
from tests.console.browsing import listening

PATIENCE_MS = 60_000
"""For what a processor draws in place of a graphics card, on a busy machine."""
GL = "localStorage.setItem('infrastress.map', 'gl')"
SVG = "localStorage.setItem('infrastress.map', 'svg')"


def mark(page: Page, asset: str) -> Any:
    return page.locator(f"[data-asset='{asset}']")


def test_what_happens_shows_without_a_reload_by_shape_and_in_words(make_console, open_page):
    console = make_console("quiet")
    page = listening(open_page(console))
    expect(page.get_by_test_id("verdict")).to_contain_text("No alarm is open")
    expect(page.locator("[data-asset]")).to_have_count(0)
    console.raise_alarms(1)
    shown = page.locator("[data-asset]").first
    expect(shown).to_have_attribute("aria-label", re.compile(r"\w+: \w+, \d+ alarms?"))
    severity = shown.get_attribute("data-severity")
    expect(page.locator(f"g[data-severity='{severity}'] path").first).to_be_visible()
    expect(page.get_by_test_id("verdict")).to_contain_text("1 open alarm")


def test_the_time_slider_shows_how_things_stood_and_comes_back(attacked, open_page):
    page = listening(open_page(attacked))
    expect(page.get_by_role("link", name=re.compile("Overfill attack with release")).first).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/past" in request.url else None)
    moment = attacked.scene.end - 3 * 60 * MINUTE
    with attacked.client() as client:
        past = client.past(to_iso(attacked.scene.end - 239 * MINUTE), to_iso(attacked.scene.end))
    at_ms = moment / 1e6
    stood = [[v for v in alarm.versions if v.at_ms <= at_ms] for alarm in past.alarms]
    expected = sum(1 for versions in stood if versions and versions[-1].state != "closed")
    assert 0 < expected < 20

    slider = page.get_by_role("slider", name="Moment shown")
    expect(slider).to_be_enabled()  # from the first pulse on
    slider.evaluate(
        "(thumb, at) => { Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(thumb, at);"
        " thumb.dispatchEvent(new Event('input', {bubbles: true})); }",
        at_ms,
    )
    banner = page.get_by_test_id("past")
    expect(banner).to_contain_text("This is the past")
    expect(page.get_by_test_id("verdict")).to_contain_text(f"{expected} open alarms")
    expect(page.locator("html")).to_have_attribute("data-past", "")
    before = banner.locator("time").inner_text()
    slider.press("ArrowRight")  # the next change
    expect(banner.locator("time")).not_to_have_text(before)
    slider.press("ArrowLeft")
    slider.press("ArrowLeft")
    assert len(asked) == 1, asked  # everything else from the one answer
    page.keyboard.press("l")
    expect(banner).to_have_count(0)
    expect(page.get_by_test_id("verdict")).to_contain_text("29 open alarms")
    expect(page.locator("html")).not_to_have_attribute("data-past", "")


def test_alarms_of_now_are_told_while_one_looks_back(make_console, open_page):
    console = make_console("attacked")
    page = listening(open_page(console))
    banner = page.get_by_test_id("past")
    expect(page.get_by_role("banner").get_by_text(re.compile(r", \d\d:\d\d:\d\d"))).to_be_visible()  # the first pulse
    page.keyboard.press(",")
    expect(banner).not_to_contain_text("Reading")
    count = page.get_by_test_id("verdict").inner_text()
    console.raise_alarms(1)
    expect(banner).to_contain_text("new alarm")
    assert page.get_by_test_id("verdict").inner_text() == count
    banner.get_by_role("button", name="Back to live").click()
    expect(page.get_by_test_id("verdict")).to_contain_text("30 open alarms")


def test_when_detection_hangs_nothing_is_known(make_console, open_page):
    console = make_console("quiet")
    page = listening(open_page(console))
    expect(page.get_by_role("region", name="Sources")).to_contain_text("scada Live")
    console.playing.silent.set()
    expect(page.get_by_role("alert")).to_contain_text("nobody watches", timeout=PATIENCE_MS)
    expect(page.get_by_role("region", name="Sources")).to_contain_text("scada Unknown")
    expect(page.get_by_text(re.compile(r"\d+ not known"))).to_be_visible()


def test_an_asset_is_chosen_by_keyboard(attacked, open_page):
    page = listening(open_page(attacked))
    mark(page, "T-103").focus()
    page.keyboard.press("Enter")
    card = page.get_by_role("region", name="T-103")
    expect(card).to_contain_text("Unacknowledged")
    expect(card.get_by_test_id("value-LT-103")).to_contain_text("m")
    expect(mark(page, "T-103")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)


@pytest.mark.parametrize("engine", ["gl", "svg"])
def test_both_grounds_draw_the_plan_and_take_the_same_moves(attacked, open_page, engine):
    page = listening(open_page(attacked, "/account", width=390))
    page.evaluate(GL if engine == "gl" else SVG)
    page.goto(f"{attacked.address}/")
    listening(page)
    expect(page.locator(f"[data-engine='{engine}']")).to_be_attached(timeout=PATIENCE_MS)
    if engine == "gl":
        expect(page.locator("canvas.maplibregl-canvas")).to_be_visible(timeout=PATIENCE_MS)
    else:
        expect(page.locator("[data-engine='svg'] path[data-kind='zone']")).to_have_count(12)
    plan = page.get_by_role("region", name="Plan of the site")
    expect(page.get_by_test_id("wind")).to_contain_text("Wind from", timeout=PATIENCE_MS)
    expect(page.get_by_test_id("downwind")).to_be_attached()
    place = mark(page, "GD-05").bounding_box()
    plan.focus()
    page.keyboard.press("+")
    page.wait_for_function(
        "([x, y]) => { const box = document.querySelector('[data-asset=\"GD-05\"]').getBoundingClientRect();"
        " return box.x !== x || box.y !== y; }",
        arg=[place["x"], place["y"]],
    )
    page.keyboard.press("0")


def test_a_phone_shows_what_is_wrong_first(attacked, open_page):
    page = listening(open_page(attacked, width=390, theme="dark", language="de"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    verdict = page.get_by_test_id("verdict").bounding_box()
    assert verdict["y"] + verdict["height"] < 844


def test_the_wall_says_all_without_a_hand_and_goes_on_by_itself(make_console, open_page):
    console = make_console("attacked")
    page = listening(open_page(console, "/wall", width=3840))
    expect(page.get_by_test_id("verdict")).to_contain_text("Overfill attack with release: T-103")
    assert page.evaluate("getComputedStyle(document.querySelector('main')).cursor") == "none"
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    size = page.evaluate(
        "parseFloat(getComputedStyle(document.querySelector('[data-testid=verdict] strong')).fontSize)"
    )
    assert size >= 40
    expect(page.get_by_role("button")).to_have_count(0)
    page.troubles.expect_server_away()
    console.stop_api()
    expect(page.get_by_role("alert")).to_contain_text("Connection lost")
    console.start_api()
    expect(page.get_by_role("alert")).to_have_count(0, timeout=PATIENCE_MS)
    console.raise_alarms(1)
    expect(page.get_by_test_id("verdict")).to_contain_text("30 open alarms")
