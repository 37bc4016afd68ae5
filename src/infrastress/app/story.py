"""What a person reads of an incident or an alarm: plain text, calm, the first thing to do at the end.

No colour and no markup; the caller prints it as it likes. Times are the site's local ones.
"""

from collections import Counter
from datetime import UTC, datetime
from textwrap import fill
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from infrastress.core.errors import ConfigurationError
from infrastress.events import Alarm, Event, Incident, TimelineEntry
from infrastress.events.kinds import Sureness
from infrastress.fusion.evidence import rank_of
from infrastress.fusion.risk.scorer import row_of
from infrastress.site import Site

__all__ = [
    "advice_text",
    "alarm_line",
    "asset_names",
    "first_action",
    "incident_text",
    "local_zone",
    "sureness",
    "zone_name",
]

WIDTH = 96
LINES = 14
_SOURCES = {
    "telemetry": "telemetry",
    "network": "network",
    "access": "access and gas",
    "reports": "people",
}


def incident_text(incident: Event, site: Site) -> str:
    """An incident as an operator reads it: what, where, how sure, why, what happened when, what to do first.

    Args:
        incident: an event whose body is an `Incident`.
        site: the site model, for names and the time zone.

    Raises:
        ConfigurationError: the event is no incident, or the site's time zone is unknown.
    """
    body = incident.body
    if not isinstance(body, Incident):
        raise ConfigurationError(f"a {incident.kind} event is no incident")
    zone = local_zone(site)
    kinds = ", ".join(_SOURCES[kind] for kind in body.source_kinds)
    state = "open" if body.state == "open" else f"closed {_when(body.updated, zone)}"
    lines = [
        body.title,
        f"  Severity   {body.severity}; {state}",
        _field("Where", asset_names(incident.assets[:4], site) + _more(len(incident.assets) - 4)),
        f"  How sure   {sureness(body.confidence)} ({body.confidence:.0%}), seen by {kinds}",
        f"  Since      {_when(body.began, zone)} {zone_name(body.began, zone)}; "
        f"first alarm {_when(body.first_alarm, zone, body.began)}",
        _field("Why", body.why),
        _field("Do first", _first(body, incident, site)),
        "  What happened",
    ]
    shown = _worth_telling(body.timeline)
    for entry in shown:
        head = f"    {_when(entry.occurred, zone, body.began)}  {_SOURCES[entry.source_kind]:<14}  "
        lines.append(fill(entry.text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head)))
    left = max(body.timeline_total, len(body.timeline)) - len(shown)
    if left:
        lines.append(f"    and {left} more, less severe or said already")
    lines.append(f"  Incident   {body.incident}, revision {body.revision}, {body.detections_total} detections")
    return "\n".join(lines)


def advice_text(incident: Event, site: Site) -> str:
    """Why an incident is read as it is now, and what to do first: what counts when it is read anew.

    Raises:
        ConfigurationError: the event is no incident.
    """
    body = incident.body
    if not isinstance(body, Incident):
        raise ConfigurationError(f"a {incident.kind} event is no incident")
    return "\n".join((_field("Why", body.why), _field("Do first", _first(body, incident, site))))


def alarm_line(alarm: Event, site: Site) -> str:
    """An alarm on one line: time, priority, state, title, sentence.

    Raises:
        ConfigurationError: the event is no alarm, or the site's time zone is unknown.
    """
    body = alarm.body
    if not isinstance(body, Alarm):
        raise ConfigurationError(f"a {alarm.kind} event is no alarm")
    repeated = f" ({body.count} times)" if body.count > 1 else ""
    when = _when(alarm.occurred, local_zone(site))
    return f"{when}  P{body.priority}  {body.state:<14}  {body.title}{repeated}: {body.sentence}"


def first_action(incident: Event, site: Site) -> str:
    """What to do first about an incident; raises ConfigurationError when the event is none."""
    body = incident.body
    if not isinstance(body, Incident):
        raise ConfigurationError(f"a {incident.kind} event is no incident")
    return _first(body, incident, site)


def sureness(confidence: float) -> Sureness:
    """A confidence in a word."""
    words: tuple[tuple[float, Sureness], ...]
    words = ((0.9, "almost certain"), (0.7, "likely"), (0.45, "as likely as not"), (0.2, "unlikely"))
    return next((word for least, word in words if confidence >= least), "a bare possibility")


def asset_names(assets: tuple[str, ...], site: Site) -> str:
    """Assets by name and id, as people call them."""
    named = []
    for asset in assets:
        known = site.asset_by_id.get(asset)
        named.append(f"{known.name} ({asset})" if known and known.name else asset)
    return ", ".join(named) or "the whole site"


def local_zone(site: Site) -> ZoneInfo:
    """The site's time zone; raises ConfigurationError when this machine doesn't know it."""
    try:
        return ZoneInfo(site.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigurationError(
            f"unknown time zone {site.time_zone!r}", where="site.yaml: time_zone", remedy="use one like Europe/Rome"
        ) from error


def zone_name(moment: int, zone: ZoneInfo) -> str:
    """What the site's clocks are called at a moment (ns), such as CEST: where they go back, an hour comes twice."""
    return datetime.fromtimestamp(moment // 1_000_000_000, UTC).astimezone(zone).strftime("%Z")


def _first(body: Incident, incident: Event, site: Site) -> str:
    row = row_of(body.hypothesis)
    if row is None:
        return "Read the detections and look on the spot."
    return row.first.format(subject=asset_names(incident.assets[:1], site))


def _worth_telling(timeline: tuple[TimelineEntry, ...]) -> list[TimelineEntry]:
    """At most `LINES` entries in order of time: of each kind of source and what it is about the most severe first."""
    order = sorted(range(len(timeline)), key=lambda i: (-rank_of(timeline[i].severity), i))
    rounds: Counter[tuple[str, tuple[str, ...]]] = Counter()
    ranked: list[tuple[int, int, int]] = []
    for i in order:
        about = (timeline[i].source_kind, timeline[i].assets)
        ranked.append((rounds[about], len(ranked), i))
        rounds[about] += 1
    return [timeline[i] for i in sorted(i for _, _, i in sorted(ranked)[:LINES])]


def _field(name: str, text: str) -> str:
    return fill(text, WIDTH, initial_indent=f"  {name:<9}  ", subsequent_indent=" " * 13)


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def _when(moment: int, zone: ZoneInfo, near: int | None = None) -> str:
    """Local time; without its date when it is the same day as `near`."""
    local = datetime.fromtimestamp(moment // 1_000_000_000, UTC).astimezone(zone)
    if near is not None and datetime.fromtimestamp(near // 1_000_000_000, UTC).astimezone(zone).date() == local.date():
        return local.strftime("%H:%M:%S")
    return local.strftime("%Y-%m-%d %H:%M:%S")
