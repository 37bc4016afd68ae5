"""A message as it came from the broker."""

from typing import NamedTuple

__all__ = ["Publish"]


class Publish(NamedTuple):
    """A message of `size` bytes. `packet` is 0 with QoS 0; `payload` is empty where it was `too_long` to be kept."""

    topic: bytes
    payload: bytes
    packet: int
    again: bool
    retained: bool
    size: int
    too_long: bool = False
