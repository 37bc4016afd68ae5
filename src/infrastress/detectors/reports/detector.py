"""ReportDetector: staff and neighbours as sensors; clusters with their credibility, campaigns beside them."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

import msgspec
from pydantic import BaseModel

from infrastress.core.ids import canonical_json, content_hash
from infrastress.core.time import SECOND
from infrastress.detectors.base import Detector, Heard, RuleCard, decode_state
from infrastress.detectors.reports.cards import CARDS
from infrastress.detectors.reports.clusters import Clusters, Known
from infrastress.detectors.reports.hands import Entry
from infrastress.detectors.reports.matters import CAMPAIGN, MATTERS, SAFETY
from infrastress.detectors.reports.options import ReportOptions
from infrastress.detectors.reports.sensors import Alarmed, alarm_of, alarms_of_frame, limits_of
from infrastress.detectors.reports.signs import doubts
from infrastress.detectors.reports.telling import Extent, campaign_sentence, cluster_sentence
from infrastress.detectors.reports.weighing import WORDS, Weight, bounds_of, weigh
from infrastress.detectors.reports.wind import Mast, Surroundings
from infrastress.events import Detection, Event, Report, ReportVerdict
from infrastress.events.frames import Block, Finding
from infrastress.events.kinds import SEVERITIES, Severity
from infrastress.site import Site

__all__ = ["ReportDetector"]

_FORMAT = 2
_EVIDENCE = 64
_EACH = 16
"""So many people are told one by one, so that each is evidence of the incident; further ones once in a while."""


class _Episode(msgspec.Struct):
    """What was told of a cluster or a campaign: over at `until` unless more comes.

    `rank` is the highest word so far, `voices` how many people had said it when it was told last, at `told`; `stale`
    where there are more by now. Of a campaign `reports` and `accounts` are all that were ever counted.
    """

    rule: str
    episode: str
    began: int
    until: int
    severity: Severity
    rank: int
    voices: int
    assets: tuple[str, ...]
    zone: str
    evidence: tuple[str, ...]
    told: int
    stale: bool = False
    reports: int = 0
    accounts: int = 0


class _Told(NamedTuple):
    """What is to be said of a subject, a cluster or a campaign; with `size` of it."""

    subject: str
    rule: str
    severity: Severity
    rank: int
    sentence: str
    weight: Weight
    evidence: tuple[str, ...]
    size: int


class _State(msgspec.Struct):
    """What `dump` writes."""

    format: int
    entries: list[Entry]
    alarms: list[Alarmed]
    known: list[tuple[str, Known]]
    confirmed: list[str]
    wind: list[tuple[int, float, float, float]]
    open: list[tuple[str, _Episode]]
    newest: int


class ReportDetector(Detector):
    """Judges reports one by one in order of (occurred, id), with the wind and the alarms of sensors beside them.

    Reports of one matter near each other are a cluster: one episode, raised again when it becomes more credible or more
    severe, or when more people tell it, cleared when nothing more comes. Near duplicates from new accounts are one hand
    and count as one voice; from `campaign_least` accounts on they are told as a possible campaign beside the clusters,
    and lift none of them. Clusters that bear other signs of one author are told with it, and keep their word. Of one
    matter there is one possible campaign at a time; how large it is by now is told every `refresh_s`, and at its end.
    """

    name: ClassVar[str] = "reports"
    version: ClassVar[str] = "2"
    hears: ClassVar[frozenset[Heard]] = frozenset({"events", "telemetry"})
    prompt: ClassVar[bool] = True
    Options: ClassVar[type[BaseModel]] = ReportOptions
    cards: ClassVar[Mapping[str, RuleCard]] = {card.rule: card for card in CARDS}
    state_free_of: ClassVar[frozenset[str]] = frozenset(Site.model_fields)  # its state goes by names and places

    def __init__(self, site: Site, options: Any = None, baseline: Mapping[str, Any] | None = None) -> None:
        super().__init__(site, options if options is not None else ReportOptions(), baseline)
        self._around = Surroundings(site)
        self._limits = limits_of(site)
        self._window = round(self.options.window_s * SECOND)
        self._quiet = round(self.options.quiet_s * SECOND)
        self._refresh = round(self.options.refresh_s * SECOND)
        self._reset()

    def _reset(self) -> None:
        self._clusters = Clusters(self._around, self.options)
        self._mast = Mast(self.site)
        self._open: dict[str, _Episode] = {}
        self._newest = 0

    def update(self, block: Block) -> list[Finding]:
        """Judge the block's reports, each with what was known up to the frame it lies in."""
        findings: list[Finding] = []
        events = sorted(block.events, key=lambda event: (event.occurred, event.id))
        taken = 0
        for number in range(len(block.frames)):
            end = int(block.frames.ends[number])
            while taken < len(events) and events[taken].occurred <= end:
                findings += self._take(events[taken])
                taken += 1
            self._mast.take(block.frames, number)
            for asset in alarms_of_frame(block.frames, number, self._limits):
                findings += self._alarm(end, "", asset, ("release",))
            findings += self._pass(end)
        for event in events[taken:]:
            findings += self._take(event)
        if block.clock:
            findings += self._pass(block.clock)
        findings.sort(key=lambda finding: (finding.occurred, finding.body.rule, finding.assets, finding.body.episode))
        return findings

    def _take(self, event: Event) -> Iterator[Finding]:
        yield from self._pass(event.occurred - 1)
        body = event.body
        if isinstance(body, Report):
            if body.category in MATTERS:
                yield from self._report(event, body)
        elif isinstance(body, ReportVerdict):
            for cluster in sorted(self._clusters.judge(body, event.occurred)):
                yield from self._tell(cluster, event.occurred)
        elif (alarmed := alarm_of(event, self.site)) is not None:
            yield from self._alarm(event.occurred, event.id, *alarmed)

    def _report(self, event: Event, body: Report) -> Iterator[Finding]:
        entry = self._clusters.add(event, body, MATTERS[body.category].name)
        if entry is None:
            return
        if entry.cluster:
            yield from self._tell(entry.cluster, event.occurred)
            if self._doubts(self._clusters.of(entry.cluster)):
                yield from self._campaign(entry.matter, event.occurred)
        else:
            yield from self._campaign(entry.matter, event.occurred)
            yield from self._withdrawn(entry.hand, event.occurred)

    def _alarm(self, now: int, event: str, asset: str, matters: tuple[str, ...]) -> Iterator[Finding]:
        alarm = Alarmed(now, event, asset, matters, self._around.position(None, None, (asset,)))
        self._clusters.alarm(alarm)
        clusters = {entry.cluster for entry in self._clusters.entries if entry.cluster and entry.matter in matters}
        for cluster in sorted(clusters):
            if (known := self._open.get(cluster)) is not None and known.rank < len(WORDS) - 1:
                yield from self._tell(cluster, now)

    def _tell(self, cluster: str, now: int, *, again: bool = False) -> Iterator[Finding]:
        """What a cluster weighs now; a finding where that is news."""
        entries = self._clusters.of(cluster)
        alarms = self._clusters.borne_out(entries, now)
        confirmed = any(entry.receipt and entry.receipt in self._clusters.confirmed for entry in entries)
        weight = self._weight(entries, now, borne_out=bool(alarms) or confirmed)
        gravest = max(entries, key=lambda entry: SEVERITIES.index(MATTERS[entry.category].severity))
        matter = MATTERS[gravest.category]
        rank = WORDS.index(weight.word)
        steps = max(rank, int(any(entry.trained for entry in entries)))
        if matter.rule == SAFETY:
            steps = min(steps, 1)
        # However many say it: without a sensor, an operator or somebody trained it is not the gravest.
        borne_out = rank == len(WORDS) - 1 or any(entry.trained for entry in entries)
        most = SEVERITIES.index("critical" if borne_out else "high")
        severity = SEVERITIES[min(most, SEVERITIES.index(matter.severity) + steps)]
        evidence = tuple(entry.id for entry in entries) + tuple(alarm.event for alarm in alarms if alarm.event)
        sentence = cluster_sentence(entries, weight, alarms, confirmed=confirmed, zone=self.site.time_zone)
        told = _Told(cluster, matter.rule, severity, rank, sentence, weight, evidence, weight.voices)
        yield from self._raise(told, entries, now, again=again)

    def _weight(self, entries: list[Entry], now: int, *, borne_out: bool) -> Weight:
        return weigh(
            entries,
            self._clusters.reputations(entries, now),
            borne_out=borne_out,
            wind=self._mast.at(max(entry.occurred for entry in entries)),
            around=self._around,
            options=self.options,
        )

    def _withdrawn(self, hand: str, now: int) -> Iterator[Finding]:
        """What a campaign had made credible before it was known for one: over; told again as what is left of it."""
        fakes = {entry.id for entry in self._clusters.of_hand(hand)}
        for subject in sorted(self._open):
            known = self._open[subject]
            if known.rule == CAMPAIGN or fakes.isdisjoint(known.evidence):
                continue
            left = self._clusters.of(subject)
            if (
                left
                and WORDS.index(self._weight(left, now, borne_out=bool(self._clusters.beside(left))).word) >= known.rank
            ):
                continue
            del self._open[subject]
            many = f"{len(left)} other reports are left" if left else "no other report is left"
            sentence = f"what told it are near duplicates from new accounts, a possible campaign; {many}"
            yield self._finding(known, now, "cleared", sentence)
            if left:
                yield from self._tell(subject, now)

    def _doubts(self, entries: list[Entry]) -> tuple[str, ...]:
        """Signs that a cluster is one author's work, besides its words."""
        wind = self._mast.at(max(entry.occurred for entry in entries))
        return doubts(entries, bounds_of(entries, wind, self._around, self.options), self._around, self.options)

    def _campaign(self, matter: str, now: int, *, again: bool = False) -> Iterator[Finding]:
        """What looks like a campaign on a matter now; a finding where that is news, or is to be told `again`."""
        entries = self._clusters.outside(matter)
        signs: list[str] = []
        for cluster in self._clusters.clusters_of(matter):
            doubted = self._clusters.of(cluster)
            if said := self._doubts(doubted):
                entries, signs = entries + doubted, [*signs, *said]
        subject = f"campaign {matter}"
        known = self._open.get(subject)
        if known is None:  # what an earlier one counted was its own
            entries = [entry for entry in entries if not entry.counted]
        if not entries:
            return
        entries.sort(key=lambda entry: (entry.occurred, entry.id))
        counted = {entry.reporter for entry in entries if entry.counted}
        fresh = [entry for entry in entries if not entry.counted]
        reports, accounts = (known.reports, known.accounts) if known is not None else (0, 0)
        reports += len(fresh)
        accounts += len({entry.reporter for entry in fresh if entry.fresh} - counted)
        for entry in fresh:
            entry.counted = True
        began = min(entries[0].occurred, known.began if known is not None else now)
        sentence = campaign_sentence(entries, Extent(reports, accounts, began), signs, zone=self.site.time_zone)
        weight = Weight("unconfirmed", 1, 0.5, 0.05, None)
        # It is told at once each time it has doubled.
        told = _Told(
            subject, CAMPAIGN, "info", accounts.bit_length(), sentence, weight,
            tuple(entry.id for entry in entries), reports,
        )  # fmt: skip
        yield from self._raise(told, entries, now, again=again)
        if (known := self._open.get(subject)) is not None:
            known.reports, known.accounts = reports, accounts

    def _raise(self, told: _Told, entries: list[Entry], now: int, *, again: bool = False) -> Iterator[Finding]:
        subject, rule, severity, rank, sentence, weight, evidence, size = told
        if rule in self.options.off:
            return
        began, until = min(entry.occurred for entry in entries), max(entry.occurred for entry in entries) + self._quiet
        assets = tuple(sorted({asset for entry in entries for asset in entry.assets}))
        known = self._open.get(subject)
        if known is None:
            first = f"{subject}\0{entries[-1].id}" if rule == CAMPAIGN else subject
            name = content_hash(f"{rule}\0{first}".encode())[:16]
            known = self._open[subject] = _Episode(
                rule, name, began, until, severity, rank, size, assets, entries[0].zone, evidence[-_EVIDENCE:], now
            )
        else:
            graver = SEVERITIES.index(severity) > SEVERITIES.index(known.severity)
            known.until = max(known.until, until)
            known.began = min(known.began, began)
            known.evidence = tuple(dict.fromkeys(known.evidence + evidence))[-_EVIDENCE:]
            more = size > known.voices
            at_once = now - known.told >= self._refresh or (rule != CAMPAIGN and size <= _EACH)
            if not (again or graver or rank > known.rank or (more and at_once)):
                known.stale = known.stale or more
                return
            known.voices, known.told, known.stale = max(known.voices, size), now, False
            known.severity = severity if graver else known.severity
            known.rank = max(known.rank, rank)
        intrusion = rule != CAMPAIGN and MATTERS[entries[-1].category].suspicion
        yield self._finding(
            known, now, "raised", sentence,
            score=float(weight.voices), confidence=weight.confidence, suspicion=intrusion or "unknown",
        )  # fmt: skip

    def _pass(self, now: int) -> Iterator[Finding]:
        """Time has come to `now`: what has been quiet is over, what lies far back is forgotten."""
        if now <= self._newest:
            return
        self._newest = now
        while due := min(((self._due(one), subject) for subject, one in self._open.items()), default=None):
            at, subject = due
            if at > now:
                break
            known = self._open[subject]
            if at < known.until:
                known.stale = False
                yield from self._again(subject, at)
                continue
            over = "nothing more was reported"
            if known.rule == CAMPAIGN:
                over += f"; in all {known.reports} reports from {known.accounts} new accounts"
            yield self._finding(self._open.pop(subject), at, "cleared", over)
        self._clusters.forget(now - 4 * self._window)

    def _due(self, known: _Episode) -> int:
        """When something is to be said of an episode: that there is more, or that it is over."""
        return min(known.until, known.told + self._refresh) if known.stale else known.until

    def _again(self, subject: str, now: int) -> Iterator[Finding]:
        """How large an episode is by now."""
        if self._open[subject].rule == CAMPAIGN:
            yield from self._campaign(subject.partition(" ")[2], now, again=True)
        elif self._clusters.of(subject):
            yield from self._tell(subject, now, again=True)

    def _finding(
        self, known: _Episode, now: int, phase: Any, sentence: str, *, score: float = 0.0, confidence: float = 0.5,
        suspicion: Any = "unknown",
    ) -> Finding:  # fmt: skip
        body = Detection(
            detector=self.name,
            detector_version=self.version,
            rule=known.rule,
            episode=known.episode,
            phase=phase,
            source_kind="reports",
            severity=known.severity,
            score=score,
            sentence=sentence,
            began=min(known.began, now),
            until=now,
            suspicion=suspicion,
            confidence=confidence,
            evidence=known.evidence,
            techniques=self.cards[known.rule].techniques if phase == "raised" else (),
        )
        return Finding(now, known.assets, body, known.zone)

    def dump(self) -> bytes:
        """Reports in mind, reputations, alarms, wind and open episodes, as canonical JSON."""
        held = self._clusters
        return canonical_json(
            _State(
                format=_FORMAT,
                entries=held.entries,
                alarms=held.alarms,
                known=list(held.known.items()),
                confirmed=held.confirmed,
                wind=self._mast.kept,
                open=sorted(self._open.items()),
                newest=self._newest,
            )
        )

    def load(self, data: bytes) -> None:
        """Replace the state by a dumped one.

        Raises:
            DecodeError: the bytes are no state of this detector.
        """
        state = decode_state(data, _State, self.name, _FORMAT)
        self._reset()
        self._clusters.load(state.entries, state.alarms, dict(state.known), state.confirmed)
        self._mast.kept, self._open, self._newest = state.wind, dict(state.open), state.newest
