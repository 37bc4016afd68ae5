"""Runs the stream over the ports: admission, ticks, units, leases, replay."""

from infrastress.runtime.admission import Admission, SourceNotes
from infrastress.runtime.detection import DetectionUnit, Judge
from infrastress.runtime.export import export_results
from infrastress.runtime.frames import Framer
from infrastress.runtime.pressure import PressurePolicy
from infrastress.runtime.replay import Feed, Progress, ReplaySummary, replay, replay_log
from infrastress.runtime.unit import Unit
from infrastress.runtime.worker import Clock, Policy, SystemClock, Worker, run

__all__ = [
    "Admission",
    "Clock",
    "DetectionUnit",
    "Feed",
    "Framer",
    "Judge",
    "Policy",
    "PressurePolicy",
    "Progress",
    "ReplaySummary",
    "SourceNotes",
    "SystemClock",
    "Unit",
    "Worker",
    "export_results",
    "replay",
    "replay_log",
    "run",
]
