"""The run's diary: observations as they come to mind, put in order at the end; and what was really behind them."""

from infrastress.events import Event, make_event
from infrastress.events.kinds import Body
from infrastress.simulators.base import TruthSpan
from infrastress.simulators.calendar import Calendar
from infrastress.site import Site

__all__ = ["Diary"]


class Diary:
    """Collects observations and notes of truth; moments are seconds after the start.

    What falls outside the run is left out, as a recording would.
    """

    def __init__(self, site: Site, calendar: Calendar) -> None:
        self._site, self._calendar = site, calendar
        self._entries: list[tuple[int, str, int, Body, tuple[str, ...], str, int]] = []
        self._notes: list[TruthSpan] = []

    def write(
        self,
        at: float,
        source: str,
        body: Body,
        assets: tuple[str, ...] = (),
        zone: str = "",
        *,
        reported_after: float = 0.0,
    ) -> None:
        """An observation by a source; a person reports it `reported_after` seconds later."""
        if self._calendar.inside(at):
            occurred, observed = self._calendar.ns(at), self._calendar.ns(at + reported_after)
            self._entries.append((occurred, source, len(self._entries), body, assets, zone, observed))

    def note(
        self,
        kind: str,
        begin: float,
        end: float,
        assets: tuple[str, ...],
        text: str,
        *,
        malicious: bool = False,
        signals: tuple[str, ...] = (),
        zone: str = "",
        people: tuple[str, ...] = (),
        visible: float | None = None,
        event: str = "",
    ) -> None:
        """What really happened from `begin` to `end`; see `TruthSpan`."""
        if end > 0 and begin < self._calendar.length:
            began, ended = self._calendar.ns(max(begin, 0.0)), self._calendar.ns(min(end, self._calendar.length))
            shown = None if visible is None else min(max(self._calendar.ns(visible), began), ended)
            span = TruthSpan(
                kind, malicious, began, ended, assets, signals, text, zone=zone, people=people, first_visible=shown,
                event=event,
            )  # fmt: skip
            self._notes.append(span)

    def events(self) -> tuple[Event, ...]:
        """All observations by time, numbered per source."""
        numbers: dict[str, int] = {}
        found = []
        for occurred, source, _, body, assets, zone, observed in sorted(self._entries, key=lambda entry: entry[:3]):
            sequence = numbers.get(source, 0)
            numbers[source] = sequence + 1
            found.append(
                make_event(
                    site=self._site.id,
                    source=source,
                    sequence=sequence,
                    occurred=occurred,
                    observed=observed,
                    body=body,
                    assets=assets,
                    zone=zone,
                )
            )
        return tuple(found)

    def truth(self) -> tuple[TruthSpan, ...]:
        """All notes by begin."""
        return tuple(sorted(self._notes, key=lambda span: (span.began, span.kind, span.assets)))
