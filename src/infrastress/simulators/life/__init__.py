"""The life of a site: staff and visitors at doors and computers, fences, tracks, reports, and who attacks them."""

from infrastress.simulators.life.simulator import LifeSimulator

__all__ = ["LifeSimulator"]
