"""Sentences on clusters and campaigns, for an operator."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from infrastress.core.time import MINUTE, SECOND
from infrastress.detectors.reports.hands import Entry
from infrastress.detectors.reports.sensors import Alarmed
from infrastress.detectors.reports.weighing import Weight, sector_words

__all__ = ["Extent", "campaign_sentence", "cluster_sentence"]

_QUOTED = 120


def cluster_sentence(
    entries: Sequence[Entry], weight: Weight, alarms: Sequence[Alarmed], *, confirmed: bool, zone: str
) -> str:
    """Who reported what, how credible that is and why, and where the wind says the source is."""
    last = entries[-1]
    people = "one person" if weight.voices == 1 else f"{weight.voices} people independently"
    span = entries[-1].occurred - entries[0].occurred
    within = "" if weight.voices == 1 else f" within {max(1, -(-span // MINUTE))} min"
    told = f"{weight.word}: {people}{within} reported {_kinds(entries)}, last at {_clock(last.occurred, zone)}"
    if last.text:
        told += f': "{last.text[:_QUOTED]}"'
    if alarms:
        told += f"; beside it {', '.join(dict.fromkeys(alarm.asset for alarm in alarms))} in alarm"
    if confirmed:
        told += "; an operator bore it out"
    if weight.sector is not None:
        told += f"; {sector_words(weight.sector)}"
    return told


class Extent(NamedTuple):
    """How large a campaign is: reports in all, new accounts of them, and when it began, ns."""

    reports: int
    accounts: int
    began: int


def campaign_sentence(entries: Sequence[Entry], extent: Extent, signs: Sequence[str], *, zone: str) -> str:
    """How many accounts sent what, and why that looks like one author's work.

    Args:
        entries: those in mind, in order of time.
        extent: of all, also of those forgotten.
        signs: besides near duplicates.
        zone: of time.
    """
    span = max(1, -(-(entries[-1].occurred - extent.began) // MINUTE))
    networks = len({entry.network for entry in entries if entry.network})
    wordings = len({entry.hand for entry in entries if not entry.cluster})
    told = f"possible campaign: {extent.reports} reports of {_kinds(entries)} within {span} min "
    told += f"from {extent.accounts} new accounts"
    if wordings:
        told += " are near duplicates" if wordings == 1 else f" are near duplicates of {wordings} texts"
    told += f", last at {_clock(entries[-1].occurred, zone)}"
    if networks:
        told += f", from {networks} network{'s' if networks > 1 else ''}"
    if entries[-1].text:
        told += f': "{entries[-1].text[:_QUOTED]}"'
    for sign in signs:
        told += f"; {sign}"
    if wordings:
        told += "; near duplicates count as one voice"
    return f"{told}; others keep their alarm, no more than probable without a sensor or an operator" if signs else told


def _kinds(entries: Sequence[Entry]) -> str:
    counts = Counter(entry.category for entry in entries)
    return ", ".join(name.replace("_", " ") for name, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _clock(ns: int, zone: str) -> str:
    return datetime.fromtimestamp(ns // SECOND, UTC).astimezone(ZoneInfo(zone)).strftime("%a %H:%M")
