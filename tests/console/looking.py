"""What can be computed of a drawn page: contrast, what overflows, what it says, where the focus goes."""

from pathlib import Path
from typing import Any

__all__ = ["axe", "faint", "focus_path", "overflowing", "sideways", "texts"]

_AXE = Path(__file__).resolve().parents[2] / "console" / "node_modules" / "axe-core" / "axe.min.js"

_LOOKING = Path(__file__).with_suffix(".js").read_text()


def axe(page: Any) -> list[str]:
    """What axe-core finds serious or critical."""
    page.evaluate(_AXE.read_text() + "; 0")
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:160]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]


def faint(page: Any) -> list[str]:
    """Texts of less than 4.5:1 (large ones 3:1) and marks of less than 3:1 against what lies behind them."""
    return _ask(page, "faint")


def sideways(page: Any) -> bool:
    """Whether the page can be scrolled sideways."""
    return page.evaluate("document.scrollingElement.scrollWidth > document.documentElement.clientWidth")


def overflowing(page: Any) -> list[str]:
    """Buttons, links, headings and labels whose text is wider than they are."""
    return _ask(page, "overflowing")


def texts(page: Any) -> list[str]:
    """All that the page says, also in labels and tooltips; records shown raw are left out."""
    return _ask(page, "texts")


def focus_path(page: Any) -> tuple[list[str], list[str], list[str]]:
    """Where the focus goes by Tab alone: stops that it never reached, those without a visible focus, all in order."""
    wanted = _ask(page, "focusable")
    reached: list[str] = []
    blind: list[str] = []
    for _ in range(len(wanted) + 30):
        page.keyboard.press("Tab")
        now = _ask(page, "focused")
        if now is None or (now["stop"] in reached and now["stop"] == reached[0]):
            break
        reached.append(now["stop"])
        if not now["ring"]:
            blind.append(now["stop"])
    return [one for one in wanted if one not in reached], blind, reached


def _ask(page: Any, what: str) -> Any:
    return page.evaluate(f"{_LOOKING.rstrip()}.{what}()")
