"""Rivals on plant telemetry, classical and public, each as its paper or package has it, and one rule for limits.

Every rival learns from rows of normal operation and then gives each row a score from that row and those before it.

The rule for limits, the same for all: a rival is fitted on the first 70 % of its training rows; its limit is the lowest
at which the other 30 %, which it hasn't seen, raise no more episodes than a budget of one in 30 days allows (none,
where they are shorter than 30 days). Nothing else is chosen.
"""

from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = ["ArCusum", "Dpca", "Hotelling", "Mset", "Pca", "Rival", "budget_limit", "held_out", "trailing"]

Rows = npt.NDArray[np.float64]
Scores = npt.NDArray[np.float64]
SHARE, BUDGET = 0.7, 1.0


class Rival(Protocol):
    """A detector that learns from normal rows and scores others."""

    name: str

    def fit(self, rows: Rows) -> None:
        """Learn from float64[n, m] of normal operation."""

    def scores(self, rows: Rows) -> Scores:
        """float64[n], larger is more unusual; NaN where there is no verdict yet."""


def held_out(rival: Rival, rows: Rows, step_s: float) -> float:
    """Fit a rival on the first 70 % of its training rows and find its limit on the rest, by the rule above."""
    cut = int(len(rows) * SHARE)
    rival.fit(rows[:cut])
    return budget_limit(rival.scores(rows)[cut:], step_s)


def budget_limit(scores: Scores, step_s: float, per_30_days: float = BUDGET) -> float:
    """The lowest limit above which these scores of normal rows raise no more episodes than the budget allows."""
    known = scores[~np.isnan(scores)]
    allowed = int(len(known) * step_s / 86_400 / 30 * per_30_days)
    limit = float(known.max())
    for candidate in np.unique(known)[::-1]:
        above = np.concatenate([[False], known > candidate])
        if np.count_nonzero(above[1:] & ~above[:-1]) > allowed:
            break
        limit = float(candidate)
    return limit


class _Scaled:
    """Centred and scaled by the training rows; constant signals are left out."""

    def learn(self, rows: Rows) -> Rows:
        """Take the training rows, and return them turned."""
        self.keep = rows.std(axis=0) > 1e-12
        self.mean, self.deviation = rows[:, self.keep].mean(axis=0), rows[:, self.keep].std(axis=0, ddof=1)
        return self.turn(rows)

    def turn(self, rows: Rows) -> Rows:
        """Rows centred and scaled."""
        return (rows[:, self.keep] - self.mean) / self.deviation


class Hotelling:
    """T-squared of all signals (Hotelling 1947); the score is T2 over its limit from the F distribution at 99.9 %."""

    name = "T2"

    def fit(self, rows: Rows) -> None:
        """Learn from normal rows."""
        self.scale = _Scaled()
        known = self.scale.learn(rows)
        self.inverse = np.linalg.pinv(np.cov(known.T))
        self.limit = _t2_limit(len(known), known.shape[1], 0.999)

    def scores(self, rows: Rows) -> Scores:
        """Larger is more unusual."""
        known = self.scale.turn(rows)
        return np.einsum("ij,jk,ik->i", known, self.inverse, known) / self.limit


class Pca:
    """T2 and SPE of a principal component model (Jackson & Mudholkar 1979; MacGregor & Kourti 1995).

    The score is the larger of both over its theoretical limit at `confidence`; `share` of the variance is kept.
    """

    def __init__(self, name: str = "PCA T2+SPE", *, share: float = 0.85, confidence: float = 0.999) -> None:
        self.name, self.share, self.confidence = name, share, confidence

    def fit(self, rows: Rows) -> None:
        """Learn from normal rows."""
        self.scale = _Scaled()
        known = self.scale.learn(self._prepare(rows))
        values, vectors = np.linalg.eigh(np.cov(known.T))
        values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
        kept = int(np.searchsorted(np.cumsum(values) / values.sum(), self.share)) + 1
        kept = min(kept, len(values) - 1)
        self.inside, self.values = vectors[:, :kept], values[:kept]
        self.t2_limit = _t2_limit(len(known), kept, self.confidence)
        self.spe_limit = _spe_limit(values[kept:], self.confidence)

    def parts(self, rows: Rows) -> tuple[Scores, Scores]:
        """T2 and SPE, each over its theoretical limit."""
        known = self.scale.turn(self._prepare(rows))
        inside = known @ self.inside
        t2 = (inside**2 / self.values).sum(axis=1) / self.t2_limit
        spe = ((known - inside @ self.inside.T) ** 2).sum(axis=1) / self.spe_limit
        return self._aligned(t2, len(rows)), self._aligned(spe, len(rows))

    def scores(self, rows: Rows) -> Scores:
        """Larger is more unusual."""
        return np.maximum(*self.parts(rows))

    def _prepare(self, rows: Rows) -> Rows:
        return rows

    def _aligned(self, scores: Scores, n: int) -> Scores:
        return np.concatenate([np.full(n - len(scores), np.nan), scores])


