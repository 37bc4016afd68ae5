"""Handing over: whoever put something in waits until it is durable, and what waits meanwhile goes together."""

import asyncio

from infrastress.connectors.handover import Handover
from infrastress.connectors.inbox import Inbox
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.live_contract import run
from tests.peers.sink import MemorySink


def test_each_writer_waits_for_its_own_and_all_that_waits_goes_together():
    async def main() -> None:
        sink = MemorySink()
        inbox = Inbox(small_site(), Source(id="historian", kind="telemetry"), None)
        handover = Handover(inbox, sink)
        sink.hold()
        writers = []
        for number in range(5):
            inbox.reading(1000 + number, "LT1", float(number))
            writers.append(asyncio.create_task(handover.flush()))
            await asyncio.sleep(0.01)
        assert sink.most_waiting == 1
        assert not any(writer.done() for writer in writers)
        sink.release()
        await asyncio.gather(*writers)
        assert [len(samples) for delivery in sink.durable for samples in delivery.samples] == [1, 4]
        await handover.flush()
        assert len(sink.durable) == 2

    run(main())
