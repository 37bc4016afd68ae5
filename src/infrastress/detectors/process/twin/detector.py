"""TwinDetector: what is reported against the site's network model, solved frame by frame with EPANET."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from infrastress.core.errors import BaselineError, DecodeError, PluginError
from infrastress.core.ids import canonical_json, content_hash
from infrastress.detectors.base import Detector, Heard, Lesson, RuleCard, baseline_id
from infrastress.detectors.process.base import APART
from infrastress.detectors.process.episodes import Change, Episodes, episode_id
from infrastress.detectors.process.stream import FrameStream, scores_at
from infrastress.detectors.process.twin.cards import CARD, RULE
from infrastress.detectors.process.twin.judging import Known, Twin, Verdict
from infrastress.detectors.process.twin.learning import learn
from infrastress.detectors.process.twin.words import learned_in_words, tell
from infrastress.detectors.process.view import Floats, SignalTable, Times, View
from infrastress.detectors.process.words import clock_span, held
from infrastress.events.frames import Block, Finding
from infrastress.events.kinds import Detection
from infrastress.hydraulics.meters import MODEL
from infrastress.hydraulics.snapshot import Snapshot
from infrastress.site import Site

__all__ = ["TwinDetector", "TwinOptions"]

_FORMAT = 2
_FAR = 1e6
_CONTEXT = 3
_MOST_UNSOLVED = 0.2


class TwinOptions(BaseModel):
    """Options of the physics twin.

    Attributes:
        quiet_days: days in which the site is expected to raise at most one false episode.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    quiet_days: float = Field(default=300.0, gt=1)


