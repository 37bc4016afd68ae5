"""What is lost with an asset: who needs it, with what buffer, and what can be stopped by one loss alone."""

from collections import defaultdict
from collections.abc import Iterable

from infrastress.site.context import Dependency
from infrastress.site.model import Site

__all__ = ["Needs"]

_NEVER = float("inf")


class Needs:
    """The dependencies of a site, by who needs and by what is needed.

    Args:
        site: the site model.
    """

    def __init__(self, site: Site) -> None:
        self.of: dict[str, list[Dependency]] = defaultdict(list)
        self.on: dict[str, list[Dependency]] = defaultdict(list)
        for need in site.dependencies:
            self.of[need.of].append(need)
            for other in dict.fromkeys(need.on):
                self.on[other].append(need)

    def relied_on(self, one: str) -> list[str]:
        """All that an asset or service needs, directly or through others, sorted."""
        found: set[str] = set()
        waiting = [one]
        while waiting:
            for need in self.of.get(waiting.pop(), ()):
                for other in need.on:
                    if other not in found:
                        found.add(other)
                        waiting.append(other)
        return sorted(found - {one})

    def lost_with(self, lost: Iterable[str]) -> dict[str, float]:
        """What else is lost once these are, and after how many hours.

        A need of all is unmet with the first of what it names, a need of any with the last; `buffer_h` later the one in
        need is lost too. What lives on isn't in the answer, nor what was lost at first.
        """
        first = set(lost)
        hours = dict.fromkeys(first, 0.0)
        waiting = list(first)
        while waiting:
            for need in self.on.get(waiting.pop(), ()):
                times = [hours.get(other, _NEVER) for other in need.on]
                after = need.buffer_h + (min(times) if need.logic == "all" else max(times))
                if after < hours.get(need.of, _NEVER):
                    hours[need.of] = after
                    waiting.append(need.of)
        return {name: after for name, after in sorted(hours.items()) if name not in first}

    def single_points(self, one: str) -> dict[str, float]:
        """What stops an asset or service by its loss alone, and after how many hours, the quickest first."""
        found = {other: lost[one] for other in self.relied_on(one) if one in (lost := self.lost_with([other]))}
        return dict(sorted(found.items(), key=lambda pair: (pair[1], pair[0])))
