"""A live site that runs until it is killed or stopped. Run as `python -m tests.runtime.live_victim FOLDER SECONDS`.

Event time runs sixty times faster than the wall. Source `a` is unplugged for a while, `b` rests, `late` tells some
rows behind the watermark, `people` tell events, `sick` throws now and then; someone acknowledges alarms.
"""

import asyncio
import sys
import threading
import time
from pathlib import Path

import numpy as np

from infrastress.core.clock import SteadyClock
from infrastress.core.time import SECOND
from infrastress.events import Alarm, AlarmAction, decode_event, encode_event, make_event
from infrastress.fusion import FusionUnit
from infrastress.runtime import DetectionUnit, Duty, Intake, IntakePolicy, Policy, Shift
from infrastress.store.sqlite import SqliteStore
from tests.runtime.speakers import Speaker
from tests.runtime.toys import Bomb, Cusum, Threshold, toy_site

SPEED = 60.0
POLICY = IntakePolicy(gather_s=0.01, beat_s=0.05, lease_s=0.5, ill_s=0.05)


def live_site():
    site = toy_site(
        a={"cadence_s": 3},
        b={"cadence_s": 3},
        late={"cadence_s": 6},
        people={"kind": "reports"},
        sick={"cadence_s": 3},
    )
    return site.model_copy(update={"runtime": site.runtime.model_copy(update={"frame_s": 6.0})})


def judges():
    return [Threshold(), Cusum(), Bomb(60)]


class Straggler(Speaker):
    """One row in nine is told three minutes late."""

    def delivery(self, number, now):
        self.late_s = 180.0 if number % 9 == 8 else 0.5
        return super().delivery(number, now)


class Sick(Speaker):
    """Throws at every twentieth row."""

    def delivery(self, number, now):
        if number % 20 == 19 and len(self.starts) % 3:
            raise RuntimeError("kaboom")
        return super().delivery(number, now)


def speakers(site, clock):
    def of(name, speaker=Speaker, **more):
        return speaker(site.source_by_id[name], clock, every_s=0.05, **more)

    noise = np.random.default_rng(1).normal(0, 0.3, 5000)
    return [
        of("a", tags=("level",), value=lambda i: float(4.0 * (i % 50 > 25) + noise[i])),
        of("b", tags=("flow",), value=lambda i: float(noise[i]), rests_at=15, rests_s=1.5),
        of("late", Straggler, tags=("switch",), value=lambda i: float(i % 7 == 0)),
        of("people", kind="events"),
        of("sick", Sick, tags=("level",), value=lambda i: float(noise[-i])),
    ]


def judge(store, site, stop):
    duties = [
        Duty("ingest/toy/main", lambda: DetectionUnit(site, judges())),
        Duty("fusion/toy", lambda: FusionUnit(site)),
    ]
    shift = Shift(
        store.log, store.checkpoints, duties, policy=Policy(lease_s=1.0, max_wait_s=0.05, rest_s=0.5), owner="judge"
    )
    shift.run(stop.is_set)


async def acknowledge(store, clock):
    """Someone acknowledges each alarm there is."""
    number = time.time_ns() % 10**9
    while True:
        await asyncio.sleep(0.3)
        rows = await asyncio.to_thread(store.records.list, "event", limit=20)
        for row in rows:
            body = decode_event(row.data).body
            if isinstance(body, Alarm) and body.state == "unacknowledged":
                number += 1
                action = AlarmAction(alarm=body.alarm, action="acknowledge", by="operator")
                event = make_event(site="toy", source="hand", sequence=number, occurred=clock.now(), body=action)
                await asyncio.to_thread(store.log.append, "ingest/toy/main:action", [(event.id, encode_event(event))])


async def main(folder: Path, seconds: float) -> None:
    anchor = folder / "clock"
    if not anchor.exists():
        anchor.write_text(SteadyClock(1_767_225_600 * SECOND, time.time_ns(), SPEED).text)
    clock = SteadyClock.parse(anchor.read_text())
    site, stop = live_site(), threading.Event()
    with SqliteStore(folder / "store") as store:
        thread = threading.Thread(target=judge, args=(store, site, stop), daemon=True)
        thread.start()
        intake = Intake(store, site, speakers(site, clock), clock=clock, policy=POLICY, owner="intake")
        running = asyncio.create_task(intake.run())
        hand = asyncio.create_task(acknowledge(store, clock))
        await asyncio.sleep(seconds * 0.6)
        if not running.done():  # `a` is unplugged for a while
            plugged = speakers(site, clock)[0]
            await intake.disconnect("a")
            await asyncio.sleep(seconds * 0.1)
            await intake.connect(plugged)
        await asyncio.sleep(seconds * 0.3)
        hand.cancel()
        intake.stop()
        await running
        while store.checkpoints.offset("ingest/toy/main") < store.log.end("ingest/toy/main"):
            await asyncio.sleep(0.05)
        while store.checkpoints.offset("fusion/toy") < store.log.end("fusion/toy"):
            await asyncio.sleep(0.05)
        stop.set()
        thread.join()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
