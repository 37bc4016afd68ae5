"""Signs that many new accounts are one author's, whatever they write: where they say they are, and how they come.

They cast doubt and decide nothing: a cluster keeps its credibility, and a possible campaign is told beside it. How fast
reports come, and how close they stand, is no sign: a crowd of neighbours comes as fast and stands as close.
"""

from collections.abc import Sequence

from infrastress.detectors.reports.hands import Entry
from infrastress.detectors.reports.options import ReportOptions
from infrastress.detectors.reports.wind import Surroundings

__all__ = ["doubts"]

_KNOWN_SHARE = 10
"""One account of so many may be heard of before."""
_NETWORK_SHARE = 4
"""Accounts a network, from which on it is a sign; a mobile operator has many networks."""


def doubts(
    entries: Sequence[Entry], bounds: tuple[float, float] | None, around: Surroundings, options: ReportOptions
) -> tuple[str, ...]:
    """Signs in the reports of one cluster, in words; none of people who were heard of before, or are trained.

    Args:
        entries: its reports.
        bounds: bearings between which the wind says that a source lies; None where the wind tells nothing.
        around: where things lie.
        options: of the detector.
    """
    accounts = {entry.reporter: entry for entry in entries}
    new = [entry for entry in accounts.values() if entry.fresh]
    if any(entry.trained for entry in entries) or _KNOWN_SHARE * (len(accounts) - len(new)) > len(accounts):
        return ()
    told = []
    placed = [entry.where for entry in new if entry.where is not None]
    if bounds is not None and len(placed) >= options.signs_least:
        unfit = sum(not around.upwind(where, bounds) for where in placed)
        if 2 * unfit >= len(placed):
            told.append(f"{unfit} of {len(placed)} stand where the wind brings nothing from the site")
    networks = [entry.network for entry in new if entry.network]
    if len(networks) >= options.campaign_least and _NETWORK_SHARE * len(set(networks)) <= len(networks):
        many = len(set(networks))
        told.append(f"{len(networks)} came over {many} network{'s' if many > 1 else ''}")
    return tuple(told)
