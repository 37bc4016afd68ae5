"""ResidualDetector: every signal against what the others and the past lead one to expect, learned from normal data."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from infrastress.core.errors import DecodeError
from infrastress.core.ids import canonical_json
from infrastress.core.time import DAY
from infrastress.detectors.base import Basis, Detector, Expectation, Lesson, RuleCard, baseline_id
from infrastress.detectors.process.base import APART
from infrastress.detectors.process.episodes import Change, Episodes, episode_id
from infrastress.detectors.process.residuals.learning import POSITION, learn_relations
from infrastress.detectors.process.residuals.limits import CLIP, SCALES, sums_of
from infrastress.detectors.process.residuals.relations import HOURS, Relation, Relations, on_grid
from infrastress.detectors.process.residuals.words import deviation, explained_by, relation_in_words
from infrastress.detectors.process.stream import FrameStream, scores_at
from infrastress.detectors.process.trust import Trust
from infrastress.detectors.process.trust.traits import Flags
from infrastress.detectors.process.view import Floats, SignalTable, Times, View
from infrastress.detectors.process.words import clock_span
from infrastress.events.frames import Block, Finding, Frames
from infrastress.events.kinds import Contribution, Detection
from infrastress.site import Site

__all__ = ["ResidualDetector", "ResidualOptions"]

_FORMAT = 1
_FAR = 1e6
_RULE = "process.residual"
_NAMED = 5
_QUIET_DAYS = 300.0
"""In so many days one cell of a site is expected to be doubted falsely."""
_MOST_VALUES = 20_000_000
"""Learning holds about ten times as many numbers at once: 1.6 GB."""
CARD = RuleCard(
    rule=_RULE,
    title="Signal off its learned relation",
    means="A signal is not where the other signals, its own past and the hour of the day have always put it. The "
    "relation was learned from this plant's normal data; it says that something is unusual, not what.",
    expected_against_seen="Expected: within the learned limit of the expected value. Seen: beyond it, at once or in "
    "sum over up to 16 frames.",
    benign_causes=(
        "an operation that the training data did not hold (a new pump, another line-up, a big customer)",
        "maintenance, flushing or a test",
        "instrument drifting, stuck or newly calibrated",
        "another signal that the relation leans on is wrong",
    ),
    first_check="Ask whether somebody is working there or runs the plant in an unusual way. If not, read the signal "
    "at the device and compare it with the screen, then the signals it is expected from.",
    techniques=("T0856", "T0831"),
)


class ResidualOptions(BaseModel):
    """Options of the learned residuals.

    Attributes:
        false_per_30_days: budget of false episodes in 30 days; the limits follow from it.
        lags: how many frames back an input may lie.
        inputs: most inputs of a relation.
        off: signals that get no relation (they may still explain others).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    false_per_30_days: float = Field(default=1.0, gt=0)
    lags: int = Field(default=2, ge=1, le=24)
    inputs: int = Field(default=16, ge=1, le=64)
    off: tuple[str, ...] = ()


