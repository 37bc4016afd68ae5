"""Clusters: reports of one matter that are near each other in time and place, and the alarms of sensors beside them."""

import math
from collections.abc import Iterable

import msgspec

from infrastress.core.time import DAY, SECOND
from infrastress.detectors.reports.hands import Entry, Hands
from infrastress.detectors.reports.options import ReportOptions
from infrastress.detectors.reports.reputation import Evidence, faded, feedback
from infrastress.detectors.reports.sensors import Alarmed
from infrastress.detectors.reports.texts import LONGEST
from infrastress.detectors.reports.wind import Surroundings
from infrastress.events import Event, Report, ReportVerdict

__all__ = ["Clusters", "Known"]

_CREDIT = 0.5
"""What a reporter gains whose word a sensor bears out, beside an operator's whole point."""
_SPAN = DAY // 24
_ALARMS = 500


class Known(msgspec.Struct, array_like=True):
    """What is known of a reporter: outcomes so far as they stood at `at`, and since when it is heard of."""

    good: float
    bad: float
    at: int
    since: int


class Clusters:
    """Reports in mind, their clusters and hands, alarms of sensors, and reputations.

    Attributes:
        entries: reports, as they came.
        alarms: of sensors, as they came.
        known: reporters, the longest unheard of first.
        confirmed: receipts that an operator bore out.
    """

    def __init__(self, around: Surroundings, options: ReportOptions) -> None:
        self._around, self._options = around, options
        self._window = round(options.window_s * SECOND)
        self.entries: list[Entry] = []
        self.alarms: list[Alarmed] = []
        self.known: dict[str, Known] = {}
        self.confirmed: list[str] = []
        self._hands = Hands(self.entries, options.alike, self._window)

    def load(self, entries: list[Entry], alarms: list[Alarmed], known: dict[str, Known], confirmed: list[str]) -> None:
        """Take over what another held."""
        self.entries, self.alarms, self.known, self.confirmed = entries, alarms, known, confirmed
        self._hands = Hands(self.entries, self._options.alike, self._window)

    def add(self, event: Event, body: Report, matter: str) -> Entry | None:
        """Take a report; None for one that is in mind already."""
        if any(entry.id == event.id for entry in self.entries):
            return None
        first = self._meet(body.reporter, event.occurred)
        entry = Entry(
            id=event.id,
            occurred=event.occurred,
            matter=matter,
            category=body.category,
            reporter=body.reporter,
            network=body.network,
            receipt=body.receipt,
            text=" ".join(body.text[: 4 * LONGEST].split())[:LONGEST],
            where=self._around.position(body.latitude, body.longitude, event.assets),
            named=False,
            trained=body.trained,
            fresh=event.occurred - first <= _SPAN,
            assets=event.assets,
            zone=event.zone,
        )
        entry.named = entry.where is not None and self._around.is_named(entry.where)
        self._hands.tie(entry)
        self.entries.append(entry)
        if self.is_campaign(entry.hand):
            for other in self._hands.of(entry.hand):
                other.cluster = ""
        else:
            self._place(entry)
        self._bound()
        return entry

    def is_campaign(self, hand: str) -> bool:
        """Whether a hand wrote near duplicates from more new accounts than chance would."""
        return self._hands.accounts(hand) >= self._options.campaign_least

    def of_hand(self, hand: str) -> list[Entry]:
        """Reports of a hand, in order of time."""
        return self._ordered(self._hands.of(hand))

    def outside(self, matter: str) -> list[Entry]:
        """Reports of a matter that are of campaigns' hands, in order of time."""
        return self._ordered(entry for entry in self.entries if entry.matter == matter and not entry.cluster)

    def clusters_of(self, matter: str) -> list[str]:
        """Clusters of a matter, by name."""
        return sorted({entry.cluster for entry in self.entries if entry.cluster and entry.matter == matter})

    def of(self, cluster: str) -> list[Entry]:
        """Reports of a cluster, in order of time."""
        return self._ordered(entry for entry in self.entries if entry.cluster == cluster)

    @staticmethod
    def _ordered(entries: Iterable[Entry]) -> list[Entry]:
        return sorted(entries, key=lambda entry: (entry.occurred, entry.id))

    def reputations(self, entries: Iterable[Entry], now: int) -> dict[str, Evidence]:
        """Of the reporters of some entries, faded up to a moment."""
        return {entry.reporter: self._reputation(entry.reporter, now) for entry in entries}

    def beside(self, entries: list[Entry]) -> list[Alarmed]:
        """Alarms of sensors near one of the reports, in time and place, that could know what it is about."""
        return [
            alarm
            for alarm in self.alarms
            if any(
                entry.matter in alarm.matters
                and abs(alarm.occurred - entry.occurred) <= self._window
                and (
                    entry.where is None
                    or alarm.where is None
                    or math.dist(entry.where, alarm.where) <= self._options.corroborate_m
                )
                for entry in entries
            )
        ]

    def alarm(self, alarm: Alarmed) -> None:
        """Take a sensor's alarm; the newest of an asset is enough."""
        self.alarms[:] = [
            one for one in self.alarms
            if (one.asset, one.matters) != (alarm.asset, alarm.matters) or one.occurred > alarm.occurred
        ]  # fmt: skip
        self.alarms.append(alarm)
        del self.alarms[:-_ALARMS]

    def judge(self, verdict: ReportVerdict, now: int) -> set[str]:
        """Take an operator's word on a report; returns the clusters that it concerns."""
        mine = [entry for entry in self.entries if entry.receipt == verdict.receipt]
        if verdict.verdict == "confirmed":
            self.confirmed.append(verdict.receipt)
            del self.confirmed[:-_ALARMS]
            for entry in mine:
                self.credit(entry, 1.0, now)
        else:  # whoever said the same by the same hand said it falsely too
            for hand in sorted({entry.hand for entry in mine}):
                for reporter in sorted({entry.reporter for entry in self._hands.of(hand)}):
                    self._learn(reporter, feedback(-1.0), now)
        return {entry.cluster for entry in mine if entry.cluster}

    def credit(self, entry: Entry, weight: float, now: int) -> None:
        """A reporter was right; once a report."""
        if not entry.paid:
            entry.paid = True
            self._learn(entry.reporter, feedback(1.0, weight), now)

    def borne_out(self, entries: list[Entry], now: int) -> list[Alarmed]:
        """Alarms beside a cluster; its reporters get credit for them."""
        alarms = self.beside(entries)
        for entry in entries if alarms else ():
            self.credit(entry, _CREDIT, now)
        return alarms

    def forget(self, before: int) -> None:
        """Drop what lies further back than a moment."""
        gone = [entry.id for entry in self.entries if entry.occurred < before]
        if gone:
            self.entries[:] = [entry for entry in self.entries if entry.occurred >= before]
            self._hands.forget(gone)
        self.alarms[:] = [alarm for alarm in self.alarms if alarm.occurred >= before]

    def _place(self, entry: Entry) -> None:
        """Tie a report to the clusters it lies near; those become one."""
        near = {
            other.cluster
            for other in self.entries
            if other.cluster and other.matter == entry.matter and self._near(entry, other)
        }
        if not near:
            entry.cluster = entry.id
            return
        kept = min(near, key=lambda cluster: min((one.occurred, one.id) for one in self.of(cluster)))
        for other in self.entries:
            if other.cluster in near:
                other.cluster = kept
        entry.cluster = kept

    def _near(self, one: Entry, other: Entry) -> bool:
        if abs(one.occurred - other.occurred) > self._window:
            return False
        return one.where is None or other.where is None or math.dist(one.where, other.where) <= self._options.near_m

    def _bound(self) -> None:
        """Hold no more reports than fit: a flood pushes out its own, not those of others."""
        while len(self.entries) > self._options.most:
            sizes: dict[str, int] = {}
            for entry in self.entries:
                sizes[entry.hand] = sizes.get(entry.hand, 0) + 1
            most = max(sizes.values())
            gone = next(entry for entry in self.entries if sizes[entry.hand] == most)
            self.entries.remove(gone)
            self._hands.forget([gone.id])

    def _meet(self, reporter: str, now: int) -> int:
        """Since when a reporter is heard of; whoever was heard of last stands last."""
        known = self.known.pop(reporter, None) or Known(0.0, 0.0, now, now)
        known.since = min(known.since, now)
        self.known[reporter] = known
        while len(self.known) > self._options.reporters:
            # New ones of whom nothing is known go first: a flood of accounts costs nobody a reputation.
            idle = next((name for name, one in self.known.items() if not one.good and not one.bad), None)
            del self.known[idle if idle is not None else next(iter(self.known))]
        return known.since

    def _reputation(self, reporter: str, now: int) -> Evidence:
        known = self.known.get(reporter)
        if known is None:
            return Evidence()
        return faded(Evidence(known.good, known.bad), now - known.at, self._options.half_life_days * DAY)

    def _learn(self, reporter: str, outcome: Evidence, now: int) -> None:
        stood = self._reputation(reporter, now) + outcome
        since = self.known[reporter].since if reporter in self.known else now
        at = max(now, self.known[reporter].at) if reporter in self.known else now
        self.known[reporter] = Known(stood.good, stood.bad, at, since)
