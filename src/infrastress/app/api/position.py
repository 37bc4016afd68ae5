"""Where a follower stands in the three partitions that the stream tells of, as one opaque word."""

import re
from typing import NamedTuple

from infrastress.app.api.problems import ApiError

__all__ = ["Position", "partitions_of"]

_WORD = re.compile(r"r(\d{1,18})\.s(\d{1,18})\.i(\d{1,18})")


def partitions_of(site: str) -> "tuple[str, str, str]":
    """Results, status and what came in, of a site."""
    return f"result/{site}", f"status/{site}", f"ingest/{site}/main"


class Position(NamedTuple):
    """Offsets up to which the log was told."""

    result: int = 0
    status: int = 0
    ingest: int = 0

    def __str__(self) -> str:
        return f"r{self.result}.s{self.status}.i{self.ingest}"

    @classmethod
    def parse(cls, word: str) -> "Position":
        """Inverse of `str`; raises ApiError (400)."""
        match = _WORD.fullmatch(word)
        if match is None:
            raise ApiError(
                400, "this is no position of the stream", remedy="give back an id that the stream told, or none"
            )
        return cls(*(int(part) for part in match.groups()))
