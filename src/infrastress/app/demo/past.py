"""The past of a demo: what the plant said in the last hours is admitted, judged and stored.

It is written as the service would have written it, had it been up: by the clock of those hours, tick by tick.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from infrastress.app.service.config import ServiceConfig
from infrastress.app.service.force import Force
from infrastress.app.service.judge import judge, owner_of
from infrastress.app.service.models import prepare
from infrastress.connectors.inbox import Inbox
from infrastress.core.clock import EventClock
from infrastress.core.time import SECOND
from infrastress.core.units import scale_of
from infrastress.events import Event
from infrastress.runtime.live import LiveAdmission
from infrastress.simulators.telemetry import Telemetry
from infrastress.site import Site
from infrastress.store import open_store
from infrastress.store.ports import Lease, Output, Store

__all__ = ["live_through_past"]

_GROUP = 2000
"""Outputs of one commit."""


def live_through_past(
    folder: Path,
    site: Site,
    state: Path,
    shown: Telemetry,
    events: Iterable[Event],
    *,
    since: int,
    until: int,
    advance: Callable[[float], None] = lambda _: None,
) -> None:
    """Fill a site's live store with some hours that have passed.

    Args:
        folder: the site's folder.
        site: its model.
        state: its state folder; the store lies where `serve` looks for it.
        shown: what the instruments showed.
        events: what was observed, by when it was known.
        since: event time from which on, ns.
        until: event time up to which, ns.
        advance: told parts of the way, 1 in all.

    Raises:
        InfrastressError: as for `serve`.
    """
    live = state / "live"
    live.mkdir(parents=True, exist_ok=True)
    live.chmod(0o700)
    config = ServiceConfig(site=folder, site_id=site.id, store=str(live / "store"), state=state, live=live)
    with open_store(config.store) as store:
        force = Force(store, config, clock=EventClock(since, 0, 1e-12))
        force.change(prepare(folder, state), by="demo", why="the hours before the demo")
        force.release()
        _admit(store, site, shown, events, since=since, until=until, advance=advance)
        judge(store, site.id, owner=owner_of(config, "judge"), done=lambda: True, tell=lambda _: None)


def _admit(
    store: Store,
    site: Site,
    shown: Telemetry,
    events: Iterable[Event],
    *,
    since: int,
    until: int,
    advance: Callable[[float], None],
) -> None:
    name = f"admission/{site.id}/main"
    lease: Lease = store.checkpoints.acquire(name, store.checkpoints.observe(name), "demo")
    admission = LiveAdmission(site, site.sources)
    admission.start(since)
    outputs: list[Output] = [admission.decide(since, decision="start")]
    inboxes = {source.id: Inbox(site, source, None) for source in site.sources}
    for source in inboxes:
        admission.join(source, since)
    waiting = [event for event in events if since < event.observed <= until]
    waiting.reverse()
    columns = _columns(site, shown)
    step = min((round(s.cadence_s * SECOND) for s in site.sources if s.kind == "telemetry" and s.cadence_s), default=0)
    steps = max(1, (until - since) // max(step, SECOND))
    clock = until - steps * step
    for number in range(steps):
        clock += step
        values = shown.at(clock).tolist()
        for source, column, tag, factor, offset in columns:
            if values[column] == values[column]:
                inboxes[source].reading(clock, tag, values[column] * factor + offset)
        while waiting and waiting[-1].observed <= clock:
            event = waiting.pop()
            inboxes[event.source].event(event)
        for inbox in inboxes.values():
            delivery = inbox.delivery()
            if delivery is not None:
                outputs += admission.take(delivery, clock)
        outputs += admission.tick(clock)
        if len(outputs) >= _GROUP or number == steps - 1:
            lease.commit(lease.offset + 1, admission.dump(), outputs)
            outputs = []
        advance(1 / steps)
    lease.release()


def _columns(site: Site, shown: Telemetry) -> list[tuple[str, int, str, float, float]]:
    """Source, column, signal, and how its own unit becomes SI, of each signal that has a source."""
    found = []
    for column, tag in enumerate(shown.tags):
        signal = site.signal_by_id[tag]
        if signal.source is not None:
            scale = scale_of(signal.unit)
            found.append((signal.source, column, tag, scale.factor, scale.offset))
    return found
