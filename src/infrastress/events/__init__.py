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
    GasReading,
    Incident,
    IncidentAction,
    LoginAttempt,
    Report,
    SwitchState,
    Tick,
    TimelineEntry,
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
    "Event",
    "GasReading",
    "Incident",
    "IncidentAction",
    "LoginAttempt",
    "NetworkRecords",
    "NetworkRow",
    "Report",
    "Samples",
    "SwitchState",
    "Tick",
    "TimelineEntry",
    "Unknown",
    "decode_event",
    "encode_event",
    "event_from_json",
    "event_to_json",
    "make_event",
]
