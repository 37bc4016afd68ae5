"""The pace of polling: reads that were regular and stopped, and far more messages than before."""

from collections.abc import Iterator
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
_LEAST_PAUSES = 3
_EVEN = 2.5
"""The longest pause against their median: one poll may be lost."""
_BURST = 0.1
_FRAMES = 30
_KNOWN_FRAMES = 10
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
            stranger = self._who.stranger(key.split(" ", 1)[0])  # whose reads nobody waits for
            if not (poll.stopped or stranger) and self._regular(poll) and pause > self._limit(poll):
                poll.stopped = True
                yield self._stopped(part, key, poll, pause)
        self.memory.known[part.source] = {k: one for k, one in known.items() if part.end - one.last < _FORGOTTEN}

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
        """Whether it goes by the clock: somebody who reads back what he commands has no pace."""
        longest = max(poll.pauses, default=0)
        between = [one for one in poll.pauses if one >= _BURST * longest]
        if len(between) < _LEAST_PAUSES or longest > _EVEN * median(between):
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
    """Messages of a client to a server in its last frames, oldest first."""

    last: int
    counts: list[int] = []


class _Pairs(msgspec.Struct):
    known: dict[str, _Pair] = {}


class SurgeRule(NetworkRule):
    """Messages a frame, against the most that its last thirty frames held."""

    Memory = _Pairs
    memory: _Pairs

    def judge(self, part: Part) -> Iterator[Notice]:
        """Notices of what one source said in one frame."""
        said = part.is_any("kind", (Kind.TRANSACTION, Kind.REQUEST, Kind.MESSAGE)) & part.is_any(
            "transport", ("tcp", "udp")
        )
        least = self._options.surge_rate * (part.end - part.begin) / SECOND
        for row, count in part.distinct(("client", "server"), said):
            client, server = part.text("client", row), part.text("server", row)
            key = f"{part.source} {client} {server}"
            known = self.memory.known.setdefault(key, _Pair(part.end))
            known.last = part.end
            usual = max(known.counts, default=0)
            if len(known.counts) >= _KNOWN_FRAMES and count >= least and count > self._options.surge * usual:
                yield self._notice(part, row, count, usual)
                continue
            known.counts = [*known.counts, count][-_FRAMES:]
        if len(self.memory.known) > 1024:
            before = part.end - _FORGOTTEN
            self.memory.known = {key: one for key, one in self.memory.known.items() if one.last >= before}

    def _notice(self, part: Part, row: int, count: int, usual: int) -> Notice:
        client, server = part.text("client", row), part.text("server", row)
        seconds = (part.end - part.begin) / SECOND
        return Notice(
            rule="net.surge",
            subject=f"{client} > {server}",
            at=part.end,
            began=part.begin,
            severity="medium",
            sentence=f"{self._who.name(client)} sent {self._who.last(server)} {count} messages in {seconds:g} s, "
            f"at most {usual} before",
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
