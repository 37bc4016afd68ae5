"""ResidualDetector: every signal against what the others and the past lead one to expect, learned from normal data."""

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from infrastress.core.errors import DecodeError
from infrastress.core.ids import canonical_json
from infrastress.core.time import DAY
from infrastress.detectors.base import Basis, Detector, Expectation, Heard, Lesson, RuleCard, baseline_id
from infrastress.detectors.process.base import APART
from infrastress.detectors.process.episodes import Change, episode_id
from infrastress.detectors.process.residuals.blame import Patterns, onset
from infrastress.detectors.process.residuals.cards import CARDS, RELATION, RESTING
from infrastress.detectors.process.residuals.holding import Holding
from infrastress.detectors.process.residuals.judging import MEMORY, Verdict, judge
from infrastress.detectors.process.residuals.kinds import UNDECIDED, kind_of, moved_at_rest
from infrastress.detectors.process.residuals.learning import POSITION, learn_relations
from infrastress.detectors.process.residuals.limits import CLIP, SCALES
from infrastress.detectors.process.residuals.relations import Relation, Relations
from infrastress.detectors.process.residuals.words import deviation, explained_by, relation_in_words
from infrastress.detectors.process.stream import FrameStream, scores_at
from infrastress.detectors.process.trust import Trust
from infrastress.detectors.process.trust.traits import Flags
from infrastress.detectors.process.view import Floats, SignalTable, Times, View
from infrastress.detectors.process.words import ACTUATED, clock_span, frozen, held
from infrastress.events.frames import Block, Finding, Frames
from infrastress.events.kinds import Contribution, Detection
from infrastress.site import Site

__all__ = ["ResidualDetector", "ResidualOptions"]

_FORMAT = 2
_FAR = 1e6
_NAMED = 5
_QUIET_DAYS = 300.0
"""In so many days one cell of a site is expected to be doubted falsely."""
_PIECE = 2048
"""Frames judged at once: what is larger than the processor's cache is slower."""
_MOST_VALUES = 20_000_000
"""Learning holds about thirteen times as many numbers at once: 2 GB."""


