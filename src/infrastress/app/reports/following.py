"""What reporters are told by itself: that somebody saw it, to which incident it belongs, that this is closed."""

from collections.abc import Iterator

from infrastress.app.api.plant import Plant
from infrastress.app.api.resting import Reader
from infrastress.app.reports.desk import Desk
from infrastress.connectors.reports.records import ActName
from infrastress.events import Detection, Report

__all__ = ["Follower", "numbers_of"]

_READS = 400


class Follower:
    """Reads off the projection what became of reports, and writes down what is new.

    Args:
        plant: the site.
        desk: of its reports.
    """

    def __init__(self, plant: Plant, desk: Desk) -> None:
        self._plant, self._desk = plant, desk
        self._known: dict[str, tuple[int, str]] = {}
        self._numbers: dict[str, tuple[str, ...]] = {}

    def look(self) -> int:
        """Write down what is new; returns how many acts."""
        wanted = list(self._wanted())
        if not wanted:
            return 0
        done = {
            (one.record.number, act.act, act.incident) for one in self._desk.read() for act in one.acts
        }  # what another process wrote counts too
        written = 0
        for number, act, incident in dict.fromkeys(wanted):
            if (number, act, incident) not in done:
                self._desk.act(number, act, by="", now=self._plant.clock.now(), incident=incident)
                written += 1
        return written

    def _wanted(self) -> Iterator[tuple[str, ActName, str]]:
        projection = self._plant.projection
        with projection.lock:
            alarms = [entry for entry in projection.alarms.values() if entry.alarm.source_kind == "reports"]
            incidents = [entry for entry in projection.incidents.values() if "reports" in entry.incident.source_kinds]
        for entry in alarms:
            body = entry.alarm
            state = "seen" if body.state in ("acknowledged", "closed") else ""
            if self._news(body.alarm, entry.event.sequence, state) and state:
                for number in self._of([body.detection]):
                    yield number, "seen", ""
        for entry in incidents:
            incident = entry.incident
            handling, known = projection.handling(incident.incident)
            state = handling.state(known)
            if self._news(incident.incident, incident.revision, state):
                for number in self._of(incident.detections):
                    yield number, "linked", incident.incident
                    if state != "new":
                        yield number, "seen", ""
                    if state == "closed":
                        yield number, "closed", incident.incident

    def _news(self, key: str, version: int, state: str) -> bool:
        before = self._known.get(key)
        self._known[key] = version, state
        return before != (version, state)

    def _of(self, detections: tuple[str, ...] | list[str]) -> Iterator[str]:
        for detection in detections:
            if detection not in self._numbers:
                self._numbers[detection] = numbers_of(self._plant, [detection])
            yield from self._numbers[detection]


def numbers_of(plant: Plant, detections: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Numbers of the reports on which some detections rest."""
    reader = Reader(plant, _READS)
    found: dict[str, None] = {}
    for name in detections:
        event = reader.event(name)
        if event is None or not isinstance(event.body, Detection) or event.body.source_kind != "reports":
            continue
        for evidence in event.body.evidence:
            report = reader.event(evidence)
            if report is not None and isinstance(report.body, Report) and report.body.receipt:
                found[report.body.receipt] = None
    return tuple(found)
