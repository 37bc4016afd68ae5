"""Why an incident is as probable as its page says: every piece by its weight, in words first, worked out anew."""

import re

import pytest
from playwright.sync_api import expect

from infrastress.core.time import HOUR
from infrastress.evaluation.performance import PERFORMANCE_FILE, Performance, Spoken, save_performance
from tests.console.browsing import listening
from tests.console.catalogues import messages_of
from tests.console.test_incidents import gas_again, incident_of

BOWTIE = """
bowties:
  - id: overfilled
    hazard: overfill-103
    without_threat: 0.0001
    threats:
      - {id: intruder, probability: 0.02, leads: 0.05}
    sensors:
      - {id: badges, watches: intruder, detector: access, rule: access.outside_shift, tpr: 0.8, fpr: 0.05}
      - {id: tracks, watches: intruder, detector: tracks, tpr: 0.9, fpr: 0.01}
"""
MEASURED = Performance(
    detector="perimeter", detector_version="1", rule="", windows=60, found=54, asset_hours=9000.0, false_episodes=3,
    recording="drill-2026", faults=Spoken(19, 11), works=Spoken(19, 1),
)  # fmt: skip


def panel_of(page, language="en"):
    return page.get_by_role("region", name=messages_of(language)["incidents"]["weighed"]["title"])


def told_of(console, incident):
    import httpx

    return httpx.get(f"{console.address}/api/v1/incidents/{incident}/why", timeout=30).json()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("An attack, by the gate or the network: over 99.9%", "the same number", "makes it {} times likelier")),
        ("de", ("Ein Angriff, durch das Tor oder das Netz: über 99,9 %", "dieselbe Zahl", "macht es {}-mal so")),
    ],
)
def test_each_piece_is_told_by_what_it_does_to_the_odds(attacked, open_page, language, words):
    incident = incident_of(attacked)
    why = told_of(attacked, incident)
    assert why["verdict"] == "same"
    page = listening(open_page(attacked, f"/incidents/{incident}", language=language))
    panel = panel_of(page, language)
    expect(panel).to_contain_text(words[0])
    expect(panel).to_contain_text(words[1])
    first = why["evidence"][0]
    times = f"{2 ** first['bits']:.2g}"
    row = panel.get_by_role("listitem").filter(has_text=first["rule"]).first
    expect(row).to_contain_text(words[2].format(times if language == "en" else times.replace(".", ",")))
    panel.locator("summary").evaluate_all("all => all.forEach((one) => one.parentElement.open = true)")
    for piece in why["evidence"]:
        assert panel.get_by_text(piece["rule"]).count() > 0
    for field in why["fields"]:
        expect(panel.get_by_text(field, exact=True)).to_be_visible()
    assert panel.locator("strong", has_text="%").count() > len(why["top_events"])
    for step in why["next_steps"]:
        expect(panel.get_by_text(step["text"]).first).to_be_visible()


def test_a_piece_leads_to_its_evidence_and_the_facts_lead_to_the_pieces(attacked, open_page):
    incident = incident_of(attacked)
    first = told_of(attacked, incident)["evidence"][0]
    with attacked.client() as api:
        alarm = api.alarm(first["alarm"])
    page = listening(open_page(attacked, f"/incidents/{incident}"))
    story = page.get_by_role("region", name="Why we think so")
    expect(story.get_by_role("listitem").filter(has_text=re.compile("^GD-03 reads 40 %[^.]*[.]$"))).to_be_visible()
    page.get_by_role("link", name=re.compile("piece by piece")).click()
    heading = panel_of(page).get_by_role("heading", level=2)
    expect(heading).to_be_in_viewport()
    head = page.get_by_role("banner").first.bounding_box()
    page.wait_for_timeout(100)
    assert heading.bounding_box()["y"] >= head["y"] + head["height"]  # not under the head, which stays
    panel_of(page).get_by_role("link", name=alarm.title).click()
    page.wait_for_url(f"**/evidence/{alarm.evidence}")


def test_measured_stated_and_silent_stand_apart_and_a_changed_model_is_said(make_console, open_page):
    def measured(scene):
        save_performance(scene.site / "state" / PERFORMANCE_FILE, [MEASURED])
        file = scene.site / "site.yaml"
        file.write_text(re.sub(r"pfd: 0\.01\b", "pfd: 0.2", file.read_text()) + BOWTIE)

    console = make_console("attacked", before=measured)
    incident = incident_of(console)
    page = listening(open_page(console, f"/incidents/{incident}"))
    panel = panel_of(page)
    expect(panel).to_contain_text("another number, since the site model or the programme has changed")
    console.playing.pipeline.raise_([gas_again(console, rule="gas.high_alarm")])
    console.playing.pipeline.forward(console.clock.now() + HOUR)  # until then it isn't told again
    expect(panel).to_contain_text("the same number")
    panel.locator("summary").evaluate_all("all => all.forEach((one) => one.parentElement.open = true)")
    expect(panel.get_by_text(re.compile("measured on drill-2026")).first).to_be_visible()
    causes = "speaks in 58% of faults · speaks in 7.5% of honest work"
    expect(panel.get_by_text(re.compile(re.escape(causes))).first).to_be_visible()
    silent = panel.get_by_role("listitem").filter(has_text=re.compile("^Silent"))
    expect(silent).to_contain_text("stated in")
    expect(silent).to_contain_text("tracks")
    expect(panel.get_by_text(re.compile("come from detectors that nobody has measured"))).to_be_visible()


def test_what_the_model_does_not_know_is_said_to_be_a_judgement(make_console, open_page):
    console = make_console("quiet")
    page = listening(open_page(console, "/incidents"))
    console.playing.pipeline.raise_([gas_again(console)])
    page.get_by_role("link", name=re.compile("^Gas detected: GD-02")).click()
    why = told_of(console, page.url.rpartition("/")[2])
    expect(panel_of(page)).to_contain_text(
        "is the judgement of the table" if why["verdict"] == "unmodelled" else "counts as weak"
    )
