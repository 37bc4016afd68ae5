"""NetworkBaselineDetector: what was never said in normal days; it learns, a person approves, then it is enforced."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from infrastress.core.errors import BaselineError
from infrastress.core.ids import canonical_json
from infrastress.detectors.base import Detector, Heard, Lesson, RuleCard, baseline_id, decode_state
from infrastress.detectors.episodes import Episode, Episodes, Notice
from infrastress.detectors.network.detector import NetworkRuleDetector
from infrastress.detectors.network.keys import CONNECTION, Collector, Key, Learned, Usual, groups_of
from infrastress.detectors.network.learned_cards import CARDS
from infrastress.detectors.network.values import Values, Verdict
from infrastress.detectors.network.view import Ints, Part, answered, parts_of
from infrastress.detectors.network.who import Who
from infrastress.events.frames import Block, Finding
from infrastress.events.kinds import Severity
from infrastress.events.network_terms import ACTS_ON_PLANT, CHANGES_CONTROLLER, Action
from infrastress.site import Site

__all__ = ["NetworkBaselineDetector", "NetworkBaselineOptions"]

_FORMAT = 1
_ACTS = ACTS_ON_PLANT | CHANGES_CONTROLLER
_READS = frozenset({Action.READ, Action.REPORT, Action.SUBSCRIBE, Action.ACKNOWLEDGE, Action.SESSION, CONNECTION})
_SHOWN = 200
_ASKS = _READS | {Action.IDENTIFY, Action.BROWSE, Action.DIAGNOSE}
"""What changes nothing and carries nothing away."""
_FEWER = "fewer than"


class NetworkBaselineOptions(BaseModel):
    """Options of the baseline; times in seconds.

    Attributes:
        off: rules not to run, by id.
        rare: a key that came less often in the normal days is held for review: it isn't taken for usual. Of what a
            client reads from a server, all reads count together: one more table of it is no news.
        reviewed: held keys that somebody has looked at and found right, as `train` shows them: "client > server".
        writes: writes of one address, by whomever, after which its range counts as known.
        margin: a value may lie outside of those known by this share of their span; a step be larger by this share.
            Both may lie within the tolerance limits of those known besides.
        standing_s: an episode is over after this time without more.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    off: tuple[str, ...] = ()
    rare: int = Field(default=3, ge=1)
    reviewed: tuple[str, ...] = ()
    writes: int = Field(default=20, ge=2)
    margin: float = Field(default=0.1, ge=0)
    standing_s: float = Field(default=86_400.0, gt=0)


class _State(msgspec.Struct):
    format: int
    open: list[tuple[str, str, Episode]]
    last: dict[str, float]


