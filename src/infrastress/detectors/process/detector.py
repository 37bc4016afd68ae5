"""InvariantDetector: invariants generated from the site model, judged frame by frame."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import msgspec
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from infrastress.core.errors import DecodeError
from infrastress.core.ids import canonical_json
from infrastress.detectors.base import Basis, Detector, Expectation, Heard, Lesson, RuleCard, baseline_id
from infrastress.detectors.process.balance import MassBalance
from infrastress.detectors.process.base import APART, Account, Band, ExpectingInvariant, Invariant
from infrastress.detectors.process.bounds import AlarmLimit, InstrumentRange, LearnedRange, TripLimit
from infrastress.detectors.process.control import ControlRuleBroken, SwitchedWithoutCause
from infrastress.detectors.process.drift import BalanceDrift
from infrastress.detectors.process.episodes import Change, Episodes, episode_id
from infrastress.detectors.process.flows import FlowNet
from infrastress.detectors.process.frozen import FrozenSignal
from infrastress.detectors.process.interlocks import InterlockBypassed, InterlockFailed, SwitchDisagrees
from infrastress.detectors.process.paths import FlowWithoutPath, PumpFlow
from infrastress.detectors.process.rates import RateOfChange
from infrastress.detectors.process.silence import Silence
from infrastress.detectors.process.stream import FrameStream, scores_at
from infrastress.detectors.process.tanks import TankFarm
from infrastress.detectors.process.together import NeverTogether
from infrastress.detectors.process.trust import Trust
from infrastress.detectors.process.trust.clock import SourceClock
from infrastress.detectors.process.trust.rules import DefaultValue, NoiseChanged, ResolutionChanged, Spike
from infrastress.detectors.process.trust.words import blind_spots, sensors_in_words
from infrastress.detectors.process.view import Floats, SignalTable, Times, View
from infrastress.events.frames import Block, Finding, Frames
from infrastress.events.kinds import Detection
from infrastress.site import Site

__all__ = ["InvariantDetector", "InvariantOptions"]

_FORMAT = 1
_CELLS = 2_000_000
"""Most cells that are looked at at once for what was expected: a large site's days come out in pieces."""
_FAR = 1e6
"""An infinite or huge ratio says no more than "far beyond"."""
_RULES: tuple[type[Invariant], ...] = (
    AlarmLimit, TripLimit, InstrumentRange, LearnedRange, RateOfChange, MassBalance, BalanceDrift, FrozenSignal,
    FlowWithoutPath, PumpFlow, InterlockFailed, InterlockBypassed, SwitchDisagrees, ControlRuleBroken,
    SwitchedWithoutCause, NeverTogether, Silence, Spike, NoiseChanged, ResolutionChanged, DefaultValue, SourceClock,
)  # fmt: skip


