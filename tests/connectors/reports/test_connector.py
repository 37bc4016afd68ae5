"""The connector: every report once, in order, across restarts; those who flood wait; insiders are never read."""

import asyncio
import contextlib

import msgspec
import pytest

from infrastress.connectors.base import LiveContext
from infrastress.connectors.reports import ReportsConnector, ReportsOptions
from infrastress.connectors.reports.records import Act, Boxes
from infrastress.events import Report, ReportVerdict
from infrastress.site.sources import Source
from infrastress.store.memory import MemoryStore
from tests.connectors.conftest import small_site
from tests.connectors.reports.test_boxes import NOW, record
from tests.peers.sink import MemorySink

SITE = small_site()


def make(site, folder, **options):
    source = Source(id="reports", connector="reports", kind="reports")
    context = LiveContext(folder=folder, blobs=options.pop("blobs", None))
    return ReportsConnector(site, source, ReportsOptions(folder="reports", **options), context)


def listen(connector, sink, after=None, seconds=0.7):
    async def main():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(connector.run(sink, after), seconds)

    asyncio.run(main())


def put(folder, lane, *records):
    Boxes(folder / "reports").lanes[lane].append([msgspec.json.encode(one) for one in records], NOW)


def events(sink):
    return [event for delivery in sink.durable for event in delivery.events]


def numbers(sink):
    return [event.body.receipt for event in events(sink)]


def test_each_report_once_across_a_restart(tmp_path):
    put(tmp_path, "main", *(record(number=f"AAAAA{n}") for n in range(5)))
    first = MemorySink()
    listen(make(SITE, tmp_path), first)
    assert numbers(first) == [f"AAAAA{n}" for n in range(5)]
    put(tmp_path, "main", record(number="BBBBBB"))
    second = MemorySink()
    listen(make(SITE, tmp_path), second, first.durable[-1].position)
    assert numbers(second) == ["BBBBBB"]
    again = MemorySink()
    listen(make(SITE, tmp_path), again)
    assert [e.id for e in events(again)][:5] == [e.id for e in events(first)], "the same place gives the same ids"


def test_torn_and_forged_lines_are_counted(tmp_path):
    put(tmp_path, "main", record(notes=("time", "position")), record(number="INSIDE", category="insider"))
    boxes = Boxes(tmp_path / "reports")
    boxes.lanes["main"].append([b"nonsense"], NOW)
    sink = MemorySink()
    listen(make(SITE, tmp_path), sink)
    balance = sink.durable[0].balance
    assert numbers(sink) == ["ABCDEF"]
    assert balance.balances
    assert balance.quarantined == {"no report": 2}
    assert balance.cells_refused == {"time": 1, "position": 1}


def test_those_who_flood_wait_and_are_not_lost(tmp_path):
    put(tmp_path, "behind", *(record(number=f"F{n:05d}") for n in range(9)))
    put(tmp_path, "main", record(number="HONEST"))
    sink = MemorySink()
    listen(make(SITE, tmp_path, behind_per_s=5.0), sink, seconds=3.0)
    assert numbers(sink)[0] == "HONEST"
    assert sorted(numbers(sink)[1:]) == [f"F{n:05d}" for n in range(9)]
    assert len(sink.durable) > 1


def test_concerns_about_insiders_reach_no_delivery(tmp_path):
    put(tmp_path, "insider", record(category="insider"))
    sink = MemorySink()
    listen(make(SITE, tmp_path), sink)
    assert sink.durable == []


def test_an_operators_verdict_follows(tmp_path):
    put(tmp_path, "main", record())
    boxes = Boxes(tmp_path / "reports")
    boxes.act(Act("ABCDEF", "seen", NOW, by="op"), Act("ABCDEF", "unfounded", NOW, by="op"))
    sink = MemorySink()
    listen(make(SITE, tmp_path), sink)
    assert [type(event.body) for event in events(sink)] == [Report, ReportVerdict]


def test_a_photo_goes_into_the_blobs_as_it_is_sealed(tmp_path):
    from infrastress.core.ids import content_hash

    sealed = b"sealed picture"
    digest = content_hash(sealed)
    boxes = Boxes(tmp_path / "reports")
    boxes.photos.mkdir()
    (boxes.photos / digest).write_bytes(sealed)
    put(tmp_path, "main", record(photo=digest))
    with MemoryStore() as store:
        sink = MemorySink()
        listen(make(SITE, tmp_path, blobs=store.blobs), sink)
        assert store.blobs.get(digest) == sealed


def test_another_address_needs_a_certificate():
    with pytest.raises(ValueError, match="needs a certificate"):
        ReportsOptions(host="0.0.0.0")  # noqa: S104
