"""What the twin says: an episode's sentence, suspicion, confidence, parts and techniques."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from infrastress.detectors.process.twin.judging import Twin, Verdict
from infrastress.detectors.process.twin.learning import HABIT, Lessons
from infrastress.detectors.process.twin.moment import Reader
from infrastress.detectors.process.view import Floats, SignalTable
from infrastress.detectors.process.words import DEAD_OR_HELD, clock_span, volume_flow
from infrastress.events.kinds import Contribution, Suspicion
from infrastress.hydraulics.snapshot import Snapshot

__all__ = ["Told", "learned_in_words", "tell"]

_NAMED = 5
_STILL = f"; it {DEAD_OR_HELD}"


@dataclass(frozen=True)
class Told:
    """What is said of one signal at one frame."""

    sentence: str
    contributions: tuple[Contribution, ...]
    suspicion: Suspicion
    confidence: float
    techniques: tuple[str, ...]


def tell(
    table: SignalTable, twin: Twin, verdict: Verdict, subject: int, *, column: Floats, seconds: float, still: bool
) -> Told:
    """What is wrong with the signal `subject` (row of the scores) in a frame judged.

    Args:
        table: of the site.
        twin: that judged.
        verdict: of the frame; the subject's score is 1 at least.
        subject: row.
        column: the frame's values, SI of the signals.
        seconds: width of a frame.
        still: whether the signal repeats its value, or did so until now.
    """
    names = (*twin.reader.signals, *twin.reader.states)
    signal, parts = names[subject], _parts(table, twin, verdict, subject, column)
    rows = len(twin.reader.signals)
    asset = table.asset(signal)
    if subject >= rows:
        i = subject - rows
        open_ = verdict.reported is not None and verdict.reported.reading.open_[i]
        reported = "on or open" if open_ else "off or shut"
        if verdict.flipped == i:
            return Told(
                f"{signal} reports {asset} {reported}; flows and pressures around it fit the network model only if it "
                "is the other way",
                parts, "sensor_falsified", 0.7, ("T0856",),
            )  # fmt: skip
        frames = int(verdict.strayed[i])
        return Told(
            f"{asset} is {reported}; by the controls of the network model and the levels reported it should not "
            f"be, for {clock_span(frames * seconds)}",
            parts, "actuator_manipulated", 0.6, ("T0831", "T0836"),
        )  # fmt: skip
    seen = float(column[table.row[signal]])
    tank = subject - (rows - len(twin.network.levels))
    followed = tank >= 0 and bool(np.isfinite(verdict.levels[tank]))
    if followed and subject not in (verdict.moment.bad if verdict.moment else {}):
        rate = twin.network.areas[tank] / seconds
        should, does = ((level - verdict.before[tank]) * rate for level in (verdict.levels[tank], seen))
        return Told(
            f"{asset} should be {_change(should)}, by {signal} it is {_change(does)}{_STILL if still else ''}",
            parts, "sensor_fault" if still else "sensor_falsified", 0.5, ("T0856",),
        )  # fmt: skip
    believed = _believed(twin, verdict, subject)
    others = len(verdict.moment.bad) - 1 if verdict.moment else 0
    more = f", and {others} other meters do not fit either" if others > 0 else ""
    return Told(
        f"{signal} {table.say(signal, seen)}; all other meters together, by the network model, make it "
        f"{table.say(signal, believed)}{more}{_STILL if still else ''}",
        parts,
        "sensor_fault" if still else "sensor_falsified" if not others else "unknown",
        0.6 if not others and not still else 0.5,
        ("T0856",),
    )  # fmt: skip


def _change(inflow: float) -> str:
    """What a tank does, of m3/s."""
    return f"{'gaining' if inflow > 0 else 'losing'} {volume_flow(abs(inflow))}"


def _believed(twin: Twin, verdict: Verdict, row: int) -> float:
    """What a measurement should be, SI of the signal."""
    moment = verdict.moment
    if moment is None:
        return float("nan")
    tank = row - (len(twin.reader.signals) - len(twin.network.levels))
    if tank >= 0 and row not in moment.bad and np.isfinite(verdict.levels[tank]):
        return twin.reader.unscaled(verdict.levels[tank], row)
    return twin.reader.unscaled(moment.expected[row] + twin.known.bias[row], row)


def _parts(table: SignalTable, twin: Twin, verdict: Verdict, subject: int, column: Floats) -> tuple[Contribution, ...]:
    """The signal first, then the others beyond their limit, by score."""
    names = (*twin.reader.signals, *twin.reader.states)
    sizes = np.minimum(np.nan_to_num(verdict.scores), 1e6)
    others = [i for i in np.argsort(-sizes, kind="stable").tolist() if sizes[i] >= 1.0 and i != subject]
    named = [subject, *others[: _NAMED - 1]]
    total = float(sizes[named].sum()) or 1.0
    return tuple(
        table.part(
            names[i],
            float(sizes[i]) / total,
            seen=_finite(column[table.row[names[i]]]),
            expected=_finite(_believed(twin, verdict, i)) if i < len(twin.reader.signals) else None,
        )
        for i in named
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def learned_in_words(
    table: SignalTable, network: Snapshot, lessons: Lessons
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What was learned, in words and warnings."""
    known, reader = lessons.known, Reader(table, network)
    words = [
        f"the network model explains {signal} within {table.say_step(signal, reader.unscaled(limit * sigma, row))}"
        for row, (signal, sigma, limit) in enumerate(zip(reader.signals, known.sigma, known.limit, strict=True))
        if np.isfinite(limit)
    ]
    tanks = [m.signal.id for m in network.levels]
    words += [
        f"the network model tells {signal} a frame ahead within {table.say_step(signal, float(steady))} "
        f"({table.say_step(signal, float(switched))} where something switches)"
        for signal, steady, switched in zip(tanks, known.steady, known.switched, strict=True)
        if np.isfinite(steady)
    ]
    unheld = _unheld(lessons, reader.signals, tanks, reader.states)
    alone = [
        signal
        for signal, limit in zip(reader.signals, known.limit, strict=True)
        if not np.isfinite(limit) and signal not in tanks and signal not in unheld
    ]
    free = [state for state, run in zip(reader.states, known.strays, strict=True) if run < 0 and state not in unheld]
    if lessons.days:
        words.append(f"these limits are of {lessons.days} days, each judged by what the others taught")
    warnings = []
    if not lessons.days:
        warnings.append("too few days to hold any out: how well the network model holds on other days is not known")
    if unheld:
        told = ", ".join(f"{signal} ({days})" for signal, days in unheld.items())
        warnings.append(
            f"not judged by the network model, since it would have alarmed on normal days that it had not learned from "
            f"(days of {lessons.days}): {told}"
        )
    if alone:
        warnings.append(f"no other meter checks {', '.join(alone)} by the network model")
    rare = [state for state, seldom in zip(reader.states, known.rare, strict=True) if seldom]
    if rare:
        warnings.append(f"{', '.join(rare)} hardly ever on in these data: their flow is not judged while they are")
    if free:
        warnings.append(f"{', '.join(free)} often differ from the controls of the network model: not judged by them")
    return tuple(words), tuple(warnings)


def _unheld(
    lessons: Lessons, signals: tuple[str, ...], tanks: Sequence[str], states: tuple[str, ...]
) -> dict[str, int]:
    """Signals that are switched off, in any way, and the days on which they would have alarmed."""
    found: dict[str, int] = {}
    for names, days in zip((signals, tanks, states), lessons.unheld, strict=True):
        for name, n in zip(names, days, strict=True):
            if n >= HABIT:
                found[name] = max(n, found.get(name, 0))
    return found
