"""The console in a real browser: first page, filter and scrolling with 10,000 alarms, lag, memory over a soak.

Goals: serve to first page 3 s; first load 250 kB of JavaScript; filter 100 ms; 50 frames a second. Memory is the
JavaScript heap after a forced collection, while alarms change 50 times a second: the slope and its 95 % interval.
"""

import argparse
import json
import math
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from tests.console.browsing import launched, listening, missing
from tests.console.browsing import opened as opened_page
from tests.console.consoles import ApiConsole
from tests.console.scenes import made_once, make_scene
from tests.peers.processes import free_port

from benchmarks.common import circumstances, print_result, table
from benchmarks.console_alarms import rivals, scrolled
from infrastress.core.time import SECOND
from infrastress.events import Alarm, encode_event, make_event
from infrastress.store.ports import Output, Store

DEPOT = Path(__file__).resolve().parents[1] / "examples" / "depot"
CHANGES_S, COMMITS_S, ALARMS = 50, 10, 500
"""Changes a second in the soak, in how many commits, and among how many alarms."""
_NOTE_FRAMES = """
window.told = [];
window.EventSource = class extends EventSource {
  constructor(...words) {
    super(...words);
    super.addEventListener("update", (event) => {
      const alarms = JSON.parse(event.data).alarms ?? [];
      const sent = alarms.map((one) => one.sentence).filter((words) => words.startsWith("sent "));
      for (const words of sent) window.told.push([Number(words.slice(5)), Date.now()]);
    });
  }
};
"""
_FILTER = """async ([words, wanted]) => {
  const box = document.querySelector('[type=search]');
  const shown = () => document.querySelector('main').innerText;
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  box.focus();
  set.call(box, '');
  box.dispatchEvent(new Event('input', { bubbles: true }));
  for (let i = 0; i < 20; i++) await painted();
  const before = shown(), began = performance.now();
  set.call(box, words);
  box.dispatchEvent(new Event('input', { bubbles: true }));
  while (shown() === before && performance.now() - began < 5000) await painted();
  return performance.now() - began;
}"""
WORDS = ("GD-0", "badge", "T-103", "login", "pump", "tank")


def first_page(browser: Any, folder: Path) -> dict[str, float]:
    """From `infrastress serve` to a page that a person can read, s."""
    site = folder / "depot"
    shutil.copytree(DEPOT, site, ignore=shutil.ignore_patterns("state"))
    port = free_port()
    context = browser.new_context(base_url=f"http://127.0.0.1:{port}")
    page = context.new_page()
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "infrastress", "serve", str(site), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                page.goto("/")
                break
            except Exception:
                assert process.poll() is None, "it can't be served"
                assert time.perf_counter() - began < 60, "it took too long"
                time.sleep(0.02)
        page.get_by_role("navigation").first.wait_for()
        took = time.perf_counter() - began
        paint = page.evaluate(
            "performance.getEntriesByType('paint').find((one) => one.name.startsWith('first-contentful'))?.startTime"
        )
        return {"serve_to_page_s": took, "first_paint_ms": paint or math.nan}
    finally:
        process.terminate()
        process.wait(60)
        context.close()


def first_load(browser: Any, console: ApiConsole) -> dict[str, float]:
    """JavaScript that a first visit fetches, kB as sent, and when it is first painted: alarms; and the map's screen."""
    found: dict[str, float] = {}
    for name, path in (("script_kB", "/alarms"), ("script_with_map_kB", "/")):
        with opened_page(browser, console, path) as page:
            listening(page)
            sizes = page.evaluate(
                "performance.getEntriesByType('resource').map((one) => [one.name, one.encodedBodySize])"
            )
            paint = page.evaluate(
                "performance.getEntriesByType('paint').find((one) => one.name === 'first-contentful-paint')?.startTime"
            )
        found[name] = sum(size for url, size in sizes if url.endswith((".js", ".mjs"))) / 1000
        found.setdefault("first_contentful_paint_ms", paint or math.nan)
    return found


def ten_thousand(browser: Any, console: ApiConsole) -> dict[str, float]:
    """The alarm list with 10,000 alarms: filtered, scrolled, followed."""
    with opened_page(browser, console, "/alarms", before=_NOTE_FRAMES) as page:
        listening(page)
        page.wait_for_timeout(2000)
        filters = [page.evaluate(_FILTER, [words, ""]) for words in WORDS]
        page.locator("[type=search]").first.fill("")
        page.wait_for_timeout(500)
        scrolling = scrolled(page, "scroll")
        stop = threading.Event()
        writer = threading.Thread(target=change, args=(console.store, stop), daemon=True)
        writer.start()
        page.wait_for_timeout(10_000)
        stop.set()
        writer.join()
        told = np.array(page.evaluate("window.told"), dtype=np.float64)
    with opened_page(browser, console, "/alarms") as page:
        others = rivals(listening(page), WORDS)
    lag = told[:, 1] - told[:, 0]
    return {
        "filter_p50_ms": float(np.median(filters)),
        "filter_longest_ms": max(filters),
        **scrolling,
        **others,
        "lag_p50_ms": float(np.percentile(lag, 50)),
        "lag_p99_ms": float(np.percentile(lag, 99)),
    }


