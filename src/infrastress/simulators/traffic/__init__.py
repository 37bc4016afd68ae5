"""Reference traffic: what the control network of a simulated plant says, as captures, with the truth about it."""

from infrastress.simulators.traffic.tap import TALES, tapped

__all__ = ["TALES", "tapped"]
