"""The words of a person's history: what was seen of them, and where that puts them."""

import msgspec

__all__ = ["Entry", "Place"]


class Entry(msgspec.Struct, array_like=True, order=True):
    """A read at a door ("in", "out") or a login ("local", "remote") at a host; `said` are rules and subjects raised."""

    t: int
    id: str
    kind: str
    at: str
    origin: str = ""
    account: str = ""
    said: list[tuple[str, str]] = []

    def same(self, other: "Entry") -> bool:
        """Whether it is the same thing told again, as a replayed log does."""
        return (self.t, self.kind, self.at, self.account) == (other.t, other.kind, other.at, other.account)


class Place(msgspec.Struct, array_like=True, frozen=True):
    """Where somebody is on paper since a read.

    Attributes:
        zone: `OFF_SITE` outside of an outer door.
        since, door, id: of the read that says so.
        sure: False where they may have left by a door that reads no badge on the way out.
        twice: a zone into which the badge was read twice without a way out, and `twice_at` when.
        left: another zone that it was never read out of, and `left_at` when that was seen.
    """

    zone: str
    since: int
    door: str
    id: str
    sure: bool = True
    twice: str = ""
    twice_at: int = 0
    left: str = ""
    left_at: int = 0