def change(store: Store, stop: threading.Event) -> int:
    """Alarms that change, so many times a second, until `stop`; each says when. Returns how many changes there were."""
    number, each = 0, CHANGES_S // COMMITS_S
    lease = store.checkpoints.acquire("bench", store.checkpoints.observe("bench"), "bench")
    began, commits = time.monotonic(), 0
    while not stop.is_set():
        outputs = []
        for _ in range(each):
            body = Alarm(
                alarm=f"alm-{number % ALARMS:016x}",
                state="unacknowledged",
                severity="low",
                priority=4,
                title="Tank slowly gains or loses: T-103",
                sentence=f"sent {time.time() * 1000:.0f}",
                detection="0" * 32,
                rule="process.balance_drift",
                source_kind="telemetry",
            )
            fields = {"site": "depot", "source": "bench", "sequence": number, "occurred": time.time_ns()}
            event = make_event(body=body, assets=("T-103",), **fields)
            outputs.append(
                Output(
                    event.id, "result/depot:event", encode_event(event), f"depot/{body.alarm}", 1_773_369_000 * SECOND
                )
            )
            number += 1
        lease.commit(0, None, outputs)
        commits += 1
        stop.wait(max(0.0, commits / COMMITS_S - (time.monotonic() - began)))
    lease.release()
    return number


def soak(
    browser: Any, console: ApiConsole, minutes: float, path: str = "/alarms", log: TextIO | None = None
) -> dict[str, Any]:
    """Memory of a page that follows for so long; the first fifth is passed over, caches fill in it.

    Args:
        browser: of playwright.
        console: one whose alarms may change.
        minutes: how long.
        path: of the screen that is shown.
        log: gets each sample as it comes: minute, MB, DOM nodes.
    """
    stop, changes = threading.Event(), [0]
    writer = threading.Thread(target=lambda: changes.append(change(console.store, stop)), daemon=True)
    samples: list[tuple[float, float, int]] = []
    with opened_page(browser, console, path) as page:
        listening(page)
        session = page.context.new_cdp_session(page)
        session.send("HeapProfiler.enable")
        writer.start()
        began = time.monotonic()
        every = min(15.0, minutes * 60 / 20)
        while (passed := time.monotonic() - began) < minutes * 60:
            page.wait_for_timeout(every * 1000)
            session.send("HeapProfiler.collectGarbage")
            used = session.send("Runtime.getHeapUsage")["usedSize"]
            nodes = session.send("Memory.getDOMCounters")["nodes"]
            samples.append((passed / 60, used / 1e6, nodes))
            if log:
                log.write(f"{passed / 60:.2f} {used / 1e6:.3f} {nodes}\n")
                log.flush()
        stop.set()
        writer.join()
        troubles = page.troubles.found
    minute, heap, nodes = np.array([one for one in samples if one[0] >= minutes / 5]).T
    slope, margin = slope_of(minute, heap)
    return {
        "minutes": minutes,
        "changes": changes[-1],
        "heap_first_MB": float(heap[0]),
        "heap_last_MB": float(heap[-1]),
        "slope_MB_min": slope,
        "margin_MB_min": margin,
        "nodes_first": int(nodes[0]),
        "nodes_last": int(nodes[-1]),
        "troubles": troubles,
    }


def slope_of(x: Any, y: Any) -> tuple[float, float]:
    """Slope of the line of least squares, and half the width of its 95 % interval (normal errors)."""
    if len(x) < 4:
        return math.nan, math.nan
    fit = np.polyfit(x, y, 1)
    rest = y - np.polyval(fit, x)
    error = math.sqrt(float(rest @ rest) / (len(x) - 2) / float(((x - x.mean()) ** 2).sum()))
    return float(fit[0]), 1.96 * error


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="a soak of one minute")
    parser.add_argument("--soak-min", type=float, default=10.0)
    options = parser.parse_args(arguments)
    if reason := missing():
        sys.stdout.write(f"not measured: {reason}\n")
        return
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name, launched() as browser:
        folder = Path(name)
        scene = make_scene("flooded", folder / "scenes")
        found |= first_page(browser, made_once(folder / "served", lambda _: None))
        console = ApiConsole(scene.copy(folder / "console")).start()
        try:
            found |= first_load(browser, console)
            found |= ten_thousand(browser, console)
            soaked = soak(browser, console, 1.0 if options.quick else options.soak_min)
        finally:
            console.stop()
    goals = {
        "serve_to_page_s": 3.0,
        "script_kB": 250.0,
        "filter_longest_ms": 100.0,
        "scroll_frames_s": 50.0,
    }
    rows = [(name.replace("_", " "), value, goals.get(name, "")) for name, value in found.items()]
    head = ["heap first MB", "last MB", "slope MB/min", "+- (95 %)", "minutes", "changes", "DOM nodes first", "last"]
    keys = (
        "heap_first_MB",
        "heap_last_MB",
        "slope_MB_min",
        "margin_MB_min",
        "minutes",
        "changes",
        "nodes_first",
        "nodes_last",
    )
    text = f"{table(['', 'measured', 'goal'], rows)}\n\n{table(head, [[soaked[key] for key in keys]])}"
    if soaked["troubles"]:
        text += f"\n\nTroubles: {json.dumps(soaked['troubles'][:5])}"
    result = {"circumstances": circumstances("playwright"), **found, "soak": soaked}
    print_result(result, text, as_json=options.json)


if __name__ == "__main__":
    main()
