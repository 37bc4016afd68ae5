"""A small tank farm and makers of detections for the tests of fusion."""

from dataclasses import dataclass, field
from typing import Any

from infrastress.core.time import MINUTE, from_iso
from infrastress.events import AlarmAction, Detection, Event, Tick, decode_event, encode_event, make_event
from infrastress.fusion import FusionUnit
from infrastress.site import Site
from infrastress.store.ports import Output, Record

T0 = from_iso("2026-03-01T00:00:00Z")

SITE = Site.model_validate(
    {
        "id": "plant",
        "substances": [{"id": "petrol", "name": "Petrol"}],
        "zones": [{"id": "farm"}, {"id": "gate"}, {"id": "far"}, {"id": "rack-room"}],
        "security_zones": [
            {"id": "basic", "level": 1},
            {"id": "supervisory", "level": 2},
            {"id": "enterprise", "level": 4},
        ],
        "conduits": [{"id": "c1", "from": "supervisory", "to": "basic"}],
        "assets": [
            {"id": "T-1", "type": "tank", "name": "Petrol tank 1", "height_m": 14, "zone": "farm",
             "controller": "PLC-1", "criticality": 5, "substance": "petrol", "bund": "B-1"},
            {"id": "T-2", "type": "tank", "height_m": 14, "zone": "farm", "controller": "PLC-1", "criticality": 5},
            {"id": "T-9", "type": "tank", "height_m": 14, "zone": "far", "criticality": 2},
            {"id": "B-1", "type": "bund", "zone": "farm"},
            {"id": "LS-1", "type": "level_switch", "tank": "T-1", "level_m": 13.5, "zone": "farm"},
            {"id": "GD-1", "type": "gas_detector", "zone": "farm"},
            {"id": "FD-1", "type": "flame_detector", "zone": "farm"},
            {"id": "F-1", "type": "fence", "zone": "yard", "line": [[0, 0], [9, 0]]},
            {"id": "PLC-1", "type": "controller", "security_zone": "basic", "zone": "rack-room"},
            {"id": "ENG-1", "type": "host", "role": "engineering", "security_zone": "supervisory"},
            {"id": "PC-1", "type": "host", "role": "workstation", "security_zone": "enterprise"},
            {"id": "D-FARM", "type": "door", "zone": "gate", "leads_to": "farm"},
            {"id": "D-FAR", "type": "door", "zone": "gate", "leads_to": "far"},
        ],
        "signals": [
            {"id": "LT-1", "asset": "T-1", "kind": "level", "unit": "m"},
            {"id": "LT-2", "asset": "T-2", "kind": "level", "unit": "m"},
            {"id": "LT-9", "asset": "T-9", "kind": "level", "unit": "m"},
        ],
        "hazards": [{"id": "overfill-1", "asset": "T-1", "event": "overfill", "severity": "critical"}],
    }
)  # fmt: skip


def detection(minute: float, rule: str = "mass_balance", assets: tuple[str, ...] = ("T-1",), **fields: Any) -> Event:
    """A detection at some minute; raised telemetry of a high severity unless told otherwise."""
    moment = T0 + round(minute * MINUTE)
    sequence = fields.pop("sequence", round(minute * 1000))
    zone = fields.pop("zone", "")
    values: dict[str, Any] = {
        "detector": "test",
        "detector_version": "1",
        "rule": rule,
        "episode": f"{rule}/{'+'.join(assets)}/{minute}",
        "phase": "raised",
        "source_kind": "telemetry",
        "severity": "high",
        "score": 1.5,
        "sentence": f"{rule} at {','.join(assets) or 'the site'}: 3.0 m seen, 4.0 m expected.",
        "began": moment,
        "until": moment,
        "confidence": 0.8,
        **fields,
    }
    return make_event(
        site="plant", source="test", sequence=sequence, occurred=moment, assets=assets, zone=zone,
        body=Detection(**values),
    )  # fmt: skip


def cleared(raised: Event, minute: float) -> Event:
    """The clearing of a raised detection."""
    body = raised.body
    assert isinstance(body, Detection)
    return detection(
        minute, body.rule, raised.assets, episode=body.episode, phase="cleared", source_kind=body.source_kind,
        severity=body.severity, suspicion=body.suspicion, zone=raised.zone, sequence=raised.sequence + 1,
    )  # fmt: skip


def intrusion(minute: float, door: str = "D-FARM", severity: str = "low", **fields: Any) -> Event:
    """A badge where it does not belong."""
    return detection(
        minute, "badge_out_of_place", (door,), source_kind="access", suspicion="intrusion", severity=severity, **fields
    )


def login(minute: float, host: str = "ENG-1", severity: str = "low", **fields: Any) -> Event:
    """A login that does not belong."""
    return detection(
        minute, "remote_login", (host,), source_kind="network", suspicion="intrusion", severity=severity, **fields
    )


def smell(minute: float, **fields: Any) -> Event:
    """A neighbour smells petrol."""
    return detection(minute, "smell", (), source_kind="reports", severity="low", **fields)


def action(minute: float, alarm: str, what: str, until: float = 0) -> Event:
    """An operator does something about an alarm."""
    return make_event(
        site="plant", source="console", sequence=round(minute * 1000), occurred=T0 + round(minute * MINUTE),
        body=AlarmAction(alarm=alarm, action=what, by="OP-1", until=T0 + round(until * MINUTE)),
    )  # fmt: skip


@dataclass
class Feed:
    """Drives a unit as the runtime does, and keeps what it put out."""

    unit: FusionUnit = field(default_factory=lambda: FusionUnit(SITE))
    outputs: list[Output] = field(default_factory=list)
    offset: int = 0
    site: str = "plant"

    def event(self, *events: Event) -> None:
        for event in events:
            self._put("event", event)

    def tick(self, minute: float, *, final: bool = False) -> None:
        body = Tick(watermark=T0 + round(minute * MINUTE), final=final)
        self._put("tick", make_event(site=self.site, source="runtime", sequence=self.offset, occurred=body.watermark,
                                     body=body))  # fmt: skip

    def _put(self, kind: str, event: Event) -> None:
        self.offset += 1
        self.outputs += self.unit.update(
            Record(self.offset, event.id, f"fusion/{self.site}:{kind}", encode_event(event))
        )

    def all(self, kind: str) -> list[Event]:
        """Every alarm or incident put out, in order."""
        return [event for output in self.outputs if (event := decode_event(output.data)).kind == kind]

    def newest(self, kind: str) -> dict[str, Event]:
        """The newest version of each, by its name; incidents that were superseded left out."""
        versions = [(output.key.rpartition("/")[2], decode_event(output.data)) for output in self.outputs]
        found = {name: event for name, event in versions if event.kind == kind}
        return {key: event for key, event in found.items() if not getattr(event.body, "superseded_by", "")}


def in_order(events: list[Event], *, end: float, every: float = 1) -> Feed:
    """Feed events by time with a tick every so many minutes, and a final one."""
    feed, queue = Feed(), sorted(events, key=lambda event: (event.occurred, event.id))
    minute = 0.0
    while minute < end:
        minute += every
        while queue and queue[0].occurred <= T0 + round(minute * MINUTE):
            feed.event(queue.pop(0))
        feed.tick(minute)
    feed.event(*queue)
    feed.tick(end, final=True)
    return feed
