"""The detector family: one base, found by entry point, held to `tests/detectors/contract.py`."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from infrastress.core.errors import BaselineError
from infrastress.core.ids import canonical_json, content_hash
from infrastress.events.frames import Block, Finding
from infrastress.site import Site

__all__ = ["Detector", "Lesson", "RuleCard", "baseline_id"]


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

    @abstractmethod
    def dump(self) -> bytes:
        """State as canonical bytes."""

    @abstractmethod
    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one; raises DecodeError."""

    @classmethod
    def learn(cls, site: Site, options: Any, blocks: Iterable[Block]) -> Lesson | None:
        """Learn from normal data; None where the detector learns nothing."""
        del site, options, blocks
        return None
