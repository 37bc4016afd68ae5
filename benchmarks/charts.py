"""A chart of seven days of a 1 Hz signal: ours, reduced by the server to its pixels, against drawing every value.

Both in the same Chromium over the same API on loopback and compacted history. Time to paint is from the request for the
page (ours, its code cached) or for the values (rival: the same uPlot given every value as JSON) to the frame that shows
the line; zoom is from the key, or `setScale`, to the frame that shows the half span in full detail. The rival is given
its code for nothing, and its zoom needs no request: all values lie in the browser, whose memory is told.
"""

import argparse
import socket
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import circumstances, print_result, table

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "examples" / "depot"
UPLOT = ROOT / "console" / "node_modules" / "uplot" / "dist" / "uPlot.iife.min.js"
SIGNAL = "TT-101"
BEGIN = 1_772_000_000
PLOT = "document.querySelector('[data-testid=plot]')"
SHOWN = f"{PLOT} && {PLOT}.dataset.points !== '0' && {PLOT}.closest('figure').ariaBusy === 'false'"
RIVAL = """async ([path, from, to]) => {
    const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const begun = performance.now();
    const told = (await (await fetch(path)).json()).series[0];
    const host = document.body.appendChild(document.createElement("div"));
    const options = {width: 1200, height: 360, ms: 1, scales: {x: {time: true}}, series: [{}, {stroke: "black"}]};
    const chart = new uPlot(options, [told.times_ms, told.values], host);
    await painted();
    const first = performance.now() - begun;
    const zoomed = performance.now();
    chart.setScale("x", {min: from + (to - from) / 4, max: to - (to - from) / 4});
    await painted();
    return {first, zoom: performance.now() - zoomed, points: told.times_ms.length};
}"""


def fill(store: Any, days: float) -> int:
    """So many days of one signal at 1 Hz in the store, compacted; returns the rows."""
    from infrastress.core.time import SECOND
    from infrastress.events import Samples

    rows, chunk = round(days * 86_400), 3600
    random = np.random.default_rng(7)
    for number, start in enumerate(range(0, rows, chunk)):
        at = np.arange(start, min(rows, start + chunk))
        values = 288.0 + 4 * np.sin(at / 86_400 * 2 * np.pi) + random.normal(0, 0.05, len(at))
        samples = Samples("depot", "scada", number, (BEGIN + at) * SECOND, (SIGNAL,), values[:, None])
        store.log.append("ingest/depot/main:samples", [(samples.id, samples.encode())])
    store.history.compact("ingest/depot/main", up_to=store.log.end("ingest/depot/main"))
    return rows


@contextmanager
def served(folder: Path, days: float) -> Iterator[tuple[str, int]]:
    """The API over such a store; gives its address and the rows."""
    from infrastress.app.accounts import Book
    from infrastress.app.api.app import create_app
    from infrastress.app.api.opened import serve
    from infrastress.app.api.settings import ApiSettings, InForce
    from infrastress.app.detecting import cards_of, choose_detectors
    from infrastress.site.load import load_site
    from infrastress.store import open_store

    site = load_site(SITE)
    setup = InForce(site, cards_of(choose_detectors(site)))
    with open_store(str(folder / "store")) as store, socket.create_server(("127.0.0.1", 0)) as sock:
        rows = fill(store, days)
        settings = ApiSettings(rate=1e6, burst=1e6, history_rows=10**9)
        app = create_app(store, lambda: setup, book=Book(folder / "state"), settings=settings)
        stop, ready = threading.Event(), threading.Event()
        thread = threading.Thread(target=serve, args=(app, sock, stop), kwargs={"on_ready": ready.set}, daemon=True)
        thread.start()
        if not ready.wait(60):
            raise SystemExit("the API did not start")
        try:
            yield f"http://127.0.0.1:{sock.getsockname()[1]}", rows
        finally:
            stop.set()
            thread.join(30)


def measure(address: str, days: float, rounds: int) -> dict[str, list[dict[str, float]]]:
    """Each way so many times, in pages of their own."""
    from playwright.sync_api import sync_playwright

    from infrastress.core.time import SECOND, to_iso

    begin, end = BEGIN * SECOND, round((BEGIN + days * 86_400) * SECOND)
    span = f"from={to_iso(begin)}&to={to_iso(end)}"
    found: dict[str, list[dict[str, float]]] = {"ours": [], "every value": []}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--enable-precise-memory-info", "--js-flags=--expose-gc"],
        )
        context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900}, bypass_csp=True)
        for _ in range(rounds + 1):  # the first fills the browser's cache, and isn't counted
            page = context.new_page()
            page.goto(f"/signals/{SIGNAL}?{span}", wait_until="commit")
            page.wait_for_function(SHOWN, polling="raf", timeout=60_000)
            first = page.evaluate("performance.now()")
            page.evaluate(f"{PLOT}.focus()")
            zoomed = page.evaluate(f"window.before = {PLOT}.dataset.from; performance.now()")
            page.keyboard.press("+")
            page.wait_for_function(f"{PLOT}.dataset.from !== before && {SHOWN}", polling="raf", timeout=60_000)
            page.wait_for_timeout(200)  # the pause before it asks, while keys may follow one another
            page.wait_for_function(SHOWN, polling="raf", timeout=60_000)
            zoom = page.evaluate("performance.now()") - zoomed
            points = page.evaluate(f"Number({PLOT}.dataset.points)")
            found["ours"].append({"first": first, "zoom": zoom, "points": points, "mb": _memory(page)})
            page.close()
            page = context.new_page()
            page.goto("/api/v1/health/live")
            page.add_script_tag(path=UPLOT)
            asked = [f"/api/v1/history?signal={SIGNAL}&{span}", begin / 1e6, end / 1e6]
            told = page.evaluate(RIVAL, asked)
            found["every value"].append({**told, "mb": _memory(page)})
            page.close()
        browser.close()
    return {name: each[1:] for name, each in found.items()}


def _memory(page: Any) -> float:
    return float(page.evaluate("(globalThis.gc && gc(), performance.memory.usedJSHeapSize / 1e6)"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both ways side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=7.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    days, rounds = (1.0, 2) if options.quick else (options.days, options.rounds)
    try:
        import playwright  # noqa: F401
    except ImportError:
        sys.stdout.write("needs playwright, Chromium and the built console: make .venv/.dev console\n")
        return
    with tempfile.TemporaryDirectory() as name, served(Path(name), days) as (address, rows):
        found = measure(address, days, rounds)
    keys = (("first", "first paint, ms"), ("zoom", "zoom, ms"), ("points", "points drawn"), ("mb", "heap, MB"))
    middle = {way: {key: statistics.median(one[key] for one in each) for key, _ in keys} for way, each in found.items()}
    rows_of = [[way, *(round(values[key]) for key, _ in keys)] for way, values in middle.items()]
    result = {"rows": rows, "rounds": rounds, "median": middle, "circumstances": circumstances("playwright")}
    text = f"{rows:,} values, median of {rounds}\n\n" + table(["way", *(title for _, title in keys)], rows_of)
    print_result(result, text, as_json=options.json)


if __name__ == "__main__":
    main()
