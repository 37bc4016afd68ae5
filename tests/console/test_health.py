"""Health: silence shows without a reload, nothing is known when detection is dead, what was done is told at once."""

import re

import msgspec
from playwright.sync_api import expect

from tests.console.browsing import listening


def cut(console, source):
    """The connection to a source is lost: nothing more comes, and its connector says so."""
    pipeline = console.playing.pipeline
    kept = pipeline._next + 1
    told = pipeline._day.told
    pipeline._day.told = [*told[:kept], *(one for one in told[kept:] if one[1] != source)]
    now = console.clock.now()
    link = {"source": source, "member": "", "state": "down", "detail": "connection refused", "clock": now}
    console.store.log.append("ingest/depot/main:link", [(f"cut-{now:x}", msgspec.json.encode(link))])


def test_a_source_that_is_lost_shows_without_a_reload(make_console, open_page):
    console = make_console("quiet")
    page = listening(open_page(console, "/health"))
    row = page.get_by_role("row", name=re.compile("^scada"))
    expect(row).to_contain_text("Live")
    expect(row).to_contain_text("should: 10 s")
    expect(page.get_by_text("The site is watched.")).to_be_visible()
    cut(console, "scada")
    expect(row).to_contain_text("Down", timeout=30_000)
    expect(row).to_contain_text("connection refused")
    page.get_by_role("link", name="What was done").click()
    expect(page.get_by_role("row", name=re.compile("scada: connection lost"))).to_contain_text("connection refused")


def test_when_detection_is_dead_nothing_is_known(make_console, open_page):
    console = make_console("quiet", pulse_s=2.0)
    page = listening(open_page(console, "/health"))
    row = page.get_by_role("row", name=re.compile("^scada"))
    expect(row).to_contain_text("Live")
    console.playing.silent.set()
    expect(page.get_by_text("The site is not fully watched.")).to_be_visible(timeout=20_000)
    sources = page.get_by_role("region", name="Sources")
    for one in ("scada", "badges", "gas", "switches", "logins", "reports"):
        expect(sources.get_by_role("row", name=re.compile(f"^{one}"))).to_contain_text("Unknown")
    expect(row).to_contain_text("last told: Live")
    console.playing.silent.clear()
    expect(page.get_by_text("The site is watched.")).to_be_visible(timeout=20_000)
    expect(row).to_contain_text("Live")
    expect(row).not_to_contain_text("last told")


def test_what_people_do_is_told_as_they_do_it(make_console, open_page):
    console = make_console("attacked")
    page = listening(open_page(console, "/health/decisions?kind=action"))
    expect(page.get_by_text("Nothing yet.")).to_be_visible()
    with console.client() as api:
        alarm = next(api.alarms(state="unacknowledged", sort="priority"))
        api.acknowledge(alarm.id, "two people on the way")
    row = page.get_by_role("row", name=re.compile("Acknowledged"))
    expect(row).to_contain_text(alarm.title, timeout=20_000)
    expect(row).to_contain_text("two people on the way")
    expect(row).to_contain_text("local")


def test_processes_detectors_and_members_on_a_phone_in_german(attacked, open_page):
    page = listening(open_page(attacked, "/health", language="de", width=390, theme="dark"))
    expect(page.get_by_role("region", name="Prozesse")).to_contain_text("Judge: Erkennung und Alarme")
    detectors = page.get_by_role("region", name="Detektoren")
    expect(detectors.get_by_role("row", name=re.compile("Prozessinvarianten"))).to_contain_text("Ein")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="scada").click()
    members = page.get_by_role("region", name="Mitglieder")
    expect(members.get_by_role("row", name=re.compile("LT-103"))).to_contain_text("In Ordnung")
    expect(page.get_by_role("region", name="Bilanz")).to_contain_text("angenommen")
    members.get_by_label("Nur auffällige").check()
    expect(members).to_contain_text("0 von 84")


def test_the_service_itself_tells_its_processes_and_what_is_in_force(make_served, open_page):
    console = make_served("quiet")
    page = listening(open_page(console, "/health"))
    processes = page.get_by_role("region", name="Processes")
    expect(processes.get_by_role("row", name=re.compile("^Judge"))).to_contain_text("Running")
    expect(processes).to_contain_text("Nothing was learned for this site yet")
    sources = page.get_by_role("region", name="Sources")
    expect(sources).to_contain_text("No live connection: it stays silent.")
    page.goto("/site/check")
    listening(page, streams=2)
    history = page.get_by_role("region", name="Put in force")
    expect(history.get_by_role("row", name=re.compile("at the start"))).to_be_visible()
