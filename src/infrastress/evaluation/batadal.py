"""The BATADAL score S, as its authors define it.

Taormina et al. (2018), "Battle of the Attack Detection Algorithms: Disclosing Cyber Attacks on Water Distribution
Networks", J. Water Resour. Plann. Manage. 144(8), 04018048.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from infrastress.core.errors import InputError

__all__ = ["PUBLISHED", "BatadalScore", "score", "spans_of"]

Flags = npt.NDArray[np.bool_]

PUBLISHED: tuple[tuple[str, float], ...] = (
    ("Housh & Ohar", 0.970),
    ("Abokifa et al.", 0.949),
    ("HCAE", 0.933),
    ("Giacomoni et al.", 0.927),
    ("Brentan et al.", 0.894),
    ("Chandy et al.", 0.802),
    ("Pasha et al.", 0.773),
    ("Aghashahi et al.", 0.534),
)
"""S of published detectors on the test set, for the table beside ours."""


class BatadalScore(NamedTuple):
    """S and its parts, all in 0..1.

    Attributes:
        s: 0.5 s_ttd + 0.5 s_cm.
        s_ttd: 1 - mean(time to detection / duration), an attack not detected counts 1.
        s_cm: (tpr + tnr) / 2.
        tpr, tnr: fraction of attack steps flagged, and of normal steps not flagged.
        delays: steps from each attack's start to its first flag, None where there is none.
    """

    s: float
    s_ttd: float
    s_cm: float
    tpr: float
    tnr: float
    delays: tuple[int | None, ...]


def spans_of(flags: Flags) -> list[tuple[int, int]]:
    """Runs of True as half-open index spans."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def score(flagged: Flags, truth: Flags) -> BatadalScore:
    """Score flags against labels, both bool[n], one a step.

    Raises:
        InputError: the lengths differ, or the labels hold no attack or nothing but attack.
    """
    flagged, truth = np.asarray(flagged, dtype=bool), np.asarray(truth, dtype=bool)
    if flagged.shape != truth.shape or flagged.ndim != 1:
        raise InputError(f"{flagged.shape} flags for {truth.shape} labels")
    attacks = spans_of(truth)
    if not attacks or truth.all():
        raise InputError("BATADAL's score needs both attack and normal steps in the labels")
    delays: list[int | None] = []
    late = 0.0
    for begin, end in attacks:
        hits = np.flatnonzero(flagged[begin:end])
        delays.append(int(hits[0]) if len(hits) else None)
        late += hits[0] / (end - begin) if len(hits) else 1.0
    s_ttd = float(1.0 - late / len(attacks))
    tpr = float(flagged[truth].mean())
    tnr = float((~flagged[~truth]).mean())
    s_cm = (tpr + tnr) / 2
    return BatadalScore(0.5 * s_ttd + 0.5 * s_cm, s_ttd, s_cm, tpr, tnr, tuple(delays))
