"""An intake that carries out an order until it is killed. Run as `python -m tests.runtime.reingest_victim FOLDER`."""

import asyncio
import sys
import time
from pathlib import Path

import numpy as np

from infrastress.core.clock import EventClock
from infrastress.core.time import SECOND
from infrastress.events import Samples
from infrastress.events.delivery import Balance, Delivery, Raw
from infrastress.runtime import Intake, IntakePolicy, reingest
from infrastress.site.sources import Source
from infrastress.store.sqlite import SqliteStore
from tests.runtime.toys import START, toy_site

KEPT = 60


class Mender:
    """A source whose numbers were refused; `mended` are those that read now."""

    def __init__(self, source: Source, clock: EventClock, *, mended=lambda number: True, slow_s: float = 0.0) -> None:
        self.source, self.clock, self.mended, self.slow_s = source, clock, mended, slow_s
        self.told = asyncio.Event()

    async def run(self, sink, after):
        done = int(after or 0)
        for number in range(done, KEPT, 10):
            numbers = range(number, number + 10)
            raw = tuple(Raw(b"%d" % n, START + n * SECOND, {}, {"comma": 1}) for n in numbers)
            balance = Balance(read=10)
            balance.quarantined["comma"] = 10
            await sink.deliver(Delivery(self.source.id, b"%d" % (number + 10), balance=balance, raw=raw))
        self.told.set()
        await asyncio.Event().wait()

    def rereader(self):
        def read(raw: Raw, number: int) -> Delivery:
            time.sleep(self.slow_s)
            value = int(raw.data)
            if not self.mended(value):
                balance = Balance(read=1)
                balance.quarantined["still"] = 1
                return Delivery(
                    self.source.id, b"", balance=balance, raw=(Raw(raw.data, raw.received, {}, {"still": 1}),)
                )
            samples = Samples(
                "toy", self.source.id, number, np.array([raw.received]), ("level",), np.array([[float(value)]])
            )
            return Delivery(self.source.id, b"", (samples,), balance=Balance(read=1, accepted=1, cells_accepted=1))

        return read


async def main(folder: Path) -> None:
    site = toy_site(plc={})
    clock = EventClock()
    with SqliteStore(folder) as store:
        mender = Mender(site.source_by_id["plc"], clock, slow_s=0.005)
        policy = IntakePolicy(gather_s=0.01, beat_s=0.05, lease_s=0.3)
        intake = Intake(store, site, [mender], clock=clock, policy=policy, owner="victim")
        await intake.run()


if __name__ == "__main__":
    reingest._PIECE = 4
    asyncio.run(main(Path(sys.argv[1])))
