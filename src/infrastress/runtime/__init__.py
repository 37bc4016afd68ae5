"""Runs the stream over the ports: admission, ticks, units, leases, replay."""

from infrastress.runtime.admission import Admission, SourceNotes
from infrastress.runtime.detection import DetectionUnit, Judge
from infrastress.runtime.export import export_results
from infrastress.runtime.frames import Framer
from infrastress.runtime.intake import Feeder, Intake, IntakePolicy, Notice
from infrastress.runtime.live import LiveAdmission
from infrastress.runtime.pressure import PressurePolicy
from infrastress.runtime.replay import Feed, Progress, ReplaySummary, replay, replay_log
from infrastress.runtime.sharing import Change, Duty, Shift
from infrastress.runtime.unit import Unit
from infrastress.runtime.worker import Clock, Policy, SystemClock, Worker

__all__ = [
    "Admission",
    "Change",
    "Clock",
    "DetectionUnit",
    "Duty",
    "Feed",
    "Feeder",
    "Framer",
    "Intake",
    "IntakePolicy",
    "Judge",
    "LiveAdmission",
    "Notice",
    "Policy",
    "PressurePolicy",
    "Progress",
    "ReplaySummary",
    "Shift",
    "SourceNotes",
    "SystemClock",
    "Unit",
    "Worker",
    "export_results",
    "replay",
    "replay_log",
]
