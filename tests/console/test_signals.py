"""Charts of signals: what the plant told is what is drawn, spans and gaps too; found, compared, sent and saved."""

import re
import time
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

from infrastress.core.time import MINUTE, SECOND, from_iso, to_iso
from infrastress.events import Samples
from tests.console.browsing import PATIENCE_S, PHONE, listening

FROM, TO = "2026-03-12T23:30:00.000Z", "2026-03-13T02:30:00.000Z"
SPAN = f"from={FROM}&to={TO}"

INK = """([canvas, at]) => {
    const plot = canvas.closest("[data-testid=plot]");
    const [from, to] = [Number(plot.dataset.from), Number(plot.dataset.to)];
    const [over, box] = [plot.querySelector(".u-over").getBoundingClientRect(), canvas.getBoundingClientRect()];
    const scale = canvas.width / box.width;
    const x = Math.round((over.left - box.left + ((at - from) / (to - from)) * over.width) * scale);
    const y = Math.round((over.top - box.top) * scale);
    const height = Math.round(over.height * scale);
    const copy = new OffscreenCanvas(3, height).getContext("2d", {willReadFrequently: true});
    copy.drawImage(canvas, x - 1, y, 3, height, 0, 0, 3, height);
    const pixels = copy.getImageData(0, 0, 3, height).data;
    let dark = 0, red = 0;
    for (let i = 0; i < pixels.length; i += 4) {
        if (pixels[i + 3] > 128 && pixels[i] < 90 && pixels[i + 1] < 90 && pixels[i + 2] < 90) dark++;
        if (pixels[i] > pixels[i + 2] + 8) red++;
    }
    return {dark, red};
}"""
"""Pixels of the line, and of a reddish or yellowish shade, in the columns of a chart about a moment."""


def plots(page, count=1):
    """The charts, read and drawn."""
    found = page.get_by_test_id("plot")
    expect(found).to_have_count(count)
    for number in range(count):
        expect(found.nth(number)).not_to_have_attribute("data-points", "0", timeout=20_000)
        figure = page.locator("figure").nth(number)
        expect(figure).to_have_attribute("aria-busy", "false", timeout=20_000)
    return found


def ink(plot, at):
    """Pixels about a moment, ns."""
    canvas = plot.locator("canvas")
    return canvas.page.evaluate(INK, [canvas.element_handle(), at / 1e6])


def span_of(plot):
    return float(plot.get_attribute("data-from")), float(plot.get_attribute("data-to"))