class Dpca(Pca):
    """Dynamic PCA: rows with their `lags` predecessors beside them (Ku, Storer & Georgakis 1995)."""

    def __init__(self, name: str = "DPCA", *, lags: int = 2, share: float = 0.85, confidence: float = 0.999) -> None:
        super().__init__(name, share=share, confidence=confidence)
        self.lags = lags

    def _prepare(self, rows: Rows) -> Rows:
        n = len(rows) - self.lags
        return np.hstack([rows[lag : lag + n] for lag in range(self.lags, -1, -1)])


class ArCusum:
    """Each signal by ridge regression on the last rows of all signals; two-sided CUSUM of the standardised residuals.

    CUSUM of Page (1954) with an allowance of half a standard deviation, which is that of rows that weren't fitted (the
    last 30 % of those it is given). Residuals are cut at five, so that one row alone is not everything, and sums at a
    hundred, so that they come down again. The score is the largest sum of any signal.
    """

    name = "AR ridge + CUSUM"
    most = 100.0

    def __init__(self, lags: int = 3, ridge: float = 1.0, allowance: float = 0.5) -> None:
        self.lags, self.ridge, self.allowance = lags, ridge, allowance

    def fit(self, rows: Rows) -> None:
        """Learn from normal rows."""
        self.scale = _Scaled()
        known = self.scale.learn(rows)
        past, now = self._past(known), known[self.lags :]
        cut = int(len(now) * SHARE)
        gram = past[:cut].T @ past[:cut] + self.ridge * np.eye(past.shape[1])
        self.weights = np.linalg.solve(gram, past[:cut].T @ now[:cut])
        self.deviation = np.maximum((now[cut:] - past[cut:] @ self.weights).std(axis=0), 1e-6)

    def scores(self, rows: Rows) -> Scores:
        """Larger is more unusual."""
        known = self.scale.turn(rows)
        off = np.clip((known[self.lags :] - self._past(known) @ self.weights) / self.deviation, -5.0, 5.0)
        up, down = np.zeros((2, off.shape[1]))
        found = np.full(len(rows), np.nan)
        for i, row in enumerate(off, self.lags):
            up = np.clip(up + row - self.allowance, 0.0, self.most)
            down = np.clip(down - row - self.allowance, 0.0, self.most)
            found[i] = max(up.max(), down.max())
        return found

    def _past(self, known: Rows) -> Rows:
        n = len(known) - self.lags
        lagged = [known[lag : lag + n] for lag in range(self.lags)]
        return np.hstack([*lagged, np.ones((n, 1))])


class Mset:
    """Multivariate state estimation (Gross, Singer et al. 1997): each row from its likeness to the training rows.

    The score is the mean over `window` rows of the estimate's error, relative to the estimate; both as on the SKAB
    leaderboard, with likeness 1 - |x - y| / (|x| + |y|) of standardised rows.
    """

    name = "MSET"

    def __init__(self, window: int = 60) -> None:
        self.window = window

    def fit(self, rows: Rows) -> None:
        """Learn from normal rows."""
        self.scale = _Scaled()
        self.memory = self.scale.learn(rows)
        self.inverse = np.linalg.pinv(self._likeness(self.memory))

    def scores(self, rows: Rows) -> Scores:
        """Larger is more unusual."""
        known = self.scale.turn(rows)
        guess = self._likeness(known) @ self.inverse @ self.memory
        back = guess * self.scale.deviation + self.scale.mean
        error = np.linalg.norm(rows[:, self.scale.keep] - back, axis=1) / np.linalg.norm(back, axis=1)
        return trailing_mean(error, self.window)

    def _likeness(self, rows: Rows) -> Rows:
        far = np.sqrt(np.maximum(((rows[:, None, :] - self.memory[None, :, :]) ** 2).sum(axis=2), 0.0))
        size = np.linalg.norm(rows, axis=1)[:, None] + np.linalg.norm(self.memory, axis=1)[None, :]
        return 1 - far / np.maximum(size, 1e-12)


def trailing(values: Scores, window: int, of: Callable[[list[float]], float]) -> Scores:
    """A statistic of the last `window` values at each, fewer at the beginning."""
    recent: deque[float] = deque(maxlen=window)
    found = np.empty(len(values))
    for i, value in enumerate(values.tolist()):
        recent.append(value)
        found[i] = of(list(recent))
    return found


def trailing_mean(values: Scores, window: int) -> Scores:
    """Mean of the last `window` values at each."""
    return trailing(values, window, lambda some: float(np.mean(some)))


def _t2_limit(n: int, m: int, confidence: float) -> float:
    """Of T2 of new rows: m (n - 1)(n + 1) / (n (n - m)) F(m, n - m)."""
    return float(m * (n - 1) * (n + 1) / (n * max(1, n - m)) * stats.f.ppf(confidence, m, max(1, n - m)))


def _spe_limit(left: Rows, confidence: float) -> float:
    """Of the squared prediction error, from the eigenvalues that are left out (Jackson & Mudholkar 1979, eq. 3.4)."""
    theta = [float((left**power).sum()) for power in (1, 2, 3)]
    h = max(1 - 2 * theta[0] * theta[2] / (3 * theta[1] ** 2), 1e-3)
    c = float(stats.norm.ppf(confidence))
    inner = c * np.sqrt(2 * theta[1] * h**2) / theta[0] + 1 + theta[1] * h * (h - 1) / theta[0] ** 2
    return float(theta[0] * inner ** (1 / h))
