"""EventRuleDetector: simple rules on badges, logins, gas heads and safety switches."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from pydantic import BaseModel

from infrastress.core.errors import DecodeError
from infrastress.core.ids import canonical_json, content_hash
from infrastress.detectors.base import Detector, RuleCard
from infrastress.detectors.events.access import AccessRules
from infrastress.detectors.events.base import EventRuleOptions, Memory, Notice
from infrastress.detectors.events.cards import CARDS
from infrastress.detectors.events.devices import DeviceRules
from infrastress.detectors.events.logins import LoginRules
from infrastress.detectors.events.people import Roster
from infrastress.events import AccessAttempt, Detection, Event, GasReading, LoginAttempt, SwitchState
from infrastress.events.frames import Block, Finding
from infrastress.events.kinds import SEVERITIES, Severity, SourceKind
from infrastress.site import Site

__all__ = ["EventRuleDetector"]

_FORMAT = 1


class _Episode(msgspec.Struct):
    """An open episode: cleared at `until` without more (None while it lasts), raised again when `overdue`."""

    episode: str
    began: int
    severity: Severity
    source_kind: SourceKind
    assets: tuple[str, ...]
    zone: str
    evidence: tuple[str, ...]
    until: int | None
    overdue: int | None
    last: int


class _State(msgspec.Struct):
    """What `dump` writes."""

    format: int
    open: list[tuple[str, str, _Episode]]
    memory: dict[str, list[tuple[int, str, str]]]
    devices: dict[str, int]
    newest: int


class EventRuleDetector(Detector):
    """Judges observations one by one, in order of (occurred, id) within a block.

    A notice opens an episode of its rule and subject; more of the same while it is open raises it again (same
    episode) only when the severity rises. It is cleared by its own end (gas below the alarm, switch back) or after
    `quiet_s` without more. A late observation is judged at its own time and joins the window it belongs to.
    """

    name: ClassVar[str] = "site_events"
    version: ClassVar[str] = "1"
    Options: ClassVar[type[BaseModel]] = EventRuleOptions
    cards: ClassVar[Mapping[str, RuleCard]] = {card.rule: card for card in CARDS}
    state_free_of: ClassVar[frozenset[str]] = frozenset(Site.model_fields)  # its state goes by names

    def __init__(self, site: Site, options: Any = None, baseline: Mapping[str, Any] | None = None) -> None:
        super().__init__(site, options if options is not None else EventRuleOptions(), baseline)
        roster = Roster(site)
        self._access = AccessRules(site, roster, self.options)
        self._logins = LoginRules(site, roster, self.options)
        self._devices = DeviceRules(site, roster, self.options)
        self._reset()

    def _reset(self) -> None:
        self._open: dict[tuple[str, str], _Episode] = {}
        self._memory = Memory()
        # Newest time at which each device told a state.
        self._told: dict[str, int] = {}
        self._newest = 0

    def update(self, block: Block) -> list[Finding]:
        """Judge the block's observations; frames only tell how far time has come."""
        findings: list[Finding] = []
        for event in sorted(block.events, key=lambda e: (e.occurred, e.id)):
            self._pass(event.occurred - 1, findings)
            for notice in self._judge(event):
                if notice.rule not in self.options.off:
                    self._take(notice, event, findings)
            self._newest = max(self._newest, event.occurred)
        if len(block.frames):
            self._pass(int(block.frames.ends[-1]), findings)
            self._newest = max(self._newest, int(block.frames.ends[-1]))
        if self._memory.kept:
            longest = max(self.options.burst_s, self.options.denied_s)
            self._memory.forget(self._newest - round(4e9 * longest))
        findings.sort(key=lambda f: (f.occurred, f.body.rule, f.assets, f.body.episode))
        return findings

    def _judge(self, event: Event) -> list[Notice]:
        body, found = event.body, []
        if isinstance(body, AccessAttempt):
            found = self._access.judge(event, body, self._memory)
        elif isinstance(body, LoginAttempt):
            found = self._logins.judge(event, body, self._memory)
        elif isinstance(body, GasReading) and self._newest_of(body.detector, event):
            found = self._devices.gas(event, body)
        elif isinstance(body, SwitchState) and self._newest_of(body.device, event):
            bypassed = ("switch.disabled", body.device) in self._open
            found = self._devices.switch(event, body, bypassed=bypassed)
        return found

    def _newest_of(self, device: str, event: Event) -> bool:
        """Whether this is the newest state a device told; an older one that comes late says nothing about now."""
        if event.occurred < self._told.get(device, 0):
            return False
        self._told[device] = event.occurred
        return True

    def _take(self, notice: Notice, event: Event, findings: list[Finding]) -> None:
        key = (notice.rule, notice.subject)
        known = self._open.get(key)
        if notice.over:
            if known is not None:
                del self._open[key]
                findings.append(self._cleared(key, known, event.occurred, notice.sentence))
            return
        until = None if notice.lasting else event.occurred + round(self.options.quiet_s * 1e9)
        if known is None:
            overdue = event.occurred + round(self.options.bypass_s * 1e9) if notice.rule == "switch.disabled" else None
            name = content_hash(f"{notice.rule}\0{notice.subject}\0{event.id}".encode())[:16]
            known = self._open[key] = _Episode(
                episode=name,
                began=event.occurred,
                severity=notice.severity,
                source_kind=notice.source_kind,
                assets=notice.assets,
                zone=notice.zone,
                evidence=notice.evidence,
                until=until,
                overdue=overdue,
                last=event.occurred,
            )
        else:
            rises = SEVERITIES.index(notice.severity) > SEVERITIES.index(known.severity)
            known.last = max(known.last, event.occurred)
            known.evidence = tuple(dict.fromkeys(known.evidence + notice.evidence))[-64:]
            known.began = min(known.began, event.occurred)
            if until is not None and known.until is not None:
                known.until = max(known.until, until)
            if not rises:
                return
            known.severity = notice.severity
        findings.append(self._raised(notice, known, event.occurred))

    def _pass(self, now: int, findings: list[Finding]) -> None:
        """Clear what has been quiet long enough and raise again what has lasted too long, up to `now`."""
        due: list[tuple[int, tuple[str, str], bool]] = []
        for key, known in self._open.items():
            if known.until is not None and known.until <= now:
                due.append((known.until, key, True))
            elif known.overdue is not None and known.overdue <= now:
                due.append((known.overdue, key, False))
        for moment, key, over in sorted(due):
            known = self._open[key]
            if over:
                del self._open[key]
                findings.append(self._cleared(key, known, moment, "nothing more of it"))
                continue
            known.overdue = None
            if SEVERITIES.index(known.severity) >= SEVERITIES.index("medium"):
                continue
            known.severity = "medium"
            hours = self.options.bypass_s / 3600
            notice = Notice(
                rule=key[0],
                subject=key[1],
                severity="medium",
                sentence=f"{key[1]} has been out of service for more than {hours:g} h: forgotten after work?",
                source_kind=known.source_kind,
                suspicion="unknown",
                confidence=0.4,
                assets=known.assets,
                zone=known.zone,
                evidence=known.evidence,
                techniques=self.cards[key[0]].techniques,
            )
            findings.append(self._raised(notice, known, moment))

    def _raised(self, notice: Notice, known: _Episode, now: int) -> Finding:
        return Finding(
            occurred=now,
            assets=notice.assets,
            zone=notice.zone,
            body=Detection(
                detector=self.name,
                detector_version=self.version,
                rule=notice.rule,
                episode=known.episode,
                phase="raised",
                source_kind=notice.source_kind,
                severity=notice.severity,
                score=notice.score,
                sentence=notice.sentence,
                began=known.began,
                until=now,
                suspicion=notice.suspicion,
                confidence=notice.confidence,
                evidence=known.evidence,
                techniques=notice.techniques,
            ),
        )

    def _cleared(self, key: tuple[str, str], known: _Episode, now: int, why: str) -> Finding:
        return Finding(
            occurred=now,
            assets=known.assets,
            zone=known.zone,
            body=Detection(
                detector=self.name,
                detector_version=self.version,
                rule=key[0],
                episode=known.episode,
                phase="cleared",
                source_kind=known.source_kind,
                severity=known.severity,
                score=0.0,
                sentence=f"{key[1]}: {why}",
                began=known.began,
                until=now,
                evidence=known.evidence,
            ),
        )

    def dump(self) -> bytes:
        """Open episodes and recent events, as canonical JSON."""
        state = _State(
            format=_FORMAT,
            open=[(rule, subject, known) for (rule, subject), known in sorted(self._open.items())],
            memory=self._memory.kept,
            devices=self._told,
            newest=self._newest,
        )
        return canonical_json(state)

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one.

        Raises:
            DecodeError: the bytes are no state of this detector.
        """
        try:
            state = msgspec.json.decode(data, type=_State)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no state of {self.name}: {error}") from None
        if state.format != _FORMAT:
            raise DecodeError(f"no state of {self.name}: format {state.format}")
        self._reset()
        self._open = {(rule, subject): known for rule, subject, known in state.open}
        self._memory.kept = state.memory
        self._told, self._newest = state.devices, state.newest
