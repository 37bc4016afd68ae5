"""What reads the messages of a system that gives tracks."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from infrastress.connectors.listening import Framing
from infrastress.events import TrackPoint

__all__ = ["Located", "TrackReader"]


class Located(NamedTuple):
    """A point of a track and its time, ns UTC."""

    occurred: int
    point: TrackPoint


class TrackReader(ABC):
    """Reads one stream of messages.

    Args:
        sensor: what gives the tracks: an asset of the site, or a name.
        ground_m: height of the ground above the ellipsoid, m; None where unknown.
    """

    def __init__(self, sensor: str, ground_m: float | None = None) -> None:
        self.sensor, self.ground_m = sensor, ground_m

    @abstractmethod
    def read(self, message: bytes, received: int | None) -> Located:
        """One message.

        Args:
            message: its bytes.
            received: when it came, ns UTC; None in a recording.

        Raises:
            Refused: it is no point of a track.
        """

    @staticmethod
    @abstractmethod
    def framing(longest: int) -> Framing:
        """What cuts a stream into messages of at most `longest` bytes."""