class ResidualOptions(BaseModel):
    """Options of the learned residuals.

    Attributes:
        false_per_30_days: budget of false episodes in 30 days of the learned relations; their limits follow from it.
            That of .1, .2, .3, .5 and 1 with which all members together have the best S on BATADAL's dataset04.
        lags: how many frames back an input may lie.
        inputs: most inputs of a relation.
        off: signals that get no relation (they may still explain others).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    false_per_30_days: float = Field(default=0.2, gt=0)
    lags: int = Field(default=2, ge=1, le=24)
    inputs: int = Field(default=16, ge=1, le=64)
    off: tuple[str, ...] = ()


class ResidualDetector(Detector):
    """Judges each signal by its learned relation; says nothing where nothing was learned."""

    name: ClassVar[str] = "process_residuals"
    version: ClassVar[str] = "2"
    hears: ClassVar[frozenset[Heard]] = frozenset({"telemetry"})
    Options: ClassVar[type[BaseModel]] = ResidualOptions
    cards: ClassVar[Mapping[str, RuleCard]] = CARDS
    state_free_of: ClassVar[frozenset[str]] = APART

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
        self._steps = np.array([[steps.get(signal.id, 0.0)] for signal in site.signals]).reshape(-1, 1)
        self._zone = ZoneInfo(site.time_zone)
        self.relations = Relations(self.table, lags, relations, self._steps, self._zone)
        self._limits = np.array([[one.limits[i] for one in relations] for i in range(len(SCALES))])[:, :, None]
        self._patterns = Patterns(self.table, self.relations)
        self._context = self.relations.lags + self._trust.context
        self._reset()

    def _trust_of(self, table: SignalTable) -> Trust:
        trust = Trust(table)
        trust.apply(self._sensors)
        return trust

    def _doubted(self, view: View, trust: Trust) -> Flags:
        """Cells that others' relations don't lean on: the frames to judge behind the lags of the relations."""
        return trust.doubted(view)[:, view.context - self.relations.lags :]

    def _reset(self) -> None:
        self._stream = FrameStream(self.name, self.table, self._width, self._context)
        n = len(self.relations.relations)
        self._shares = np.full((n, MEMORY), np.nan)
        self._episodes = Holding(n, SCALES)
        self._open: dict[int, dict[str, Any]] = {}
        self._asked: Times = np.empty(0, np.int64)
        self._judged: list[tuple[Times, Floats]] = []

    # Judging

    def update(self, block: Block) -> list[Finding]:
        """Judge the block's frames; observations don't concern this detector."""
        findings: list[Finding] = []
        self._asked, self._judged = block.frames.ends, []
        frames = block.frames
        pieces = (frames.part(start, start + _PIECE) for start in range(0, len(frames), _PIECE))
        for view in chain.from_iterable(map(self._stream.views, pieces)):
            if not self.relations.relations:
                continue
            verdict = judge(view, self.relations, self._limits, self._shares, self._doubted(view, self._trust))
            self._shares = verdict.shares[:, -MEMORY:].copy()
            self._judged.append((view.ends, np.fmax.reduce(verdict.scores, axis=0)))
            findings += [self._finding(verdict, change) for change in self._episodes.step(verdict.parts)]
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
        return Basis(tuple(dict.fromkeys((*inputs, *self._trust.leans_on))), self._context + MEMORY)

    def _inputs_of(self, signal: str) -> tuple[str, ...] | None:
        """The signal and the inputs of its relation; None without one."""
        relation = next((one for one in self.relations.relations if one.signal == signal), None)
        if relation is None:
            return None
        return tuple(relation.signals)

    def expected(self, signal: str, frames: Frames) -> tuple[Expectation, ...]:
        """What its relation expects of the signal; the band is what one frame alone may be off by."""
        basis = self.basis(signal)
        if basis is None or not len(frames):
            return ()
        at = next(i for i, one in enumerate(self.relations.relations) if one.signal == signal)
        table = SignalTable(self.site, basis.signals)
        relation, steps = self.relations.relations[at], self._steps[[self.table.row[one] for one in basis.signals]]
        alone = Relations(table, self.relations.lags, (relation,), steps, self._zone)
        nothing = np.full((len(table), self._context), np.nan)
        view = View.of(frames, table, nothing, nothing)
        doubted = self._doubted(view, self._trust_of(table))
        verdict = judge(view, alone, self._limits[:, at : at + 1], np.full((1, MEMORY), np.nan), doubted)
        expected, most = verdict.expected[0], relation.limits[0]
        off = verdict.scale[0] * most if most <= CLIP else np.full(len(frames), np.inf)
        if relation.rests:
            off = np.full(len(frames), max(relation.scale / 2.0, 1e-9))
        return (
            Expectation(
                rule=RESTING if relation.rests else RELATION,
                baseline=self._baseline_id,
                rests_on=(self._inputs_of(signal) or ())[1:],
                expected=expected,
                low=expected - off,
                high=expected + off,
                score=np.minimum(verdict.scores[0], _FAR),
            ),
        )

    def _finding(self, verdict: Verdict, change: Change) -> Finding:
        frame, subject, raised = change
        relation, now = self.relations.relations[subject], int(verdict.view.ends[frame])
        rule = RESTING if relation.rests else RELATION
        known = self._account(verdict, subject, frame, rule) if raised else self._open.pop(subject)
        sentence = known.pop("sentence", "")
        contributions: tuple[Contribution, ...] = known.pop("contributions", ())
        if raised:
            self._open[subject] = known
        else:
            lasted = clock_span((now - known["raised"]) / 1e9)
            sentence = f"{relation.signal} is back within its learned relation after {lasted}"
        return Finding(
            occurred=now,
            assets=(known["asset"],),
            body=Detection(
                detector=self.name,
                detector_version=self.version,
                rule=rule,
                episode=known["episode"],
                phase="raised" if raised else "cleared",
                source_kind="telemetry",
                severity="medium",
                score=min(float(verdict.scores[subject, frame]), _FAR),
                sentence=sentence,
                began=known["began"],
                until=now,
                suspicion=known["suspicion"] if raised else "unknown",
                confidence=known["confidence"] if raised else 0.5,
                contributions=contributions,
                techniques=tuple(known["techniques"]) if raised else (),
                baseline=self._baseline_id,
            ),
        )

    def _account(self, verdict: Verdict, subject: int, frame: int, rule: str) -> dict[str, Any]:
        """Since when, who is to blame, what it looks like, and all of it in a sentence."""
        relation, view = self.relations.relations[subject], verdict.view
        now = int(view.ends[frame])
        window = onset(verdict.behind(subject, frame, SCALES[-1]))
        stop = MEMORY + frame + 1
        beyond = np.flatnonzero(verdict.scores[:, frame] >= 1.0)
        restless = [int(i) for i in beyond if self.relations.relations[i].rests]
        if restless:
            blamed = [subject] if relation.rests else restless
            parts = [(self.relations.relations[i].signal, 1.0) for i in blamed]
            leader = parts[0][0]
            kind = moved_at_rest(self.site.signal_by_id[leader].kind in ACTUATED)
        else:
            blame = self._patterns.blame(verdict.shares[:, max(0, stop - window) : stop], verdict.scale[:, frame])
            parts = [*blame.parts[: _NAMED - 1]] or [(relation.signal, 1.0)]
            leader = parts[0][0]
            column = view.context + frame
            still = window > 1 and frozen(view, self.table.row[leader], column, min(window, view.context + 1))
            kind = kind_of(blame, self.site.signal_by_id[leader].kind, len(beyond), still)
            if held(view, self.table, relation.signal, column):
                kind = UNDECIDED
        if relation.signal not in [signal for signal, _ in parts]:
            parts.append((relation.signal, 0.0))
        sentence = self._sentence(verdict, subject, frame, window)
        if leader != relation.signal:
            what = "moved though it always rested" if restless else f"being wrong explains {parts[0][1]:.0%} of it"
            sentence += f"; {leader} {what}"
        return {
            "episode": episode_id(rule, relation.signal, now),
            "began": now - window * view.width,
            "raised": now,
            "asset": self.table.asset(leader),
            "suspicion": kind.suspicion,
            "confidence": kind.confidence,
            "techniques": list(kind.techniques),
            "sentence": sentence,
            "contributions": self._contributions(verdict, frame, parts),
        }

    def _sentence(self, verdict: Verdict, subject: int, frame: int, window: int) -> str:
        relation = self.relations.relations[subject]
        seconds, signal = verdict.view.seconds, relation.signal
        seen, expected = float(verdict.seen[subject, frame]), float(verdict.expected[subject, frame])
        now = f"{signal} {self.table.say(signal, seen)}"
        if relation.rests:
            return f"{now}; in the training data it was {self.table.say(signal, expected)} (nearly) all the time"
        reason = explained_by(relation, seconds)
        if window == 1:
            return f"{now}, expected {self.table.say(signal, expected)} from {reason}"
        off = float(np.nanmean(verdict.behind(subject, frame, window))) * float(verdict.scale[subject, frame])
        return (
            f"{now}; over the last {clock_span(window * seconds)} it was {deviation(self.table, signal, abs(off))} "
            f"{'above' if off > 0 else 'below'} what is expected from {reason}"
        )

    def _contributions(self, verdict: Verdict, frame: int, parts: list[tuple[str, float]]) -> tuple[Contribution, ...]:
        """The signals to blame, by how much each explains; SI."""
        total = sum(share for _, share in parts)
        index = {one.signal: i for i, one in enumerate(self.relations.relations)}
        told = []
        for signal, share in parts:
            at = index.get(signal)
            expected = None if at is None else _finite(verdict.expected[at, frame])
            seen = _finite(verdict.view.mean[self.table.row[signal], verdict.view.context + frame])
            if at is not None:
                seen = _finite(verdict.seen[at, frame])
            told.append(self.table.part(signal, share / total, expected=expected, seen=seen))
        return tuple(told)

    # State

    def dump(self) -> bytes:
        """Trailing frames and open episodes, as canonical JSON (raw float64 in base64 by msgspec)."""
        return canonical_json(
            {
                "format": _FORMAT,
                "baseline": self._baseline_id,
                **self._stream.dump(),
                "shares": self._shares.tobytes(),
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
            shares = np.frombuffer(state.shares).reshape(self._shares.shape).copy()
        except (msgspec.MsgspecError, ValueError) as error:
            raise DecodeError(f"no state of {self.name}: {error}") from None
        if state.format != _FORMAT or state.baseline != self._baseline_id:
            raise DecodeError(f"no state of {self.name} for this site and baseline")
        self._reset()
        self._stream, self._shares = stream, shares
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


class _State(msgspec.Struct):
    """What `dump` writes."""

    format: int
    baseline: str
    end: int | None
    mean: bytes
    last: bytes
    shares: bytes
    episodes: list[list[Any]]
    open: list[tuple[int, dict[str, Any]]]
