"""The demo without a screen: a depot learns its normal days, is attacked live, and it is explained what happens.

The plant is simulated. Its ordinary days are read from recordings; the attack comes over the protocols of a plant, from
servers in a process of their own, in event time that runs faster than the wall's. The truth is used for scoring alone.
An oracle that never fails would raise its alarm at the very moment at which the gauge begins to lie.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infrastress.app.demo.folder import take_folder
from infrastress.app.files import make_folder
from infrastress.app.live import Lived, Plant, live_through, replay_lived, write_lived
from infrastress.app.pipeline import replay_recordings
from infrastress.app.scenarios import load_scenario, play
from infrastress.app.starting import start_site
from infrastress.app.training import Trained, train
from infrastress.core.time import HOUR, MINUTE, SECOND, to_iso
from infrastress.events import Alarm, Event, Incident
from infrastress.events.kinds import SourceKind
from infrastress.simulators.recording import write_realisation
from infrastress.site import Site
from infrastress.site.assets import LevelSwitch
from infrastress.site.load import load_site

__all__ = ["KINDS", "SPEED", "Demo", "Outcome", "Stage", "false_alarms_by_rule", "run_demo"]

KINDS: tuple[SourceKind, ...] = ("telemetry", "network", "access", "reports")
LEARN_HOURS, QUIET_HOURS = 168.0, 120.0
LEARN_SEED, QUIET_SEED = 11, 12
ATTACK = "attack-overfill"
BEFORE, AFTER = 20 * MINUTE, 15 * MINUTE
"""How long before the attackers' first act, and behind the last consequence, the plant is watched."""
SPEED = 450.0

Stage = Callable[[str], None]
"""Told what is being done now."""


@dataclass
class Outcome:
    """What one replay of the attack came to; times in ns.

    Attributes:
        first_sign: first alarm of any kind since the attackers' first act.
        first_alarm: first alarm since the gauge lies that tells of the tank or belongs to the attack's incident.
        lead_s: from `first_alarm` to the overflow.
        incident: the attack's incident in its newest version.
        alarms, incidents: how many there were.
        early: alarms before the attackers' first act.
    """

    first_sign: Event | None = None
    first_alarm: Event | None = None
    lead_s: float | None = None
    incident: Event | None = None
    alarms: int = 0
    incidents: int = 0
    early: list[Event] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        body = self.incident.body if self.incident is not None else None
        read = body if isinstance(body, Incident) else None
        return {
            "first_sign": _time(self.first_sign),
            "first_alarm": _time(self.first_alarm),
            "lead_time_s": self.lead_s,
            "hypothesis": read.hypothesis if read else None,
            "confidence": read.confidence if read else None,
            "alarms": self.alarms,
            "incidents": self.incidents,
        }


@dataclass
class Demo:
    """What the demo came to.

    Attributes:
        site, out: the site and its output folder.
        trained: what was learned.
        facts: moments of the attack, ns, by name, such as `overflow_at`.
        lived: how the attack was read live.
        window: from when to when it was watched, ns.
        full: the attack with all kinds of source, live.
        again: whether the log of the live run, replayed, gives the same results to the byte.
        without: the attack replayed from its recording without one kind of source.
        quiet_days: unseen normal days replayed.
        false_alarms: alarms on those days, and before the attack, that call the operator.
        notices: those that don't: of low severity and in no incident.
        pictures: plots written.
    """

    site: Site
    out: Path
    trained: Trained
    facts: dict[str, Any]
    lived: Lived | None = None
    window: tuple[int, int] = (0, 0)
    full: Outcome = field(default_factory=Outcome)
    again: bool = False
    without: dict[str, Outcome] = field(default_factory=dict)
    quiet_days: float = 0.0
    false_alarms: list[Event] = field(default_factory=list)
    notices: list[Event] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)

    @property
    def oracle_lead_s(self) -> float:
        """Lead of an alarm at the very moment at which the gauge begins to lie."""
        return float((self.facts["overflow_at"] - self.facts["freeze_at"]) / SECOND)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        full = self.full.as_dict()
        return {
            "first_alarm": full["first_alarm"],
            "lead_time_s": full["lead_time_s"],
            "oracle_lead_time_s": self.oracle_lead_s,
            "false_alarms": len(self.false_alarms),
            "notices": len(self.notices),
            "ablation": {kind: outcome.as_dict() for kind, outcome in self.without.items()},
            "first_sign": full["first_sign"],
            "hypothesis": full["hypothesis"],
            "confidence": full["confidence"],
            "incidents": full["incidents"],
            "alarms": full["alarms"],
            "replays_identically": self.again,
            "quiet_days": self.quiet_days,
            "overflow_at": to_iso(self.facts["overflow_at"]),
            "gauge_lies_since": to_iso(self.facts["freeze_at"]),
            "pictures": [str(picture) for picture in self.pictures],
            "out": str(self.out),
        }


