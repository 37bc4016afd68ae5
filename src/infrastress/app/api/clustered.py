"""What the API says of clusters of reports: two axes apart, how far they are believed and what confirms them."""

from infrastress.app.api.clusters import Cluster
from infrastress.app.api.plant import Plant
from infrastress.app.api.resting import Reader
from infrastress.app.reports.desk import Desk
from infrastress.client.reports import ReportCluster
from infrastress.core.time import to_iso
from infrastress.events import Report

__all__ = ["clustered"]

_READS = 5_000
_MOST = 200


def clustered(plant: Plant, desk: Desk) -> list[ReportCluster]:
    """Clusters of a site as they stand."""
    borne_out = {one.record.number for one in desk.read() if one.verdict == "confirmed"}
    reader = Reader(plant, _READS)
    return [_told(one, plant, reader, borne_out) for one in plant.clusters.all()[:_MOST]]


def _told(one: Cluster, plant: Plant, reader: Reader, borne_out: set[str]) -> ReportCluster:
    for name in [name for name, looked_up in one.evidence.items() if looked_up is None]:
        if (event := reader.event(name)) is not None:
            one.evidence[name] = event.kind, event.body.receipt if isinstance(event.body, Report) else ""
    known = [looked_up for looked_up in list(one.evidence.values()) if looked_up is not None]
    numbers = [number for _, number in known if number]
    projection = plant.projection
    with projection.lock:
        alarm = next((found for key in one.alarms if (found := projection.alarms.get(key)) is not None), None)
        incident = projection.incidents.get(alarm.alarm.incident) if alarm is not None else None
    confirmed = not borne_out.isdisjoint(numbers)
    sensors = one.credibility == "corroborated" and (not confirmed or any(kind != "report" for kind, _ in known))
    return ReportCluster(
        id=one.body.episode,
        credibility=one.credibility,
        voices=round(one.body.score),
        confirmed_by=[*(["sensor"] if sensors else []), *(["operator"] if confirmed else [])],
        kinds=[] if incident is None else [kind for kind in incident.incident.source_kinds if kind != "reports"],
        rule=one.body.rule,
        severity=one.body.severity,
        sentence=one.body.sentence,
        assets=list(one.event.assets),
        raised=to_iso(one.raised),
        updated=to_iso(one.event.occurred),
        cleared=to_iso(one.cleared) if one.cleared else None,
        numbers=numbers,
        alarm=None if alarm is None else alarm.alarm.alarm,
        state=None if alarm is None else alarm.alarm.state,
        incident=None if incident is None else incident.incident.incident,
        evidence=one.event.id,
    )
