"""The base of detectors of observations: judges events in order of time, keeps episodes and deadlines."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from infrastress.core.errors import DecodeError
from infrastress.core.ids import canonical_json
from infrastress.core.time import MINUTE
from infrastress.detectors.base import Detector, Heard, decode_state
from infrastress.detectors.observations.agenda import Agenda, Key
from infrastress.detectors.observations.episodes import Episode, Episodes
from infrastress.detectors.observations.notices import Notice
from infrastress.events import Event
from infrastress.events.frames import Block, Finding
from infrastress.site import Site

__all__ = ["Desk", "RuleDetector", "RuleOptions", "Rules"]

_FORMAT = 2
_EPISODES = ("end", "overdue")


class RuleOptions(BaseModel):
    """Options that all of them have; times in seconds.

    Attributes:
        off: rules not to run, by id.
        quiet_s: an episode without an end of its own is cleared after this time without more.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    off: tuple[str, ...] = ()
    quiet_s: float = Field(default=1800.0, gt=0)


class Desk:
    """What the rules of a detector share: deadlines, and which episodes are open."""

    def __init__(self, detector: str, version: str, quiet_s: float) -> None:
        self.agenda = Agenda()
        self.episodes = Episodes(detector, version, quiet_s, self.agenda)


class Rules(ABC):
    """Rules on some kinds of observation, with a state of their own."""

    name: ClassVar[str]
    kinds: ClassVar[tuple[type, ...]]
    """Bodies that it judges."""

    @abstractmethod
    def judge(self, event: Event, body: Any) -> Iterable[Notice]:
        """Notices of one observation, said at its own time."""

    def due(self, moment: int, key: Key) -> Iterable[Notice]:
        """Notices of a deadline that these rules set, under a key that begins with their name."""
        del moment, key
        return ()

    def forget(self, now: int) -> None:
        """Drop what says nothing more at `now`; called now and then, so the result must not depend on when."""
        del now

    def dump(self) -> Any:
        """State, as something that msgspec writes canonically."""
        return None

    def load(self, data: bytes) -> None:
        """Inverse of `dump`, from JSON; raises msgspec.MsgspecError."""
        del data


class _State(msgspec.Struct):
    """What `dump` writes."""

    format: int
    open: list[tuple[str, str, Episode]]
    agenda: list[tuple[int, Key]]
    parts: dict[str, msgspec.Raw]
    newest: int
    ahead: int


class RuleDetector(Detector):
    """Judges observations one by one, in order of (occurred, id) within a block.

    A notice opens an episode of its rule and subject; more of the same while it is open raises it again (same
    episode) only when the severity rises. A late observation is judged at its own time. Frames only tell how far time
    has come; an observation from beyond them is from the future: it is set aside and counted.
    """

    hears: ClassVar[frozenset[Heard]] = frozenset({"events"})
    prompt: ClassVar[bool] = True
    state_free_of: ClassVar[frozenset[str]] = frozenset(Site.model_fields)  # its state goes by names

    def __init__(self, site: Site, options: Any = None, baseline: Any = None) -> None:
        super().__init__(site, options if options is not None else self.Options(), baseline)
        self._off = frozenset(self.options.off)
        self._reset()

    @abstractmethod
    def rules(self, desk: Desk) -> tuple[Rules, ...]:
        """Its rules, in the order in which they judge."""

    def _reset(self) -> None:
        self._desk = Desk(self.name, self.version, self.options.quiet_s)
        self._rules = {rules.name: rules for rules in self.rules(self._desk)}
        self._by_kind: dict[type, list[Rules]] = {}
        for rules in self._rules.values():
            for kind in rules.kinds:
                self._by_kind.setdefault(kind, []).append(rules)
        self._newest = 0
        self.ahead = 0
        """Observations set aside because they lie beyond the frames they came with."""

    def update(self, block: Block) -> list[Finding]:
        """Judge the block's observations."""
        findings: list[Finding] = []
        reached = block.reached
        # What comes before its frame closes was looked at by the event clock.
        limit = reached + max(MINUTE, block.frames.width) if len(block.frames) else None
        for event in sorted(block.events, key=lambda e: (e.occurred, e.id)):
            concerned = self._by_kind.get(type(event.body))
            if concerned is None:
                continue
            if limit is not None and event.occurred > limit:
                self.ahead += 1
                continue
            self._pass(event.occurred - 1, findings)
            for rules in concerned:
                self._take(rules.judge(event, event.body), event.occurred, event.id, findings)
            self._newest = max(self._newest, event.occurred)
        if reached:
            self._pass(reached, findings)
            self._newest = max(self._newest, reached)
        for rules in self._rules.values():
            rules.forget(self._newest)
        findings.sort(key=lambda f: (f.occurred, f.body.rule, f.assets, f.body.episode))
        return findings

    def _pass(self, now: int, findings: list[Finding]) -> None:
        for moment, key in self._desk.agenda.upto(now):
            if key[0] in _EPISODES:
                findings += self._desk.episodes.due(moment, key)
            elif key[0] in self._rules:
                self._take(self._rules[key[0]].due(moment, key), moment, "\0".join((*key, str(moment))), findings)

    def _take(self, notices: Iterable[Notice], at: int, seed: str, findings: list[Finding]) -> None:
        for notice in notices:
            if notice.rule not in self._off:
                findings += self._desk.episodes.take(notice, at, seed)

    def dump(self) -> bytes:
        """Open episodes, deadlines and what the rules keep, as canonical JSON."""
        state = _State(
            format=_FORMAT,
            open=self._desk.episodes.dump(),
            agenda=self._desk.agenda.dump(),
            parts={name: msgspec.Raw(canonical_json(rules.dump())) for name, rules in self._rules.items()},
            newest=self._newest,
            ahead=self.ahead,
        )
        return canonical_json(state)

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one.

        Raises:
            DecodeError: the bytes are no state of this detector.
        """
        state = decode_state(data, _State, self.name, _FORMAT)
        self._reset()
        try:
            for name, part in state.parts.items():
                if name in self._rules:
                    self._rules[name].load(bytes(part))
        except msgspec.MsgspecError as error:
            raise DecodeError(f"no state of {self.name}: {error}") from None
        self._desk.episodes.load(state.open)
        self._desk.agenda.load(state.agenda)
        self._newest, self.ahead = state.newest, state.ahead
