"""Incidents on screen: they appear by themselves, lead to their raw evidence and back, are handled, and are printed."""

import re

import pytest
from playwright.sync_api import expect

from infrastress.events import Detection, Event, make_event
from tests.console.browsing import drawn, listening
from tests.console.consoles import ApiConsole

TITLE = re.compile("Overfill attack with release: T-103")


def incident_of(console: ApiConsole) -> str:
    with console.client() as api:
        return next(one.id for one in api.incidents() if TITLE.search(one.title))


def gas_again(console: ApiConsole, asset: str = "GD-02", rule: str = "gas.high") -> Event:
    """A gas head in the same farm trips once more, now."""
    now = console.clock.now()
    body = Detection(
        detector="access", detector_version="1", rule=rule, episode=f"again-{now}", phase="raised",
        source_kind="access", severity="critical", score=2.0, sentence=f"{asset} reads 61 % of the limit.", began=now,
        until=now, confidence=0.9,
    )  # fmt: skip
    zone = console.site.asset_by_id[asset].zone
    return make_event(
        site=console.site.id, source="access", sequence=9000, occurred=now, assets=(asset,), zone=zone, body=body
    )


def test_an_incident_appears_without_a_reload(make_console, open_page):
    console = make_console("quiet")
    page = listening(open_page(console, "/incidents"))
    page.get_by_text("No incident so far").wait_for()
    console.playing.pipeline.raise_([gas_again(console)])
    row = page.get_by_role("link", name=re.compile("^Gas detected: GD-02"))
    row.click()
    page.get_by_role("heading", name="What to do first").wait_for()
    expect(page.get_by_text("GD-02 reads 61 % of the limit.").first).to_be_visible()
    assert page.troubles.streams == 1


def test_from_the_page_to_the_raw_record_and_back_to_where_one_was(attacked, open_page):
    page = listening(open_page(attacked, "/incidents"))
    page.get_by_role("link", name=TITLE).click()
    page.get_by_role("button", name="As a list").click()
    raw = page.get_by_role("link", name=re.compile("^Badge at a door,")).first
    raw.evaluate("link => link.scrollIntoView({block: 'center'})")
    before = page.evaluate("scrollY")
    assert before > 100
    raw.click()
    page.get_by_role("heading", name="Badge at a door").wait_for()
    id_ = page.url.rpartition("/")[2]
    with attacked.client() as api:
        record = api.evidence(id_)
    assert record.kind == "access"
    assert page.get_by_test_id("sha256").inner_text() == record.sha256
    expect(page.get_by_text(str(record.offset), exact=True)).to_be_visible()
    expect(page.get_by_text(record.event["body"]["person"], exact=True)).to_be_visible()
    assert page.evaluate("scrollY") == 0
    page.get_by_role("button", name="Back").click()
    page.get_by_role("heading", name=TITLE).wait_for()
    page.wait_for_function("before => Math.abs(scrollY - before) < 40", arg=before)


def test_a_detection_shows_what_was_expected_its_chart_and_its_rule(attacked, open_page):
    with attacked.client() as api:
        detail = api.incident(incident_of(attacked))
    finding = next(one for one in detail.findings if one.rule == "process.mass_balance")
    page = listening(open_page(attacked, f"/incidents/{detail.id}"))
    page.get_by_role("link", name=finding.title).first.click()
    row = page.get_by_role("row", name=re.compile(finding.parts[0].signal))
    expect(row).to_contain_text("50%")
    expect(row).to_contain_text("m")
    expect(page.locator("canvas").first).to_be_visible()
    expect(page.get_by_role("heading", name="The rule")).to_be_visible()
    page.get_by_role("link", name=re.compile("chart of LT-103")).click()
    page.wait_for_url("**/signals/LT-103?from=*")


def test_the_lanes_are_walked_and_zoomed_by_keyboard(attacked, open_page):
    page = listening(open_page(attacked, f"/incidents/{incident_of(attacked)}"))
    lanes = page.get_by_role("region", name=re.compile("Timeline in lanes"))
    whole = lanes.get_attribute("aria-label")
    lanes.focus()
    page.keyboard.press("ArrowRight")
    chosen = lanes.locator("button[aria-pressed=true]")
    expect(chosen).to_have_count(1)
    expect(page.get_by_text(re.compile("entered Server")).first).to_be_visible()
    for _ in range(6):
        page.keyboard.press("+")
    expect(lanes).not_to_have_attribute("aria-label", whole)
    expect(chosen).to_have_count(1)
    expect(page.get_by_text(re.compile("entries lie outside"))).to_be_visible()
    page.keyboard.press("0")
    expect(lanes).to_have_attribute("aria-label", whole)


