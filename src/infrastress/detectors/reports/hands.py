"""Hands and voices: reports that one author could have written, and reports that don't bear each other out.

A hand is told by its words: average linkage of the similarity of texts, so that one chance likeness doesn't tie two
crowds together. A voice is what counts as one independent witness: a hand, and whoever stands at the same spot.
"""

import math
from collections.abc import Iterable, Sequence

import msgspec

from infrastress.detectors.reports.texts import alike, plain, shingles
from infrastress.events.kinds import Category

__all__ = ["Entry", "Hands", "voices_of"]

_SPOT_M = 25.0
"""One building, and about what a telephone knows of where it is: people within it are no independent witnesses."""
_LINE_M = 100.0
"""The same of one network: one line, or one house with several."""
_COMPARED = 12
"""Members of a hand that are compared, the newest."""


class Entry(msgspec.Struct):
    """A report in mind.

    Attributes:
        id, occurred: of the event.
        matter, category, reporter, network, receipt: see `Report`; `matter` is the name of its matter.
        text: the beginning of what was written.
        where: in the site's metres; None where it doesn't say.
        named: whether that is a place with a name, which many may choose.
        trained: whether the reporter is.
        fresh: whether nothing was known of the reporter before this hour.
        assets, zone: of the event.
        hand: of which hand it is: the id of that hand's first report.
        cluster: of which cluster; empty for one of a campaign.
        paid: whether the reporter got credit for it.
        counted: whether it is counted among those of a campaign.
    """

    id: str
    occurred: int
    matter: str
    category: Category
    reporter: str
    network: str
    receipt: str
    text: str
    where: tuple[float, float] | None
    named: bool
    trained: bool
    fresh: bool
    assets: tuple[str, ...]
    zone: str
    hand: str = ""
    cluster: str = ""
    paid: bool = False
    counted: bool = False


class Hands:
    """Ties reports to hands as they come.

    Args:
        entries: those in mind; the caller's own list.
        alike: mean similarity from which a text is of a hand, and two hands are one.
        span: ns; further apart two reports aren't compared.
    """

    def __init__(self, entries: list[Entry], alike: float, span: int) -> None:
        self.entries, self._alike, self._span = entries, alike, span
        self._shingles: dict[str, frozenset[str]] = {}

    def tie(self, entry: Entry) -> None:
        """Find the hand of a report that isn't among the entries yet; hands that turn out to be one become one."""
        hands = self._others(entry)
        own = next((hand for hand, members in hands.items() if any(e.reporter == entry.reporter for e in members)), "")
        likeness = {hand: self._mean([entry], members) for hand, members in hands.items()}
        best = max(likeness, key=lambda hand: (likeness[hand], hand), default="")
        if not own and (not best or likeness[best] < self._alike):
            entry.hand = entry.id
            return
        entry.hand = own or best
        joined = [entry, *hands.pop(entry.hand)]
        for hand, members in hands.items():
            if self._mean(joined, members) >= self._alike:
                entry.hand = self._unite(entry.hand, hand)

    def of(self, hand: str) -> list[Entry]:
        """A hand's reports in mind."""
        return [entry for entry in self.entries if entry.hand == hand]

    def accounts(self, hand: str) -> int:
        """New accounts of a hand that wrote enough to be compared."""
        return len({entry.reporter for entry in self.of(hand) if entry.fresh and self._of(entry)})

    def forget(self, gone: Iterable[str]) -> None:
        """Ids of reports that are no longer in mind."""
        for name in gone:
            self._shingles.pop(name, None)

    def _others(self, entry: Entry) -> dict[str, list[Entry]]:
        """The newest members of each hand that a report can be of."""
        found: dict[str, list[Entry]] = {}
        for other in reversed(self.entries):
            if other.matter == entry.matter and abs(other.occurred - entry.occurred) <= self._span:
                members = found.setdefault(other.hand, [])
                if len(members) < _COMPARED:
                    members.append(other)
        return found

    def _unite(self, one: str, other: str) -> str:
        kept = min(one, other, key=lambda hand: min(((e.occurred, e.id) for e in self.of(hand)), default=(0, hand)))
        for entry in self.entries:
            if entry.hand in (one, other):
                entry.hand = kept
        return kept

    def _mean(self, some: Sequence[Entry], others: Sequence[Entry]) -> float:
        pairs = [alike(self._of(one), self._of(other)) for one in some[:_COMPARED] for other in others]
        return sum(pairs) / len(pairs)

    def _of(self, entry: Entry) -> frozenset[str]:
        if entry.id not in self._shingles:
            self._shingles[entry.id] = shingles(plain(entry.text))
        return self._shingles[entry.id]


def voices_of(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Reports by voice: connected components of being of one hand, at one spot, or at one line.

    A place with a name is no spot: a school has many parents.
    """
    voices: list[list[Entry]] = []
    for entry in entries:
        tied = [voice for voice in voices if any(_one_voice(entry, other) for other in voice)]
        voices = [voice for voice in voices if voice not in tied]
        voices.append([one for voice in tied for one in voice] + [entry])
    return voices


def _one_voice(one: Entry, other: Entry) -> bool:
    if one.hand == other.hand:
        return True
    if one.where is None or other.where is None:
        return False
    apart = math.dist(one.where, other.where)
    line = bool(one.network) and one.network == other.network
    return (apart <= _SPOT_M and not (one.named and other.named)) or (line and apart <= _LINE_M and not one.named)
