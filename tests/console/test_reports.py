"""What people reported, on screen: neighbours beside a campaign, place and photo, answered, judged, forgotten."""

import re

import pytest
from playwright.sync_api import expect

from infrastress.connectors.reports.records import Boxes
from tests.console.browsing import drawn, listening
from tests.console.reporting import CAMPAIGN


def boxes_of(console) -> Boxes:
    return Boxes(console.scene.folder / "reports")


def number_of(console, beginning: str) -> str:
    return next(one.number for one in boxes_of(console).records() if one.text.startswith(beginning))


def acts_of(console, number: str) -> list[str]:
    return [act.act for act in boxes_of(console).done().get(number, [])]


def test_neighbours_and_a_campaign_are_seen_at_once_each_with_both_axes(reported, open_page):
    page = listening(open_page(reported, "/reports"))
    cards = page.get_by_role("region", name="What belongs together").get_by_role("listitem")
    probable = cards.filter(has_text="probable")
    campaign = cards.filter(has_text="possible campaign")
    for card in (probable, campaign):
        expect(card).to_be_in_viewport(ratio=1)
    expect(probable).to_contain_text("4 people independently")
    expect(probable).to_contain_text("Confirmedby nobody yet")
    expect(campaign).to_contain_text("one voice, which lifts nothing")
    expect(cards.filter(has_text="corroborated").first).to_contain_text("Confirmedby a sensor")

    reports = page.get_by_role("list", name="Reports").get_by_role("listitem")
    whole = reports.count()
    campaign.get_by_role("button", name=f"Show its {CAMPAIGN} reports").click()
    expect(reports).to_have_count(CAMPAIGN)
    expect(reports.filter(has_text="huge fire")).to_have_count(CAMPAIGN)
    page.reload()  # the address says what is listed
    expect(reports).to_have_count(CAMPAIGN)
    page.get_by_label("Belongs to", exact=True).select_option("")
    page.get_by_label("Kind", exact=True).select_option("smell")
    expect(reports).to_have_count(2)
    page.get_by_label("Kind", exact=True).select_option("")
    expect(reports).to_have_count(whole)


def test_a_report_has_its_place_its_photo_and_nobodys_name(reported, open_page):
    number = number_of(reported, "white van")
    page = listening(open_page(reported, f"/reports/{number}"))
    expect(page.get_by_text("white van without lights").last).to_be_visible()
    expect(page.get_by_text(re.compile("^Neighbour")).last).to_be_visible()
    expect(page.get_by_text("writes English")).to_be_visible()
    photo = page.get_by_role("img", name=f"Photo of report {number}")
    photo.wait_for()
    assert photo.evaluate("one => one.decode().then(() => one.naturalWidth)") == 640
    plan = page.get_by_role("region", name=f"Where report {number} comes from")
    spot = plan.locator(f"[data-spot='{number}']")
    expect(spot).to_contain_text(number)
    inside, around = spot.locator("circle").bounding_box(), plan.bounding_box()
    assert around["x"] < inside["x"] < around["x"] + around["width"] / 2  # west of the site: it drew the plan wider
    expect(plan.locator("[data-spot]")).to_have_count(19)
    page.get_by_role("link", name=re.compile("Overfill attack with release")).click()
    page.wait_for_url("**/incidents/*")


def test_it_is_answered_judged_and_forgotten_by_keyboard_and_others_see_it(make_console, open_page):
    console = make_console("reported", accounts=True)
    number = number_of(console, "fumes")
    page = listening(open_page(console, "/reports?kind=smell", role="reporter-liaison"))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.wait_for_url(f"**/reports/{number}?kind=smell")
    expect(page.get_by_text("neighbour@example.org")).to_be_visible()
    page.keyboard.press("Shift+S")
    row = page.get_by_role("listitem").filter(has_text=number)
    expect(row).to_contain_text("Seen")
    page.get_by_label("Begin with").select_option("indoors")
    answer = page.get_by_label("Answer", exact=True)
    expect(answer).to_have_value(re.compile("stay indoors"))
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.keyboard.press("Control+End")
    page.keyboard.type(" <b>Thanks.</b>")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Answered 1 reporter")).to_be_visible()
    expect(page.get_by_text(re.compile("stay indoors.*<b>Thanks.</b>$"))).to_be_visible()
    page.keyboard.press("Escape")  # out of the field
    page.keyboard.press("Shift+Y")
    expect(row).to_contain_text("True")
    assert acts_of(console, number) == ["seen", "answered", "confirmed"]

    other = listening(open_page(console, f"/reports/{number}?state=judged", role="operator"))
    expect(other.get_by_role("list", name="Reports").get_by_role("listitem")).to_have_count(1)
    card = other.get_by_role("region", name="What belongs together").get_by_role("listitem")
    expect(card.filter(has_text="corroborated").first).to_contain_text("by a sensor and an operator")

    page.get_by_role("button", name="Forget this reporter …").click()
    page.get_by_role("button", name="Forget for good").click()
    expect(page.get_by_text("asked to be forgotten")).to_be_visible()
    expect(page.get_by_text("neighbour@example.org")).to_have_count(0)
    expect(page.get_by_text("unreadable: its reporter was erased")).to_be_visible()
    expect(page.get_by_label("Answer", exact=True)).to_have_count(0)
    expect(other.get_by_text("asked to be forgotten")).to_be_visible(timeout=30_000)  # by itself


