"""The guided tour, walked by keyboard over a live demo; offered nowhere else."""

import re
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from tests.console.browsing import listening, missing, sign_in
from tests.demoing import PASSWORD, live_demo

_PATIENCE_MS, _STORY_MS = 20_000, 180_000


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    if reason := missing():
        pytest.skip(reason)
    with live_demo(tmp_path_factory.mktemp("tour") / "out", "--speed", "200", "--port", "0") as demo:
        demo.client().close()
        yield demo


@pytest.fixture
def inside(demo, open_page):
    """Opens a page of the demo, signed in."""

    def opened(path="/", **more):
        page = open_page(SimpleNamespace(address=demo.told["address"], accounts=False), "/", signed_in=False, **more)
        sign_in(page.context, "demo", PASSWORD)
        page.goto(path)
        return listening(page)

    return opened


def test_ten_steps_by_keyboard(inside):
    page = inside()
    page.troubles.expect("Unable to perform style diff")  # the map is left before its style has come
    tour = page.get_by_role("complementary", name="Guided tour")
    expect(page.get_by_text("Demonstration: simulated plant.")).to_be_visible()
    expect(tour.get_by_role("heading", level=3)).to_have_text("A plant that isn’t real")
    titles, places = [], []
    for number in range(1, 11):
        expect(tour.get_by_text(f"{number} of 10")).to_be_visible(timeout=_STORY_MS if number == 5 else _PATIENCE_MS)
        titles.append(tour.get_by_role("heading", level=3).inner_text())
        places.append(page.evaluate("location.pathname"))
        if number == 4 and tour.get_by_text("It hasn’t happened yet").is_visible():
            continue  # it goes on when the incident comes
        if number == 6:
            expect(page).to_have_url(re.compile("/incidents/inc-"))
        page.keyboard.press("Shift+N")
    expect(tour).to_be_hidden()
    assert len(set(titles)) == 10
    assert {"/health", "/alarms", "/site"} <= {"/" + place.split("/")[1] for place in places}
    page.reload()
    listening(page)
    expect(page.get_by_role("button", name="Tour from the beginning")).to_be_visible()


def test_left_and_taken_up_again(inside):
    page = inside("/signals", language="de")
    tour = page.get_by_role("complementary", name="Rundgang")
    for _ in range(2):
        page.keyboard.press("Shift+N")
    expect(tour.get_by_text("3 von 10")).to_be_visible()
    page.keyboard.press("Shift+B")
    page.keyboard.press("Shift+T")
    expect(tour).to_be_hidden()
    page.reload()
    listening(page)
    expect(tour).to_be_hidden()
    page.keyboard.press("Shift+T")
    expect(tour.get_by_text("2 von 10")).to_be_visible()


def test_on_a_phone_it_leaves_the_screen_its_room(inside):
    page = inside("/alarms", width=390)
    tour = page.get_by_role("complementary", name="Guided tour")
    box = tour.bounding_box()
    assert box is not None
    assert box["width"] <= 390
    assert box["height"] <= 0.45 * 844
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.get_by_role("navigation", name="Screens")).to_be_visible()
