"""How well each rule of a detector does, as measured: what weighs its word in the risk model.

A rate rests on counts of a recording with truth. TPR is the share of attack windows in which the rule spoke, of those
it could have seen; FPR counts false episodes per asset and hour of quiet time.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from infrastress.core.errors import DecodeError

__all__ = ["PERFORMANCE_FILE", "Performance", "load_performance", "save_performance"]

PERFORMANCE_FILE: Final = "performance.json"
"""Its name in a site's `state/` folder."""
_FORMAT = 1


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """Measured rates of one rule.

    Attributes:
        detector, detector_version, rule: whose; an empty `rule` is the detector as a whole.
        windows, found: attack windows it could have seen, and those in which it spoke.
        asset_hours, false_episodes: quiet time it watched, and how often it spoke in it.
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

    @property
    def tpr(self) -> float:
        """Posterior mean under Jeffreys' prior, so that 5 of 5 isn't certainty: (found + 1/2) / (windows + 1)."""
        return (self.found + 0.5) / (self.windows + 1)

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
