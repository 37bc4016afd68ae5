"""The unit of fusion: a site's detections and ticks in, alarms and incidents out.

Detections wait until the watermark closes their cell of the site's frame grid and are then taken in order of (occurred,
id): results depend neither on how records were batched nor on how sources were interleaved. What comes behind the
watermark is taken at once and revises. Alarms and incidents are put out once a cell, however many detections it holds.
"""

from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from infrastress.core.errors import DecodeError
from infrastress.core.time import DAY, MINUTE
from infrastress.detectors.base import RuleCard
from infrastress.events import AlarmAction, Detection, Event, Tick, WorkNotice, decode_event, encode_event
from infrastress.fusion.alarms import (
    CHATTER,
    FOREVER,
    LIFE_CYCLE,
    OFF_DELAY,
    AlarmRecord,
    alarm_event,
    alarm_key,
    priority,
    stands,
)
from infrastress.fusion.drawing import Drawn
from infrastress.fusion.evidence import Scorer, severity_of
from infrastress.fusion.grouping import Groups
from infrastress.fusion.hypotheses import TableScorer
from infrastress.fusion.incidents import (
    WITHDRAWN,
    IncidentRecord,
    Witness,
    incident_event,
    incident_key,
    is_incident,
    witness_of,
    worth_telling,
)
from infrastress.fusion.places import Places, taking_part
from infrastress.fusion.state import State, Step, Timers, dump_state, load_state
from infrastress.fusion.works import announced, take_notice
from infrastress.runtime.unit import Unit, refusal
from infrastress.site import Site
from infrastress.store.ports import Output, Record

__all__ = ["FusionUnit"]

REMEMBERED = 2 * DAY
"""How late evidence may be and still join what it belongs to; groups are kept a day longer, as an alarm spans a day."""
REST, LONGEST_REST = MINUTE, 60 * MINUTE
"""How long an incident waits for its next revision, an alarm it has, when repeats and clearings are all that is new."""
_NO_EVIDENCE = frozenset({"incident_action", "inventory_action"})  # how people handle things says nothing of what is


