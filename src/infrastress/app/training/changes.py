"""What changed from one version of the baselines to another, in words.

Detectors say what they learned in sentences. Two sentences that differ in their numbers alone are about the same thing.
"""

import re
from collections.abc import Mapping

from infrastress.app.baselines import Baseline

__all__ = ["changes_between"]

_NUMBER = re.compile(r"(?<![\w.-])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w])%?")
_SHOWN = 200


def changes_between(old: Mapping[str, Baseline], new: Mapping[str, Baseline]) -> list[str]:
    """Sentences, by detector: what is new, gone, or has other numbers."""
    lines: list[str] = []
    for name in sorted({*old, *new}):
        if name not in old:
            lines.append(f"{name} has learned; it had not before")
        elif name not in new:
            lines.append(f"{name} has learned nothing this time")
        else:
            lines += [f"{name}: {line}" for line in _of_one(old[name].words, new[name].words)]
    return lines[:_SHOWN] + ([f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else [])


def _of_one(old: tuple[str, ...], new: tuple[str, ...]) -> list[str]:
    before = _by_subject(old)
    lines = []
    for key, words in _by_subject(new).items():
        was = before.pop(key, None)
        if was is None:
            lines.append(f"new: {words}")
        elif was != words:
            lines.append(_changed(was, words))
    return lines + [f"gone: {words}" for words in before.values()]


def _by_subject(words: tuple[str, ...]) -> dict[tuple[str, int], str]:
    """Sentences by what they say without their numbers; the same twice is counted."""
    found: dict[tuple[str, int], str] = {}
    for sentence in words:
        bare = _NUMBER.sub("#", sentence)
        number = 0
        while (bare, number) in found:
            number += 1
        found[bare, number] = sentence
    return found


def _changed(was: str, now: str) -> str:
    """The new sentence, with each number that changed as "from .. to .."."""
    numbers = iter(_NUMBER.findall(was))

    def told(match: re.Match[str]) -> str:
        before = next(numbers)
        return match[0] if before == match[0] else f"{match[0]} (was {before})"

    return _NUMBER.sub(told, now)
