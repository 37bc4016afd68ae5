"""Recent events by key, for rules that count within a window."""

__all__ = ["MOST_KEPT", "MOST_KEYS", "Entry", "Memory"]

MOST_KEPT = 256
"""Entries of one key: a burst of more is as grave as one of so many."""
MOST_KEYS = 4096
Entry = tuple[int, str, str]


class Memory:
    """Recent events by key: (occurred, id, who), sorted; bounded in keys and in entries of each.

    The same thing told twice at the same time by the same is one: a replayed log counts nothing again.
    """

    def __init__(self) -> None:
        self.kept: dict[str, list[Entry]] = {}

    def add(self, key: str, entry: Entry, window_ns: int) -> list[Entry]:
        """Add an entry and return all within `window_ns` up to and around it, by time.

        A late entry joins the window it belongs to; entries older than twice the window behind the newest are dropped.
        """
        known = self.kept.pop(key, [])
        if not any(item[0] == entry[0] and item[2] == entry[2] for item in known):
            known.append(entry)
            if len(known) > 1 and known[-2] > entry:
                known.sort()
        newest = known[-1][0]
        if known[0][0] < newest - 2 * window_ns or len(known) > MOST_KEPT:
            known = [item for item in known if item[0] >= newest - 2 * window_ns][-MOST_KEPT:]
        self.kept[key] = known  # behind the others: what was added to last is forgotten last
        if len(self.kept) > MOST_KEYS:
            del self.kept[next(iter(self.kept))]
        return [item for item in known if abs(item[0] - entry[0]) <= window_ns] or [entry]

    def forget(self, before: int) -> None:
        """Drop keys whose newest entry is older than `before`, so that the state stays small."""
        self.kept = {key: items for key, items in self.kept.items() if items[-1][0] >= before}