def run_demo(
    out: Path,
    *,
    seed: int,
    speed: float,
    stage: Stage,
    on_result: Callable[[Event], None],
    overwrite: bool = True,
) -> Demo:
    """Run the demo into a folder of its own.

    Args:
        out: where everything goes; what an earlier demo left there is replaced.
        seed: of the attack.
        speed: event seconds a second while the attack is watched live.
        stage: told what is being done.
        on_result: told each alarm and incident of the attack as it comes.
        overwrite: whether what an earlier demo left may be replaced.

    Raises:
        ConfigurationError: the folder holds something else, or the plant can't be served on this machine.
    """
    take_folder(out, overwrite=overwrite)
    folder = out / "site"
    start_site(folder, template="depot")
    site = load_site(folder)
    stage(f"Simulating {LEARN_HOURS / 24:g} ordinary days to learn from")
    _simulate(site, folder, "normal", seed=LEARN_SEED, out=out / "learn", hours=LEARN_HOURS)
    stage(f"Simulating {QUIET_HOURS / 24:g} ordinary days to count false alarms on")
    _simulate(site, folder, "normal", seed=QUIET_SEED, out=out / "quiet", hours=QUIET_HOURS)
    stage("Simulating the attack")
    facts = _simulate(site, folder, ATTACK, seed=seed, out=out / "attack")
    stage("Learning what is normal")
    trained = train(site, folder, [out / "learn"], folder / "state")
    demo = Demo(site, out, trained, facts)
    start, stop = _window(facts)
    demo.window = (start, stop)
    hours, wall_s = (stop - start) / HOUR, (stop - start) / SECOND / speed
    stage(f"Watching {hours:.1f} h live, in {wall_s:.0f} s, over Modbus/TCP, HTTP and syslog")
    plant = Plant(folder, ATTACK, seed, start, stop, speed)
    demo.full = _watch(demo, plant, on_result)
    stage("Replaying the log of what was watched")
    demo.again = replay_lived(plant, out / "result" / "store", out / "result", out / "again")
    stage("Replaying ordinary days")
    quiet = _Notes()
    replay_recordings(site, folder, [out / "quiet"], state=folder / "state", on_result=quiet.take)
    demo.quiet_days = QUIET_HOURS / 24
    for event in (*quiet.newest.values(), *demo.full.early):
        if isinstance(event.body, Alarm):
            (demo.false_alarms if event.body.annunciated else demo.notices).append(event)
    for kind in KINDS:
        stage(f"Replaying the attack without {kind}")
        demo.without[kind] = _replay(demo, folder, exclude=(kind,))
    return demo


def _window(facts: dict[str, Any]) -> tuple[int, int]:
    """From shortly before the attackers' first act until shortly after the last consequence, ns."""
    ends = [facts[name] for name in ("overflow_at", "gas_high_at", "shutdown_at") if facts.get(name)]
    return _first_act(facts) - BEFORE, max(ends) + AFTER


def _watch(demo: Demo, plant: Plant, on_result: Callable[[Event], None]) -> Outcome:
    """The attack live."""
    notes = _Notes()

    def take(event: Event) -> None:
        notes.take(event)
        on_result(event)

    result = make_folder(demo.out / "result")
    demo.lived = live_through(plant, demo.site, result / "store", demo.out / "live", take)
    write_lived(plant, result / "store", demo.lived, result)
    return _judge(demo.site, demo.facts, notes)