def test_a_spike_of_one_sample_is_seen_and_a_gap_is_a_gap(make_console, open_page):
    console = make_console("quiet")
    begin = from_iso("2026-02-20T00:00:00Z")
    times = begin + 10 * SECOND * np.arange(8640, dtype=np.int64)
    times = times[(times < times[4000]) | (times > times[4400])]
    values = np.full((len(times), 1), 283.0)
    values[1234] = 293.0
    samples = Samples("depot", "scada", 1, times, ("TT-101",), values)
    # Beside what detection reads: it has judged that day long ago.
    console.store.log.append("ingest/depot/older:samples", [(samples.id, samples.encode())])
    end = to_iso(begin + 86_400 * SECOND)
    page = listening(open_page(console, f"/signals/TT-101?from={to_iso(begin)}&to={end}"))
    plot = plots(page).first
    flat = ink(plot, begin + 3 * 3600 * SECOND)["dark"]
    assert 0 < flat < 20
    assert ink(plot, int(times[1234]))["dark"] > 10 * flat, "the spike is a line from bottom to top"
    assert ink(plot, int(times[3999] + times[4000]) // 2)["dark"] == 0, "no line is drawn across the gap"
    page.get_by_text("Values as a table").click()
    rows = page.get_by_role("region", name="Values as a table").get_by_role("row")
    expect(rows.filter(has_text="19.85")).to_have_count(1)
    expect(rows.filter(has_text="no value")).to_have_count(1)


def test_an_anomalous_span_is_shaded_with_limits_and_expectation_and_leads_to_its_evidence(attacked, open_page):
    with attacked.client() as api:
        spans = api.spans("LT-103", FROM, TO).items
        told = api.expected("LT-103", FROM, TO).predictions
    worst = next(one for one in spans if one.rule == "process.mass_balance")
    page = listening(open_page(attacked, f"/signals/LT-103?{SPAN}"))
    plot = plots(page).first
    entry = page.get_by_role("article").filter(has_text=worst.sentence)
    expect(entry).to_have_count(1)
    before, within = from_iso(worst.began) - 10 * MINUTE, from_iso(worst.began) + MINUTE
    assert ink(plot, before)["red"] == 0
    assert ink(plot, within)["red"] > 100
    expect(entry.get_by_role("link", name="Alarm")).to_have_attribute("href", f"/alarms/{worst.alarm}")
    expect(entry.get_by_role("link", name="Evidence")).to_have_attribute("href", f"/evidence/{worst.id}")
    page.get_by_role("checkbox", name="Expected").check()
    expect(page.get_by_text("expected, and what is tolerated: Tank level does not follow its meters")).to_be_visible()
    plot.focus()
    page.keyboard.press("End")
    assert max(score or 0 for score in told[0].score) >= 1
    page.keyboard.press("Home")
    expect(page.locator("figcaption")).to_contain_text("CET")
    entry.get_by_role("button", name="Look at it").click()
    expect(plot).not_to_have_attribute("data-from", str(round(from_iso(FROM) / 1e6)))
    assert span_of(plot)[0] < from_iso(worst.began) / 1e6 < span_of(plot)[1]


def test_keys_zoom_pan_and_move_the_cursor(attacked, open_page):
    page = listening(open_page(attacked, f"/signals/FT-P?{SPAN}"))
    plot = plots(page).first
    first = span_of(plot)
    plot.focus()
    page.keyboard.press("+")
    expect(plot).not_to_have_attribute("data-from", str(round(first[0])))
    closer = span_of(plot)
    assert closer[1] - closer[0] == pytest.approx((first[1] - first[0]) / 2)
    page.keyboard.press("Shift+ArrowLeft")
    expect(plot).not_to_have_attribute("data-from", str(round(closer[0])))
    assert span_of(plot)[1] - closer[1] == pytest.approx((closer[0] - closer[1]) / 4, abs=2)
    plots(page)
    page.keyboard.press("Home")
    caption = page.locator("figcaption")
    expect(caption).not_to_contain_text("Newest")
    at_home = caption.inner_text()
    page.keyboard.press("ArrowRight")
    expect(caption).not_to_have_text(at_home)
    page.keyboard.press("Escape")
    expect(caption).to_contain_text("Newest")
    page.keyboard.press("-")
    expect(page.get_by_role("button", name="Follow")).to_be_visible()


def test_a_comparison_shares_cursor_and_zoom_and_can_be_sent(attacked, open_page):
    page = listening(open_page(attacked, f"/signals/compare?s=LT-103&s=FT-P&{SPAN}"))
    found = plots(page, 2)
    captions = page.locator("figcaption")
    found.first.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    expect(captions.nth(1)).not_to_contain_text("Newest")
    page.keyboard.press("+")
    expect(found.nth(1)).not_to_have_attribute("data-from", str(round(from_iso(FROM) / 1e6)))
    assert span_of(found.first) == span_of(found.nth(1))
    page.get_by_role("combobox", name="Add a signal").fill("TT-103")
    page.get_by_role("button", name="Add", exact=True).click()
    plots(page, 3)
    sent = listening(open_page(attacked, page.url.removeprefix(attacked.address)))
    same = plots(sent, 3)
    assert [span_of(same.nth(i)) for i in range(3)] == [span_of(found.first)] * 3
    assert parse_qs(urlsplit(sent.url).query)["s"] == ["LT-103", "FT-P", "TT-103"]


def test_what_is_saved_is_what_the_api_says(attacked, open_page):
    page = listening(open_page(attacked, f"/signals/LT-103?{SPAN}"))
    plots(page)
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").click()
    lines = saved.value.path().read_text().splitlines()
    with attacked.client() as api:
        table = api.history_arrow(["LT-103"], FROM, TO)
    assert lines[0] == "signal,time,value,unit"
    assert [float(line.split(",")[2]) for line in lines[1:]] == table["value"].to_pylist()
    assert [from_iso(line.split(",")[1]) for line in lines[1:]] == [at.value for at in table["time"].to_pylist()]
    with page.expect_download() as saved:
        page.get_by_role("button", name="PNG").click()
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")
    assert saved.value.suggested_filename.startswith("LT-103_20260312T233000Z_")


def test_a_chart_that_follows_asks_for_its_tail_alone(attacked, open_page):
    page = open_page(attacked, "/signals")
    asked = []
    page.on(
        "request", lambda request: "/history?" in request.url and asked.append(parse_qs(urlsplit(request.url).query))
    )
    page.goto(f"{attacked.address}/signals/FT-P?last=900")
    plot = plots(listening(page)).first
    start, length = span_of(plot)[1], 900_000
    page.wait_for_function(
        "(start) => Number(document.querySelector('[data-testid=plot]').dataset.to) > start + 4000", arg=start
    )
    assert span_of(plot)[1] - span_of(plot)[0] == length

    def lengths():
        return [(from_iso(q["to"][0]) - from_iso(q["from"][0])) / 1e6 for q in asked if q["signal"] == ["FT-P"]]

    until = time.monotonic() + PATIENCE_S
    while len(lengths()) < 3 and time.monotonic() < until:  # how often it asks by now differs from machine to machine
        page.wait_for_timeout(100)
    first, *later = lengths()
    assert first == length
    assert len(later) > 1
    assert max(later) < length / 4


def test_signals_are_found_and_told_apart_by_how_they_stand(attacked, open_page):
    page = listening(open_page(attacked, "/signals"))
    rows = page.get_by_role("row")
    page.get_by_role("searchbox").fill("T-103")
    expect(rows.filter(has=page.get_by_role("link", name="LT-103"))).to_have_count(1)
    line = page.locator("svg[aria-label='Last hour of LT-103'] path")
    expect(line).to_have_attribute("d", re.compile("^M.*L"), timeout=20_000)
    page.get_by_role("checkbox", name="Compare LT-103").check()
    page.get_by_role("link", name="Compare 1 signal").click()
    plots(page)
    assert urlsplit(page.url).path == "/signals/compare"


def test_it_fits_a_phone_in_german_and_dark(attacked, open_page):
    page = listening(
        open_page(attacked, f"/signals/LT-103?{SPAN}&expected=1", width=PHONE[0], theme="dark", language="de")
    )
    plot = plots(page).first
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    before = span_of(plot)
    page.get_by_role("button", name="Vergrößern").click()
    expect(plot).not_to_have_attribute("data-from", str(round(before[0])))
    expect(page.get_by_role("heading", name="Auffällige Abschnitte")).to_be_visible()
