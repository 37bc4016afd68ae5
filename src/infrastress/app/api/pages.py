"""Pages of a list: an opaque cursor names the last item by what it is sorted by, so that growth moves no page."""

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from heapq import nsmallest
from typing import Any, TypeVar

import msgspec

from infrastress.app.api.problems import ApiError

__all__ = ["page_of", "question"]

Key = tuple[int | str, ...]
T = TypeVar("T")
_LONGEST = 1000


def question(*parts: Any) -> str:
    """Short hash of the filters and the order: a cursor is good for the question that it was given for."""
    return sha256(repr(parts).encode()).hexdigest()[:12]


def page_of(
    items: Iterable[T], key: Callable[[T], Key], *, limit: int, cursor: str | None, asked: str
) -> tuple[Sequence[T], str | None]:
    """The next `limit` items in order of `key`, behind the cursor, and the cursor behind them.

    Raises:
        ApiError: the cursor is damaged, or of another question (400).
    """
    after = _decode(cursor, asked) if cursor else None
    try:
        keyed = ((key(item), item) for item in items)
        behind = (pair for pair in keyed if after is None or pair[0] > after)
        found = nsmallest(limit + 1, behind, key=lambda pair: pair[0])
    except TypeError:
        raise _bad() from None
    page = [item for _, item in found[:limit]]
    return page, _encode(found[limit - 1][0], asked) if len(found) > limit else None


def _encode(key: Key, asked: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([asked, *key])).decode().rstrip("=")


def _decode(cursor: str, asked: str) -> Key:
    if len(cursor) > _LONGEST:
        raise _bad()
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts: list[int | str] = msgspec.json.decode(data, type=list[int | str])
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
        raise _bad() from None
    if len(parts) < 2 or parts[0] != asked:
        raise ApiError(400, "the cursor belongs to another question", remedy="repeat the filters it was given for")
    return tuple(parts[1:])


def _bad() -> ApiError:
    return ApiError(400, "the cursor is damaged", remedy="start again without one")
