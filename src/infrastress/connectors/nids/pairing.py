"""Requests and responses that a sensor tells in lines of their own, tied to one row."""

from typing import Final

import msgspec

from infrastress.connectors.nids.checking import check
from infrastress.core.time import SECOND
from infrastress.events.network import NetworkRow
from infrastress.events.network_terms import Kind

__all__ = ["Pairs"]

_MOST: Final = 64
"""Requests that may wait: they are written with every position."""
_LONGEST_NS: Final = 60 * SECOND


class Pairs(msgspec.Struct):
    """Requests that wait for their responses, oldest first.

    Attributes:
        waiting: by what ties a response to its request.
    """

    waiting: dict[str, NetworkRow] = {}

    def ask(self, key: str, request: NetworkRow) -> list[NetworkRow]:
        """A request waits; rows of those that wait no more. Raises TypeError: it is no row."""
        check(request)  # what waits isn't looked at again
        over = [self.waiting.pop(key)] if key in self.waiting else []
        self.waiting[key] = request
        if len(self.waiting) > _MOST:
            over.append(self.waiting.pop(next(iter(self.waiting))))
        return over + self.overdue(request.time)

    def answer(self, key: str, response: NetworkRow) -> NetworkRow:
        """One row of both: what the response says goes before what the request says; it alone where none waited."""
        check(response)
        request = self.waiting.pop(key, None)
        if request is None:
            return response._replace(kind=Kind.RESPONSE)
        said = {name: value for name, value in response._asdict().items() if value is not None and name in _REPLY}
        size = None if request.bytes is response.bytes is None else (request.bytes or 0) + (response.bytes or 0)
        took = max(0, response.time - request.time)
        both = {"kind": Kind.TRANSACTION, "response_ns": took, "bytes": size, "response_packet": response.packet}
        return request._replace(**{**said, **both})

    def overdue(self, now: int) -> list[NetworkRow]:
        """Rows of requests that nobody answered within a minute of the log's time, ns."""
        found = [key for key, row in self.waiting.items() if row.time < now - _LONGEST_NS]
        return [self.waiting.pop(key) for key in found]

    def rest(self) -> list[NetworkRow]:
        """Rows of all that wait: nothing more comes."""
        rows = list(self.waiting.values())
        self.waiting.clear()
        return rows


_REPLY: Final = frozenset({"ok", "exception", "error", "identity", "value", "values"})
"""What a response may add; the rest of the row is the request's."""