class NetworkBaselineDetector(Detector):
    """Says what isn't in the baseline: nodes, conversations, functions, and what is written where.

    Without a baseline it says nothing. A key held for review counts as unknown, and the sentence says so. Where nothing
    is against it but that it was rare, it changes nothing, and the site model declares the client with a role that asks
    controllers, it is a notice: whoever looks at it decides. Commands that are held stay alarms.
    """

    name: ClassVar[str] = "network_baseline"
    version: ClassVar[str] = "2"
    hears: ClassVar[frozenset[Heard]] = frozenset({"network"})
    Options: ClassVar[type[BaseModel]] = NetworkBaselineOptions
    cards: ClassVar[Mapping[str, RuleCard]] = {card.rule: card for card in CARDS}
    state_free_of: ClassVar[frozenset[str]] = frozenset(Site.model_fields)

    def __init__(self, site: Site, options: Any = None, baseline: Mapping[str, Any] | None = None) -> None:
        super().__init__(site, options if options is not None else NetworkBaselineOptions(), baseline)
        self._id = "" if baseline is None else baseline_id(baseline, _FORMAT, self.name)
        self._who = Who(site)
        self._read(baseline)
        self._reset()

    def _read(self, baseline: Mapping[str, Any] | None) -> None:
        try:
            learned = Learned(_FORMAT, [], []) if baseline is None else msgspec.convert(dict(baseline), Learned)
        except msgspec.MsgspecError as error:
            raise BaselineError(f"no baseline of a network: {error}", where=self.name) from None
        reviewed = frozenset(self.options.reviewed)
        kept = [one for one in learned.keys if not one.held or f"{one.client} > {one.server}" in reviewed]
        self._known = {one.key for one in kept}
        self._held = {one.key: one for one in learned.keys if one.key not in self._known}
        self._nodes = {end for one in kept for end in (one.client, one.server)}
        self._talks = {(one.client, one.server, one.protocol) for one in kept}
        self._masters = {(one.server, one.protocol) for one in kept if one.action != CONNECTION}
        self._writers = {(one.client, one.server) for one in kept if one.action in _ACTS}
        self._values = Values(self._who, writes=self.options.writes, margin=self.options.margin)
        for written in learned.writes:
            if not 0 <= written.key < len(learned.keys):
                raise BaselineError(f"no baseline of a network: a write of key {written.key}", where=self.name)
            self._values.know(learned.keys[written.key].key, written)

    def _reset(self) -> None:
        standing_s = self.options.standing_s
        self._episodes = Episodes(
            self.name, self.version, "network", quiet_s=standing_s, standing_s=standing_s, baseline=self._id
        )
        self._values.last = {}

    def update(self, block: Block) -> list[Finding]:
        """Judge the block's network records against the baseline."""
        if not self._id or not len(block.frames):
            return []
        findings: list[Finding] = []
        for part in parts_of(block.network, block.frames.width):
            findings += self._episodes.quiet(part.begin)
            notices = [notice for key, rows in groups_of(part) for notice in self._judge(part, key, rows)]
            for notice in sorted(notices, key=lambda one: (one.at, one.rule, one.subject)):
                if notice.rule not in self.options.off:
                    findings += self._episodes.take(notice)
        findings += self._episodes.quiet(int(block.frames.ends[-1]))
        findings.sort(key=lambda found: (found.occurred, found.body.rule, found.assets, found.body.episode))
        return findings

    def _judge(self, part: Part, key: Key, rows: Ints) -> Iterator[Notice]:
        if not (self._who.is_node(key.client) and self._who.is_node(key.server)):
            return
        row = int(rows[0])
        if key in self._known:
            if key.action in ACTS_ON_PLANT:
                for at, verdict in self._values.judge(part, key, rows):
                    yield self._notice(part, key, at, verdict)
            return
        held = self._held.get(key)
        for verdict in self._unknown(part, key, row, to_all=key.server not in self._nodes and _to_all(part, rows)):
            yield self._notice(part, key, row, verdict if held is None else self._waiting(key, held, verdict), held)

    def _waiting(self, key: Key, held: Usual, verdict: Verdict) -> Verdict:
        """What came while learning, but too seldom to be taken for usual, and waits for somebody to look at it."""
        seen = f"; it came {held.count} times while learning and is held for review: {held.held}"
        rare = held.held.startswith(_FEWER) and key.action in _ASKS
        if not (rare and self._who.asks(key.client)):
            return verdict._replace(what=verdict.what + seen)
        said = f"{key.protocol} {held.name or key.action}"
        what = f"{self._who.name(key.client)} spoke to {self._who.name(key.server)}: {said}{seen}"
        return verdict._replace(severity="low", what=what)

    def _unknown(self, part: Part, key: Key, row: int, *, to_all: bool) -> Iterator[Verdict]:
        """What is new about a key: the most telling of it, and a node that is new besides.

        A broadcast is a word to no node: of one that commands nothing, only its sender may be new.
        """
        who, pair, talk = self._who, f"{key.client} > {key.server}", (key.client, key.server, key.protocol)
        said = f"{key.protocol} {part.text('function_name', row) or key.action}"
        spoke = bool(answered(part)[row])
        for node, other in ((key.client, key.server), (key.server, key.client))[: 2 if spoke else 1]:
            if node not in self._nodes:
                severity: Severity = "medium" if who.stranger(node) or not who.knows_any else "low"
                what = f"{who.name(node)} was never heard while learning; it spoke {said} with {who.last(other)}"
                yield Verdict("net.new_node", node, severity, what, ("T0864", "T0848"))
        if to_all and key.action not in _ACTS:
            return
        if key.action in _ACTS and (key.client, key.server) not in self._writers:
            what = f"{who.name(key.client)} never wrote to {who.name(key.server)} while learning: {said}"
            yield Verdict("net.unapproved_write", pair, "high", what, ("T0855",))
        elif talk not in self._talks:
            what = f"{who.name(key.client)} never spoke {key.protocol} to {who.name(key.server)} while learning: {said}"
            if key.action != CONNECTION and (key.server, key.protocol) in self._masters:
                yield Verdict("net.rogue_master", pair, "high", what, ("T0848",))
            else:
                subject = f"{pair} {key.protocol}"
                yield Verdict("net.new_conversation", subject, "medium", what, ("T0886", "T0869"))
        elif key.action != CONNECTION:
            unit = f" unit {key.unit}" if key.unit >= 0 else ""
            what = f"{who.name(key.client)} never asked {who.name(key.server)}{unit} for this while learning: {said}"
            severity = "high" if key.action in _ACTS else "medium"
            yield Verdict("net.new_function", f"{pair}{unit} {said}", severity, what, ("T0855",))

    def _notice(self, part: Part, key: Key, row: int, verdict: Verdict, held: Usual | None = None) -> Notice:
        packet = part.packet(row)
        capture, _, number = packet.rpartition("#")
        return Notice(
            rule=verdict.rule,
            subject=verdict.subject,
            at=int(part.known[row]),
            began=part.number("time", row),
            severity=verdict.severity,
            sentence=verdict.what + (f" (packet {number} of {capture})" if packet else ""),
            assets=self._who.assets(key.server, key.client),
            zone=self._who.place(key.server),
            packets=(packet,) if packet else (),
            techniques=verdict.techniques,
            confidence=0.6 if held is None else 0.3,
            standing=True,
        )

    def dump(self) -> bytes:
        """Open episodes and the last values written, as canonical JSON."""
        return canonical_json(_State(_FORMAT, self._episodes.dump(), self._values.last))

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one.

        Raises:
            DecodeError: the bytes are no state of this detector.
        """
        state = decode_state(data, _State, self.name, _FORMAT)
        self._reset()
        self._values.last = state.last
        self._episodes.load(state.open)

    @classmethod
    def learn(cls, site: Site, options: Any, blocks: Iterable[Block]) -> Lesson | None:
        """Learn what is usual. What is rare, or what the rules without learning call an attack, is held for review."""
        collector, rules, who = Collector(), NetworkRuleDetector(site), Who(site)
        accused: dict[tuple[str, str], str] = {}
        for block in blocks:
            for part in parts_of(block.network, block.frames.width):
                collector.take(part)
                for notice in rules.notices(part):
                    if notice.severity == "high" and notice.suspicion == "intrusion":
                        client, *rest = notice.subject.split(" ")
                        server = rest[1] if rest[:1] == [">"] else ""
                        accused.setdefault((client, server), notice.rule)
        learned = collector.learned(_FORMAT)
        if not learned.keys:
            return None
        reads = Counter[tuple[str, str, str]]()
        for one in learned.keys:
            reads[one.client, one.server, one.protocol] += one.count if one.action in _READS - {CONNECTION} else 0
        for one in learned.keys:
            rule = accused.get((one.client, one.server)) or accused.get((one.client, ""))
            if one.action in _READS and not who.stranger(one.client):
                rule = None  # what a known client reads isn't bad because it was told of for a command
            count = max(one.count, reads[one.client, one.server, one.protocol] if one.action in _READS else 0)
            one.held = rule or (f"{_FEWER} {options.rare} times" if count < options.rare else "")
        held = [one for one in learned.keys if one.held]
        usual = [one for one in learned.keys if not one.held]
        return Lesson(msgspec.to_builtins(learned), _listed(map(str, usual)), _listed(map(_reviewed, held)))


def _to_all(part: Part, rows: Ints) -> bool:
    """Whether datagrams went to the hardware address of a group, and nobody answered.

    Of a network that the site model doesn't know, the broadcast address looks like a node's own.
    """
    macs = (part.text("server_mac", int(row)) for row in rows)
    udp = part.is_any("transport", ("udp",))[rows].all() and not answered(part)[rows].any()
    return bool(udp) and all(mac[1:2] in tuple("13579bdf") for mac in macs)


def _reviewed(one: Usual) -> str:
    return f"held for review ({one.held}): {one}"


def _listed(words: Iterable[str]) -> tuple[str, ...]:
    every = list(words)
    more = len(every) - _SHOWN
    return tuple(every[:_SHOWN]) + ((f"and {more} more",) if more > 0 else ())
