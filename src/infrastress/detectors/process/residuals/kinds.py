"""What a deviation looks like: a sensor that is wrong, an actuator that was meddled with, a process that changed.

Telemetry alone does not prove a kind; the confidence is the share of the residuals that the named cause explains by
itself, halved where telemetry can't tell at all:

- a *resting* actuator that moved: it was switched, whoever did it. A meter of an actuator at rest that moves alone:
  the same, or the meter;
- one *measured* signal explains most of the residuals of several relations, and the relations it has no part in hold:
  the sensor. Where it stands still while it should move it may be dead as well as falsified: a fault, at even odds;
- one *state* explains most: what it reports and what flows and pressures show are not the same: the actuator;
- no single signal explains them: several parts of the process changed together;
- else unknown, at even odds.
"""

from dataclasses import dataclass

from infrastress.detectors.process.residuals.blame import Blame
from infrastress.detectors.process.words import ACTUATED
from infrastress.events.kinds import Suspicion
from infrastress.site.process import SignalKind

__all__ = ["UNDECIDED", "Kind", "kind_of"]

_MOST, _LITTLE = 0.6, 0.3
_SEVERAL = 2
_SURE = 0.95


@dataclass(frozen=True)
class Kind:
    """A suspected kind, how sure, and the techniques of ATT&CK for ICS that look like it."""

    suspicion: Suspicion
    confidence: float
    techniques: tuple[str, ...]


UNDECIDED = Kind("sensor_fault", 0.5, ("T0856",))
"""A sensor that is dead or held: telemetry can't tell which."""
UNKNOWN = Kind("unknown", 0.5, ("T0856", "T0831"))


def moved_at_rest(actuated: bool) -> Kind:
    """A signal that always rested has moved."""
    return Kind("actuator_manipulated", 0.8 if actuated else 0.6, ("T0831", "T0855"))


def kind_of(blame: Blame, kind: SignalKind, beyond: int, still: bool) -> Kind:
    """What the blame looks like.

    Args:
        blame: of all residuals.
        kind: of the signal that explains most of them.
        beyond: number of signals that are beyond their limits at once.
        still: whether that signal stands still to its last digit.
    """
    if not blame.parts:
        return UNKNOWN
    share = min(blame.parts[0][1], _SURE)
    if share >= _MOST and kind in ACTUATED:
        return Kind("actuator_manipulated", round(share, 2), ("T0831", "T0856"))
    if share >= _MOST and blame.relations >= _SEVERAL:
        if still:
            return UNDECIDED
        return Kind("sensor_falsified", round(share, 2), ("T0856",))
    if share <= _LITTLE and beyond > _SEVERAL:
        return Kind("process_fault", 0.5, ("T0831",))
    return UNKNOWN
