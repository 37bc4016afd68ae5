"""Tracks of drones, vehicles, vessels and people: where they are, where they head, when they are lost."""

from infrastress.detectors.tracks.detector import TrackDetector

__all__ = ["TrackDetector"]
