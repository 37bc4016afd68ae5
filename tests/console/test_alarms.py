"""Alarms: ten thousand worked by keyboard alone, banner and sound, table, phone, palette."""

import csv
import re
from io import StringIO
from pathlib import Path

from playwright.sync_api import expect

from tests.console.browsing import listening

ALL = re.compile(r"^[\d,]+ of [\d,]+$")


def shown(page) -> int:
    """How many alarms the list holds by its own word."""
    return int(page.get_by_text(ALL).inner_text().split(" ")[0].replace(",", ""))


def counted(page) -> int:
    """How many the banner says are waiting."""
    counts = page.get_by_role("list", name="How many call, by priority")
    return sum(int(text.split(": ")[1].replace(",", "")) for text in counts.locator("li").all_inner_texts())


def test_a_flood_is_triaged_by_keyboard_alone(make_console, open_page):
    console = make_console("flooded")
    page = listening(open_page(console, "/alarms"))
    grid = page.get_by_role("grid", name="Alarms")
    grid.wait_for()
    total = shown(page)
    assert total > 9_000
    assert int(grid.get_attribute("aria-rowcount") or 0) == total + 1
    assert grid.get_by_role("row").count() < 80  # only what is in sight is drawn
    page.keyboard.press("/")
    page.keyboard.type("gas gd-0")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"[?&]q=gas"))
    some = shown(page)
    assert 0 < some < total
    page.keyboard.press("j")
    expect(grid).to_have_attribute("aria-activedescendant", "row-1")
    page.keyboard.press("Control+a")
    page.get_by_role("toolbar").get_by_text(f"{some:,} chosen").wait_for()
    page.keyboard.press("a")
    page.get_by_role("dialog").get_by_label("Comment").wait_for()
    page.keyboard.type("gas heads are being tested")
    page.keyboard.press("Enter")
    page.get_by_text(re.compile(r"\d+ alarms acknowledged\.")).wait_for()
    (act,) = [
        decision for decision in console.client("operator").decisions(kind="action") if decision.what == "acknowledge"
    ]
    assert act.content["body"]["comment"] == "gas heads are being tested"
    expect(grid.locator('[data-waits="true"]')).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    page.keyboard.press("g")
    expect(grid.get_by_role("row", expanded=False).first).to_be_visible()
    assert grid.get_by_role("row").count() < 80
    page.keyboard.press("Home")
    page.keyboard.press("x")
    page.keyboard.press("a")
    page.get_by_role("dialog").get_by_label("Comment").wait_for()
    page.keyboard.type("storm")
    page.keyboard.press("Enter")
    page.get_by_text(re.compile(r"[\d,]+ alarms acknowledged\.")).last.wait_for()
    page.keyboard.press("g")


def test_one_alarm_is_read_assigned_and_shelved(make_console, open_page):
    console = make_console("attacked", accounts=True)
    page = listening(open_page(console, "/alarms", role="operator"))
    grid = page.get_by_role("grid", name="Alarms")
    grid.wait_for()
    page.keyboard.press("Home")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/alarms/alm-"))
    detail = page.locator("section").filter(has=page.get_by_role("heading", name="Check first"))
    for heading in ("What was seen", "Check first", "What it means", "Harmless causes", "What was done"):
        page.get_by_role("heading", name=heading).wait_for()
    page.get_by_role("link", name="Raw record of the worst detection").wait_for()
    page.keyboard.press("o")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("To whom").select_option("role:security")
    dialog.get_by_label("Comment").fill("look at the gate")
    dialog.get_by_role("button", name="Assign").click()
    detail.get_by_text("operator gave it to Role: security").wait_for()
    page.get_by_text("look at the gate").wait_for()
    page.keyboard.press("s")
    dialog.get_by_label("For how long").select_option("4")
    dialog.get_by_role("button", name="Shelve").click()
    detail.get_by_text("operator shelved it").wait_for()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/alarms$"))


def test_the_banner_calls_with_sound_until_it_is_muted(make_console, open_page):
    console = make_console("quiet")
    page = listening(open_page(console, "/account"))
    sound = page.get_by_test_id("sound")
    banner = page.get_by_role("region", name="Alarms that call")
    page.locator("#content").click()  # browsers let a page sound after a click
    expect(sound).to_have_attribute("data-sound", "on")
    assert banner.count() == 0
    console.raise_alarms(3)
    banner.wait_for()
    expect(sound).to_have_attribute("data-sound", "sounding")
    expect(sound).not_to_have_attribute("data-rounds", "0")
    sound.click()
    expect(sound).to_have_attribute("data-sound", "muted")
    expect(sound).to_have_text("Muted")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Screen, command").wait_for()
    page.keyboard.type("sound on again")
    page.get_by_role("option", name=re.compile("Sound on again")).wait_for()
    page.keyboard.press("Enter")
    expect(sound).to_have_attribute("data-sound", "sounding")
    button = banner.get_by_role("button", name=re.compile("^Acknowledge"))
    name = (button.get_attribute("aria-label") or "").removeprefix("Acknowledge: ")
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_label("Comment").wait_for()
    page.keyboard.type("on my way")
    page.keyboard.press("Enter")
    page.get_by_text("1 alarm acknowledged.").wait_for()
    expect(button.and_(page.get_by_label(f"Acknowledge: {name}", exact=True))).to_have_count(0)
    with console.client("operator") as client:
        (alarm,) = [alarm for alarm in client.alarms() if alarm.title == name]
        assert [act.comment for act in client.alarm(alarm.id).acts] == ["on my way"]


def test_the_table_is_saved(attacked, open_page):
    page = listening(open_page(attacked, "/alarms?severity=critical&severity=high"))
    page.get_by_role("grid").wait_for()
    with page.expect_download() as download:
        page.keyboard.press("e")
    rows = list(csv.DictReader(StringIO(Path(download.value.path()).read_text())))
    assert download.value.suggested_filename == "alarms-depot.csv"
    assert len(rows) == shown(page)
    assert {row["severity"] for row in rows} <= {"critical", "high"}


def test_it_fits_a_phone(attacked, open_page):
    page = listening(open_page(attacked, "/alarms", width=390, theme="dark"))
    row = page.get_by_role("grid").get_by_role("row").nth(1)
    row.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    row.get_by_role("gridcell").first.click()
    page.get_by_role("toolbar").get_by_role("button", name="Acknowledge").wait_for()
    row.get_by_role("gridcell").nth(5).click()
    page.get_by_role("heading", name="Check first").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_anything_is_found_and_commands_are_run(attacked, open_page):
    page = listening(open_page(attacked, "/account"))
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Screen, command").wait_for()
    page.keyboard.type("theme dark")
    page.get_by_role("option", name=re.compile("Theme: Dark")).wait_for()
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Screen, command").wait_for()
    page.keyboard.type("LT-103")
    page.get_by_role("option", name=re.compile("LT-103.*Signal")).first.wait_for()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/signals/LT-103"))
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").get_by_text("Find anything, run a command").wait_for()