class ResidualDetector(Detector):
    """Judges each signal by its learned relation; says nothing where nothing was learned."""

    name: ClassVar[str] = "process_residuals"
    version: ClassVar[str] = "1"
    Options: ClassVar[type[BaseModel]] = ResidualOptions
    cards: ClassVar[Mapping[str, RuleCard]] = {_RULE: CARD}
    state_free_of: ClassVar[frozenset[str]] = APART

    raise_frames, clear_frames, clear_score = 1, 2, 0.8

    def __init__(self, site: Site, options: Any = None, baseline: Mapping[str, Any] | None = None) -> None:
        super().__init__(site, options if options is not None else ResidualOptions(), baseline)
        self._width = round(site.runtime.frame_s * 1e9)
        self.table = SignalTable(site)
        lags, known, steps = self.options.lags, {}, {}
        self._baseline_id = ""
        if baseline is not None:
            self._baseline_id = baseline_id(baseline, _FORMAT, self.name)
            lags, known, steps = baseline["lags"], baseline["relations"], baseline["resolution"]
        self._sensors = {} if baseline is None else baseline.get("sensors", {})
        self._trust = self._trust_of(self.table)
        relations = [
            Relation.of_json(signal.id, known[signal.id])
            for signal in site.signals
            if signal.id in known and signal.id not in self.options.off
        ]
        self.relations = Relations(self.table, lags, relations, ZoneInfo(site.time_zone))
        self._limits = {
            scale: np.array([[one.limits[i]] for one in relations]).reshape(-1, 1) for i, scale in enumerate(SCALES)
        }
        self._steps = np.array([[steps.get(signal.id, 0.0)] for signal in site.signals]).reshape(-1, 1)
        self._context = lags + SCALES[-1] - 1 + self._trust.context
        self._reset()

    def _trust_of(self, table: SignalTable) -> Trust:
        trust = Trust(table)
        trust.apply(self._sensors)
        return trust

    def _reset(self) -> None:
        self._stream = FrameStream(self.name, self.table, self._width, self._context)
        n = len(self.relations.relations)
        self._episodes = Episodes(n, self.raise_frames, self.clear_frames, self.clear_score)
        self._open: dict[int, dict[str, Any]] = {}
        self._asked: Times = np.empty(0, np.int64)
        self._judged: list[tuple[Times, Floats]] = []

    # Judging

    def update(self, block: Block) -> list[Finding]:
        """Judge the block's frames; observations don't concern this detector."""
        findings: list[Finding] = []
        self._asked, self._judged = block.frames.ends, []
        for view in self._stream.views(block.frames):
            if not self.relations.relations:
                continue
            verdict = _judge(view, self.relations, self._steps, self._limits, self._trust.doubted(view))
            self._judged.append((view.ends, np.fmax.reduce(verdict.scores, axis=0)))
            findings += [self._finding(verdict, change) for change in self._episodes.step(verdict.scores)]
        findings.sort(key=lambda f: (f.occurred, f.body.rule, f.assets, f.body.episode))
        return findings

    def scores(self) -> Floats | None:
        """The largest score of any signal; NaN where none could be judged."""
        return scores_at(self._asked, self._judged, _FAR)

    def basis(self, signal: str) -> Basis | None:
        """The signal, the inputs of its relation, and what their trust leans on."""
        inputs = self._inputs_of(signal)
        if inputs is None:
            return None
        return Basis(tuple(dict.fromkeys((*inputs, *self._trust.leans_on))), self._context)

    def _inputs_of(self, signal: str) -> tuple[str, ...] | None:
        """The signal and the inputs of its relation; None without one."""
        relation = next((one for one in self.relations.relations if one.signal == signal), None)
        if relation is None:
            return None
        return tuple(dict.fromkeys((signal, *(one.name for one in relation.inputs if one.name not in HOURS))))

    def expected(self, signal: str, frames: Frames) -> tuple[Expectation, ...]:
        """What its relation expects of the signal; the band is what one frame alone may be off by."""
        basis = self.basis(signal)
        if basis is None or not len(frames):
            return ()
        at = next(i for i, one in enumerate(self.relations.relations) if one.signal == signal)
        table = SignalTable(self.site, basis.signals)
        alone = Relations(table, self.relations.lags, (self.relations.relations[at],), ZoneInfo(self.site.time_zone))
        nothing = np.full((len(table), self._context), np.nan)
        view = View.of(frames, table, nothing, nothing)
        limits = {scale: limit[at : at + 1] for scale, limit in self._limits.items()}
        steps = self._steps[[self.table.row[one] for one in basis.signals]]
        verdict = _judge(view, alone, steps, limits, self._trust_of(table).doubted(view))
        expected = verdict.expected[0, view.context :]
        most = float(limits[1][0, 0])
        off = most * float(alone.scale[0, 0]) if most <= CLIP else np.inf
        return (
            Expectation(
                rule=_RULE,
                baseline=self._baseline_id,
                rests_on=(self._inputs_of(signal) or ())[1:],
                expected=expected,
                low=expected - off,
                high=expected + off,
                score=np.minimum(verdict.scores[0], _FAR),
            ),
        )

    def _finding(self, verdict: "_Verdict", change: Change) -> Finding:
        frame, subject, raised = change
        relation, now = self.relations.relations[subject], int(verdict.view.ends[frame])
        score = float(verdict.scores[subject, frame])
        contributions: tuple[Contribution, ...] = ()
        known: dict[str, Any]
        if raised:
            window = verdict.window(subject, frame)
            known = {
                "episode": episode_id(_RULE, relation.signal, now),
                "began": now - window * verdict.view.width,
                "raised": now,
            }
            self._open[subject] = known
            sentence = self._sentence(verdict, subject, frame, window)
            contributions = self._contributions(verdict, subject, frame)
        else:
            known = self._open.pop(subject)
            lasted = clock_span((now - known["raised"]) / 1e9)
            sentence = f"{relation.signal} is back within its learned relation after {lasted}"
        return Finding(
            occurred=now,
            assets=(self.table.asset(relation.signal),),
            body=Detection(
                detector=self.name,
                detector_version=self.version,
                rule=_RULE,
                episode=known["episode"],
                phase="raised" if raised else "cleared",
                source_kind="telemetry",
                severity="medium",
                score=min(score, _FAR),
                sentence=sentence,
                began=known["began"],
                until=now,
                suspicion="unknown",
                confidence=0.5,
                contributions=contributions,
                techniques=CARD.techniques if raised else (),
                baseline=self._baseline_id,
            ),
        )

    def _sentence(self, verdict: "_Verdict", subject: int, frame: int, window: int) -> str:
        relation, at = self.relations.relations[subject], verdict.view.context + frame
        expected, seen = verdict.expected[subject, : at + 1], verdict.seen[subject, : at + 1]
        seconds, signal = verdict.view.seconds, relation.signal
        now, reason = f"{signal} {self.table.say(signal, float(seen[-1]))}", explained_by(relation, seconds)
        if window == 1:
            return f"{now}, expected {self.table.say(signal, float(expected[-1]))} from {reason}"
        off = float(np.nanmean((seen - expected)[-window:]))
        return (
            f"{now}; over the last {clock_span(window * seconds)} it was {deviation(self.table, signal, abs(off))} "
            f"{'above' if off > 0 else 'below'} what is expected from {reason}"
        )

    def _contributions(self, verdict: "_Verdict", subject: int, frame: int) -> tuple[Contribution, ...]:
        """The signal, and the others that are off at the same time, by how far; SI."""
        scores, at = verdict.scores[:, frame], verdict.view.context + frame
        sizes = np.where(np.isnan(scores), 0.0, np.minimum(scores, _FAR))
        others = [int(i) for i in np.argsort(-sizes, kind="stable") if sizes[i] >= 1.0 and i != subject]
        named = [subject, *others[: _NAMED - 1]]
        total = float(sizes[named].sum())
        return tuple(
            self.table.part(
                self.relations.relations[i].signal,
                float(sizes[i]) / total,
                expected=_finite(verdict.expected[i, at]),
                seen=_finite(verdict.seen[i, at]),
            )
            for i in named
        )

    # State

    def dump(self) -> bytes:
        """Trailing frames and open episodes, as canonical JSON (raw float64 in base64 by msgspec)."""
        return canonical_json(
            {
                "format": _FORMAT,
                "baseline": self._baseline_id,
                "end": self._stream.end,
                "mean": self._stream.mean.tobytes(),
                "last": self._stream.last.tobytes(),
                "episodes": self._episodes.dump(),
                "open": [[subject, known] for subject, known in sorted(self._open.items())],
            }
        )

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one.

        Raises:
            DecodeError: the bytes are no state of this detector for this site and baseline.
        """
        try:
            state = msgspec.json.decode(data, type=_State)
            stream = FrameStream(self.name, self.table, self._width, self._context)
            stream.load(state.mean, state.last, state.end)
        except (msgspec.MsgspecError, ValueError) as error:
            raise DecodeError(f"no state of {self.name}: {error}") from None
        if state.format != _FORMAT or state.baseline != self._baseline_id:
            raise DecodeError(f"no state of {self.name} for this site and baseline")
        self._reset()
        self._stream = stream
        self._episodes.load(state.episodes)
        self._open = dict(state.open)

    # Learning

    @classmethod
    def learn(cls, site: Site, options: Any, blocks: Iterable[Block]) -> Lesson | None:
        """Learn relations and limits from normal data, by the rules in `learning` and `limits`."""
        pupil = cls(site, options)
        means: deque[Floats] = deque()
        ends: deque[Times] = deque()
        kept = dropped = 0
        for block in blocks:
            for view in pupil._stream.views(block.frames):
                pupil._trust.observe(view)
                means.append(view.mean[:, view.context :].copy())
                ends.append(view.ends)
                kept += len(view.ends)
                while len(ends) > 1 and (kept - len(ends[0])) * len(pupil.table) >= _MOST_VALUES:
                    means.popleft()
                    kept -= len(ends[0])
                    dropped += len(ends.popleft())
        if not means:
            return None
        options = pupil.options
        values = np.hstack(means)
        means.clear()
        learned = learn_relations(
            pupil.table,
            values,
            np.concatenate(ends),
            lags=options.lags,
            most=options.inputs,
            budget=options.false_per_30_days,
        )
        if learned is None:
            return None
        table = pupil.table
        steps = {signal.id: float(learned.resolution[i]) for i, signal in enumerate(site.signals)}
        baseline = {
            "format": _FORMAT,
            "lags": pupil.options.lags,
            "relations": {one.signal: one.as_json() for one in learned.relations},
            "resolution": steps,
            "sensors": pupil._trust.learned(1.0 / (_QUIET_DAYS * max(1, 2 * len(table)))),
        }
        words = [relation_in_words(table, one, pupil._width) for one in learned.relations]
        blind = [f"{signal} ({why})" for signal, why in learned.without.items() if why != POSITION]
        warnings = [f"no relation for {', '.join(blind)}: nothing is seen there"] if blind else []
        if dropped:
            days = kept * pupil._width / DAY
            warnings.append(
                f"relations are learned from the latest {days:.1f} days alone: more would not fit in memory"
            )
        return Lesson(baseline, tuple(words), tuple(warnings))


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


@dataclass(frozen=True)
class _Verdict:
    """What came of a view of k frames behind c.

    Attributes:
        view: the frames.
        scores: float64[n, k]; 1 is the limit, NaN no verdict.
        expected, seen: float64[n, c + k], SI.
        parts: float64[n, c + k], each window's sums over their limits.
    """

    view: View
    scores: Floats
    expected: Floats
    seen: Floats
    parts: dict[int, Floats]

    def window(self, subject: int, frame: int) -> int:
        """The window that is furthest beyond its limit, the shortest of equals."""
        at = self.view.context + frame
        return max(SCALES, key=lambda scale: (abs(float(self.parts[scale][subject, at])), -scale))


class _State(msgspec.Struct):
    """What `dump` writes."""

    format: int
    baseline: str
    end: int | None
    mean: bytes
    last: bytes
    episodes: list[list[int]]
    open: list[tuple[int, dict[str, Any]]]


def _judge(view: View, relations: Relations, steps: Floats, limits: Mapping[int, Floats], doubted: Flags) -> _Verdict:
    """Relations over a view.

    Args:
        view: m signals.
        relations: n of them.
        steps: float64[m, 1], the last digits of the signals, SI.
        limits: float64[n, 1] for each window.
        doubted: bool[m, c + k], cells that are missing for relations that lean on them; seen they are all the same.
    """
    values = on_grid(view.mean, steps)
    before = view.ends[0] - view.width * np.arange(view.context, 0, -1, dtype=np.int64)
    expected = relations.expect(np.where(doubted, np.nan, values), np.concatenate([before, view.ends]))
    seen = values[relations.rows]
    residuals = seen - expected
    sums = sums_of(residuals, relations.scale)
    parts = {scale: total / limits[scale] for scale, total in sums.items()}
    scores = np.max([np.abs(part) for part in parts.values()], axis=0)
    scores = np.where(np.isnan(residuals), np.nan, scores)[:, view.context :]
    return _Verdict(view, scores, expected, seen, parts)
