"""A device: the signals of one controller, read by as few requests as it takes, all values of a poll at one time."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from infrastress.connectors.inbox import Inbox
from infrastress.connectors.modbus.line import Line, ReadFailed, ReadRefused
from infrastress.connectors.modbus.planning import Item, Limits, Span, plan, split
from infrastress.connectors.signals import SignalReader
from infrastress.core.clock import EventClock
from infrastress.site.registers import number_of

__all__ = ["Device", "Outcome"]

_SPLIT = (2, 3)
"""Illegal address, illegal value: what devices answer to a request that spans too much."""
_ASK_AGAIN_S = 60.0
_SHOWN = 5


@dataclass
class Outcome:
    """How a poll went: values by signal, refused items with their reason, and whether the connection is lost.

    `time` is the middle between the first request and the last answer, event time in ns: each value was read within
    half of that span of it.
    """

    time: int = 0
    values: dict[str, float] = field(default_factory=dict)
    refused: list[tuple[str, Item]] = field(default_factory=list)
    answered: bool = False
    lost: bool = False

    @property
    def reason(self) -> str:
        """The last reason something wasn't read for."""
        return self.refused[-1][0] if self.refused else ""


class Device:
    """Reads one controller.

    Args:
        name: the controller.
        unit: its unit id.
        items: what to read.
        limits: of one request.
        rest_s: how long it is left alone at most when it doesn't answer.
        reader: numbers of its signals to SI.
        clock: event time.
    """

    def __init__(
        self,
        name: str,
        unit: int,
        items: Sequence[Item],
        *,
        limits: Limits,
        rest_s: float,
        reader: SignalReader,
        clock: EventClock,
    ) -> None:
        self.name, self.unit = name, unit
        self._items, self._limits, self._reader, self._clock = items, limits, reader, clock
        self._longest_rest_s = rest_s
        self._failures = 0
        self._rests_until = 0.0
        self.forget()

    def forget(self) -> None:
        """Begin with the shortest plan again: behind a new connection there may be another device."""
        self._spans = plan(self._items, self._limits)
        self._asides: dict[Span, float] = {}

    @property
    def requests(self) -> int:
        """Requests of a poll, as planned now."""
        return len(self._spans)

    @property
    def missing(self) -> list[str]:
        """The first few signals whose registers the device doesn't have."""
        return sorted(item.signal for span in self._asides for item in span.items)[:_SHOWN]

    @property
    def rests(self) -> bool:
        """True while it is left alone because it didn't answer: others wait on the same line."""
        return time.monotonic() < self._rests_until

    async def poll(self, line: Line) -> Outcome:
        """Read everything once; never raises for what the device or the network does."""
        outcome = Outcome()
        began = self._clock.now()
        failed = ""
        queue, done = deque(self._spans), list[Span]()
        while queue:
            span = queue.popleft()
            if failed or self._asides.get(span, 0.0) > time.monotonic():
                _refuse(outcome, span, failed or "modbus-illegal-address")
                done.append(span)
                continue
            try:
                self._take(outcome, span, await line.read(span.table, self.unit, span.address, span.length))
                self._asides.pop(span, None)
            except ReadRefused as refusal:
                pieces = split(span, self._limits) if refusal.code in _SPLIT else []
                if pieces:
                    queue.extendleft(reversed(pieces))
                    continue
                if refusal.code in _SPLIT:
                    self._asides[span] = time.monotonic() + _ASK_AGAIN_S
                _refuse(outcome, span, refusal.reason)
            except ReadFailed as failure:
                failed, outcome.lost = failure.reason, failure.lost
                _refuse(outcome, span, failed)
            done.append(span)
        outcome.time = (began + self._clock.now()) // 2
        self._spans = done
        self._judge(outcome)
        return outcome

    def _take(self, outcome: Outcome, span: Span, words: Sequence[int]) -> None:
        outcome.answered = True
        for item in span.items:
            start = item.address - span.address
            read = self._reader.read(item.signal, number_of(item.register, words[start : start + item.width]))
            if isinstance(read, float):
                outcome.values[item.signal] = read
            else:
                outcome.refused.append((read or "bad-value", item))

    def _judge(self, outcome: Outcome) -> None:
        if outcome.answered:
            self._failures = 0
            return
        self._failures += 1
        rest_s = 0.0 if self._failures == 1 else min(self._longest_rest_s, 0.5 * 2.0 ** min(self._failures, 10))
        self._rests_until = time.monotonic() + rest_s
        self.forget()  # a device that refuses everything is not one whose registers are missing

    def book(self, outcome: Outcome, inbox: Inbox) -> None:
        """Put a poll into the inbox: one row, and each cell that isn't in it with its reason."""
        for signal, value in outcome.values.items():
            inbox.reading(outcome.time, signal, value)
        for reason, item in outcome.refused:
            inbox.refuse_cell(reason, f"{self.name} unit {self.unit} {item.table} {item.address}", item.signal)


def _refuse(outcome: Outcome, span: Span, reason: str) -> None:
    outcome.refused.extend((reason, item) for item in span.items)
