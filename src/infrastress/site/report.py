"""Collects the faults of one check, each put at the line it stands in."""

from collections.abc import Iterable
from typing import Literal

from infrastress.site.document import MapNode
from infrastress.site.faults import Fault, did_you_mean
from infrastress.site.reader import locate

__all__ = ["Path", "Report"]

Path = tuple[str | int, ...]

# Comparing a word with ten thousand ids takes a tenth of a second: a site full of faults gets its first ones answered.
_COMPARISONS = 100_000


class Report:
    """The faults found so far.

    Args:
        root: the tree of the site file.
        kept: for lists of which faulty entries were left out, the index in the file of each entry left.
    """

    def __init__(self, root: MapNode, kept: dict[str, list[int]] | None = None) -> None:
        self.root = root
        self.kept = kept or {}
        self.faults: list[Fault] = []
        self._budget = _COMPARISONS
        self._suggested: dict[tuple[str, int], str] = {}

    def add(
        self,
        path: Path,
        found: str,
        expected: str,
        suggestion: str = "",
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        """Put a fault at a path such as `("assets", 3, "height_m")`, its index that of the checked site."""
        if len(path) > 1 and path[0] in self.kept:
            path = (path[0], self.kept[str(path[0])][int(path[1])], *path[2:])
        file, line, field, item, _ = locate(self.root, path)
        self.faults.append(Fault(file, line, field, found, expected, suggestion, item, severity))

    def suggest(self, word: str, known: Iterable[str]) -> str:
        """What was probably meant, while the budget of comparisons lasts."""
        names = list(known)
        key = (word, len(names))
        if key not in self._suggested:
            if self._budget < len(names):
                return ""
            self._budget -= len(names)
            self._suggested[key] = did_you_mean(word, names)
        return self._suggested[key]
