"""What a message says: short and plain, for a tired person on a phone. What, where, how sure, since when, what first.

Nothing in it comes from what people reported or from who they are: only titles, assets, and the numbers of telemetry.
"""

from collections.abc import Mapping, Sequence

from infrastress.app.notify.policy import Due
from infrastress.app.story import asset_names, first_action, local_zone, sureness, zone_name
from infrastress.app.telling import local_time
from infrastress.core.time import to_iso
from infrastress.detectors.base import RuleCard
from infrastress.events import Alarm, Event, Incident
from infrastress.fusion.evidence import severity_of
from infrastress.site import Site

__all__ = ["WORDS", "compose", "compose_deaf"]

WORDS = {
    "incident": "incident",
    "alarm": "alarm",
    "alarms": "{count} alarms",
    "and_more": "and {count} more",
    "where": "Where: {assets}",
    "sure": "How sure: {word} ({share:.0%})",
    "since": "Since: {time} {zone}",
    "first": "First: {action}",
    "seen": "Seen: {sentence}",
    "behind": "Alarms so far: {count}",
    "again": "Nobody has acknowledged it yet (step {step}).",
    "digest": "More than this channel takes in an hour: {count} alarms in {subjects} messages are told in one.",
    "deaf": "CRITICAL: nobody is watching {site}",
    "deaf_since": "Detection stands still: nothing was judged since {time} {zone}. No alarm can come.",
    "deaf_ever": "Detection has judged nothing yet. No alarm can come.",
    "deaf_first": "First: watch the plant by its own instruments, and see whether the processes of infrastress run.",
    "foot": "{site}, {key}",
}
"""The catalogue of phrases, English."""

_LISTED = 5
_TITLE = 120
_TEXT = 1600


def compose(
    due: Due, newest: Sequence[Event], site: Site, cards: Mapping[str, RuleCard], words: Mapping[str, str] = WORDS
) -> tuple[str, str]:
    """Title and text of a message.

    Args:
        due: what is to be told.
        newest: newest versions of its subjects as far as they are known, in its order; a few are enough.
        site: for names and the time zone.
        cards: rule cards, for what to check first.
        words: the catalogue.
    """
    severity = severity_of(due.rank).upper()
    count = len(due.subjects)
    head = newest[0] if newest else None
    title = f"{severity} {words['incident' if due.kind == 'incident' else 'alarm']}"
    if due.kind == "digest" or count > 1:
        title = f"{severity}: {words['alarms'].format(count=due.alarms)}"
    if head is not None:
        title += f": {_title(head)}"
        if count > 1:
            title += f" {words['and_more'].format(count=count - 1)}"
    lines: list[str] = []
    if due.step > 0:
        lines.append(words["again"].format(step=due.step + 1))
    if due.kind == "digest":
        lines.append(words["digest"].format(count=due.alarms, subjects=count))
    if head is not None and count == 1:
        lines += _one(head, due, site, cards, words)
    else:
        for event in newest[:_LISTED]:
            lines.append(f"- {_title(event)} ({_since(event, site, words)})")
        if count > len(newest[:_LISTED]):
            lines.append(words["and_more"].format(count=count - len(newest[:_LISTED])))
    lines.append(words["foot"].format(site=site.name or site.id, key=due.subjects[0] if due.subjects else ""))
    return _clean(title)[:_TITLE], "\n".join(_clean(line) for line in lines)[:_TEXT]


def compose_deaf(since: int, site: Site, step: int, words: Mapping[str, str] = WORDS) -> tuple[str, str]:
    """Title and text where detection stands still; `since` is the event time it had come to, 0 for never."""
    zone = local_zone(site)
    told = words["deaf_ever"]
    if since:
        told = words["deaf_since"].format(time=local_time(since, zone)[:16], zone=zone_name(since, zone))
    lines = [words["again"].format(step=step + 1)] if step else []
    lines += [told, words["deaf_first"]]
    return _clean(words["deaf"].format(site=site.name or site.id))[:_TITLE], "\n".join(lines)


def _one(event: Event, due: Due, site: Site, cards: Mapping[str, RuleCard], words: Mapping[str, str]) -> list[str]:
    body = event.body
    lines = [words["where"].format(assets=_where(event, site))]
    if isinstance(body, Incident):
        lines.append(words["sure"].format(word=sureness(body.confidence), share=body.confidence))
        lines.append(_since(event, site, words))
        lines.append(words["first"].format(action=first_action(event, site)))
        lines.append(words["behind"].format(count=due.alarms))
    elif isinstance(body, Alarm):
        lines.append(_since(event, site, words))
        if body.source_kind == "telemetry":
            lines.append(words["seen"].format(sentence=body.sentence))
        card = cards.get(body.rule)
        if card is not None:
            lines.append(words["first"].format(action=card.first_check))
    return lines


def _title(event: Event) -> str:
    body = event.body
    return body.title if isinstance(body, Alarm | Incident) else event.kind


def _where(event: Event, site: Site) -> str:
    names = asset_names(event.assets[:3], site)
    more = len(event.assets) - 3
    zone = f" in {event.zone}" if event.zone else ""
    return names + (f" and {more} more" if more > 0 else "") + zone


def _since(event: Event, site: Site, words: Mapping[str, str]) -> str:
    body = event.body
    moment = body.began if isinstance(body, Incident) else event.occurred
    zone = local_zone(site)
    try:
        return words["since"].format(time=local_time(moment, zone)[:16], zone=zone_name(moment, zone))
    except (OverflowError, ValueError):  # beyond what calendars hold
        return words["since"].format(time=to_iso(0), zone="UTC")


def _clean(text: str) -> str:
    """One line without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
