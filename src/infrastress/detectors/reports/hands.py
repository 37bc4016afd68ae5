"""Hands: reports that one author could have made. A hand is one voice, however many accounts it has."""

import math
from collections.abc import Iterable

import msgspec

from infrastress.detectors.reports.texts import alike, plain, shingles

__all__ = ["Entry", "Hands"]

_SAME_PLACE_M = 2.0
"""To the metre, with the rounding of five decimals of a degree."""


class Entry(msgspec.Struct):
    """A report in mind.

    Attributes:
        id, occurred: of the event.
        matter, category, reporter, network, receipt: see `Report`; `matter` is the name of its matter.
        text: the beginning of what was written.
        where: in the site's metres; None where it doesn't say.
        trained: whether the reporter is.
        fresh: whether nothing was known of the reporter before this hour.
        assets, zone: of the event.
        hand: of which hand it is: the id of that hand's first report.
        cluster: of which cluster; empty for one of a campaign.
        wrote: whether its text, not its place and network, ties it to its hand.
        paid: whether the reporter got credit for it.
    """

    id: str
    occurred: int
    matter: str
    category: str
    reporter: str
    network: str
    receipt: str
    text: str
    where: tuple[float, float] | None
    trained: bool
    fresh: bool
    assets: tuple[str, ...]
    zone: str
    hand: str = ""
    cluster: str = ""
    wrote: bool = False
    paid: bool = False


class Hands:
    """Ties reports to hands as they come.

    Two are of one hand that were sent by one reporter, whose texts are near duplicates, or that came from one place to
    the metre and one network. A place alone says nothing (a school has many parents), nor does a network (a mobile one
    has thousands).

    Args:
        entries: those in mind; the caller's own list.
        alike: similarity from which two texts are near duplicates.
        span: ns; further apart two reports aren't compared.
    """

    def __init__(self, entries: list[Entry], alike: float, span: int) -> None:
        self.entries, self._alike, self._span = entries, alike, span
        self._shingles: dict[str, frozenset[str]] = {}

    def tie(self, entry: Entry) -> None:
        """Find the hand of a report that isn't among the entries yet; hands that it joins become one."""
        mine = self._of(entry)
        hands = set()
        for other in self.entries:
            if other.matter != entry.matter or abs(other.occurred - entry.occurred) > self._span:
                continue
            near_duplicate = alike(mine, self._of(other)) >= self._alike
            if near_duplicate:
                entry.wrote = other.wrote = True
            if near_duplicate or other.reporter == entry.reporter or _one_line(entry, other):
                hands.add(other.hand)
        if not hands:
            entry.hand = entry.id
            return
        kept = min(hands, key=lambda hand: min((one.occurred, one.id) for one in self.of(hand)))
        for other in self.entries:
            if other.hand in hands:
                other.hand = kept
        entry.hand = kept

    def of(self, hand: str) -> list[Entry]:
        """A hand's reports in mind."""
        return [entry for entry in self.entries if entry.hand == hand]

    def accounts(self, hand: str) -> int:
        """New accounts that wrote near duplicates by that hand."""
        return len({entry.reporter for entry in self.of(hand) if entry.wrote and entry.fresh})

    def forget(self, gone: Iterable[str]) -> None:
        """Ids of reports that are no longer in mind."""
        for name in gone:
            self._shingles.pop(name, None)

    def _of(self, entry: Entry) -> frozenset[str]:
        if entry.id not in self._shingles:
            self._shingles[entry.id] = shingles(plain(entry.text))
        return self._shingles[entry.id]


def _one_line(one: Entry, other: Entry) -> bool:
    """Whether two came from one place and one network."""
    if not one.network or one.network != other.network or one.where is None or other.where is None:
        return False
    return math.dist(one.where, other.where) <= _SAME_PLACE_M
