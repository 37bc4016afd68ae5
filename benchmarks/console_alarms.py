"""What the console's list of 10,000 alarms is held against: a plain table of the same rows, and an empty page.

The plain table is what one writes first: a row for each alarm, filtered by hiding rows, in the same browser, on one
machine, from the same server. The empty page is the most frames that this browser draws there at this load.
"""

from typing import Any

_FILTER = """async (text) => {
  const input = document.querySelector("[type=search]");
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  const began = performance.now();
  set.call(input, text);
  input.dispatchEvent(new Event("input", { bubbles: true }));
  await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
  return performance.now() - began;
}"""
_RIVAL = """async () => {
  document.body.textContent = "";
  const items = [];
  let cursor = "";
  do {
    const page = await (await fetch(`/api/v1/alarms?limit=2500${cursor && `&cursor=${cursor}`}`)).json();
    items.push(...page.items);
    cursor = page.next;
  } while (cursor);
  const input = document.createElement("input");
  input.type = "search";
  const box = document.createElement("div");
  box.style.cssText = "height: 600px; overflow: auto";
  const table = document.createElement("table");
  const rows = items.map((one) => {
    const row = table.insertRow();
    for (const text of [one.priority, one.severity, one.state, one.last_raised, one.title, one.assets.join(), one.zone])
      row.insertCell().textContent = text;
    return [row, `${one.title} ${one.assets} ${one.zone}`.toLowerCase()];
  });
  input.oninput = () => {
    for (const [row, text] of rows) row.hidden = !text.includes(input.value);
    box.getBoundingClientRect();
  };
  box.append(table);
  document.body.append(input, box);
  return items.length;
}"""
SCROLL = """async (seconds) => {
  const tall = [...document.querySelectorAll('html, body *')]
    .filter((one) => one.scrollHeight > one.clientHeight + 2000 && one.clientHeight > 200)
    .sort((a, b) => b.scrollHeight - a.scrollHeight)[0];
  const times = [], began = performance.now();
  while (performance.now() - began < seconds * 1000) {
    times.push(await new Promise(requestAnimationFrame));
    tall.scrollTop += 90;
  }
  const gaps = times.slice(1).map((time, i) => time - times[i]).sort((a, b) => a - b);
  return { frames_s: 1000 * gaps.length / (times.at(-1) - times[0]), p99_ms: gaps[Math.floor(gaps.length * 0.99)] };
}"""
_EMPTY = "<!doctype html><div style='height: 400000px'></div>"


def scrolled(page: Any, name: str, seconds: float = 4.0) -> dict[str, float]:
    """Frames a second, the 99th percentile of their gaps (ms), and CPU time of the page's main thread a frame (ms)."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        told = session.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in told if one["name"] == "TaskDuration")

    before = busy()
    found = page.evaluate(SCROLL, seconds)
    frames = found["frames_s"] * seconds
    return {
        f"{name}_frames_s": found["frames_s"],
        f"{name}_p99_ms": found["p99_ms"],
        f"{name}_main_thread_ms_a_frame": 1000 * (busy() - before) / frames,
    }


def rivals(page: Any, words: tuple[str, ...]) -> dict[str, float]:
    """Filter (median and longest, ms) and scrolling of the plain table, then scrolling of an empty page.

    Args:
        page: of a console over a flooded site; it is made the rival.
        words: to filter by.
    """
    assert page.evaluate(_RIVAL) > 0
    times = sorted(page.evaluate(_FILTER, word) for word in words)
    page.evaluate(_FILTER, "")
    found = {"plain_table_filter_p50_ms": times[len(times) // 2], "plain_table_filter_longest_ms": times[-1]}
    found |= scrolled(page, "plain_table_scroll")
    page.goto("about:blank")  # the console's own policy would refuse the style
    page.set_content(_EMPTY)
    return found | scrolled(page, "empty_page_scroll")