class _Notes:
    """Remembers the first version of each alarm, and the newest of each alarm and incident."""

    def __init__(self) -> None:
        self.alarms: dict[str, Event] = {}
        self.newest: dict[str, Event] = {}
        self.incidents: dict[str, Event] = {}

    def take(self, event: Event) -> None:
        """Take one version."""
        if isinstance(event.body, Alarm):
            self.alarms.setdefault(event.body.alarm, event)
            self.newest[event.body.alarm] = event
        elif isinstance(event.body, Incident):
            self.incidents[event.body.incident] = event


def _simulate(
    site: Site, folder: Path, name: str, *, seed: int, out: Path, hours: float | None = None
) -> dict[str, Any]:
    scenario = load_scenario(folder, name, duration_h=hours)
    played = play(site, scenario, seed)
    write_realisation(played, site, out, scenario=scenario, seed=seed)
    return played.facts


def _replay(
    demo: Demo,
    folder: Path,
    *,
    exclude: Collection[SourceKind],
) -> Outcome:
    notes = _Notes()
    replay_recordings(
        demo.site, folder, [demo.out / "attack"], state=folder / "state", exclude_kinds=exclude, on_result=notes.take
    )
    return _judge(demo.site, demo.facts, notes)


def _first_act(facts: dict[str, Any]) -> int:
    """When the attackers first did something, ns."""
    return int(min(facts[name] for name in ("badge_at", "login_at", "bypass_at", "freeze_at") if facts.get(name)))


def _judge(site: Site, facts: dict[str, Any], notes: _Notes) -> Outcome:
    """Score a replay by the truth."""
    tank = facts["tank"]
    touched = {tank} | {asset.id for asset in site.assets if isinstance(asset, LevelSwitch) and asset.tank == tank}
    acted = _first_act(facts)
    raised = sorted(notes.alarms.values(), key=lambda event: (event.observed, event.id))
    incident = _incident(touched, acted, notes)
    name = incident.body.incident if incident is not None and isinstance(incident.body, Incident) else None
    since = [event for event in raised if event.observed >= acted]
    telling = [
        event
        for event in since
        if event.observed >= facts["freeze_at"] and (touched & set(event.assets) or _belongs(event, name, notes))
    ]
    first = telling[0] if telling else None
    return Outcome(
        first_sign=since[0] if since else None,
        first_alarm=first,
        lead_s=None if first is None else (facts["overflow_at"] - first.observed) / SECOND,
        incident=incident,
        alarms=len(raised),
        incidents=sum(1 for event in notes.incidents.values() if not _gone(event)),
        early=[notes.newest[key] for key, event in notes.alarms.items() if event.observed < acted],
    )


def _incident(touched: set[str], acted: int, notes: _Notes) -> Event | None:
    """The attack's incident: of those that go on after the first act and touch the tank, the surest."""
    found: list[tuple[float, str, Event]] = []
    for event in notes.incidents.values():
        body = event.body
        if isinstance(body, Incident) and not body.superseded_by and body.updated >= acted:
            about = bool(touched & set(event.assets))
            found.append((body.confidence + about, body.incident, event))
    return max(found)[2] if found else None


def _belongs(event: Event, incident: str | None, notes: _Notes) -> bool:
    body = event.body
    newest = notes.newest[body.alarm].body if isinstance(body, Alarm) else None
    return incident is not None and isinstance(newest, Alarm) and newest.incident == incident


def _gone(event: Event) -> bool:
    return isinstance(event.body, Incident) and bool(event.body.superseded_by)


def _time(event: Event | None) -> str | None:
    return None if event is None else to_iso(event.observed)


def false_alarms_by_rule(events: Sequence[Event]) -> dict[str, int]:
    """How many false alarms each rule raised."""
    counts: dict[str, int] = {}
    for event in events:
        if isinstance(event.body, Alarm):
            counts[event.body.rule] = counts.get(event.body.rule, 0) + 1
    return dict(sorted(counts.items()))
