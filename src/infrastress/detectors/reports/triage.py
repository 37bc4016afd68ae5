"""Triage of free text: a small linear model that suggests a category; a help for people, never a gate.

Multinomial logistic regression over hashed words and character n-grams, trained on the site's own labelled reports.
What a reporter chose decides; a suggestion stands beside it.
"""

import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from infrastress.core.errors import DecodeError, InputError
from infrastress.detectors.reports.texts import plain

__all__ = ["LEAST", "Suggestion", "Triage", "learn"]

_FORMAT = 1
_BUCKETS = 4096
_GRAMS = (3, 4, 5)
LEAST = 8
"""Labelled reports, of two categories at least, from which anything can be learned."""
_STEPS, _RATE, _RIDGE = 300, 4.0, 1e-3

Array = npt.NDArray[np.float64]


class Suggestion(msgspec.Struct, frozen=True):
    """A category that a text reads like, and how sure that is, 0..1."""

    category: str
    probability: float


class Triage(msgspec.Struct, frozen=True):
    """A model: weights[c, buckets + 1] of each category, the last one the bias; `learned_from` so many reports."""

    format: int
    categories: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]
    learned_from: int

    @classmethod
    def decode(cls, data: bytes) -> "Triage":
        """Read a model.

        Raises:
            DecodeError: it is none.
        """
        try:
            found: Triage = msgspec.json.decode(data, type=cls)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no model of reports: {error}") from None
        if found.format != _FORMAT or len(found.weights) != len(found.categories):
            raise DecodeError("no model of reports of this version")
        if any(len(row) != _BUCKETS + 1 for row in found.weights):
            raise DecodeError("no model of reports: weights are missing")
        return found

    def suggest(self, text: str) -> Suggestion | None:
        """What a text reads like; None for one without words."""
        features = _features(text)
        if not features.any():
            return None
        chances = _softmax(np.append(features, 1.0)[None, :] @ np.array(self.weights).T)[0]
        best = int(np.argmax(chances))
        return Suggestion(self.categories[best], round(float(chances[best]), 3))


def learn(labelled: Sequence[tuple[str, str]]) -> Triage:
    """Train a model on (text, category) pairs; the same pairs give the same model, in whatever order.

    Raises:
        InputError: there are too few, or all are of one category.
    """
    pairs = sorted(set(labelled))
    categories = tuple(sorted({category for _, category in pairs}))
    if len(pairs) < LEAST or len(categories) < 2:
        raise InputError(
            f"{len(pairs)} different labelled reports of {len(categories)} categories are too few to learn from",
            remedy=f"label {LEAST} of two categories at least: infrastress reports label SITE NUMBER CATEGORY",
        )
    x = np.column_stack([np.array([_features(text) for text, _ in pairs]), np.ones(len(pairs))])
    y = np.zeros((len(pairs), len(categories)))
    y[np.arange(len(pairs)), [categories.index(category) for _, category in pairs]] = 1.0
    counts: dict[str, Any] = Counter(category for _, category in pairs)
    # Each category weighs the same, however rare it is.
    share = np.array([len(pairs) / (len(categories) * counts[category]) for _, category in pairs])[:, None]
    weights = np.zeros((len(categories), _BUCKETS + 1))
    for _ in range(_STEPS):
        slope = ((_softmax(x @ weights.T) - y) * share).T @ x / len(pairs)
        weights -= _RATE * (slope + _RIDGE * weights)
    rounded = tuple(tuple(round(float(value), 4) for value in row) for row in weights)
    return Triage(_FORMAT, categories, rounded, len(pairs))


def _features(text: str) -> Array:
    """float64[buckets], of length 1: words and character n-grams, hashed."""
    words = plain(text)
    counts: Counter[int] = Counter()
    for word in words.split():
        counts[_bucket(f"w {word}")] += 1
    for width in _GRAMS:
        for i in range(len(words) - width + 1):
            counts[_bucket(words[i : i + width])] += 1
    found = np.zeros(_BUCKETS)
    for bucket, count in counts.items():
        found[bucket] = np.sqrt(count)
    norm = float(np.linalg.norm(found))
    return found / norm if norm else found


def _bucket(gram: str) -> int:
    return zlib.crc32(gram.encode()) % _BUCKETS


def _softmax(logits: Array) -> Array:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances: Array = raised / raised.sum(axis=1, keepdims=True)
    return chances