class FusionUnit(Unit):
    """Fuses the detections of one site.

    Args:
        site: the site model.
        scorer: judges the evidence of a group; the table of hypotheses unless another is given.
        cards: rule cards by rule, for titles; a rule without one is called by its name.
    """

    def __init__(self, site: Site, scorer: Scorer | None = None, cards: Mapping[str, RuleCard] | None = None) -> None:
        self._site = site
        self._scorer: Scorer = scorer or TableScorer()
        self._cards = cards or {}
        self._width = max(round(site.runtime.frame_s * 1e9), 1)
        self._subject = f"result/{site.id}:event"
        self._places = Places(site)
        self._zone = ZoneInfo(site.time_zone)
        self._titles: dict[tuple[str, tuple[str, ...]], str] = {}
        self._priorities: dict[tuple[int, tuple[str, ...]], int] = {}
        self._restore(State())

    def update(self, record: Record) -> list[Output]:
        """Take a detection, an operator's act or a tick; acts on no alarm are passed over, the rest is quarantined."""
        try:
            event = decode_event(record.data)
        except DecodeError as error:
            return [refusal(self._site.id, record, error)]
        if isinstance(event.body, Tick):
            return self._tick(event.body)
        if event.kind in _NO_EVIDENCE:
            return []
        if not isinstance(event.body, Detection | AlarmAction | WorkNotice):
            other = DecodeError(f"fusion can't take a {event.kind} event", where=record.subject)
            return [refusal(self._site.id, record, other)]
        if not isinstance(event.body, AlarmAction) or event.body.action in LIFE_CYCLE:
            self._state.pending.append(event)
        return []

    def dump(self) -> bytes:
        """State as canonical bytes (MessagePack, keys sorted)."""
        return dump_state(self._state)

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one; raises DecodeError."""
        self._restore(load_state(data))

    def carry(self, old: "FusionUnit") -> tuple[str, ...]:
        """Take over all alarms and incidents of a unit of another site model."""
        self.load(old.dump())
        return ()

    def grouped(self) -> Iterator[tuple[str, str]]:
        """Each detection that is remembered, with the name of its group, whether that is an incident or not."""
        for record in self._state.alarms.values():
            yield from ((name, self._drawn.home(record.group)) for _, name in record.ids)

    def merged(self, kept: str, gone: str, moved: list[str]) -> None:
        """A group became part of another one (`grouping.Listener`)."""
        state = self._state
        self._free(gone)
        brought = state.of_group.pop(gone, [])
        if brought and kept not in state.of_group:
            self._step.alarms.update(self._groups.members[kept])
        elif kept in state.of_group:
            self._step.alarms.update(moved)
        if brought:
            state.of_group.setdefault(kept, []).extend(brought)
        if gone in state.due:
            self._timers.arm(kept, min(state.due.pop(gone), state.due.get(kept, FOREVER)))
        self._step.groups.discard(gone)
        self._step.groups.add(kept)
        for marked in (self._step.parted, self._step.redrawn):
            if gone in marked:
                marked.add(kept)

    def parted(self, old: str, new: set[str]) -> None:
        """A group fell apart (`grouping.Listener`); each incident goes with the alarm that it began with."""
        state = self._state
        self._free(old)
        for key in state.of_group.pop(old, ()):
            home = state.alarms[state.incidents[key].founder].group
            state.of_group.setdefault(home if home in new else min(new), []).append(key)
        state.due.pop(old, None)
        for group in sorted(new):
            end = max(state.alarms[key].end for key in self._groups.members[group])
            if end < FOREVER:
                self._timers.arm(group, end)
        self._step.groups.discard(old)
        self._step.groups.update(new)
        self._step.parted.update(new)
        self._step.alarms.update(key for group in new for key in self._groups.members[group])

    def _restore(self, state: State) -> None:
        self._state = state
        self._step = Step(state.cell)
        self._groups = Groups(state.alarms, self._site, self._places, self)
        self._witnesses: dict[str, tuple[int, Witness]] = {}
        self._drawn = Drawn(state.anchors, state.alarms, self._groups)
        self._timers = Timers(state.due)

    def _tick(self, tick: Tick) -> list[Output]:
        state, outputs = self._state, list[Output]()
        closed = tick.watermark // self._width * self._width
        if tick.final:
            latest = max((event.occurred for event in state.pending), default=-FOREVER)
            closed = max(closed, self._cell(latest)) if latest > -FOREVER else closed
        state.pending.sort(key=lambda event: (event.occurred, event.id))
        taken = 0
        while True:
            head = state.pending[taken] if taken < len(state.pending) else None
            now = max(state.cell, self._cell(head.occurred)) if head else FOREVER
            now = min(now, self._next_timer())
            if now > closed:
                break
            self._step = Step(max(now, state.cell))
            while taken < len(state.pending) and state.pending[taken].occurred <= now:
                self._take(state.pending[taken])
                taken += 1
            outputs += self._finish()
            state.cell = self._step.now
        del state.pending[:taken]
        if tick.final:
            self._step = Step(max(state.cell, closed))
            outputs += [self._show(state.incidents[key]) for key in sorted(state.waiting)]
        if state.early and closed // DAY > state.cell // DAY:
            oldest = closed - REMEMBERED
            state.early = {name: event for name, event in state.early.items() if event.occurred >= oldest}
            state.works = {name: told for name, told in state.works.items() if told[2].ends >= oldest}
        state.cell = max(state.cell, closed)
        return outputs

    def _cell(self, moment: int) -> int:
        """End of the cell a moment lies in."""
        return -(-moment // self._width) * self._width

    def _next_timer(self) -> int:
        state = self._state
        moments = [min(times.values()) for times in (state.waiting, state.recheck) if times]
        moment = min([*moments, self._timers.next()])
        return self._cell(moment) if moment < FOREVER else FOREVER

    def _recheck(self, key: str, moment: int) -> None:
        """Look at an alarm again at some event time, or sooner: a shelving or an off-delay ends."""
        if moment > self._step.now:
            self._state.recheck[key] = min(moment, self._state.recheck.get(key, FOREVER))

    def _take(self, event: Event) -> None:
        body = event.body
        if isinstance(body, AlarmAction):
            for record in filter(None, map(self._state.alarms.get, body.subjects)):
                record.acted(event, body)
                if body.action != "acknowledge":
                    self._recheck(record.key, record.shelved[2])
                self._step.alarms.add(record.key)
        elif isinstance(body, WorkNotice):
            if take_notice(self._state.works, event, body):  # which may explain what is open, or no more what isn't
                opened = (key for key, incident in self._state.incidents.items() if not incident.closed)
                self._state.waiting.update(dict.fromkeys(opened, self._step.now))
                self._step.groups.update(self._groups.members)
        elif isinstance(body, Detection):
            episode = f"{body.detector}\0{body.episode}"
            if body.phase == "raised":
                self._raise(event, body, episode)
            elif episode in self._state.episodes:
                self._clear(event, body, episode)
            else:
                self._state.early[episode] = event

    def _raise(self, event: Event, body: Detection, episode: str) -> None:
        state = self._state
        start = min(body.began, event.occurred)
        key = alarm_key(event, body, belated=False)
        if key not in state.alarms and start + REMEMBERED < state.cell:
            key = alarm_key(event, body, belated=True)
        record = state.alarms.get(key)
        if record is None:
            record = state.alarms[key] = AlarmRecord(
                key=key,
                detector=body.detector,
                rule=body.rule,
                assets=event.assets,
                zone=event.zone,
                source_kind=body.source_kind,
                condition=stands(event, body, self._site),
            )
        old_end, nature = record.held_until(start), self._groups.nature(record)
        span = record.raised(event, body)
        more = record.widened(taking_part(body, self._site))
        if record.group and self._groups.nature(record) != nature:
            self._free(record.group)
            self._groups.changed(record)
        elif record.group and more:
            self._groups.widened(record)
        held = state.episodes.setdefault(episode, [])
        if (key, start) not in held:
            insort(held, (key, start))
        self._groups.added(record, span, old_end)
        self._touch(record)
        early = state.early.pop(episode, None)
        if early is not None and isinstance(early.body, Detection):
            self._clear(early, early.body, episode)

    def _clear(self, event: Event, body: Detection, episode: str) -> None:
        for key, start in self._state.episodes.pop(episode):
            record = self._state.alarms[key]
            old_end = record.held_until(start)
            span = record.cleared(event, body, start)
            if record.condition:
                self._groups.shortened(record, span[1])
            else:
                self._groups.added(record, span, old_end)
            self._touch(record)

    def _touch(self, record: AlarmRecord) -> None:
        self._step.alarms.add(record.key)
        self._step.groups.add(record.group)
        self._timers.sooner(record.group, record.end)

    def _finish(self) -> list[Output]:
        """Put out what the step changed: incidents first, so that alarms can name theirs."""
        state, step = self._state, self._step
        for key in [key for key, until in state.recheck.items() if until <= step.now]:
            del state.recheck[key]
            step.alarms.add(key)
        self._draw()
        self._fire()
        for key in step.alarms:
            if key in state.alarms:
                step.touched.setdefault(self._drawn.home(state.alarms[key].group), set()).add(key)
        incidents: list[Output] = []
        for group in sorted(step.groups):
            if group in self._groups.members:
                incidents += self._reconcile(group)
        for key in [key for key, moment in state.waiting.items() if moment <= step.now]:
            incidents.append(self._show(state.incidents[key]))
        alarms = [output for key in sorted(step.alarms) if (output := self._alarm(state.alarms.get(key))) is not None]
        return alarms + incidents

    def _draw(self) -> None:
        """Let what ties nothing go to the alarms that it is drawn to."""
        state, step, members = self._state, self._step, self._groups.members
        touched = [state.alarms[key] for key in step.alarms if key in state.alarms]
        for group, old, new in self._drawn.look(touched, tuple(step.groups)):
            if new and (brought := state.of_group.pop(group, [])):
                home = state.alarms[new].group
                state.of_group.setdefault(home, []).extend(brought)
                step.groups.add(home)
            if new != old:
                step.alarms.update(members[group])
                step.redrawn.update(state.alarms[key].group for key in (old, new) if key in state.alarms)
                self._timers.arm(group, max(state.alarms[key].end for key in members[group]))
                step.groups.add(group)
        step.groups.update(step.redrawn & members.keys())
        step.groups.update(map(self._drawn.home, step.groups & members.keys()))
        for home in sorted(step.groups & members.keys()):
            self._timers.sooner(home, self._end_of(home))

    def _free(self, group: str) -> None:
        home = self._drawn.free(group)
        if home:
            self._step.redrawn.add(home)

    def _fire(self) -> None:
        """Close what has ended, forget what ended long ago."""
        step = self._step
        while (group := self._timers.pop(step.now)) is not None:
            end = self._end_of(group)
            if end == FOREVER or group in self._drawn:  # what is drawn to an alarm is kept as long as that
                continue
            if end > step.now:
                self._timers.arm(group, end)
            elif end + REMEMBERED + DAY > step.now:
                step.groups.add(group)
                self._timers.arm(group, end + REMEMBERED + DAY)
            else:
                self._forget(group)

    def _forget(self, group: str) -> None:
        state = self._state
        for drawn in list(self._drawn.held(group)):
            self._drawn.free(drawn)
            self._forget(drawn)
        gone = set(self._groups.forget(group))
        self._step.groups.discard(group)
        self._step.alarms -= gone
        for key in gone:
            del state.alarms[key]
            state.recheck.pop(key, None)
            state.past.pop(key, None)
            self._witnesses.pop(key, None)
        for episode, held in list(state.episodes.items()):
            if any(key in gone for key, _ in held):
                state.episodes[episode] = [entry for entry in held if entry[0] not in gone]
                if not state.episodes[episode]:
                    del state.episodes[episode]
        for key in state.of_group.pop(group, ()):
            del state.incidents[key]

    def _reconcile(self, group: str) -> list[Output]:
        """Give a group its incident: a new one, the one it has, or the earliest announced of several.

        One that began with notices ends where they are drawn to an alarm: the alarm's takes its place.
        """
        state, step = self._state, self._step
        if group in self._drawn:
            return []
        held = [state.incidents[key] for key in state.of_group.get(group, ())]
        records = self._records(group)
        if held and group in step.parted and not is_incident(records):
            del state.of_group[group]
            return [self._end(gone, WITHDRAWN) for gone in sorted(held, key=IncidentRecord.rank)]
        own = [incident for incident in held if state.alarms[incident.founder].group == group]
        begun = not own and (bool(held) or self._opens(records))  # what was one before stays one
        if begun:
            own = [self._begin(group)]
        if not own:
            return []
        kept, *rest = sorted(own, key=IncidentRecord.rank)
        rest += [incident for incident in held if incident not in own]
        outputs: list[Output] = []
        for gone in sorted(rest, key=IncidentRecord.rank):
            kept.aliases = sorted({*kept.aliases, gone.key, *gone.aliases})
            outputs.append(self._end(gone, kept.key))
        if begun or rest:
            step.alarms.update(record.key for record in self._records(group))
        state.of_group[group] = [kept.key]
        touched = [state.alarms[key] for key in step.touched.get(group, ())]
        was_closed, kept.closed = kept.closed, self._ended(group)
        belated = kept.closed and (group in step.touched or group in step.redrawn)
        if begun or outputs or was_closed != kept.closed or belated or worth_telling(kept, records, touched):
            outputs.append(self._show(kept))
        elif not kept.closed:
            due = kept.shown_at + min(REST * kept.shown_alarms, LONGEST_REST)
            state.waiting.setdefault(kept.key, due)
        return outputs

    def _opens(self, records: Sequence[AlarmRecord]) -> bool:
        """Whether a group without an incident is worth one."""
        if not is_incident(records):
            return False
        ordered = sorted(records, key=lambda record: (record.first, record.key))
        evidence = [self._witness(record).evidence for record in ordered]
        return self._scorer.opens(evidence, self._site, announced(self._state.works, self._site))

    def _begin(self, group: str) -> IncidentRecord:
        """A new incident of a group."""
        state, founder = self._state, self._founder(group)
        key = incident_key(founder.key)
        for other in state.incidents.values():  # it was part of another one meanwhile
            other.aliases = [alias for alias in other.aliases if alias != key]
        incident = state.incidents[key] = IncidentRecord(
            key=key,
            founder=founder.key,
            announced=self._step.now,
            revision=state.past.get(founder.key, 0),
            closed=self._ended(group),
        )
        return incident

    def _end(self, incident: IncidentRecord, superseded_by: str) -> Output:
        """The last revision of an incident that is none any more."""
        output = self._show(incident, superseded_by=superseded_by)
        self._state.past[incident.founder] = incident.revision
        del self._state.incidents[incident.key]
        return output

    def _records(self, group: str) -> list[AlarmRecord]:
        """Those of a group, and the notices drawn to it."""
        groups = (group, *self._drawn.held(group))
        return [self._state.alarms[key] for one in groups for key in self._groups.members[one]]

    def _ended(self, group: str) -> bool:
        """Whether nothing of it attracts other evidence any more."""
        return self._end_of(group) <= self._step.now

    def _end_of(self, group: str) -> int:
        return max(record.end for record in self._records(group))

    def _founder(self, group: str) -> AlarmRecord:
        records = (self._state.alarms[key] for key in self._groups.members[group])
        return min(records, key=lambda record: (record.first, record.key))

    def _show(self, incident: IncidentRecord, superseded_by: str = "") -> Output:
        self._state.waiting.pop(incident.key, None)
        event = incident_event(
            incident,
            self._records(self._drawn.home(self._state.alarms[incident.founder].group)),
            site=self._site,
            scorer=self._scorer,
            witness=self._witness,
            now=self._step.now,
            superseded_by=superseded_by,
            works=announced(self._state.works, self._site),
        )
        return Output(event.id, self._subject, encode_event(event), self._key(incident.key), incident.announced)

    def _alarm(self, record: AlarmRecord | None) -> Output | None:
        """The alarm as it stands, where it looks different from when it was last put out."""
        if record is None:
            return None
        now = self._step.now
        state, cleared = record.state(now), not record.active(now)
        if record.chattering and not record.standing and not cleared:
            self._recheck(record.key, record.last_clear + OFF_DELAY)
        if state == "shelved":
            self._recheck(record.key, record.shelved[2])
        incidents = self._state.of_group.get(self._drawn.home(record.group), ())
        incident = incidents[0] if incidents else ""
        told = record.raises if record.raises <= CHATTER else CHATTER + record.raises.bit_length()
        shown = (state, record.severity, cleared, told, incident)
        if shown == record.shown:
            return None
        record.shown = shown
        record.emitted += 1
        severity = severity_of(record.severity)
        rank = (record.severity, record.assets)
        if rank not in self._priorities:
            self._priorities[rank] = priority(severity, record.assets, self._site)
        event = alarm_event(
            record,
            state,
            site=self._site,
            priority=self._priorities[rank],
            title=self._title(record),
            incident=incident,
            now=now,
        )
        return Output(event.id, self._subject, encode_event(event), self._key(record.key), record.first)

    def _key(self, name: str) -> str:
        """Sites that share a store may name assets, so alarms, alike."""
        return f"{self._site.id}/{name}"

    def _witness(self, record: AlarmRecord) -> Witness:
        """What an alarm says, worked out again only when it took something in."""
        known = self._witnesses.get(record.key)
        if known is None or known[0] != record.taken:
            known = self._witnesses[record.key] = record.taken, witness_of(record, self._title(record), self._zone)
        return known[1]

    def _title(self, record: AlarmRecord) -> str:
        named = (record.rule, record.assets)
        if named not in self._titles:
            card = self._cards.get(record.rule)
            text = card.title if card else record.rule.replace("_", " ").replace("-", " ").capitalize()
            self._titles[named] = f"{text}: {', '.join(record.assets[:3])}" if record.assets else text
        return self._titles[named]
