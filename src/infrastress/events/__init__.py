"""What flows: the event envelope and its kinds, Samples of telemetry, Batches of records."""

from infrastress.events.batch import Batch
from infrastress.events.envelope import Event, decode_event, encode_event, event_from_json, event_to_json, make_event
from infrastress.events.kinds import (
    AccessAttempt,
    Alarm,
    AlarmAction,
    Body,
    Contribution,
    Detection,
    DoorState,
    GasReading,
    Incident,
    IncidentAction,
    LoginAttempt,
    Report,
    ReportVerdict,
    SessionState,
    SwitchState,
    Tick,
    TimelineEntry,
    TrackPoint,
    Unknown,
)
from infrastress.events.network import NetworkRecords, NetworkRow
from infrastress.events.samples import Samples

__all__ = [
    "AccessAttempt",
    "Alarm",
    "AlarmAction",
    "Batch",
    "Body",
    "Contribution",
    "Detection",
    "DoorState",
    "Event",
    "GasReading",
    "Incident",
    "IncidentAction",
    "LoginAttempt",
    "NetworkRecords",
    "NetworkRow",
    "Report",
    "ReportVerdict",
    "Samples",
    "SessionState",
    "SwitchState",
    "Tick",
    "TimelineEntry",
    "TrackPoint",
    "Unknown",
    "decode_event",
    "encode_event",
    "event_from_json",
    "event_to_json",
    "make_event",
]
