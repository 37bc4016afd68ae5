"""Telling people: incidents as they come, and the balance at the end."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from infrastress.app.story import incident_text, local_zone
from infrastress.core.time import SECOND
from infrastress.events import Event, Incident
from infrastress.runtime.replay import ReplaySummary
from infrastress.site import Site

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Teller", "local_time", "tell_balances"]

_ANNOUNCED = ("high", "critical")  # of lesser ones the end and the return are in the results only
_STYLES = {"info": "", "low": "", "medium": "yellow", "high": "bold yellow", "critical": "bold red"}


class Teller:
    """Prints an incident in full when it first comes and when its hypothesis changes; less for smaller news.

    Args:
        site: the site model.
        screen: where to print; None to be silent and only remember.
    """

    def __init__(self, site: Site, screen: "Console | None") -> None:
        self._site = site
        self._screen = screen
        self.newest: dict[str, Event] = {}

    def take(self, event: Event) -> None:
        """Take one version of an alarm or incident."""
        body = event.body
        if not isinstance(body, Incident):
            return
        before = self.newest.get(body.incident)
        self.newest[body.incident] = event
        if self._screen is None:
            return
        style = _STYLES[body.severity]
        if before is None or not isinstance(before.body, Incident):
            self._screen.rule(f"{self._now(event)}  new incident", align="left", style=style)
            self._screen.print(incident_text(event, self._site), markup=False)
            return
        news = _news(before.body, body)
        if body.superseded_by:
            news = [f"is part of {body.superseded_by[:8]}"]
        if news:
            head = f"{self._now(event)}  {body.incident[:8]}"
            self._screen.print(f"{head}  {'; '.join(news)}", style=style, markup=False)

    def _now(self, event: Event) -> str:
        return local_time(event.observed, local_zone(self._site))


def local_time(moment: int, zone: ZoneInfo) -> str:
    """A moment (ns) by the site's clock, to the second."""
    return datetime.fromtimestamp(moment // SECOND, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _news(before: Incident, now: Incident) -> list[str]:
    news = []
    if now.hypothesis != before.hypothesis:
        news.append(f"now read as: {now.title}")
    if now.severity != before.severity:
        news.append(f"severity {before.severity} -> {now.severity}")
    added = [kind for kind in now.source_kinds if kind not in before.source_kinds]
    if added:
        news.append(f"also seen by {', '.join(added)}; confidence {now.confidence:.0%}")
    if now.state != before.state and now.severity in _ANNOUNCED:
        news.append("goes on" if now.state == "open" else "closed")
    return news


def tell_balances(screen: "Console", summary: ReplaySummary) -> None:
    """The balance sheet, source by source: read = accepted + quarantined + dropped, with the reasons."""
    from rich.table import Table

    table = Table(title="Balance: read = accepted + quarantined + dropped", title_justify="left", box=None)
    table.add_column("source")
    for name in ("read", "accepted", "quarantined", "dropped", "cells refused"):
        table.add_column(name, justify="right")
    table.add_column("reasons")
    for source, one in sorted(summary.balances.items()):
        reasons = {**one.quarantined, **one.dropped, **one.cells_refused}
        told = ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()))
        numbers = (one.read, one.accepted, one.quarantined.total(), one.dropped.total(), one.cells_refused.total())
        table.add_row(
            source, *(f"{number:,}" for number in numbers), told if one.balances else f"{told} DOESN'T BALANCE"
        )
    screen.print(table)
