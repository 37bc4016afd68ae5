"""Rivals that packages bring, as their documentation shows them: scikit-learn, PyOD, River, STUMPY."""

from typing import Any

import numpy as np

from benchmarks.process.rivals import Rows, Scores

__all__ = ["Copod", "Ecod", "Forest", "HalfSpace", "MatrixProfile"]


class Forest:
    """Isolation forest as scikit-learn has it (Liu, Ting & Zhou 2008)."""

    name = "IForest"

    def fit(self, rows: Rows) -> None:
        """Learn from normal rows."""
        from sklearn.ensemble import IsolationForest

        self.model: Any = IsolationForest(random_state=0, n_jobs=1).fit(rows)

    def scores(self, rows: Rows) -> Scores:
        """Larger is more unusual."""
        return -np.asarray(self.model.score_samples(rows))


class Ecod:
    """ECOD as PyOD has it (Li et al. 2022)."""

    name = "ECOD"

    def fit(self, rows: Rows) -> None:
        """Learn from normal rows."""
        from pyod.models.ecod import ECOD

        self.model: Any = ECOD()
        self.model.fit(rows)

    def scores(self, rows: Rows) -> Scores:
        """Larger is more unusual."""
        return np.asarray(self.model.decision_function(rows))


class Copod(Ecod):
    """COPOD as PyOD has it (Li et al. 2020)."""

    name = "COPOD"

    def fit(self, rows: Rows) -> None:
        """Learn from normal rows."""
        from pyod.models.copod import COPOD

        self.model = COPOD()
        self.model.fit(rows)


class HalfSpace:
    """Half-space trees as River has them (Tan, Ting & Liu 2011); they go on learning from every row they score."""

    name = "HS-Trees"

    def fit(self, rows: Rows) -> None:
        """Learn from normal rows."""
        self.learned = rows

    def scores(self, rows: Rows) -> Scores:
        """Larger is more unusual."""
        from river import anomaly, compose, preprocessing

        model: Any = compose.Pipeline(preprocessing.MinMaxScaler(), anomaly.HalfSpaceTrees(seed=0))
        for row in self.learned:
            model.learn_one(dict(enumerate(row)))
        found = np.empty(len(rows))
        for i, row in enumerate(rows):
            features = dict(enumerate(row))
            found[i] = model.score_one(features)
            model.learn_one(features)
        return found


class MatrixProfile:
    """STUMPY's matrix profile against the training rows, signal by signal, as a stream would see it.

    The window that ends in a row is compared with every window of the training rows (an AB-join; z-normalised, Yeh et
    al. 2016); the score is the mean of the signals' distances to their nearest. Of long trainings the last `most` rows
    are kept, which bounds the cost at rows x most x signals.
    """

    name = "STUMPY"

    def __init__(self, window: int = 24, most: int = 10_000) -> None:
        self.window, self.most = window, most

    def fit(self, rows: Rows) -> None:
        """Keep the normal rows."""
        self.memory = np.ascontiguousarray(rows[-self.most :].T)

    def scores(self, rows: Rows) -> Scores:
        """Larger is more unusual; NaN for the first rows."""
        import stumpy

        found = np.full(len(rows), np.nan)
        if len(rows) >= self.window:
            far = [
                np.asarray(stumpy.stump(now, self.window, T_B=past, ignore_trivial=False)[:, 0], dtype=float)
                for now, past in zip(np.ascontiguousarray(rows.T), self.memory, strict=True)
            ]
            found[self.window - 1 :] = np.minimum(far, np.sqrt(2 * self.window) * 2).mean(axis=0)
        return found
