"""The pace of polling: reads that were regular and stopped, and far more messages than before."""

from collections.abc import Iterator
from math import ceil, floor
from statistics import median

import msgspec
import numpy as np

from infrastress.core.time import SECOND
from infrastress.detectors.episodes import Notice
from infrastress.detectors.network.base import NetworkRule
from infrastress.detectors.network.view import Ints, Part
from infrastress.events.network_terms import Action, Kind

__all__ = ["PollRule", "SurgeRule"]

_PAUSES = 60
_SHORTEST = SECOND // 20
_LEAST_PAUSES = 10
_EVEN = 2.5
"""The longest pause against their median: one poll may be lost."""
_CLOCK = 0.25
"""At least half of the pauses lie within this share of their median.

Of pauses that come by chance (exponential) 17 % do, so that half of ten or more do in 2 %, and with the longest
bounded besides in less.
"""
_BURST = 0.1
_MINUTES, _KNOWN_MINUTES = 30, 10
_FORGOTTEN = 48 * 3600 * SECOND


class _Poll(msgspec.Struct):
    """Reads of one unit by one client: how many, when last, the last pauses between them, whether they have stopped.

    What is read in one go counts once: a pause much shorter than the others isn't one between polls.
    """

    since: int
    last: int
    packet: str
    count: int = 0
    pauses: list[int] = []
    stopped: bool = False


class _Polls(msgspec.Struct):
    known: dict[str, dict[str, _Poll]] = {}


class PollRule(NetworkRule):
    """Judged at the ends of frames in which its source said anything: a silent tap says nothing of the plant."""

    Memory = _Polls
    memory: _Polls

    def judge(self, part: Part) -> Iterator[Notice]:
        """Notices of what one source said in one frame; records that came late tell nothing of the pace."""
        prompt = part.known - np.maximum(part.numbers("time"), 0) <= part.end - part.begin
        reads = part.is_any("action", (Action.READ,)) & part.is_any("kind", (Kind.TRANSACTION,)) & prompt
        reads &= part.numbers("ok") == 1
        times = np.maximum.accumulate(part.numbers("time")) if len(part) else part.numbers("time")
        known = self.memory.known.setdefault(part.source, {})
        for rows in part.groups(("client", "server", "unit"), reads):
            first = int(rows[0])
            key = f"{part.text('client', first)} {part.text('server', first)} {part.number('unit', first)}"
            yield from self._heard(part, known, key, times[rows], rows)
        for key, poll in known.items():
            pause = part.end - poll.last
            waited = not self._passing(key.split(" ", 1)[0])
            if waited and not poll.stopped and self._regular(poll) and pause > self._limit(poll):
                poll.stopped = True
                yield self._stopped(part, key, poll, pause)
        self.memory.known[part.source] = {k: one for k, one in known.items() if part.end - one.last < _FORGOTTEN}

    def _passing(self, client: str) -> bool:
        """Whether nobody waits for its reads: a stranger, an engineer whose work is done."""
        return self._who.stranger(client) or self._who.is_engineering(client)

    def _heard(self, part: Part, known: dict[str, _Poll], key: str, times: Ints, rows: Ints) -> Iterator[Notice]:
        poll = known.get(key)
        if poll is None:
            poll = known[key] = _Poll(int(times[0]), int(times[0]), part.packet(int(rows[0])))
        if poll.stopped:
            poll = known[key] = _Poll(int(times[0]), int(times[0]), poll.packet)  # its pace is learned anew
            client, server, unit = _names(key)
            said = f"{self._who.name(client)} reads {self._who.last(server)}{unit} again"
            at = int(part.known[rows[0]])
            yield Notice("net.poll_gap", key, "low", said, at=at, began=at, over=True)
        steps = np.diff(times, prepend=poll.last)
        poll.pauses = [*poll.pauses, *steps[steps >= _SHORTEST].tolist()[-_PAUSES:]][-_PAUSES:]
        poll.count = min(poll.count + len(rows), 1 << 40)
        poll.last, poll.packet = max(poll.last, int(times[-1])), part.packet(int(rows[-1]))

    def _regular(self, poll: _Poll) -> bool:
        """Whether it goes by the clock: who reads back what he commands has no pace, even as it may seem."""
        longest = max(poll.pauses, default=0)
        between = [one for one in poll.pauses if one >= _BURST * longest]
        if len(between) < _LEAST_PAUSES or longest > _EVEN * (usual := median(between)):
            return False
        if 2 * sum(abs(one - usual) <= _CLOCK * usual for one in between) < len(between):
            return False
        lasted = poll.last - poll.since
        return poll.count >= self._options.polls and lasted >= self._options.polled_s * SECOND

    def _limit(self, poll: _Poll) -> float:
        return max(self._options.pause * max(poll.pauses, default=0), self._options.pause_s * SECOND)

    def _stopped(self, part: Part, key: str, poll: _Poll, pause: int) -> Notice:
        client, server, unit = _names(key)
        longest = max(poll.pauses, default=0) / SECOND
        return Notice(
            rule="net.poll_gap",
            subject=key,
            at=part.end,
            began=poll.last,
            severity="medium",
            sentence=f"{self._who.name(client)} has read nothing of {self._who.last(server)}{unit} for "
            f"{pause / SECOND:.0f} s; it used to at least every {longest:.1f} s, and other traffic is still heard",
            assets=self._who.assets(server, client),
            zone=self._who.place(server),
            packets=tuple(filter(None, [poll.packet])),
            techniques=("T0815", "T0814"),
            suspicion="unknown",
            confidence=0.5,
            standing=True,
        )


