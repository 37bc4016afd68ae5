"""What network rules share: options, memories of what came within a while."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from infrastress.core.errors import DecodeError
from infrastress.core.time import SECOND
from infrastress.detectors.episodes import Notice
from infrastress.detectors.network.view import Part
from infrastress.detectors.network.who import Who

__all__ = ["NetworkRule", "NetworkRuleOptions", "Recent", "Seen"]


class NetworkRuleOptions(BaseModel):
    """Options of the network rules; times in seconds.

    Attributes:
        off: rules not to run, by id.
        window_s: within which things are counted that are ordinary one by one.
        refusals: refusals of one client at one server that are a storm.
        objects: different objects of one server refused to one client that are a scan.
        hosts, ports: servers without an answer to one client, ports of one server, that are a sweep.
        malformed: PDUs of one sender that break their protocol's rules.
        unasked: replies of one server to a client that didn't ask.
        changes: changes of one point by one client that are no operation any more. points: points written one by one.
        settled: answers that a device has given, over two minutes at least, before it counts as one that only answers.
        polls, polled_s: reads, and how long they must have gone on, before a poll counts as regular: a session of some
            minutes ends because its work is done.
        pause: a gap is this many times the longest of the last pauses, and at least `pause_s`.
        surge: a surge is this many times the most of the last spans of `window_s`, and at least `surge_rate` messages a
            second.
        quiet_s: an episode is over after this time without more.
        standing_s: the same where it is about what is lasting, such as a node.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    off: tuple[str, ...] = ()
    window_s: float = Field(default=60.0, gt=0)
    refusals: int = Field(default=20, ge=2)
    objects: int = Field(default=10, ge=2)
    hosts: int = Field(default=5, ge=2)
    ports: int = Field(default=10, ge=2)
    malformed: int = Field(default=3, ge=1)
    unasked: int = Field(default=5, ge=2)
    changes: int = Field(default=10, ge=2)
    points: int = Field(default=20, ge=2)
    settled: int = Field(default=20, ge=1)
    polls: int = Field(default=20, ge=2)
    polled_s: float = Field(default=600.0, ge=0)
    pause: float = Field(default=5.0, gt=1)
    pause_s: float = Field(default=30.0, ge=0)
    surge: float = Field(default=10.0, gt=1)
    surge_rate: float = Field(default=10.0, gt=0)
    quiet_s: float = Field(default=1800.0, gt=0)
    standing_s: float = Field(default=86_400.0, gt=0)

    @property
    def window(self) -> int:
        """In ns."""
        return round(self.window_s * SECOND)


class NetworkRule(ABC):
    """A rule, or several that share what they remember. It is given frame after frame."""

    Memory: type[Any]

    def __init__(self, who: Who, options: NetworkRuleOptions) -> None:
        self._who, self._options = who, options
        self.memory: Any = self.Memory()

    @abstractmethod
    def judge(self, part: Part) -> Iterator[Notice]:
        """Notices of what one source said in one frame."""

    def dump(self) -> Any:
        """What it remembers, as plain values."""
        return msgspec.to_builtins(self.memory)

    def load(self, data: Any) -> None:
        """Replace it; raises DecodeError."""
        try:
            self.memory = msgspec.convert(data, self.Memory)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no state of a network rule: {error}") from None


class Told(NamedTuple):
    """When something was said, ns, and in which packet."""

    at: int
    packet: str


class Recent(msgspec.Struct):
    """The last of what was said by key, as many as make a burst."""

    kept: dict[str, list[tuple[int, str]]] = {}

    def add(self, key: str, at: int, packet: str, *, most: int, window: int) -> list[Told] | None:
        """Add one; the last `most` if they lie within the window, ns."""
        known = self.kept.setdefault(key, [])
        known.append((at, packet))
        del known[:-most]
        if len(known) < most or at - known[0][0] > window:
            return None
        return [Told(*one) for one in known]

    def forget(self, before: int) -> None:
        """Drop keys of which nothing was said since."""
        self.kept = {key: told for key, told in self.kept.items() if told[-1][0] >= before}


class Seen(msgspec.Struct):
    """Different things that came within a window, by key: the last time and packet of each."""

    kept: dict[str, dict[str, tuple[int, str]]] = {}

    def add(self, key: str, what: str, at: int, packet: str, *, most: int, window: int) -> dict[str, Told] | None:
        """Add one; all within the window, ns, where these are at least `most` different ones."""
        known = self.kept.setdefault(key, {})
        known.pop(what, None)
        known[what] = (at, packet)
        if len(known) < most:
            return None
        self.kept[key] = known = {name: told for name, told in known.items() if at - told[0] <= window}
        while len(known) > 4 * most:
            del known[next(iter(known))]
        return {name: Told(*told) for name, told in known.items()} if len(known) >= most else None

    def forget(self, before: int) -> None:
        """Drop what wasn't said since."""
        fresh = {
            key: {what: told for what, told in known.items() if told[0] >= before} for key, known in self.kept.items()
        }
        self.kept = {key: known for key, known in fresh.items() if known}
