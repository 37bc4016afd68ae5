"""Acts of people on alarms: once, durably, by name, and only where they change something."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from infrastress.app.accounts import Identity
from infrastress.app.api.asking import known
from infrastress.app.api.plant import Plant
from infrastress.app.api.projection import Entry
from infrastress.app.api.wire import act_of, acted_of
from infrastress.client import models
from infrastress.core.ids import event_id
from infrastress.core.time import to_iso
from infrastress.events import AlarmAction, Event, decode_event
from infrastress.events.envelope import body_as

__all__ = ["Wish", "act_on_many", "act_on_one"]

Outcome = Literal["done", "stood", "unknown"]


@dataclass(frozen=True)
class Wish:
    """What somebody wants to do. `until` (ns) goes with shelve, `to` with assign."""

    action: models.Action
    comment: str = ""
    until: int = 0
    to: str = ""


def act_on_one(plant: Plant, identity: Identity, wish: Wish, alarm: str, *, key: str | None) -> models.ActResult:
    """Act on one alarm.

    Args:
        plant: the site.
        identity: who acts.
        wish: what they want.
        alarm: key of the alarm.
        key: the same key is the same act.

    Raises:
        ApiError: there is no such alarm (404).
        StoreError: it can't be written.
    """
    entry: Entry = known(plant.projection.alarms.get(alarm), "alarm", alarm)
    now = plant.clock.now()
    content = [alarm, wish.action, key] if key else [alarm, *_content(wish, now)]
    event = _event(plant, identity, wish, content, now, alarm=alarm, assets=entry.event.assets, zone=entry.event.zone)
    changed = (key is not None or not _stands(plant, entry, wish)) and plant.act(event)
    told = next((act for act in plant.acts(alarm) if act.id == event.id), None)
    return models.ActResult(
        act=told or act_of(event, alarm, taken=False),
        changed=changed,
        alarm=plant.alarm(alarm) or plant.alarm_of(entry),
    )


def act_on_many(
    plant: Plant, identity: Identity, wish: Wish, alarms: Sequence[str], *, key: str | None
) -> models.ActManyResult:
    """Act on many alarms at once: one record names those that it changes.

    Args:
        plant: the site.
        identity: who acts.
        wish: what they want.
        alarms: keys of the alarms.
        key: the same key with the same alarms is the same act.

    Raises:
        StoreError: it can't be written.
    """
    now = plant.clock.now()
    wanted = list(dict.fromkeys(alarms))
    content = [wanted, wish.action, key] if key else [wanted, *_content(wish, now)]
    entries = plant.projection.alarms
    changed = tuple(
        alarm for alarm in wanted if (entry := entries.get(alarm)) is not None and not _stands(plant, entry, wish)
    )
    event = _event(plant, identity, wish, content, now, alarm="", alarms=changed)
    written = _written(plant, event.id) if key else None
    repeated = written is not None
    if written is None and changed:
        repeated = not plant.act(event)
        written = _written(plant, event.id) if repeated else event
    done = set(body_as(written, AlarmAction).subjects) if written else set[str]()
    outcomes: dict[str, Outcome] = {
        alarm: "done" if alarm in done else "stood" if alarm in entries else "unknown" for alarm in wanted
    }
    return models.ActManyResult(act=acted_of(written) if written else None, repeated=repeated, outcomes=outcomes)


def _event(plant: Plant, identity: Identity, wish: Wish, content: list[Any], now: int, **more: Any) -> Event:
    alarm, alarms = more.pop("alarm"), more.pop("alarms", ())
    source = f"person:{identity.name}"
    return Event(
        id=event_id(source, 0, msgspec.json.encode(content)),
        site=plant.id,
        source=source,
        sequence=0,
        occurred=now,
        observed=now,
        body=AlarmAction(
            alarm=alarm,
            action=wish.action,
            by=identity.name,
            until=wish.until,
            comment=wish.comment,
            to=wish.to,
            alarms=alarms,
        ),
        **more,
    )


def _content(wish: Wish, now: int) -> list[Any]:
    """What tells an act without a key from all others."""
    return [wish.action, wish.until, wish.to, wish.comment, now]


def _written(plant: Plant, id_: str) -> Event | None:
    record = plant.store.log.find(plant.partitions[2], id_)
    return decode_event(record.data) if record else None


def _stands(plant: Plant, entry: Entry, wish: Wish) -> bool:
    """Whether an act would change nothing: it stands so already, or was asked for and is still to be taken."""
    alarm, state = entry.alarm.alarm, entry.alarm.state
    if wish.action == "assign":
        return plant.assigned_to(alarm) == wish.to
    pending = [act for act in plant.acts(alarm) if not act.taken] if alarm in plant.projection.acts else []
    if pending:
        last = pending[-1]
        return last.action == wish.action and (wish.action != "shelve" or last.until == to_iso(wish.until))
    return (wish.action == "acknowledge" and state in ("acknowledged", "closed")) or (
        wish.action == "unshelve" and state != "shelved"
    )
