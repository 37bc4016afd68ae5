"""Rules of sensor health: one finding a signal and cause, or one for a whole source, always as a sensor fault."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from infrastress.core.errors import DecodeError
from infrastress.detectors.base import RuleCard
from infrastress.detectors.process.base import Account, Invariant, Learned, Subject
from infrastress.detectors.process.trust.defaults import Defaults
from infrastress.detectors.process.trust.digits import Digits
from infrastress.detectors.process.trust.guards import guarding
from infrastress.detectors.process.trust.mask import Trust
from infrastress.detectors.process.trust.noise import WINDOW, Noise
from infrastress.detectors.process.trust.spikes import Spikes
from infrastress.detectors.process.trust.traits import Flags, Trait
from infrastress.detectors.process.view import Floats, SignalTable, View
from infrastress.detectors.process.words import clock_span
from infrastress.events.kinds import Contribution, Severity
from infrastress.site import Site
from infrastress.site.process import Signal

__all__ = ["DefaultValue", "NoiseChanged", "ResolutionChanged", "SensorRule", "Spike"]

_T = TypeVar("_T", bound=Trait)
_LEAST_TOGETHER = 3
_SHOWN = 5


class SensorRule(Invariant):
    """A rule about single sensors that speaks of their source where half of its sensors, at least three, fail at once.

    While a source is at fault its signals get no verdict of their own. A finding is a notice; one that loses the value
    of a signal that guards something (`guards`) is an alarm.

    Attributes:
        together: share of a source's judged sensors that must fail for it to be the source's fault.
        with_others: score from which a sensor counts for that.
        grave: whether it is an alarm where the signal guards something: its value is lost then. Else it is there still.
        put_aside: whether others stop leaning on a signal for that (`mask`).
    """

    confidence: ClassVar[float]
    ranks: ClassVar[bool] = False
    together: ClassVar[float] = 0.5
    with_others: ClassVar[float] = 1.0
    grave: ClassVar[bool] = True
    put_aside: ClassVar[bool] = True

    def __init__(self, site: Site, table: SignalTable, signals: tuple[Signal, ...]) -> None:
        owners = dict.fromkeys(s.source for s in signals if s.source is not None)
        self._sources = [s for s in owners if sum(x.source == s for x in signals) >= _LEAST_TOGETHER]
        subjects = [Subject(f"source:{source}", ()) for source in self._sources]
        subjects += [Subject(s.id, (s.asset,), (s.id,)) for s in signals]
        super().__init__(site, table, subjects if signals else ())
        self.signals = signals
        self._members = [np.flatnonzero([s.source == source for s in signals]) for source in self._sources]
        self._guarding = guarding(site)
        self._hit = np.empty((len(signals), 0), bool)

    @abstractmethod
    def single(self, view: View) -> Floats:
        """Scores float64[n, k] of the signals; 1 is the limit."""

    def judged(self, view: View, own: Floats) -> Flags:
        """Which signals count for their source, bool[n, k]."""
        del view
        return ~np.isnan(own)

    @abstractmethod
    def sentence(self, view: View, signal: int, frame: int) -> str:
        """What is wrong with a signal, with its numbers."""

    @abstractmethod
    def what(self) -> str:
        """What is wrong, of several signals: "show grown noise"."""

    def lasted(self, signals: Sequence[int], frame: int) -> int:
        """Frames since it began, of signals that are spoken of at a frame of the view judged last."""
        del signals, frame
        return self.raise_frames

    def judge(self, view: View) -> Floats:
        """Sources first, then signals; those of a source at fault get no verdict."""
        if not self.subjects:
            return np.empty((0, len(view.ends)))
        own = self.single(view)
        with np.errstate(invalid="ignore"):
            hit, known = own >= self.with_others, self.judged(view, own)
        self._hit = hit
        if not self._sources:
            return own
        shared = np.full((len(self._sources), own.shape[1]), np.nan)
        for i, members in enumerate(self._members):
            count, judged = hit[members].sum(axis=0), known[members].sum(axis=0)
            together = (count >= _LEAST_TOGETHER) & (count >= self.together * judged)
            shared[i] = np.where(judged > 0, np.where(together, 1.0, 0.0), np.nan)
            if together.any():
                # Not one by one as well, nor over because of that.
                own[members] = np.where(together & known[members], np.nan, own[members])
        return np.vstack([shared, own])

    def explain(self, view: View, subject: int, frame: int) -> Account:
        """What is wrong, of a signal or of several of a source."""
        at = view.context + frame
        if subject < len(self._sources):
            return self._of_source(view, subject, frame)
        signal = subject - len(self._sources)
        name = self.signals[signal].id
        seen = float(view.last[self.table.row[name], at])
        guards = name in self._guarding
        sentence = self.sentence(view, signal, frame)
        if guards:
            sentence += "; it guards the plant"
        elif self.put_aside:
            sentence += "; others no longer lean on it"
        return Account(
            sentence=sentence,
            contributions=(self.table.part(name, 1.0, seen=None if np.isnan(seen) else seen),),
            began=int(view.ends[frame]) - self.lasted([signal], frame) * view.width,
            severity="medium" if guards and self.grave else "low",
            suspicion="sensor_fault",
            confidence=self.confidence,
            techniques=self.card.techniques,
        )

    def _of_source(self, view: View, subject: int, frame: int) -> Account:
        members = [i for i in self._members[subject].tolist() if self._hit[i, frame]]
        names = [self.signals[i].id for i in members]
        some = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        severity: Severity = "medium" if self.grave and self._guarding & set(names) else "low"
        return Account(
            sentence=f"source {self._sources[subject]}: {len(names)} of {len(self._members[subject])} signals "
            f"{self.what()} at once ({some})",
            contributions=tuple(Contribution(signal=name, share=1.0 / len(names)) for name in names),
            began=int(view.ends[frame]) - self.lasted(members, frame) * view.width,
            severity=severity,
            suspicion="sensor_fault",
            confidence=self.confidence,
            techniques=self.card.techniques,
        )


class TraitRule(SensorRule, Generic[_T]):
    """A rule about one trait of sensors that `Trust` knows; what it learned is said by `words`."""

    def __init__(self, site: Site, table: SignalTable, trust: Trust, trait: _T) -> None:
        self.trait = trait
        super().__init__(site, table, trait.signals)
        self.context = trust.context

    def observe(self, view: View) -> None:
        """Look at normal data."""
        self.trait.observe(view)

    def learned(self, share: float) -> Learned | None:
        """What the trait learned."""
        known = self.trait.learned(share)
        return Learned(known) if known else None

    def apply(self, baseline: Mapping[str, Any]) -> None:
        """Take what was learned."""
        self.trait.apply(baseline)


class Spike(TraitRule[Spikes]):
    """There and back within one frame, further than any honest excursion."""

    rule = "process.spike"
    raise_frames, clear_frames = 1, 30
    confidence = 0.7
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Spike",
        means="A value went further away than it ever did in normal data and came back in the next frame.",
        expected_against_seen="Expected: an excursion no larger than the learned one (one limit while nothing on the "
        "site is switched, one else). Seen: a larger one, there and back.",
        benign_causes=(
            "electrical disturbance, loose contact, radio interference",
            "one wrong reading of a converter or gateway",
            "a real surge shorter than a frame (water hammer)",
        ),
        first_check="Look at the trend at full resolution. Single points: the instrument or its line. Until it is "
        "mended, other rules leave its spikes out.",
    )

    def __init__(self, site: Site, table: SignalTable, trust: Trust) -> None:
        super().__init__(site, table, trust, trust.spikes)

    def single(self, view: View) -> Floats:
        """There and back over its limit."""
        return self.trait.scores(view)[:, view.context :].copy()

    def sentence(self, view: View, signal: int, frame: int) -> str:
        """From where to where and back, and what is honest."""
        key, t = self.signals[signal].id, view.context + frame
        before, top, after = (float(view.mean[self.table.row[key], t - lag]) for lag in (2, 1, 0))
        scale = abs(self.table.scale[self.table.row[key]].factor)
        limit = self.trait.limit(signal, calm=bool(self.trait.calm(view)[t])) / scale
        say = self.table.say
        return (
            f"{key} went from {say(key, before)} to {say(key, top)} and back to {say(key, after)} within "
            f"{clock_span(2 * view.seconds)}; the largest honest excursion is {limit:.3g} "
            f"{self.signals[signal].unit}".rstrip()
        )

    def what(self) -> str:
        """Of several."""
        return "spiked"

    def lasted(self, signals: Sequence[int], frame: int) -> int:
        """It began a frame ago."""
        del signals, frame
        return 2


class NoiseChanged(TraitRule[Noise]):
    """Noise over 16 frames above the most or below the least of normal data."""

    rule = "process.noise"
    grave = put_aside = False
    raise_frames, clear_frames = 3, 16
    confidence = 0.6
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Noise has changed",
        means="A signal shakes from frame to frame more than it ever did, or much less while it still moves.",
        expected_against_seen="Expected: noise over 16 frames between the least and the most of normal data. Seen: "
        "beyond one of them. Steps and ramps of the process don't count.",
        benign_causes=(
            "loose terminal, moisture, failing transmitter or damper",
            "foam, boiling or gas in the line",
            "damping or a filter newly set",
            "gone: a simulation or test mode left on, or a value made up on the way",
        ),
        first_check="Grown: look at the terminal and the process at the instrument. Gone: read the instrument at the "
        "device and compare the digits.",
        techniques=("T0856",),
    )

    def __init__(self, site: Site, table: SignalTable, trust: Trust) -> None:
        super().__init__(site, table, trust, trust.noise)

    def single(self, view: View) -> Floats:
        """Grown or gone, whichever is worse."""
        scores: Floats = np.fmax(self.trait.scores(view), self.trait.gone(view))[:, view.context :]
        return scores

    def sentence(self, view: View, signal: int, frame: int) -> str:
        """How much it shakes, and how much it usually does."""
        key, t = self.signals[signal].id, view.context + frame
        scale, unit = abs(self.table.scale[self.table.row[key]].factor), self.signals[signal].unit
        size = float(self.trait.size(view)[signal, t])
        most, least = float(self.trait.most[signal, 0]), float(self.trait.least[signal, 0])
        grown = size >= most
        bound = most if grown else least
        return (
            f"{key} shakes by {size / scale:.3g} {unit} from frame to frame over {clock_span(WINDOW * view.seconds)}, "
            f"{'more' if grown else 'less'} than the {bound / scale:.3g} {unit} of normal data"
            f"{'; others no longer lean on it' if grown else ''}"
        )

    def what(self) -> str:
        """Of several."""
        return "changed their noise"

    def lasted(self, signals: Sequence[int], frame: int) -> int:
        """The window, and the frames it was waited."""
        del signals, frame
        return WINDOW + self.raise_frames


class DefaultValue(TraitRule[Defaults]):
    """A value of a broken channel: 0, an end of scale, -9999 and the like, where normal data never were."""

    rule = "process.default_value"
    raise_frames, clear_frames = 2, 5
    confidence = 0.8
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Default value",
        means="A signal jumped to a number that stands for no value: 0, an end of its scale, -9999 and the like.",
        expected_against_seen="Expected: values where normal data were. Seen: exactly such a number, reached by a jump "
        "or out of a gap.",
        benign_causes=("broken wire or lost power", "gateway or controller restarted", "instrument taken out for work"),
        first_check="Look at the instrument's own diagnosis and the gateway's quality flag. Don't run the plant by "
        "this value.",
        techniques=("T0856",),
    )

    def __init__(self, site: Site, table: SignalTable, trust: Trust) -> None:
        self._trust = trust
        super().__init__(site, table, trust, trust.defaults)

    def single(self, view: View) -> Floats:
        """1 where a default value is shown; what the instrument can't show at all is said by `instrument_range`."""
        beyond = self._trust.beyond(view)[self.trait.rows, view.context :]
        return np.where(beyond, np.nan, self.trait.scores(view)[:, view.context :])

    def sentence(self, view: View, signal: int, frame: int) -> str:
        """The value, and where normal data were."""
        key, t = self.signals[signal].id, view.context + frame
        value = float(view.last[self.table.row[key], t])
        low, high = self.trait.bounds(signal)
        return (
            f"{key} jumped to exactly {self.table.say(key, value)}; normal data stay between "
            f"{self.table.say(key, low)} and {self.table.say(key, high)}"
        )

    def what(self) -> str:
        """Of several."""
        return "jumped to a default value"


