"""From what the platform holds to what the API says."""

from typing import Any
from urllib.parse import quote

from infrastress.app.api.projection import Decided, Entry
from infrastress.app.story import sureness
from infrastress.client import models
from infrastress.core.errors import UnitError
from infrastress.core.time import to_iso
from infrastress.core.units import scale_of
from infrastress.detectors.base import RuleCard
from infrastress.events import AlarmAction, Event, IncidentAction
from infrastress.events.envelope import body_as
from infrastress.events.health import Health
from infrastress.fusion.handling import Handling, Known
from infrastress.fusion.incidents import WITHDRAWN

__all__ = [
    "API",
    "act_of",
    "acted_of",
    "alarm_of",
    "card_of",
    "decision_of",
    "evidence_link",
    "handling_detail_of",
    "handling_of",
    "incident_act_of",
    "incident_of",
    "iso",
    "link",
    "standing_of",
    "unit_si",
]

API = "/api/v1"


def link(*parts: str) -> str:
    """A path of this API."""
    return "/".join((API, *(quote(part, safe="") for part in parts)))


def evidence_link(id_: str) -> str:
    """Where an event lies in full."""
    return link("evidence", id_)


def iso(ns: int) -> str | None:
    """A time, or None where there is none: 0."""
    return to_iso(ns) if ns else None


def alarm_of(entry: Entry, *, pending: list[models.Act], assigned_to: str) -> models.Alarm:
    """An alarm as it stands, what is still to be taken of what was done about it, and who has it."""
    event, body = entry.event, entry.alarm
    links = {
        "self": link("alarms", body.alarm),
        "evidence": evidence_link(body.detection),
        "rule": link("rules", body.rule),
    }
    if body.incident:
        links["incident"] = link("incidents", body.incident)
    return models.Alarm(
        id=body.alarm,
        state=body.state,
        severity=body.severity,
        priority=body.priority,
        title=body.title,
        sentence=body.sentence,
        rule=body.rule,
        source_kind=body.source_kind,
        assets=list(event.assets),
        zone=event.zone,
        incident=body.incident or None,
        cleared=body.cleared,
        count=body.count,
        chattering=body.chattering,
        annunciated=body.annunciated,
        group=body.incident or f"{body.rule}@{event.zone}",
        assigned_to=assigned_to or None,
        raised=to_iso(entry.first),
        last_raised=to_iso(body.last_raise or entry.first),
        realarmed=body.realarmed,
        updated=to_iso(event.observed),
        version=event.sequence,
        evidence=body.detection,
        pending=pending,
        links=links,
    )


def incident_of(entry: Entry, handling: models.Handling) -> models.Incident:
    """An incident without its story."""
    event, body = entry.event, entry.incident
    links = {"self": link("incidents", body.incident), "alarms": f"{link('alarms')}?incident={quote(body.incident)}"}
    if body.superseded_by and body.superseded_by != WITHDRAWN:
        links["superseded_by"] = link("incidents", body.superseded_by)
    return models.Incident(
        id=body.incident,
        revision=body.revision,
        state=body.state,
        hypothesis=body.hypothesis,
        title=body.title,
        severity=body.severity,
        confidence=body.confidence,
        sure=sureness(body.confidence),
        began=to_iso(body.began),
        first_alarm=to_iso(body.first_alarm),
        announced=to_iso(entry.first),
        updated=to_iso(body.updated),
        assets=list(event.assets),
        source_kinds=list(body.source_kinds),
        techniques=list(body.techniques),
        detections_total=body.detections_total,
        superseded_by=body.superseded_by or None,
        handling=handling,
        links=links,
    )


def handling_of(handling: Handling, known: Known) -> models.Handling:
    """How people handle an incident, in short."""
    closing = handling.closing
    return models.Handling(
        state=handling.state(known),
        owner=handling.owner or None,
        owner_since=iso(handling.owner_since),
        closing=closing
        and models.Closing(by=closing.by, at=to_iso(closing.at), cause=closing.cause, comment=closing.comment),
        new_evidence=handling.overtaken(known),
        notes_total=len(handling.notes),
        tasks_total=len(handling.tasks),
        tasks_open=sum(not task.done for task in handling.tasks),
        changed=to_iso(handling.acts[-1].occurred) if handling.acts else None,
    )