class _Pair(msgspec.Struct):
    """Messages of a client to a server: of the current minute, which it is and how many; of the last, oldest first."""

    last: int
    minute: int = -1
    count: int = 0
    counts: list[int] = []


class _Pairs(msgspec.Struct):
    known: dict[str, _Pair] = {}


class SurgeRule(NetworkRule):
    """Messages a minute (`window_s`), against the most that the pair's last thirty minutes with any held.

    How long a site's frames are makes no difference: a short flood isn't lost in a long one. A minute with a surge
    teaches nothing.
    """

    Memory = _Pairs
    memory: _Pairs

    def judge(self, part: Part) -> Iterator[Notice]:
        """Notices of what one source said in one frame."""
        said = part.is_any("kind", (Kind.TRANSACTION, Kind.REQUEST, Kind.MESSAGE)) & part.is_any(
            "transport", ("tcp", "udp")
        )
        for rows in part.groups(("client", "server"), said):
            client, server = part.text("client", int(rows[0])), part.text("server", int(rows[0]))
            pair = self.memory.known.setdefault(f"{part.source} {client} {server}", _Pair(part.end))
            pair.last = part.end
            minutes = -(-part.known[rows] // self._options.window)
            for of in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(minutes)) + 1):
                yield from self._heard(part, pair, int(minutes[of[0]]), rows[of])
        if len(self.memory.known) > 1024:
            before = part.end - _FORGOTTEN
            self.memory.known = {key: one for key, one in self.memory.known.items() if one.last >= before}

    def _heard(self, part: Part, pair: _Pair, minute: int, rows: Ints) -> Iterator[Notice]:
        if minute != pair.minute:
            if pair.count and not self._surges(pair):
                pair.counts = [*pair.counts, pair.count][-_MINUTES:]
            pair.minute, pair.count = minute, 0
        before, pair.count = pair.count, pair.count + len(rows)
        if self._surges(pair):
            most = max(pair.counts)
            first = max(ceil(self._least()), floor(self._options.surge * most) + 1)  # that is too many
            yield self._notice(part, int(rows[max(0, first - 1 - before)]), pair.count, most)

    def _least(self) -> float:
        return self._options.surge_rate * self._options.window_s

    def _surges(self, pair: _Pair) -> bool:
        known = len(pair.counts) >= _KNOWN_MINUTES
        return known and pair.count >= self._least() and pair.count > self._options.surge * max(pair.counts)

    def _notice(self, part: Part, row: int, count: int, usual: int) -> Notice:
        client, server = part.text("client", row), part.text("server", row)
        return Notice(
            rule="net.surge",
            subject=f"{client} > {server}",
            at=int(part.known[row]),
            began=part.number("time", row),
            severity="medium",
            sentence=f"{self._who.name(client)} sent {self._who.last(server)} {count} messages in "
            f"{self._options.window_s:g} s, at most {usual} before",
            assets=self._who.assets(server, client),
            zone=self._who.place(server),
            packets=tuple(filter(None, [part.packet(row)])),
            techniques=("T0814",),
            score=count / max(1.0, self._options.surge * usual),
            suspicion="unknown",
            confidence=0.5,
        )


def _names(key: str) -> tuple[str, str, str]:
    client, server, unit = key.split(" ")
    return client, server, "" if unit == "-1" else f" unit {unit}"