class InvariantOptions(BaseModel):
    """Options of the invariants.

    Attributes:
        off: rules not to run, by id.
        quiet_days: days in which the site is expected to raise at most one false episode, for learned limits.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    off: tuple[str, ...] = ()
    quiet_days: float = Field(default=300.0, gt=1)


class InvariantDetector(Detector):
    """Judges the process by what the site model says must hold."""

    name: ClassVar[str] = "process_invariants"
    version: ClassVar[str] = "1"
    hears: ClassVar[frozenset[Heard]] = frozenset({"telemetry"})
    Options: ClassVar[type[BaseModel]] = InvariantOptions
    cards: ClassVar[Mapping[str, RuleCard]] = {rule.rule: rule.card for rule in _RULES}
    state_free_of: ClassVar[frozenset[str]] = APART

    def __init__(self, site: Site, options: Any = None, baseline: Mapping[str, Any] | None = None) -> None:
        super().__init__(site, options if options is not None else InvariantOptions(), baseline)
        self._width = round(site.runtime.frame_s * 1e9)
        self.table = SignalTable(site)
        self._net = net = FlowNet(site, self.table)
        farm = TankFarm(site, self.table, net)
        width_s = site.runtime.frame_s
        self._trust = Trust(self.table)
        every: tuple[Invariant, ...] = (
            AlarmLimit(site, self.table),
            TripLimit(site, self.table),
            InstrumentRange(site, self.table),
            LearnedRange(site, self.table),
            RateOfChange(site, self.table, farm),
            MassBalance(site, self.table, net, farm),
            BalanceDrift(site, self.table, farm),
            FrozenSignal(site, self.table, self._trust),
            FlowWithoutPath(site, self.table, net),
            PumpFlow(site, self.table, net),
            InterlockFailed(site, self.table, width_s),
            InterlockBypassed(site, self.table),
            SwitchDisagrees(site, self.table),
            ControlRuleBroken(site, self.table, width_s),
            SwitchedWithoutCause(site, self.table),
            NeverTogether(site, self.table),
            Silence(site, self.table, width_s),
            Spike(site, self.table, self._trust),
            NoiseChanged(site, self.table, self._trust),
            ResolutionChanged(site, self.table),
            DefaultValue(site, self.table, self._trust),
            SourceClock(site, self.table, width_s),
        )
        self.invariants = tuple(i for i in every if i.subjects and i.rule not in self.options.off)
        self._expecting = tuple(i for i in self.invariants if isinstance(i, ExpectingInvariant))
        heeds = [i.context + self._trust.context for i in self.invariants if i.heeds_trust]
        self._context = max([2, *(invariant.context for invariant in self.invariants), *heeds])
        self._baseline_id = ""
        if baseline is not None:
            self._baseline_id = baseline_id(baseline, _FORMAT, self.name)
            net.apply(baseline.get("reach", {}))
            for invariant in self.invariants:
                invariant.apply(baseline["rules"].get(invariant.rule, {}))
        self._reset()

    def _reset(self) -> None:
        self._stream = FrameStream(self.name, self.table, self._width, self._context)
        self._episodes = [
            Episodes(len(i.subjects), i.raise_frames, i.clear_frames, i.clear_score) for i in self.invariants
        ]
        self._open: dict[tuple[str, int], dict[str, Any]] = {}
        self._asked: Times = np.empty(0, np.int64)
        self._worst: list[tuple[Times, Floats]] = []

    def update(self, block: Block) -> list[Finding]:
        """Judge the block's frames; observations don't concern these rules."""
        findings: list[Finding] = []
        self._asked = block.frames.ends
        self._worst = []
        for view in self._stream.views(block.frames):
            worst = np.full(len(view.ends), np.nan)
            for invariant, episodes in zip(self.invariants, self._episodes, strict=True):
                seen = self._seen(invariant, view)
                scores = invariant.judge(seen)
                if invariant.heeds_spikes:
                    scores = np.where(self._suspect(invariant, view), np.nan, scores)
                if invariant.ranks:
                    worst = np.fmax(worst, np.fmax.reduce(scores, axis=0))
                for change in episodes.step(scores, invariant.release(scores)):
                    score = float(scores[change.subject, change.frame])
                    findings.append(self._finding(invariant, seen, change, score))
            self._worst.append((view.ends, worst))
        findings.sort(key=lambda f: (f.occurred, f.body.rule, f.assets, f.body.episode))
        return findings

    def scores(self) -> Floats | None:
        """The largest score of any subject of any rule that ranks; what none could judge is NaN."""
        return scores_at(self._asked, self._worst, _FAR)

    def basis(self, signal: str) -> Basis | None:
        """Signals and frames that the rules which expect something of it need."""
        rules = [(invariant, basis) for invariant in self._expecting if (basis := invariant.rests_on(signal))]
        needed = dict.fromkeys(one for _, basis in rules for one in basis)
        if any(invariant.heeds_trust for invariant, _ in rules):
            needed |= dict.fromkeys(self._trust.leans_on)
        return Basis(tuple(needed), self._context) if needed else None

    def expected(self, signal: str, frames: Frames) -> tuple[Expectation, ...]:
        """What each rule that expects something of the signal does so of each frame."""
        rules = [(invariant, basis) for invariant in self._expecting if (basis := invariant.rests_on(signal))]
        if not rules or not len(frames):
            return ()
        piece = max(self._context, _CELLS // max(1, len(self.table)))
        parts: list[list[Band]] = [[] for _ in rules]
        before = np.full((len(self.table), self._context), np.nan)
        mean, last = before, before
        for start in range(0, len(frames), piece):
            view = View.of(frames.part(start, start + piece), self.table, mean, last)
            mean, last = view.mean[:, -self._context :], view.last[:, -self._context :]
            for found, (invariant, _) in zip(parts, rules, strict=True):
                found.append(self._band(invariant, view, signal))
        return tuple(
            Expectation(
                rule=invariant.rule,
                baseline=self._baseline_id,
                rests_on=basis[1:],
                expected=np.concatenate([part.expected for part in found]),
                low=np.concatenate([part.low for part in found]),
                high=np.concatenate([part.high for part in found]),
                score=np.minimum(np.concatenate([part.score for part in found]), _FAR),
            )
            for found, (invariant, basis) in zip(parts, rules, strict=True)
        )

    def _seen(self, invariant: Invariant, view: View) -> View:
        """The view without what a rule takes as missing."""
        if invariant.heeds_spikes:
            return self._trust.despiked(view)
        return self._trust.sane(view) if invariant.heeds_trust else view

    def _suspect(self, invariant: Invariant, view: View) -> npt.NDArray[np.bool_]:
        """Frames bool[n, k] in which a signal of a subject may be a spike: no verdict before the next."""
        cells = self._trust.suspects(view)[:, view.context :]
        if not cells.any():
            return np.zeros((len(invariant.subjects), len(view.ends)), bool)
        rows = ([self.table.row[signal] for signal in subject.signals] for subject in invariant.subjects)
        return np.array([cells[some].any(axis=0) for some in rows]).reshape(-1, len(view.ends))

    def _band(self, invariant: ExpectingInvariant, view: View, signal: str) -> Band:
        """What a rule expects of a signal; nothing in frames in which it takes the signal as missing."""
        seen = self._seen(invariant, view)
        told = invariant.band(seen, signal)
        none = np.isnan(seen.mean[self.table.row[signal], view.context :])
        if invariant.heeds_spikes:
            about = [signal in subject.signals for subject in invariant.subjects]
            none |= self._suspect(invariant, view)[about].any(axis=0)
        if not invariant.heeds_trust or not none.any():
            return told
        return Band(*(np.where(none, np.nan, part) for part in (told.expected, told.low, told.high, told.score)))

    def _finding(self, invariant: Invariant, view: View, change: Change, score: float) -> Finding:
        frame, subject, raised = change
        about = invariant.subjects[subject]
        now, key = int(view.ends[frame]), (invariant.rule, subject)
        if raised:
            account = invariant.explain(view, subject, frame)
            episode = episode_id(invariant.rule, about.key, now)
            self._open[key] = {"episode": episode, "began": account.began, "raised": now, "severity": account.severity}
        else:
            began = self._open.pop(key)
            minutes = (now - began["raised"]) / 60e9
            account = Account(
                sentence=f"{about.key.removeprefix('source:')}: {invariant.card.title[0].lower()}"
                f"{invariant.card.title[1:]} - over after {minutes:.0f} min",
                contributions=(),
                began=began["began"],
                severity=began["severity"],
                suspicion="unknown",
                confidence=0.5,
            )
            episode = began["episode"]
        return Finding(
            occurred=now,
            assets=about.assets,
            body=Detection(
                detector=self.name,
                detector_version=self.version,
                rule=invariant.rule,
                episode=episode,
                phase="raised" if raised else "cleared",
                source_kind="telemetry",
                severity=account.severity,
                score=min(score, _FAR),
                sentence=account.sentence,
                began=account.began,
                until=now,
                suspicion=account.suspicion,
                confidence=account.confidence,
                contributions=account.contributions,
                techniques=account.techniques,
                baseline=self._baseline_id,
            ),
        )

    # State

    def dump(self) -> bytes:
        """Trailing context, sums, ages and open episodes, as canonical JSON (raw float64 in base64 by msgspec)."""
        return canonical_json(
            {
                "format": _FORMAT,
                **self._stream.dump(),
                "episodes": {i.rule: e.dump() for i, e in zip(self.invariants, self._episodes, strict=True)},
                "open": [[rule, subject, known] for (rule, subject), known in sorted(self._open.items())],
                "own": {i.rule: state for i in self.invariants if (state := i.dump()) is not None},
            }
        )

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one.

        Raises:
            DecodeError: the bytes are no state of this detector for this site.
        """
        try:
            state = msgspec.json.decode(data, type=_State)
            stream = FrameStream(self.name, self.table, self._width, self._context)
            stream.load(state.mean, state.last, state.end)
        except (msgspec.MsgspecError, ValueError) as error:
            raise DecodeError(f"no state of {self.name}: {error}") from None
        if state.format != _FORMAT or set(state.episodes) != {i.rule for i in self.invariants}:
            raise DecodeError(f"no state of {self.name} for this site")
        self._reset()
        self._stream = stream
        self._open = {(rule, subject): known for rule, subject, known in state.open}
        for invariant, episodes in zip(self.invariants, self._episodes, strict=True):
            episodes.load(state.episodes[invariant.rule])
            if invariant.rule in state.own:
                invariant.load(state.own[invariant.rule])

    # Learning

    @classmethod
    def learn(cls, site: Site, options: Any, blocks: Iterable[Block]) -> Lesson | None:
        """Learn how tight each invariant holds in normal data, by the rule written down in `tightness`."""
        pupil = cls(site, options)
        pupil._net.learning()
        days: set[int] = set()
        for block in blocks:
            for view in pupil._stream.views(block.frames):
                days.update(np.unique((view.ends - 1) // (86_400 * 10**9)).tolist())
                pupil._net.observe(view)
                for invariant in pupil.invariants:
                    invariant.observe(view)
        if not days:
            return None
        share = 1.0 / (pupil.options.quiet_days * max(1, 2 * len(pupil.table)))
        rules: dict[str, Any] = {}
        words: list[str] = []
        warnings: list[str] = []
        if len(days) < 3:
            warnings.append(f"only {len(days)} days of data: limits are twice the largest value seen")
        for invariant in pupil.invariants:
            known = invariant.learned(share)
            if known is not None:
                rules[invariant.rule] = dict(known.baseline)
                words.extend(known.words)
                warnings.extend(known.warnings)
        words += sensors_in_words(pupil.table, rules)
        warnings += blind_spots(pupil.table, rules)
        known_reach = pupil._net.learned()
        baseline = {"format": _FORMAT, "days": len(days), "rules": rules, "reach": known_reach}
        return Lesson(baseline, tuple(words), tuple(warnings))


class _State(msgspec.Struct):
    """What `dump` writes."""

    format: int
    end: int | None
    mean: bytes
    last: bytes
    episodes: dict[str, list[list[int]]]
    open: list[tuple[str, int, dict[str, Any]]]
    own: dict[str, Any]