class ResolutionChanged(SensorRule):
    """Values on a coarser or finer grid than the one learned."""

    rule = "process.resolution"
    raise_frames, clear_frames = 3, 8
    clear_score = 0.5
    grave = put_aside = False
    confidence = 0.7
    card: ClassVar[RuleCard] = RuleCard(
        rule=rule,
        title="Last digit has changed",
        means="Values come on a coarser or finer grid than ever in normal data: somebody else rounds them now.",
        expected_against_seen="Expected: values on the learned grid, all digits used. Seen: only multiples of a "
        "coarser step in so many changes that chance would not do it, or values between the steps.",
        benign_causes=(
            "instrument, card or gateway swapped or newly scaled",
            "historian now rounds or compresses",
            "data come by another way than the training data did",
        ),
        first_check="Ask who changed scaling, gateway or historian. If nobody did, compare the raw value at the device "
        "with the screen. If it is meant to stay, learn again.",
        techniques=("T0856",),
    )

    def __init__(self, site: Site, table: SignalTable) -> None:
        self.digits = Digits(table)
        super().__init__(site, table, self.digits.signals)
        self.context = 32
        nothing = np.empty((len(self.signals), 0))
        self._pair = nothing, nothing

    def single(self, view: View) -> Floats:
        """Coarser or finer, whichever is worse."""
        self._pair = self.digits.scores(view)
        return np.minimum(np.fmax(*self._pair), 1e6)

    def sentence(self, view: View, signal: int, frame: int) -> str:
        """The steps now, and those learned."""
        known, unit = self.signals[signal], self.signals[signal].unit
        grid = float(self.digits.grid[signal, 0])
        _, finer = self._pair
        if finer[signal, frame] >= 1.0:
            own = self.table.own(known.id, float(view.last[self.table.row[known.id], view.context + frame]))
            grid = float(self.digits.fine[signal, 0])
            return f"{known.id} shows values between its steps of {grid:g} {unit}, now {own:.8g} {unit}".rstrip()
        coarse = self.digits.coarse_step(view, signal, frame)
        return f"{known.id} moves in steps of {coarse:g} {unit}; in normal data in steps of {grid:g} {unit}".rstrip()

    def what(self) -> str:
        """Of several."""
        return "show other last digits than in normal data"

    def observe(self, view: View) -> None:
        """Count grids."""
        self.digits.observe(view)

    def learned(self, share: float) -> Learned | None:
        """Grids; what differs from the site model is said."""
        del share
        known = self.digits.learned()
        finer = [s.id for s in self.signals if s.resolution > 0 and s.id in known and not known[s.id][1]]
        said = f"these data are finer than the stated resolution of {', '.join(finer)}"
        return Learned(known, warnings=(said,) if finer else ()) if known else None

    def apply(self, baseline: Mapping[str, Any]) -> None:
        """Take grids."""
        self.digits.apply(baseline)

    def dump(self) -> Any:
        """Counts that are under way."""
        return self.digits.dump()

    def load(self, state: Any) -> None:
        """Inverse of `dump`."""
        try:
            self.digits.load(state)
        except (TypeError, ValueError) as error:
            raise DecodeError(f"no state of last digits: {error}") from None
