"""The detector family: one base, found by entry point, held to `tests/detectors/contract.py`."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from infrastress.core.errors import BaselineError, DecodeError
from infrastress.core.ids import canonical_json, content_hash
from infrastress.events.frames import Block, Finding, Frames
from infrastress.site import Site

__all__ = ["Basis", "Detector", "Expectation", "Heard", "Lesson", "RuleCard", "baseline_id", "decode_state"]

Heard = Literal["telemetry", "events", "network"]
_OWN_PARTS = frozenset({"name", "description", "detectors"})
"""Of the site model, what concerns no detector's state; a detector's own options are compared apart."""


@dataclass(frozen=True)
class RuleCard:
    """What an operator reads beside a detection of this rule."""

    rule: str
    title: str
    means: str
    expected_against_seen: str
    benign_causes: tuple[str, ...]
    first_check: str
    techniques: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lesson:
    """What a detector learned from normal data: JSON-able `baseline`, and the same in words to check."""

    baseline: dict[str, Any]
    words: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Basis:
    """What `Detector.expected` has to be given of a signal: columns, and frames before the first that is asked for."""

    signals: tuple[str, ...]
    frames: int


@dataclass(frozen=True)
class Expectation:
    """What one rule expected of a signal over k frames, as it judges them; SI.

    Attributes:
        rule: its id.
        baseline: what of the learned it rests on, as in detections; empty where nothing learned.
        rests_on: the other signals it is expected from.
        expected: float64[k]; NaN where none can be formed, or where the rule has no more than a band.
        low, high: float64[k], the band tolerated in one frame; infinite where that side is open, NaN without a verdict.
        score: float64[k], as the detector scores the frame: 1 is the limit. A value outside of the band has at least
            that; one inside may have it too, where deviations add up over several frames.
    """

    rule: str
    baseline: str
    rests_on: tuple[str, ...]
    expected: npt.NDArray[np.float64] = field(repr=False)
    low: npt.NDArray[np.float64] = field(repr=False)
    high: npt.NDArray[np.float64] = field(repr=False)
    score: npt.NDArray[np.float64] = field(repr=False)


def baseline_id(baseline: Mapping[str, Any], format_: int, detector: str) -> str:
    """Short name of a baseline's content, for evidence.

    Raises:
        BaselineError: it is of another format than the detector reads.
    """
    if baseline.get("format") != format_:
        raise BaselineError(
            f"baseline of format {baseline.get('format')!r}, this version reads {format_}",
            where=detector,
            remedy="learn again with `infrastress train`",
        )
    return content_hash(canonical_json(baseline))[:16]


class _Formatted(Protocol):
    format: int


State = TypeVar("State", bound=_Formatted)


def decode_state(data: bytes, kind: type[State], detector: str, format_: int) -> State:
    """A detector's state from the JSON that it dumped.

    Raises:
        DecodeError: it is none, or one of another format.
    """
    try:
        state = msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError as error:
        raise DecodeError(f"no state of {detector}: {error}") from None
    if state.format != format_:
        raise DecodeError(f"no state of {detector}: format {state.format}")
    return state


class Detector(ABC):
    """A pure function of blocks with a state: no clock, no I/O, no store.

    The result must not depend on how frames were split into blocks, to the last bit.

    Args:
        site: the site model.
        options: an instance of `Options`.
        baseline: what `learn` returned, None when nothing was learned.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    Options: ClassVar[type[BaseModel]]
    cards: ClassVar[Mapping[str, RuleCard]]
    state_free_of: ClassVar[frozenset[str]] = frozenset()
    """Parts of the site model that may change while its state goes on (`continues`)."""
    hears: ClassVar[frozenset[Heard]] = frozenset({"telemetry", "events", "network"})
    """Of what a block holds, what it judges: a recording with none of it says nothing of how well it does."""
    prompt: ClassVar[bool] = False
    """Judges events by themselves: while a site is live it is given them as they come, with `Block.clock`, and frames
    when they close, so that a gas alarm needn't wait for late telemetry."""
    costly: ClassVar[bool] = False
    """Takes milliseconds a frame: what is not needed, such as a second look at a year of normal data, is left out."""

    def __init__(self, site: Site, options: Any, baseline: Mapping[str, Any] | None = None) -> None:
        self.site = site
        self.options = options
        self.baseline = baseline

    @abstractmethod
    def update(self, block: Block) -> list[Finding]:
        """Judge the next block. Findings in order of (occurred, rule, assets)."""

    def scores(self) -> npt.NDArray[np.float64] | None:
        """How unusual each frame was of the block that `update` took last, for evaluation: float64[k], 1 is the limit.

        Larger is more unusual, NaN is no verdict; None where a detector has no such measure. Asked only behind
        `update`, and only when scores are wanted: it is no part of the state.
        """
        return None

    def basis(self, signal: str) -> Basis | None:
        """What `expected` needs of a signal; None where the detector expects nothing in particular of it."""
        del signal
        return None

    def expected(self, signal: str, frames: Frames) -> tuple[Expectation, ...]:
        """What was to be expected of a signal: a pure function of the frames, beside any state; one entry a rule.

        Numbers are those that `update` would have judged by, and named in its detections, where `frames` are
        consecutive and hold the signals of `basis`; of the first `basis(signal).frames` too little is known.
        """
        del signal, frames
        return ()

    @abstractmethod
    def dump(self) -> bytes:
        """State as canonical bytes."""

    @abstractmethod
    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one; raises DecodeError."""

    def continues(self, other: Any) -> bool:
        """Whether it may go on from the state of a detector of another site model.

        By default that is so where both are the same detector with the same options and the same baseline, and the
        models differ in parts alone that are in `state_free_of`.
        """
        same = type(self) is type(other) and (self.version, self.options) == (other.version, other.options)
        return same and self.baseline == other.baseline and self._fits(other.site)

    def _fits(self, site: Site) -> bool:
        parts = sorted(type(site).model_fields.keys() - self.state_free_of - _OWN_PARTS)
        return all(_layout(self.site, part) == _layout(site, part) for part in parts)

    @classmethod
    def learn(cls, site: Site, options: Any, blocks: Iterable[Block]) -> Lesson | None:
        """Learn from normal data; None where the detector learns nothing."""
        del site, options, blocks
        return None


def _layout(site: Site, part: str) -> Any:
    """What a state may depend on in a part of the site model: not on how a source is reached, nor on retention."""
    if part == "sources":
        return [(source.id, source.kind, source.cadence_s) for source in site.sources]
    return site.runtime.frame_s if part == "runtime" else getattr(site, part)
