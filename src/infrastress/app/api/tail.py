"""What is new at the end of a partition of the log, event by event, for whoever keeps something of it in memory."""

from collections.abc import Iterator

from infrastress.core.errors import DecodeError, LogGap
from infrastress.events import Event, decode_event
from infrastress.store.ports import Log

__all__ = ["Tail"]

_PAGE = 1000


class Tail:
    """Reads on where it stopped.

    Args:
        log: the log.
        partition: of it.
        back: how many records are looked through when it is asked first.
    """

    def __init__(self, log: Log, partition: str, back: int) -> None:
        self._log, self._partition, self._back = log, partition, back
        self._reached: int | None = None
        self.missed = False
        """Whether there was more before what was read since this was last set to False."""

    def news(self) -> Iterator[Event]:
        """Events that came since it was last asked; what can't be read is passed over: fusion quarantines it.

        Raises:
            StoreError: the log can't be read.
        """
        if self._reached is None:
            self._reached = max(self._log.start(self._partition), self._log.end(self._partition) - self._back)
            self.missed = self._reached > 0
        while True:
            try:
                records = self._log.read(self._partition, self._reached, _PAGE, types=("event",))
            except LogGap:  # retired since it was last asked for
                self._reached, self.missed = self._log.start(self._partition), True
                continue
            for record in records:
                try:
                    event = decode_event(record.data)
                except DecodeError:
                    continue
                yield event
            if records:
                self._reached = max(self._reached, records[-1].offset)
            if len(records) < _PAGE:
                return
