"""Named random streams: twins of one seed share every draw that their stories do not change."""

import numpy as np

__all__ = ["Pair", "Randomness"]

Pair = tuple[float, float]


class Randomness:
    """Independent generators by name, all from one seed.

    Args:
        seed: the run's seed, >= 0.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def stream(self, name: str, index: int = 0) -> np.random.Generator:
        """The generator of a name and index; the same however often and in whatever order it is asked for."""
        return np.random.default_rng(np.random.SeedSequence([self._seed, index, *name.encode()]))

    def draw(self, name: str, pair: Pair) -> float:
        """One uniform draw of a named quantity."""
        return float(self.stream(name).uniform(*pair))

    def moments(self, name: str, per_day: float, days: float) -> list[float]:
        """Sorted moments, in seconds, of a Poisson process of `per_day` over `days`."""
        stream = self.stream(name)
        count = int(stream.poisson(per_day * days))
        return sorted(float(moment) for moment in stream.uniform(0.0, days * 86400.0, count))
