"""How well each rule of a detector does, as measured: what weighs its word in the risk model.

A rate rests on counts of a recording with truth. TPR is the share of attack windows in which the rule spoke, of those
it could have seen; FPR counts false episodes per asset and hour of quiet time. A rule that raises its voice, with a
severity of medium or more, is another witness than the same rule that merely notes something: both are counted apart.
Where the truth tells windows of faults and of honest work, how often it spoke in these is counted as in attacks: what
tells an attack from what looks like one is not that a rule speaks, but that it speaks more in one than in the other.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from infrastress.core.errors import DecodeError

__all__ = ["PERFORMANCE_FILE", "Performance", "load_performance", "save_performance", "total"]

PERFORMANCE_FILE: Final = "performance.json"
"""Its name in a site's `state/` folder."""
_FORMAT = 1
_NAMED = 2


class Spoken(msgspec.Struct, frozen=True):
    """Windows that a rule could have seen, those in which it spoke, and of these those in which it called."""

    windows: int
    found: int
    calling: int | None = None

    @property
    def rate(self) -> float:
        """Posterior mean under Jeffreys' prior, so that 5 of 5 isn't certainty: (found + 1/2) / (windows + 1)."""
        return (self.found + 0.5) / (self.windows + 1)


class Performance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Measured rates of one rule.

    Attributes:
        detector, detector_version, rule: whose; an empty `rule` is the detector as a whole.
        windows, found: attack windows it could have seen, and those in which it spoke.
        asset_hours, false_episodes: quiet time it watched, and how often it spoke in it.
        found_calling, false_calling: of `found` and `false_episodes`, those with severity medium or more; None where
            that wasn't counted.
        faults, works: how often it spoke in windows of faults, and of honest work; None where there were none.
        recording, commit: what it was measured on, and with which version of the programme.
    """

    detector: str
    detector_version: str
    rule: str
    windows: int
    found: int
    asset_hours: float
    false_episodes: int
    recording: str
    commit: str = ""
    found_calling: int | None = None
    false_calling: int | None = None
    faults: Spoken | None = None
    works: Spoken | None = None

    def speaking(self, *, calling: bool) -> "Performance":
        """The rates of its calls, or of what it said without calling; the same as of all where that wasn't counted."""
        if self.found_calling is None or self.false_calling is None:
            return self
        found, false = self.found_calling, self.false_calling
        if not calling:
            found, false = self.found - found, self.false_episodes - false
        faults, works = (_speaking(one, calling=calling) for one in (self.faults, self.works))
        return replace(
            self, found=found, false_episodes=false, found_calling=None, false_calling=None, faults=faults, works=works
        )

    @property
    def tpr(self) -> float:
        """Of attack windows; see `Spoken.rate`."""
        return Spoken(self.windows, self.found).rate

    @property
    def fpr_per_asset_hour(self) -> float:
        """Posterior mean of a Poisson rate under Jeffreys' prior: (episodes + 1/2) / hours; 1 without quiet time."""
        return (self.false_episodes + 0.5) / self.asset_hours if self.asset_hours > 0 else 1.0

    def tpr_interval(self) -> tuple[float, float]:
        """95 % of Clopper and Pearson (Biometrika 26, 1934)."""
        from scipy.stats import beta

        low = float(beta.ppf(0.025, self.found, self.windows - self.found + 1)) if self.found else 0.0
        missed = self.windows - self.found
        return low, float(beta.ppf(0.975, self.found + 1, missed)) if missed else 1.0

    def fpr_interval(self) -> tuple[float, float]:
        """95 % of a Poisson rate (Garwood, Biometrika 28, 1936), per asset and hour."""
        from scipy.stats import chi2

        if self.asset_hours <= 0:
            return 0.0, float("inf")
        low = float(chi2.ppf(0.025, 2 * self.false_episodes)) / 2 if self.false_episodes else 0.0
        return low / self.asset_hours, float(chi2.ppf(0.975, 2 * self.false_episodes + 2)) / 2 / self.asset_hours


def _speaking(spoken: Spoken | None, *, calling: bool) -> Spoken | None:
    if spoken is None or spoken.calling is None:
        return spoken
    return Spoken(spoken.windows, spoken.calling if calling else spoken.found - spoken.calling)


def total(rows: Sequence[Performance]) -> Performance:
    """What several recordings gave of one rule, added up."""
    names = sorted({row.recording for row in rows})
    return replace(
        rows[-1],
        windows=sum(row.windows for row in rows),
        found=sum(row.found for row in rows),
        asset_hours=round(sum(row.asset_hours for row in rows), 3),
        false_episodes=sum(row.false_episodes for row in rows),
        recording=", ".join(names) if len(names) <= _NAMED else f"{len(names)} recordings",
        commit=rows[-1].commit if len({row.commit for row in rows}) == 1 else "",
        found_calling=_sum(row.found_calling for row in rows),
        false_calling=_sum(row.false_calling for row in rows),
        faults=_added(row.faults for row in rows),
        works=_added(row.works for row in rows),
    )


def _added(counts: Iterable[Spoken | None]) -> Spoken | None:
    """Over those recordings that had such windows; None where none had."""
    there = [one for one in counts if one is not None]
    if not there:
        return None
    return Spoken(
        sum(one.windows for one in there), sum(one.found for one in there), _sum(one.calling for one in there)
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    """Their sum; None where one of them is."""
    found = 0
    for count in counts:
        if count is None:
            return None
        found += count
    return found


class _File(msgspec.Struct):
    format: int
    measured: list[Performance]


def save_performance(path: Path, measured: Iterable[Performance]) -> None:
    """Write measured rates, sorted; whole or not at all."""
    rows = sorted(measured, key=lambda one: (one.detector, one.rule, one.recording))
    data = msgspec.json.format(msgspec.json.encode(_File(_FORMAT, rows)), indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_bytes(data + b"\n")
    beside.replace(path)


def load_performance(path: Path) -> list[Performance]:
    """Read measured rates; none where there is no such file.

    Raises:
        DecodeError: it is no such file, or of another format.
    """
    if not path.exists():
        return []
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
    except msgspec.MsgspecError as error:
        raise DecodeError(f"no measured rates: {error}", where=str(path)) from None
    if file.format != _FORMAT:
        raise DecodeError(f"measured rates of format {file.format}, this version reads {_FORMAT}", where=str(path))
    return file.measured
