"""One base for all invariants: each judges its subjects frame by frame and can say why."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from infrastress.detectors.base import RuleCard
from infrastress.detectors.process.view import Floats, SignalTable, View
from infrastress.events.kinds import Contribution, Severity, Suspicion
from infrastress.site import Site

__all__ = ["APART", "Account", "Band", "ExpectingInvariant", "Invariant", "Learned", "Subject"]

APART = frozenset(
    {"people", "shifts", "receptors", "services", "roads", "hazards", "barriers", "location", "security_zones"}
    | {"conduits", "networks"}
)
"""Parts of the site model that no process detector reads."""


@dataclass(frozen=True)
class Subject:
    """What one column of scores is about: a stable key, its assets and signals."""

    key: str
    assets: tuple[str, ...]
    signals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """Why a subject is flagged at one frame. Numbers in the sentence are in the signals' own units."""

    sentence: str
    contributions: tuple[Contribution, ...]
    began: int
    severity: Severity
    suspicion: Suspicion
    confidence: float
    techniques: tuple[str, ...] = ()


@dataclass(frozen=True)
class Learned:
    """What an invariant learned: its JSON-able part of the baseline, words and warnings."""

    baseline: Mapping[str, Any]
    words: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Band:
    """What a rule expects of a signal over the k frames to judge, float64[k] each, SI; see `Expectation`."""

    expected: Floats
    low: Floats
    high: Floats
    score: Floats


class Invariant(ABC):
    """A rule generated from the site model.

    `judge` gives float64[n, k] scores of n subjects over the k frames to judge: >= 1 is violated, NaN is no verdict.
    Column t may depend on columns up to t and on nothing else, elementwise or through fixed windows of at most
    `context` earlier columns, or through a state carried strictly one frame at a time.

    Attributes:
        rule: its rule's id, the key of its card.
        raise_frames: frames in a row at score >= 1 before it is said.
        clear_frames, clear_score: frames in a row below `clear_score` before it is cleared.
        heeds_trust: default values and what is out of range are missing for it (`trust.mask`).
        heeds_spikes: spikes are, too: windows would keep them.
        ranks: whether its scores say how unusual a frame of the process is; those of a sensor's health don't.
    """

    rule: ClassVar[str]
    card: ClassVar[RuleCard]
    raise_frames: int = 2
    clear_frames: int = 5
    clear_score: float = 0.8
    context: int = 2
    heeds_trust: ClassVar[bool] = False
    heeds_spikes: ClassVar[bool] = False
    ranks: ClassVar[bool] = True

    def __init__(self, site: Site, table: SignalTable, subjects: Iterable[Subject]) -> None:
        self.site = site
        self.table = table
        self.subjects = tuple(subjects)

    @abstractmethod
    def judge(self, view: View) -> Floats:
        """Scores float64[n, k]."""

    @abstractmethod
    def explain(self, view: View, subject: int, frame: int) -> Account:
        """Account of a score >= 1 of this view; called right behind `judge` of the same view."""

    def release(self, scores: Floats) -> Floats:
        """Scores by which an open episode is cleared, of the view just judged; those of `judge` where nothing is said.

        A rule of long windows leaves out those that reach back into what is over.
        """
        return scores

    def apply(self, baseline: Mapping[str, Any]) -> None:
        """Take what `learned` returned. Rules that learn nothing take nothing."""
        del baseline

    def observe(self, view: View) -> None:
        """Look at normal data; called in order, instead of `judge`."""
        del view

    def learned(self, share: float) -> Learned | None:
        """What was learned; `share` is the p of `tightness`."""
        del share
        return None

    def dump(self) -> Any:
        """JSON-able state beyond the shared trailing context; None where there is none."""
        return None

    def load(self, state: Any) -> None:
        """Inverse of `dump`."""
        del state


class ExpectingInvariant(Invariant):
    """An invariant that expects something of signals, beyond judging them."""

    @abstractmethod
    def rests_on(self, signal: str) -> tuple[str, ...]:
        """Signals that `band` needs, the signal itself first; empty where the rule expects nothing of it."""

    @abstractmethod
    def band(self, view: View, signal: str) -> Band:
        """What is expected of a signal that `rests_on` knows; a pure function of the view."""
