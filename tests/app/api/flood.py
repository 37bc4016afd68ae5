"""A flood of alarms through the log and the real fusion, which goes on judging while an API is over the store."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, product

from infrastress.app.detecting import cards_of, choose_detectors
from infrastress.core.clock import EventClock
from infrastress.core.time import DAY, SECOND
from infrastress.events import Detection, Event, Tick, encode_event, make_event
from infrastress.fusion import FusionUnit
from infrastress.runtime import DetectionUnit, Duty, Policy, Shift
from infrastress.site import Site
from infrastress.store.ports import Store

__all__ = ["append", "detection", "flood", "judging", "quick"]

_SEVERITIES = ("info", "low", "low", "medium", "medium", "medium", "high", "high", "critical")


def quick(site: Site) -> Site:
    """The site on a grid of a second, so that what people do is taken within two."""
    return site.model_copy(update={"runtime": site.runtime.model_copy(update={"frame_s": 1.0})})


def detection(
    rule: str, assets: tuple[str, ...], moment: int, *, site: Site, severity: str = "high", number: int = 0
) -> Event:
    """A detection as a detector tells it."""
    zones = [site.asset_by_id[name].zone for name in assets if name in site.asset_by_id]
    kind = {"access": "access", "gas": "access", "login": "network", "report": "reports"}
    body = Detection(
        detector="test",
        detector_version="1",
        rule=rule,
        episode=f"{rule}/{'+'.join(assets)}/{moment}",
        phase="raised",
        source_kind=kind.get(rule.partition(".")[0], "telemetry"),
        severity=severity,
        score=1.5,
        sentence=f"{rule} at {', '.join(assets)}: 3.0 m seen, 4.0 m expected.",
        began=moment,
        until=moment,
    )
    zone = (zones[0] or "") if zones else ""
    return make_event(
        site=site.id, source="test", sequence=number, occurred=moment, assets=assets, zone=zone, body=body
    )


def flood(site: Site, count: int, *, end: int, seed: int = 1) -> Iterator[Event]:
    """So many detections that are as many alarms, before `end`: every rule at every asset, day by day."""
    rng = random.Random(seed)
    rules = sorted(rule for rule in cards_of(choose_detectors(site)) if "." in rule)
    assets = sorted(site.asset_by_id)
    for number, (day, rule, asset) in enumerate(islice(product(range(30), rules, assets), count)):
        moment = end - day * DAY - rng.randrange(3600 * SECOND)
        yield detection(rule, (asset,), moment, site=site, severity=rng.choice(_SEVERITIES), number=number)


def append(store: Store, site: Site, events: list[Event]) -> None:
    """Detections of a second ago or more on their way to fusion, and that their time has passed."""
    store.log.append(f"fusion/{site.id}:event", [(event.id, encode_event(event)) for event in events])
    passed = EventClock().now()
    tick = make_event(site=site.id, source="test", sequence=passed, occurred=passed, body=Tick(watermark=passed))
    store.log.append(f"fusion/{site.id}:tick", [(tick.id, encode_event(tick))])


@contextmanager
def judging(store: Store, site: Site) -> Iterator[None]:
    """Detection and fusion at work, with a watermark that keeps half a second behind the clock."""
    stop, clock = threading.Event(), EventClock()
    ingest, fusion = f"ingest/{site.id}/main", f"fusion/{site.id}"
    cards = cards_of(choose_detectors(site))
    duties = [Duty(ingest, lambda: DetectionUnit(site, [])), Duty(fusion, lambda: FusionUnit(site, cards=cards))]
    shift = Shift(store.log, store.checkpoints, duties, policy=Policy(rest_s=0.2), owner="test")

    def tick() -> None:
        number = time.time_ns()
        while not stop.wait(0.25):
            number += 1
            now = clock.now()
            body = Tick(watermark=now - SECOND // 2, clock=now)
            event = make_event(site=site.id, source="runtime", sequence=number, occurred=body.watermark, body=body)
            store.log.append(f"{ingest}:tick", [(event.id, encode_event(event))])

    threads = [threading.Thread(target=tick), threading.Thread(target=shift.run, args=(stop.is_set,))]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