class TwinDetector(Detector):
    """Judges meters, levels and states by the site's EPANET model; silent where there is none or nothing learned."""

    name: ClassVar[str] = "process_twin"
    version: ClassVar[str] = "3"
    hears: ClassVar[frozenset[Heard]] = frozenset({"telemetry"})
    Options: ClassVar[type[BaseModel]] = TwinOptions
    cards: ClassVar[Mapping[str, RuleCard]] = {RULE: CARD}
    state_free_of: ClassVar[frozenset[str]] = APART
    costly: ClassVar[bool] = True

    raise_frames, clear_frames, clear_score = 1, 2, 0.8

    def __init__(self, site: Site, options: Any = None, baseline: Mapping[str, Any] | None = None) -> None:
        super().__init__(site, options if options is not None else TwinOptions(), baseline)
        self._width = round(site.runtime.frame_s * 1e9)
        self.table = SignalTable(site)
        self._baseline_id = ""
        self._twin: Twin | None = None
        if baseline is not None:
            self._baseline_id = baseline_id(baseline, _FORMAT, self.name)
            path = _model(site)
            if baseline["known"] is None:
                path = None
            elif path is None or _content(path) != baseline["model"]:
                raise BaselineError(
                    "the network model is not the one that was learned with",
                    where=self.name,
                    remedy="learn again with `infrastress train`",
                )
            if path is not None:
                network, controlled = Snapshot(path, site), Snapshot(path, site, controlled=True)
                self._twin = Twin(self.table, network, controlled, Known.of_json(baseline["known"]))
        self._reset()

    def _reset(self) -> None:
        self._stream = FrameStream(self.name, self.table, self._width, _CONTEXT)
        subjects = len(self._subjects)
        self._episodes = Episodes(subjects, self.raise_frames, self.clear_frames, self.clear_score)
        self._open: dict[int, dict[str, Any]] = {}
        self._asked: Times = np.empty(0, np.int64)
        self._judged: list[tuple[Times, Floats]] = []
        if self._twin is not None:
            self._twin.strayed[:] = 0

    @property
    def _subjects(self) -> tuple[str, ...]:
        return () if self._twin is None else (*self._twin.reader.signals, *self._twin.reader.states)

    # Judging

    def update(self, block: Block) -> list[Finding]:
        """Judge the block's frames; observations don't concern this detector."""
        findings: list[Finding] = []
        self._asked, self._judged = block.frames.ends, []
        for view in self._stream.views(block.frames):
            if self._twin is None or not len(view.ends):
                continue
            scores, verdicts = self._judge(self._twin, view)
            self._judged.append((view.ends, np.fmax.reduce(scores, axis=0)))
            findings += [
                self._finding(self._twin, view, verdicts[change.frame], change)
                for change in self._episodes.step(scores)
            ]
        findings.sort(key=lambda f: (f.occurred, f.body.rule, f.assets, f.body.episode))
        return findings

    def _judge(self, twin: Twin, view: View) -> tuple[Floats, list[Verdict]]:
        values, first = view.last, view.context
        # What the frame before looked like follows from the context alone
        earlier = twin.look(values[:, first - 1])
        verdicts = []
        for t in range(first, values.shape[1]):
            verdicts.append(twin.judge(values[:, t], earlier))
            earlier = verdicts[-1].reported
        return np.array([one.scores for one in verdicts]).T, verdicts

    def scores(self) -> Floats | None:
        """The largest score of any signal; NaN where none could be judged."""
        return scores_at(self._asked, self._judged, _FAR)

    def _still(self, view: View, signal: str, frame: int) -> bool:
        """Whether a meter is held now, or a level jumps that was held before."""
        column, level = view.context + frame, self.site.signal_by_id[signal].kind == "level"
        return held(view, self.table, signal, column) or (level and held(view, self.table, signal, column - 1))

    def _finding(self, twin: Twin, view: View, verdict: Verdict, change: Change) -> Finding:
        frame, subject, raised = change
        signal, now = self._subjects[subject], int(view.ends[frame])
        shared: dict[str, Any]
        known: dict[str, Any]
        if raised:
            known = {"episode": episode_id(RULE, signal, now), "began": now - view.width, "raised": now}
            self._open[subject] = known
            column = view.last[:, view.context + frame]
            still = self._still(view, signal, frame)
            told = tell(self.table, twin, verdict, subject, column=column, seconds=view.seconds, still=still)
            shared = {
                "sentence": told.sentence,
                "suspicion": told.suspicion,
                "confidence": told.confidence,
                "contributions": told.contributions,
                "techniques": told.techniques,
            }
        else:
            known = self._open.pop(subject)
            lasted = clock_span((now - known["raised"]) / 1e9)
            shared = {"sentence": f"{signal} fits the network model again after {lasted}"}
        return Finding(
            occurred=now,
            assets=(self.table.asset(signal),),
            body=Detection(
                detector=self.name,
                detector_version=self.version,
                rule=RULE,
                episode=known["episode"],
                phase="raised" if raised else "cleared",
                source_kind="telemetry",
                severity="medium",
                score=min(float(verdict.scores[subject]), _FAR),
                began=known["began"],
                until=now,
                baseline=self._baseline_id,
                **shared,
            ),
        )

    # State

    def dump(self) -> bytes:
        """Trailing frames, runs and open episodes, as canonical JSON (raw float64 in base64 by msgspec)."""
        return canonical_json(
            {
                "format": _FORMAT,
                "baseline": self._baseline_id,
                **self._stream.dump(),
                "strayed": [] if self._twin is None else self._twin.strayed.tolist(),
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
            stream = FrameStream(self.name, self.table, self._width, _CONTEXT)
            stream.load(state.mean, state.last, state.end)
        except (msgspec.MsgspecError, ValueError) as error:
            raise DecodeError(f"no state of {self.name}: {error}") from None
        strayed = 0 if self._twin is None else len(self._twin.strayed)
        if state.format != _FORMAT or state.baseline != self._baseline_id or len(state.strayed) != strayed:
            raise DecodeError(f"no state of {self.name} for this site and baseline")
        self._reset()
        self._stream = stream
        if self._twin is not None:
            self._twin.strayed = np.array(state.strayed, dtype=np.int64)
        self._episodes.load(state.episodes)
        self._open = dict(state.open)

    # Learning

    @classmethod
    def learn(cls, site: Site, options: Any, blocks: Iterable[Block]) -> Lesson | None:
        """Learn how well the network model holds in normal data, by the rule in `learning`."""
        path = _model(site)
        if path is None:
            return None
        pupil = cls(site, options)
        try:
            network, controlled = Snapshot(path, site), Snapshot(path, site, controlled=True)
        except PluginError as error:
            return _none(str(error))
        with network, controlled:
            if network.blind or not network.measured or not network.levels:
                why = "; ".join(network.blind[:3]) or "no flow, pressure or level of the network model is metered"
                return _none(why)
            values, ends = [], []
            for block in blocks:
                for view in pupil._stream.views(block.frames):
                    values.append(view.last[:, view.context :].copy())
                    ends.append(view.ends)
            if not values:
                return None
            lessons = learn(
                pupil.table, (network, controlled), np.hstack(values), np.concatenate(ends), pupil.options.quiet_days
            )
            if lessons is None or lessons.unsolved > _MOST_UNSOLVED:
                return _none("the network model does not explain the normal data")
            baseline = {"format": _FORMAT, "model": _content(path), "known": lessons.known.as_json()}
            words, warnings = learned_in_words(pupil.table, network, lessons)
        return Lesson(baseline, words, warnings)


def _none(why: str) -> Lesson:
    """A baseline with which the twin stays silent."""
    return Lesson({"format": _FORMAT, "model": "", "known": None}, (), (f"no physics twin: {why}",))


def _model(site: Site) -> Path | None:
    path = None if site.folder is None else site.folder / MODEL
    return path if path is not None and path.is_file() else None


def _content(path: Path) -> str:
    return content_hash(path.read_bytes())


class _State(msgspec.Struct):
    """What `dump` writes."""

    format: int
    baseline: str
    end: int | None
    mean: bytes
    last: bytes
    strayed: list[int]
    episodes: list[list[int]]
    open: list[tuple[int, dict[str, Any]]]
