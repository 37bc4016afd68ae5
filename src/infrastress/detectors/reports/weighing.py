"""Weighing: how far a cluster of reports can be believed, and from where the wind would have carried what they tell.

Credibility of a cluster is one axis, confirmation of an incident another: numbers alone make a cluster "probable" and
never more; a sensor that knows nothing of the reports, or an operator, makes it "corroborated".
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from infrastress.detectors.reports.hands import Entry, voices_of
from infrastress.detectors.reports.matters import MATTERS
from infrastress.detectors.reports.options import ReportOptions
from infrastress.detectors.reports.reputation import Evidence, discounted, expectation
from infrastress.detectors.reports.wind import Place, Surroundings, Wind, sector_of
from infrastress.site.base import Point

__all__ = ["WORDS", "Sector", "Weight", "Word", "bounds_of", "sector_words", "weigh"]

Word = Literal["unconfirmed", "probable", "corroborated"]
WORDS: tuple[Word, ...] = get_args(Word)
"""Rising."""

STRANGER = Evidence(1.0, 0.0)
"""Trust in somebody of whom nothing is known: most people who report saw something."""
_TRAINED = Evidence(3.0, 0.0)
_SENSOR = Evidence(6.0, 0.0)
"""What an independent alarm, or an operator's own word, adds."""
_UNPLACED, _UNFIT = 0.7, 0.5
"""Of a voice that doesn't say where it is, or that stands where the wind would not have carried anything from us."""
_CORNER_M = 150.0
"""Whom the wind brings nothing from the site is borne out by others elsewhere, not by more at the same corner."""
_FAR_M = 2000.0
_NUMBERS_ALONE = 0.6
"""Highest confidence without a sensor or an operator, however many tell it."""


class Sector(NamedTuple):
    """Bearings (degrees from true north) between which the source lies, the wind, and areas of the site in it."""

    wind: Wind
    bounds: tuple[float, float]
    places: tuple[str, ...]


class Weight(NamedTuple):
    """What a cluster weighs.

    Attributes:
        word: its credibility.
        voices: independent people; those whom the wind doesn't bear out by the corner.
        expectation: of the beta distribution of all that they say, 0..1.
        confidence: probability for fusion.
        sector: where the wind came from, for what is airborne and placed.
    """

    word: Word
    voices: int
    expectation: float
    confidence: float
    sector: Sector | None


def weigh(
    entries: Sequence[Entry],
    reputations: Mapping[str, Evidence],
    *,
    borne_out: bool,
    wind: Wind | None,
    around: Surroundings,
    options: ReportOptions,
) -> Weight:
    """Weigh the reports of one cluster.

    Args:
        entries: its reports, in order of time; at least one.
        reputations: what is known of their reporters.
        borne_out: whether an independent sensor or an operator says the same.
        wind: at that time.
        around: where things lie.
        options: of the detector.
    """
    bounds = bounds_of(entries, wind, around, options)
    voices: list[Evidence] = []
    corners: list[tuple[Point, int]] = []
    seen: Counter[Place] = Counter()
    placed = 0
    for voice in voices_of(entries):
        # The best of what one voice says counts, once.
        best = Evidence()
        places: set[Place] = set()
        for entry in voice:
            fact = _UNPLACED
            if entry.where is not None:
                fact = 1.0 / (1.0 + (around.distance(entry.where) / _FAR_M) ** 2)
                upwind = around.upwind(entry.where, bounds) if bounds is not None else ()
                places.update(upwind)
                if bounds is not None and not upwind:
                    fact *= _UNFIT
            trust = STRANGER + reputations.get(entry.reporter, Evidence()) + (_TRAINED if entry.trained else Evidence())
            best = max(best, discounted(trust, Evidence(fact)))
        off = [entry.where for entry in voice if entry.where is not None]
        corner = next((n for at, n in corners if math.dist(at, off[0]) <= _CORNER_M), None) if off else None
        if bounds is None or places or not off:
            voices.append(best)
        elif corner is None:
            corners.append((off[0], len(voices)))
            voices.append(best)
        else:
            voices[corner] = max(voices[corner], best)
        placed += any(entry.where is not None for entry in voice)
        seen.update(places)
    total = Evidence(sum(voice.good for voice in voices), sum(voice.bad for voice in voices))
    expected = expectation(total)
    word: Word = "probable" if len(voices) > 1 and expected >= options.probable else "unconfirmed"
    if borne_out:
        word, total = "corroborated", total + _SENSOR
    believed = 0.2 + 0.8 * total.good / (total.good + total.bad + 2.0)
    sector = None
    if bounds is not None and wind is not None and placed:
        common = [place for place, count in seen.items() if 3 * count >= 2 * placed]
        common.sort(key=lambda place: (-seen[place], -place.hazards, place.name))
        sector = Sector(wind, bounds, tuple(place.name for place in common[:3]))
    confidence = believed if borne_out else min(believed, _NUMBERS_ALONE)
    return Weight(word, len(voices), round(expected, 3), round(confidence, 3), sector)


def bounds_of(
    entries: Sequence[Entry], wind: Wind | None, around: Surroundings, options: ReportOptions
) -> tuple[float, float] | None:
    """Bearings between which the source of what the wind carries lies; None where that can't be said."""
    airborne = any(MATTERS[entry.category].airborne for entry in entries)
    return sector_of(wind, options.sector_deg) if wind is not None and airborne and around.places else None


def sector_words(sector: Sector) -> str:
    """The sentence on the source."""
    told = f"wind from {sector.wind.from_deg:.0f} deg at {sector.wind.speed_m_s:.1f} m/s: "
    between = f"between {sector.bounds[0]:.0f} and {sector.bounds[1]:.0f} deg upwind of them"
    if not sector.places:
        return f"{told}nothing of the site lies {between}"
    return f"{told}the source lies in the sector {between}: {', '.join(sector.places)}"