def test_an_incident_is_handled_to_its_end_and_new_evidence_opens_it_again(make_console, open_page):
    console = make_console("attacked", accounts=True)
    incident = incident_of(console)
    page = listening(open_page(console, f"/incidents/{incident}", role="operator"))
    other = listening(open_page(console, "/incidents", role="security"))
    page.get_by_role("button", name="Take it").click()
    expect(other.get_by_role("listitem").filter(has_text=TITLE)).to_contain_text("In hand")
    expect(other.get_by_role("listitem").filter(has_text=TITLE)).to_contain_text("operator")

    page.keyboard.press("t")
    page.keyboard.type("Dip T-103 by hand")
    page.keyboard.press("Control+Enter")
    page.get_by_role("checkbox", name="Dip T-103 by hand").check()
    expect(page.get_by_text(re.compile("^operator, "))).to_have_count(1)
    page.get_by_label("New note").fill("<b>Fire brigade</b> is on its way")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_text("<b>Fire brigade</b> is on its way").first).to_be_visible()
    page.get_by_label("Who has it").select_option("role:security")
    expect(page.get_by_label("Who has it")).to_have_value("role:security")

    page.get_by_role("button", name=re.compile("Acknowledge all")).click()
    expect(page.get_by_text("All are acknowledged")).to_be_visible()

    page.get_by_role("button", name="Close incident …").click()
    dialog = page.get_by_role("dialog", name="Close the incident")
    dialog.get_by_role("button", name="Close", exact=True).last.click()
    expect(dialog.get_by_text("Choose what it came from.")).to_be_visible()
    dialog.get_by_label("What it came from").select_option("attack")
    dialog.get_by_label("What was found").fill("Gauge was falsified; receipt stopped by hand")
    dialog.get_by_role("button", name="Close", exact=True).last.click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Take up again …")).to_be_visible()
    expect(other.get_by_role("link", name=TITLE)).to_have_count(0)

    console.playing.pipeline.raise_([gas_again(console)])
    expect(page.get_by_role("alert").filter(has_text="New evidence since closing")).to_be_visible()
    expect(other.get_by_role("listitem").filter(has_text=TITLE)).to_contain_text("New evidence since closing")
    with console.client() as api:
        acts = [one.action for one in api.incident(incident).handling.acts]
    assert acts == ["assign", "task", "task_done", "note", "assign", "close"]


_SLOW_READING = """const read = window.fetch;
window.fetch = async (...words) => {
  if (words[0].method !== 'POST' && /incidents/.test(words[0].url)) await new Promise((on) => setTimeout(on, 150));
  return read(...words);
};"""
_TICK = """box => {
  box.click();
  window.seen = [box.checked];
  const look = () => requestAnimationFrame(() => window.seen.push(box.checked) && look());
  look();
}"""


def test_a_tick_holds_from_the_click_until_the_incident_that_has_it_has_come(make_console, open_page):
    console = make_console("attacked", accounts=True)
    incident = incident_of(console)
    page = listening(open_page(console, f"/incidents/{incident}", role="operator", before=_SLOW_READING))
    for text in ("Dip T-103 by hand", "Close XV-103"):
        page.get_by_label("New task").fill(text)
        page.get_by_role("button", name="Add task").click()
    boxes = page.get_by_role("checkbox", name=re.compile("T-103 by hand|XV-103"))
    expect(boxes).to_have_count(2)
    boxes.first.evaluate(_TICK)
    boxes.last.check()  # while the first one is on its way
    expect(page.get_by_text(re.compile("^operator, "))).to_have_count(2)
    page.wait_for_timeout(50)
    assert set(page.evaluate("window.seen")) == {True}
    expect(boxes.last).to_be_checked()

    page.troubles.expect("requestfailed .*/tasks/", "net::ERR_FAILED")
    page.route("**/tasks/*", lambda route: route.abort())
    boxes.first.click()
    expect(page.get_by_text(re.compile("Not written"))).to_be_visible()
    expect(boxes.first).to_be_checked()


def test_who_may_not_act_is_offered_nothing_that_would_be_refused(make_console, open_page):
    console = make_console("attacked", accounts=True)
    page = listening(open_page(console, f"/incidents/{incident_of(console)}", role="admin"))
    expect(page.get_by_text("Your role may look, not act.")).to_be_visible()
    for name in ("Take it", "Add note", "Close incident …", re.compile("Acknowledge all")):
        expect(page.get_by_role("button", name=name)).to_have_count(0)


def test_on_paper_everything_is_opened_with_site_and_time_and_nothing_of_the_screen(attacked, open_page):
    page = listening(open_page(attacked, f"/incidents/{incident_of(attacked)}", theme="dark"))
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_be_hidden()
    expect(page.get_by_text(re.compile("^Printed "))).to_be_visible()
    expect(page.get_by_text("Coastal oil depot", exact=True).last).to_be_visible()
    for gone in ("Print", "Take it", "As lanes", "Close incident …"):
        expect(page.get_by_role("button", name=gone, exact=True)).to_be_hidden()
    expect(page.get_by_text(re.compile("^CT-02 .* entered Control room")).first).to_be_visible()
    expect(page.get_by_text("gauge float or servo stuck, radar still-pipe fouled")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    pages = page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n")
    assert 3 < pages < 12


@pytest.mark.parametrize("language", ["en", "de"])
def test_it_fits_a_phone(attacked, open_page, language):
    page = listening(open_page(attacked, "/incidents", width=390, language=language))
    page.get_by_role("link", name=TITLE).click()
    drawn(page)
    page.get_by_role("heading", name=TITLE).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_is_not_there_says_so(attacked, open_page):
    page = open_page(attacked, "/incidents/inc-0000000000000000")
    page.get_by_text("There is no such incident.").wait_for()
    page.goto("/evidence/0123456789abcdef0123456789abcdef")
    page.get_by_text("it may be older than what is kept").wait_for()
    page.troubles.expect(r"404 GET .*/(incidents|evidence)/", r"status of 404")
