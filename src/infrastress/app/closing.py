"""The demo's closing table: when the alarm came, what it was worth, and what each kind of source was worth."""

from typing import TYPE_CHECKING

from infrastress.app.demo.headless import Demo, Outcome, false_alarms_by_rule
from infrastress.app.live import Lived
from infrastress.app.story import incident_text, local_zone, sureness
from infrastress.app.telling import local_time
from infrastress.core.time import HOUR
from infrastress.events import Alarm, Incident

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["tell_closing"]

_ENOUGH = 0.7
_KINDS = {
    "telemetry": "process telemetry",
    "network": "logins and network",
    "access": "doors, gas, switches",
    "reports": "people's reports",
}


def tell_closing(screen: "Console", demo: Demo) -> None:
    """Print the attack's incident as it stands at the end, and the tables."""
    from rich.table import Table

    full = demo.full
    if full.incident is not None:
        screen.rule("The incident at the end", align="left")
        screen.print(incident_text(full.incident, demo.site), markup=False)
    screen.rule("What it came to", align="left")
    table = Table(box=None, show_header=False)
    table.add_column("what")
    table.add_column("value", overflow="fold")
    zone = local_zone(demo.site)
    for name in ("badge_at", "login_at", "bypass_at", "freeze_at", "overflow_at"):
        table.add_row(_FACTS[name], local_time(demo.facts[name], zone) if demo.facts.get(name) else "-")
    table.add_row("First sign of the attackers", _alarm(demo, full, sign=True))
    table.add_row("First alarm on the tank", _alarm(demo, full, sign=False))
    table.add_row("Lead time before the overflow", _minutes(full.lead_s))
    oracle = _minutes(demo.oracle_lead_s)
    if full.lead_s is not None:
        oracle += f", {_minutes(demo.oracle_lead_s - full.lead_s)} more"
    table.add_row("An oracle, alarming as the gauge begins to lie", oracle)
    quiet = f"{len(demo.false_alarms)} in {demo.quiet_days:g} unseen ordinary days and before the attack"
    rules = ", ".join(f"{rule} {count}" for rule, count in false_alarms_by_rule(demo.false_alarms).items())
    table.add_row("False alarms", f"{quiet} ({rules})" if rules else quiet)
    if demo.lived is not None:
        table.add_row("Read live", _lived(demo, demo.lived))
    again = (
        "the same alarms and incidents, to the byte" if demo.again else "OTHER results: this is a fault of infrastress"
    )
    table.add_row("Replayed from the log of what was read", again)
    table.add_row("Notices in the same time", f"{len(demo.notices)}, without sound or banner")
    screen.print(table)
    screen.print()
    ablation = Table(
        title="The same attack, replayed from its recording without one kind of source", title_justify="left", box=None
    )
    for heading in ("without", "first sign", "first alarm on the tank", "lead", "read as", "how sure"):
        ablation.add_column(heading, overflow="fold")
    ablation.add_row("(nothing, live)", *_row(demo, full))
    for kind, outcome in demo.without.items():
        ablation.add_row(_KINDS[kind], *_row(demo, outcome))
    screen.print(ablation)
    screen.print()
    for picture in demo.pictures:
        screen.print(f"Picture: {picture}", markup=False)
    screen.print(f"Everything is in {demo.out}: the site, the recordings, the results.", markup=False)


_FACTS = {
    "badge_at": "A badge where it doesn't belong",
    "login_at": "A remote login",
    "bypass_at": "The high-level switch is disabled",
    "freeze_at": "The gauge begins to lie",
    "overflow_at": "The tank overflows",
}


def _lived(demo: Demo, lived: Lived) -> str:
    balances = lived.balances.values()
    refused = sum(one.quarantined.total() + one.cells_refused.total() for one in balances)
    hours = (demo.window[1] - demo.window[0]) / HOUR
    values = sum(one.cells_accepted for one in balances)
    events = sum(one.accepted for one in balances if not one.cells_accepted)
    return (
        f"{hours:.1f} h in {lived.wall_s:.0f} s: {values:,} values by polling, {events:,} events; {refused:,} refused"
    )


def _row(demo: Demo, outcome: Outcome) -> tuple[str, ...]:
    zone = local_zone(demo.site)
    body = outcome.incident.body if outcome.incident is not None else None
    sign = local_time(outcome.first_sign.observed, zone)[11:] if outcome.first_sign is not None else "none"
    alarm = local_time(outcome.first_alarm.observed, zone)[11:] if outcome.first_alarm is not None else "none"
    if not isinstance(body, Incident):
        return sign, alarm, _minutes(outcome.lead_s), "no incident", ""
    sure = f"{sureness(body.confidence)} ({body.confidence:.0%})"
    return sign, alarm, _minutes(outcome.lead_s), body.hypothesis.replace("_", " "), sure


def _alarm(demo: Demo, outcome: Outcome, *, sign: bool) -> str:
    event = outcome.first_sign if sign else outcome.first_alarm
    if event is None or not isinstance(event.body, Alarm):
        return "none"
    return f"{local_time(event.observed, local_zone(demo.site))}  {event.body.sentence}"


def _minutes(seconds: float | None) -> str:
    if seconds is None:
        return "none"
    if abs(seconds) < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
