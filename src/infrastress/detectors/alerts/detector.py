"""AlertDetector: thousands of raw alerts of other tools become few detections, which fusion joins with all the rest."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final, Self

import msgspec
import numpy as np
from pydantic import BaseModel, Field, model_validator

from infrastress.core.ids import canonical_json
from infrastress.core.time import HOUR, MINUTE, SECOND
from infrastress.detectors.alerts.cards import CARDS
from infrastress.detectors.alerts.grouping import AlertGrouping, GroupingOptions, Placed, Told
from infrastress.detectors.alerts.hosts import Hosts
from infrastress.detectors.alerts.novelty import QuietTime, Tally
from infrastress.detectors.alerts.records import normalised
from infrastress.detectors.alerts.rules import AlertRule, Condition, Match
from infrastress.detectors.base import Detector, Heard, Lesson, RuleCard, baseline_id, decode_state
from infrastress.detectors.episodes import Episode, Episodes, Notice
from infrastress.events import ToolAlert
from infrastress.events.frames import Block, Finding
from infrastress.events.kinds import Severity
from infrastress.site import Site

__all__ = ["AlertDetector", "AlertOptions"]

UNUSUAL, RULE, SEVERE = "alerts.unusual", "alerts.rule", "alerts.severe"
MOST_OPEN: Final = 64
"""Hosts of one rule with an episode at a time; what goes beyond is one episode, so that forged names cost nothing."""
OTHERS: Final = "others"
_FORMAT = 1
_SHOWN = 200
_GRAVE = frozenset({"high", "critical"})


class AlertOptions(GroupingOptions):
    """Options of the detector, with those of the grouping; times in seconds.

    Attributes:
        off: rules not to run, by id.
        usual_share: a host's signature that came in fewer of the hours of the quiet time isn't usual.
        quiet_s: an episode is over after this time without more.
    """

    off: tuple[str, ...] = ()
    usual_share: float = Field(default=1 / 3, ge=0, le=1)
    quiet_s: float = Field(default=1800.0, gt=0)

    @model_validator(mode="after")
    def _each_rule_once(self) -> Self:
        names = Counter(rule.id for rule in self.rules)
        twice = [name for name, count in names.items() if count > 1 or name == SEVERE]
        if twice:
            raise ValueError(f"rules: {twice[0]}: there are two of it")
        return self


class _State(msgspec.Struct):
    """What `dump` writes."""

    format: int
    grouping: msgspec.Raw
    open: list[tuple[str, str, Episode]]
    ahead: int


class AlertDetector(Detector):
    """Groups raw alerts (`AlertGrouping`) and says of each host once what is worth a look.

    An episode is one rule and host: raised once, again when it gets graver, cleared after a while without more. It is
    said `hold_s` behind the alert that made it, when no earlier one is waited for any more, so neither order of arrival
    nor split into blocks changes anything. Without a baseline nothing is unusual: rules and severe alerts tell alone.
    """

    name: ClassVar[str] = "alerts"
    version: ClassVar[str] = "1"
    hears: ClassVar[frozenset[Heard]] = frozenset({"events"})
    prompt: ClassVar[bool] = True
    Options: ClassVar[type[BaseModel]] = AlertOptions
    cards: ClassVar[Mapping[str, RuleCard]] = {card.rule: card for card in CARDS}
    state_free_of: ClassVar[frozenset[str]] = frozenset(Site.model_fields)  # its state goes by names

    def __init__(self, site: Site, options: Any = None, baseline: Mapping[str, Any] | None = None) -> None:
        super().__init__(site, options if options is not None else AlertOptions(), baseline)
        self._id = "" if baseline is None else baseline_id(baseline, _FORMAT, self.name)
        self._learned = None if baseline is None else QuietTime.decode(baseline)
        self._hosts = Hosts(site)
        severe = Condition(match=Match(severity_at_least="high", unusual=True if self._learned else None))
        own = AlertRule(id=SEVERE, title="An alert that its tool calls severe", when=severe)
        self._rules = {rule.id: rule for rule in (own, *self.options.rules)}
        fields = {name: getattr(self.options, name) for name in GroupingOptions.model_fields}
        self._grouping_options = GroupingOptions(**{**fields, "rules": tuple(self._rules.values())})
        self._hold = int(self.options.hold_s * SECOND)
        self._reset()

    def _reset(self) -> None:
        self._grouping = AlertGrouping(self._grouping_options, self._learned, self._hosts.names)
        quiet = self.options.quiet_s
        self._episodes = Episodes(
            self.name, self.version, "network", quiet_s=quiet, standing_s=quiet, baseline=self._id
        )
        self._ahead = 0

    @property
    def counts(self) -> dict[str, int]:
        """What became of the alerts: those of the grouping, and `ahead`: set aside, from beyond the time come to."""
        return {**self._grouping.counts, "ahead": self._ahead}

    def update(self, block: Block) -> list[Finding]:
        """Judge the block's alerts; frames only tell how far time has come."""
        findings: list[Finding] = []
        reached = block.reached
        limit = reached + max(MINUTE, block.frames.width) if len(block.frames) else None
        for event in sorted(block.events, key=lambda one: (one.occurred, one.id)):
            if not isinstance(event.body, ToolAlert):
                continue
            if limit is not None and event.occurred > limit:
                self._ahead += 1
                continue
            self._say(self._grouping.update((self._hosts.record(event, event.body),)), findings)
        if reached:
            self._say(self._grouping.update((), reached), findings)
            findings += self._episodes.quiet(reached - 1)  # what is held may still add to one that ends just now
        findings.sort(key=lambda one: (one.occurred, one.body.rule, one.assets, one.body.episode))
        return findings

    def _say(self, results: Iterable[Placed | Told], findings: list[Finding]) -> None:
        for one in results:
            notice = self._told(one) if isinstance(one, Told) else self._goes_on(one)
            if notice is not None and notice.rule not in self.options.off:
                findings += self._episodes.quiet(notice.at - 1)
                findings += self._episodes.take(self._bounded(notice))

    def _told(self, told: Told) -> Notice:
        """A session became part of an incident."""
        rule = self._rules.get(told.why)
        if rule is None:
            return self._unusual(told)
        severe = rule.id == SEVERE
        host = told.host
        return Notice(
            rule=SEVERE if severe else RULE,
            subject=host if severe else told.sentence,
            at=told.at + self._hold,
            began=min(told.began or told.at, told.at),
            severity=("medium" if told.severity == "critical" else "low") if severe else rule.severity,
            sentence=f"{host}: {told.signature}, which its tool calls {told.severity}" if severe else told.sentence,
            assets=self._hosts.assets(host),
            zone=self._hosts.zone(host),
            evidence=told.evidence,
            techniques=rule.techniques or told.techniques,
            confidence=0.4 if severe else 0.6,
        )

    def _unusual(self, told: Told) -> Notice:
        severity: Severity = "low"
        if told.why == "surprise":
            severity = "high" if told.severity in _GRAVE else "medium"
        beside = {"near": "; beside what is unusual elsewhere", "host": "; it goes on there"}.get(told.why, "")
        return Notice(
            rule=UNUSUAL,
            subject=told.host,
            at=told.at + self._hold,
            began=min(told.began, told.at),
            severity=severity,
            sentence=told.sentence + beside,
            assets=self._hosts.assets(told.host),
            zone=self._hosts.zone(told.host),
            evidence=told.evidence,
            techniques=told.techniques,
            confidence=0.3 if beside else 0.5,
        )

    def _goes_on(self, placed: Placed) -> Notice | None:
        """An alert of a session that was told: its episode stays open, and gets graver where the tool says so."""
        alert = placed.alert
        known = self._episodes.open.get((UNUSUAL, alert.host))
        if not placed.incident or not placed.surprise or known is None:
            return None
        graver = alert.severity in _GRAVE and known.severity == "medium"
        return Notice(
            rule=UNUSUAL,
            subject=alert.host,
            at=alert.time + self._hold,
            began=alert.time,
            severity="high" if graver else known.severity,
            sentence=f"{alert.host}: now {alert.signature}, which its tool calls {alert.severity}",
            assets=known.assets,
            zone=known.zone,
            evidence=(alert.id,) if alert.id else (),
            techniques=alert.techniques,
        )

    def _bounded(self, notice: Notice) -> Notice:
        """The notice, about `OTHERS` where too many hosts have an episode of the rule."""
        open_ = self._episodes.open
        if (notice.rule, notice.subject) in open_ or sum(rule == notice.rule for rule, _ in open_) < MOST_OPEN:
            return notice
        said = f"more than {MOST_OPEN} hosts at a time; the newest: {notice.sentence}"
        return replace(notice, subject=OTHERS, sentence=said, assets=(), zone="")

    def dump(self) -> bytes:
        """Grouping and open episodes, as canonical JSON."""
        return canonical_json(_State(_FORMAT, msgspec.Raw(self._grouping.dump()), self._episodes.dump(), self._ahead))

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one.

        Raises:
            DecodeError: the bytes are no state of this detector.
        """
        state = decode_state(data, _State, self.name, _FORMAT)
        self._reset()
        self._grouping.load(bytes(state.grouping))
        self._episodes.load(state.open)
        self._ahead = state.ahead

    @classmethod
    def learn(cls, site: Site, options: Any, blocks: Iterable[Block]) -> Lesson | None:
        """Learn what each host usually raises; what came in too few of the hours is held for review."""
        hosts, tally, begin, until = Hosts(site), None, 0, 0
        hours: set[int] = set()
        for block in blocks:
            if not len(block.frames):
                continue
            ends = block.frames.ends
            if tally is None:
                begin = int(ends[0]) - block.frames.width
                tally = Tally(begin)
            hours.update(np.unique((ends - 1 - begin) // HOUR).tolist())
            until = int(ends[-1])
            for event in block.events:
                if isinstance(event.body, ToolAlert):
                    tally.add(normalised(hosts.record(event, event.body), hosts.names))
        if tally is None or not len(tally):
            return None
        learned = tally.learned(until, len(hours), options.usual_share)
        held = [
            f"held for review (in {one.hours} of {learned.hours} hours): {one}" for one in learned.pairs if one.held
        ]
        usual = [str(one) for one in learned.pairs if not one.held]
        return Lesson(msgspec.to_builtins(learned), _listed([*held, *usual]), tuple(_warnings(learned)))


def _warnings(learned: QuietTime) -> Iterator[str]:
    if learned.hours < 24:
        yield f"{learned.hours} hours were learned from: what comes once a day is unknown; take a day or a week"
    if learned.left_out:
        yield f"{learned.left_out} alerts are of signatures beyond the bound: let the tool name them more steadily"


def _listed(words: list[str]) -> tuple[str, ...]:
    more = len(words) - _SHOWN
    return tuple(words[:_SHOWN]) + ((f"and {more} more",) if more > 0 else ())