def handling_detail_of(handling: Handling, known: Known, most: int) -> models.HandlingDetail:
    """How people handle an incident, with the newest notes, tasks and acts, in order of time."""
    again = handling.reopening
    return models.HandlingDetail(
        **dict(handling_of(handling, known)),
        reopening=again and models.Reopening(by=again.by, at=to_iso(again.at), comment=again.comment),
        notes=[
            models.Note(id=note.id, by=note.by, at=to_iso(note.at), text=note.text) for note in handling.notes[-most:]
        ],
        tasks=[
            models.Task(
                id=task.id,
                by=task.by,
                at=to_iso(task.at),
                text=task.text,
                done=task.done,
                settled_by=task.settled_by or None,
                settled_at=iso(task.settled_at),
            )
            for task in handling.tasks[-most:]
        ],
        acts=[incident_act_of(event) for event in handling.acts[-most:]],
        acts_total=len(handling.acts),
    )


def incident_act_of(event: Event) -> models.IncidentAct:
    """What a person did about an incident."""
    body = body_as(event, IncidentAction)
    return models.IncidentAct(
        id=event.id,
        incident=body.incident,
        action=body.action,
        by=body.by,
        at=to_iso(event.occurred),
        owner=body.owner or None,
        text=body.text,
        task=body.task or None,
        cause=body.cause,
        links={"evidence": evidence_link(event.id), "incident": link("incidents", body.incident)},
    )


def act_of(event: Event, alarm: str, *, taken: bool) -> models.Act:
    """What a person did about an alarm, maybe together with others."""
    body = body_as(event, AlarmAction)
    return models.Act(
        id=event.id,
        alarm=alarm,
        action=body.action,
        by=body.by,
        at=to_iso(event.occurred),
        until=iso(body.until),
        comment=body.comment,
        to=body.to or None,
        together=len(body.subjects),
        taken=taken,
    )


def acted_of(event: Event) -> models.Acted:
    """What a person did, about all alarms it was about."""
    body = body_as(event, AlarmAction)
    return models.Acted(
        id=event.id,
        action=body.action,
        by=body.by,
        at=to_iso(event.occurred),
        until=iso(body.until),
        comment=body.comment,
        to=body.to or None,
        alarms=list(body.subjects),
    )


def standing_of(health: Health | None, *, fresh: bool) -> dict[str, Any]:
    """Fields of a `StandingOf`: what was told, which counts only while somebody watches."""
    if health is None:
        return {"state": "unknown", "told": "unknown", "detail": "nothing was ever told"}
    detail = health.detail if fresh else "nobody watches: the pulse of detection is stale"
    return {
        "state": health.state if fresh else "unknown",
        "told": health.state,
        "since": iso(health.since),
        "last_seen": iso(health.last_seen),
        "last_good": iso(health.last_good),
        "value_si": health.value,
        "cadence_s": health.cadence_s,
        "lag_s": health.lag_s,
        "detail": detail,
    }


def card_of(card: RuleCard | None) -> models.Card | None:
    """A rule's card."""
    if card is None:
        return None
    return models.Card(
        rule=card.rule,
        title=card.title,
        means=card.means,
        expected_against_seen=card.expected_against_seen,
        benign_causes=list(card.benign_causes),
        first_check=card.first_check,
        techniques=list(card.techniques),
    )


def decision_of(decided: Decided) -> models.Decision:
    """A line of what was decided."""
    content = decided.content
    if decided.kind == "action":
        what = str(content.get("body", {}).get("action", "action"))
    elif decided.kind == "link":
        what = str(content.get("state", "link"))
    else:
        what = str(content.get("decision", "decision"))
    return models.Decision.model_validate(
        {"id": decided.id, "offset": decided.offset, "kind": decided.kind, "what": what, "content": content}
    )


_SI = {
    "[length]": "m", "[length] ** 3 / [time]": "m3/s", "[mass] / [length] / [time] ** 2": "Pa", "[temperature]": "K",
    "1 / [time]": "1/s", "[mass] * [length] ** 2 / [time] ** 3": "W", "dimensionless": "", "[length] / [time]": "m/s",
    "[mass] / [length] ** 3": "kg/m3", "[mass] / [time]": "kg/s",
}  # fmt: skip


def unit_si(unit: str) -> str:
    """The SI unit in which the platform holds what is told in a unit."""
    try:
        return _SI.get(scale_of(unit).dimension, "SI")
    except UnitError:
        return "SI"
