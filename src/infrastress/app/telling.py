"""Telling people: incidents as they come, and the balance at the end."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from infrastress.app.story import advice_text, incident_text, local_zone, zone_name
from infrastress.core.time import SECOND
from infrastress.events import Event, Incident
from infrastress.events.delivery import Balance
from infrastress.runtime.admission import SourceNotes
from infrastress.runtime.replay import ReplaySummary
from infrastress.site import Site

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Teller", "careful", "local_time", "tell_balances"]

_ANNOUNCED = ("high", "critical")  # of lesser ones the end and the return are in the results only
_MANY = 0.01  # share of rows or values refused or missing from which the reader is told
_STYLES = {"info": "", "low": "", "medium": "yellow", "high": "bold yellow", "critical": "bold red"}


class Teller:
    """Prints an incident in full when it first comes; then what is new, with what to do where it is read anew.

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
            self._screen.rule(f"{self._now(event)}  new incident {body.incident[:8]}", align="left", style=style)
            self._screen.print(incident_text(event, self._site), markup=False)
            return
        news = _news(before.body, body)
        if body.superseded_by:
            news = [f"is part of {body.superseded_by[:8]}"]
        if news:
            head = f"{self._now(event)}  {body.incident[:8]}"
            self._screen.print(f"{head}  {'; '.join(news)}", style=style, markup=False)
            if body.hypothesis != before.body.hypothesis and not body.superseded_by:
                self._screen.print(advice_text(event, self._site), markup=False)

    def _now(self, event: Event) -> str:
        zone = local_zone(self._site)
        return f"{local_time(event.observed, zone)} {zone_name(event.observed, zone)}"


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


def tell_balances(screen: "Console", summary: ReplaySummary, out: Path | None = None) -> None:
    """The balance sheet, source by source: read = accepted + quarantined + dropped, with the reasons.

    Below it stands, in a sentence, what keeps a source from being watched well: nothing read, much refused or missing.

    Args:
        screen: where to print.
        summary: of the replay.
        out: folder of the results, where examples of what was refused are.
    """
    from rich.table import Table

    table = Table(title="Balance: read = accepted + quarantined + dropped", title_justify="left", box=None)
    table.add_column("source")
    for name in ("read", "accepted", "quarantined", "dropped", "cells refused"):
        table.add_column(name, justify="right")
    table.add_column("reasons")
    for source, one in sorted(summary.balances.items()):
        told = "; ".join(part for part in (_reasons(one.quarantined + one.dropped), _reasons(_cells(one))) if part)
        numbers = (one.read, one.accepted, one.quarantined.total(), one.dropped.total(), one.cells_refused.total())
        table.add_row(
            source, *(f"{number:,}" for number in numbers), told if one.balances else f"{told} DOESN'T BALANCE"
        )
    screen.print(table)
    for source in sorted(summary.balances):
        for line in careful(source, summary.balances[source], summary.notes.get(source), out):
            screen.print(f"Careful: {line}", style="bold yellow", markup=False)


def careful(source: str, balance: Balance, notes: SourceNotes | None, out: Path | None = None) -> list[str]:
    """What a reader of the results has to know of a source before trusting their silence, a sentence each."""
    lines = []
    examples = f" Examples: {out / 'quarantine.jsonl'}" if out is not None else ""
    refused = balance.quarantined.total()
    cells = balance.cells_refused.total()
    all_cells = balance.cells_accepted + balance.cells_empty + cells
    if not balance.read:
        lines.append(f"{source} held no row: nothing of it was watched.")
    elif not balance.accepted:
        reasons = _reasons(balance.quarantined + balance.dropped)
        lines.append(f"none of the {balance.read:,} rows of {source} could be used ({reasons}).{examples}")
    elif refused > _MANY * balance.read:
        lines.append(f"{refused:,} of {balance.read:,} rows of {source} were refused.{examples}")
    elif cells > _MANY * all_cells:
        reasons = _reasons(balance.cells_refused)
        lines.append(f"{cells:,} of {all_cells:,} values of {source} were refused ({reasons}).{examples}")
    lost = max(notes.missing, notes.overdue) if notes is not None else 0
    if lost > _MANY * balance.read:
        lines.append(f"about {lost:,} rows of {source} are missing; nothing is known of the time between.")
    return lines


def _cells(balance: Balance) -> Counter[str]:
    """Cells refused one by one; those of whole rows stand under the rows' reason already."""
    rows = balance.quarantined.keys() | balance.dropped.keys()
    return Counter({reason: count for reason, count in balance.cells_refused.items() if reason not in rows})


def _reasons(counts: Counter[str]) -> str:
    return ", ".join(f"{reason} {count:,}" for reason, count in sorted(counts.items()) if count)
