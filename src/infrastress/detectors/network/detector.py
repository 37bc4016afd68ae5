"""NetworkRuleDetector: rules on what is said on the network that need no learning."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from pydantic import BaseModel

from infrastress.core.errors import DecodeError
from infrastress.core.ids import canonical_json
from infrastress.detectors.base import Detector, Heard, RuleCard, decode_state
from infrastress.detectors.episodes import Episode, Episodes, Notice
from infrastress.detectors.network.base import NetworkRule, NetworkRuleOptions
from infrastress.detectors.network.cards import CARDS
from infrastress.detectors.network.commands import CommandRules
from infrastress.detectors.network.moved import MoveRule
from infrastress.detectors.network.places import PlaceRules, RoleRule
from infrastress.detectors.network.points import Points
from infrastress.detectors.network.scans import ScanRules
from infrastress.detectors.network.session_cards import SESSION_CARDS
from infrastress.detectors.network.sessions import SessionRules
from infrastress.detectors.network.timing import PollRule, SurgeRule
from infrastress.detectors.network.view import Part, parts_of
from infrastress.detectors.network.who import Who
from infrastress.detectors.network.writes import WriteRules
from infrastress.events.frames import Block, Finding
from infrastress.site import Site

__all__ = ["NetworkRuleDetector"]

_FORMAT = 3


class _State(msgspec.Struct):
    """What `dump` writes."""

    format: int
    open: list[tuple[str, str, Episode]]
    rules: list[Any]


class NetworkRuleDetector(Detector):
    """Judges network records frame by frame, each source's rows in the order in which they became known.

    One episode a rule and subject (a node, a pair, a pair with a unit), however many packets: it is raised once, raised
    again only when it gets worse, and cleared after a while without more. A finding has the time at which its rows were
    known; `began` is when they were on the network.
    """

    name: ClassVar[str] = "site_network"
    version: ClassVar[str] = "3"
    hears: ClassVar[frozenset[Heard]] = frozenset({"network"})
    Options: ClassVar[type[BaseModel]] = NetworkRuleOptions
    cards: ClassVar[Mapping[str, RuleCard]] = {card.rule: card for card in (*CARDS, *SESSION_CARDS)}
    state_free_of: ClassVar[frozenset[str]] = frozenset(Site.model_fields) - {"runtime"}  # its state goes by addresses

    def __init__(self, site: Site, options: Any = None, baseline: Mapping[str, Any] | None = None) -> None:
        super().__init__(site, options if options is not None else NetworkRuleOptions(), baseline)
        self._reset()

    def _reset(self) -> None:
        who, points, options = Who(self.site), Points(self.site), self.options
        self._episodes = Episodes(
            self.name, self.version, "network", quiet_s=options.quiet_s, standing_s=options.standing_s
        )
        self._rules: tuple[NetworkRule, ...] = (
            CommandRules(who, options, points),
            ScanRules(who, options),
            PlaceRules(who, options),
            RoleRule(who, options),
            WriteRules(who, options, points),
            MoveRule(who, options),
            SessionRules(who, options),
            PollRule(who, options),
            SurgeRule(who, options),
        )

    def update(self, block: Block) -> list[Finding]:
        """Judge the block's network records."""
        if not len(block.frames):
            return []
        findings: list[Finding] = []
        for part in parts_of(block.network, block.frames.width):
            findings += self._episodes.quiet(part.begin)
            for notice in self.notices(part):
                findings += self._episodes.take(notice)
        findings += self._episodes.quiet(int(block.frames.ends[-1]))
        findings.sort(key=lambda found: (found.occurred, found.body.rule, found.assets, found.body.episode))
        return findings

    def notices(self, part: Part) -> list[Notice]:
        """What the rules say of the next part, in order of time: each of its own, whatever is known already."""
        every = [notice for rule in self._rules for notice in rule.judge(part)]
        every.sort(key=lambda one: (one.at, one.rule, one.subject))
        return [notice for notice in every if notice.rule not in self.options.off]

    def dump(self) -> bytes:
        """Open episodes and what the rules remember, as canonical JSON."""
        return canonical_json(_State(_FORMAT, self._episodes.dump(), [rule.dump() for rule in self._rules]))

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one.

        Raises:
            DecodeError: the bytes are no state of this detector.
        """
        state = decode_state(data, _State, self.name, _FORMAT)
        if len(state.rules) != len(self._rules):
            raise DecodeError(f"no state of {self.name}: {len(state.rules)} rules, it has {len(self._rules)}")
        self._reset()
        for rule, remembered in zip(self._rules, state.rules, strict=True):
            rule.load(remembered)
        self._episodes.load(state.open)