def test_a_key_pressed_while_an_act_is_on_its_way_is_done_after_it(make_console, open_page):
    console = make_console("reported", accounts=True)
    number = number_of(console, "fumes")
    page = listening(open_page(console, f"/reports/{number}", role="reporter-liaison"))
    row = page.get_by_role("listitem").filter(has_text=number)
    expect(row).to_contain_text("New")
    held = []

    def hold(route):
        held.append(route)

    page.route(f"**/reports/{number}/seen", hold)
    with page.expect_request("**/seen"):
        page.keyboard.press("Shift+S")
    page.keyboard.press("Shift+S")  # once more is once
    page.keyboard.press("Shift+Y")
    assert acts_of(console, number) == []
    held[0].continue_()
    expect(row).to_contain_text("True")
    assert acts_of(console, number) == ["seen", "confirmed"]
    assert len(held) == 1


def test_all_on_whose_reports_an_incident_rests_are_answered_at_once_in_their_place(make_console, open_page):
    console = make_console("reported")
    number = number_of(console, "zwei Leute")
    page = listening(open_page(console, f"/reports/{number}"))
    page.get_by_label("Begin with").select_option("seen")
    expect(page.get_by_label("Answer", exact=True)).to_have_value(re.compile("^Danke"))
    page.get_by_label("To", exact=True).select_option("all")
    page.get_by_role("button", name="Send answer").click()
    expect(page.get_by_text(re.compile(r"Answered \d+ reporters"))).to_be_visible()
    answered = [one.number for one in boxes_of(console).records() if "answered" in acts_of(console, one.number)]
    assert number in answered
    assert len(answered) > 4


@pytest.mark.parametrize(("role", "told"), [("security", True), ("operator", False), ("admin", None)])
def test_concerns_about_insiders_are_for_security_alone(make_console, open_page, role, told):
    console = make_console("reported", accounts=True)
    page = listening(open_page(console, "/reports?insider=1", role=role))
    concern = page.get_by_text("he sells keys behind the canteen")
    if told is None:  # who runs the platform sees nobody's reports
        expect(page.get_by_text("Your role may not see this.")).to_be_visible()
        expect(page.get_by_role("navigation").get_by_role("link", name="Reports")).to_have_count(0)
        return
    expect(page.get_by_role("button", name="Concerns about insiders")).to_have_count(int(told))
    expect(concern).to_have_count(int(told))
    if told:
        expect(page.get_by_text("Read by security alone.")).to_be_visible()
        expect(page.get_by_role("region", name="What belongs together")).to_have_count(0)
    else:
        expect(page.get_by_text("white van without lights")).to_be_visible()


def test_a_new_report_shows_by_itself(make_console, open_page):
    console = make_console("reported")
    page = listening(open_page(console, "/reports"))
    drawn(page)
    boxes, known = boxes_of(console), boxes_of(console).records()[0]
    import msgspec

    late = msgspec.structs.replace(known, number="NEWEST", received=console.clock.now(), text="now it is in our street")
    boxes.lanes["main"].append([msgspec.json.encode(late)], late.received)
    expect(page.get_by_text("now it is in our street")).to_be_visible(timeout=30_000)


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_phone_shows_the_list_or_the_one(reported, open_page, language):
    number = number_of(reported, "white van")
    page = listening(open_page(reported, "/reports", width=360, language=language))
    row = page.get_by_role("listitem").filter(has_text=number).get_by_role("link")
    row.click()
    expect(row).to_be_hidden()
    page.get_by_role("img", name=re.compile(f"Foto zu|Photo of report {number}")).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name=re.compile("← (Alle Meldungen|All reports)")).click()
    expect(row).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
