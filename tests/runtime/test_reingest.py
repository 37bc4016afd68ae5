"""Re-ingestion: what reads now is taken in once, balances balance, and orders outlive a kill."""

import random
import subprocess
import sys
import time

import msgspec
import pytest

from infrastress.core.clock import EventClock
from infrastress.core.time import DAY, HOUR, SECOND
from infrastress.events import Samples
from infrastress.events.delivery import Raw
from infrastress.runtime import Intake, IntakePolicy
from infrastress.runtime.admission import books_of
from infrastress.runtime.kept import MOST_MESSAGES, Budget, decode_kept
from infrastress.runtime.ledger import mended
from infrastress.runtime.reingest import KIND, Order, decode_order, order_key, order_output
from infrastress.store.memory import MemoryStore
from infrastress.store.ports import read_all, type_of
from infrastress.store.sqlite import SqliteStore
from tests.proofs import Proof
from tests.runtime.reingest_victim import KEPT, Mender
from tests.runtime.speakers import live
from tests.runtime.test_intake import running, until
from tests.runtime.toys import START, toy_site

CLOCK = EventClock()
POLICY = IntakePolicy(gather_s=0.01, beat_s=0.05, lease_s=0.3)


def give(store, order: Order) -> None:
    """As the API does it."""
    checkpoints = store.checkpoints
    lease = checkpoints.acquire("acts/toy", checkpoints.observe("acts/toy"), "test")
    lease.commit(lease.offset, None, [order_output("toy", order)])
    lease.release()


def found(store, order: str) -> Order:
    return decode_order(store.records.get(KIND, order_key("toy", order)).data)


def taken(store) -> list[float]:
    return store.history.read(["level"], 0, 2**62)["value"].to_pylist()


def book(store):
    return books_of(store.checkpoints.state("admission/toy/main"))["plc"][0]


async def done(store, order: str) -> Order:
    await until(lambda: found(store, order).state in ("done", "failed"))
    return found(store, order)


@live
async def test_told_first_then_taken_in_once() -> None:
    site, store = toy_site(plc={}), MemoryStore()
    mender = Mender(site.source_by_id["plc"], CLOCK, mended=lambda n: n % 3 > 0)
    async with running(Intake(store, site, [mender], clock=CLOCK, policy=POLICY, owner="me")):
        await mender.told.wait()
        give(store, Order(id="dry", source="plc", by="anna", at=1, dry=True))
        dry = await done(store, "dry")
        assert (dry.state, dry.messages, dry.taken, dry.refused) == ("done", KEPT, 40, {"still": 20})
        assert dry.late == dry.rows == 40
        assert dry.mended == {"comma": 40}
        assert not taken(store)
        assert not book(store).reingested
        give(store, Order(id="real", source="plc", by="anna", at=2))
        give(store, Order(id="twice", source="plc", by="ben", at=3))
        real, twice = await done(store, "real"), await done(store, "twice")
        assert (real.taken, real.late, real.refused) == (40, 40, {"still": 20})
        assert (twice.messages, twice.taken, twice.rows) == (20, 0, 0)
        mender.mended = lambda n: True
        give(store, Order(id="rest", source="plc", by="anna", at=4, reason="comma"))
        give(store, Order(id="other", source="plc", by="anna", at=5, reason="else"))
        assert (await done(store, "rest")).taken == 20
        assert (await done(store, "other")).messages == 0
    assert sorted(taken(store)) == list(range(KEPT))
    books = book(store)
    assert books.balances
    assert (books.read, books.accepted, books.late) == (2 * KEPT, KEPT, KEPT)
    assert books.quarantined == books.reingested == {"comma": KEPT}
    decided = [msgspec.json.decode(r.data) for r in read_all(store.log, "ingest/toy/main") if "decision" in r.subject]
    assert [d["by"] for d in decided if d["decision"] == "reingest"] == ["anna", "ben", "anna", "anna"]


@live
async def test_recent_rows_are_judged_and_the_watermark_says_which() -> None:
    site, store = toy_site(plc={"lateness_s": 1e6}), MemoryStore()
    mender = Mender(site.source_by_id["plc"], CLOCK)
    now = CLOCK.now()
    read = mender.rereader

    def recent():
        inner = read()
        return lambda raw, number: inner(msgspec.structs.replace(raw, received=now - SECOND), number)

    mender.rereader = recent
    async with running(Intake(store, site, [mender], clock=CLOCK, policy=POLICY, owner="me")):
        await mender.told.wait()
        give(store, Order(id="one", source="plc", by="anna", at=1))
        order = await done(store, "one")
    kinds = [type_of(r.subject) for r in read_all(store.log, "ingest/toy/main")]
    assert order.late == 0
    assert "late" not in kinds
    assert "samples" in kinds
    assert book(store).balances
    assert book(store).quarantined["conflict"] == KEPT - 1  # all have one time here, and say different things


@live
async def test_a_source_that_keeps_nothing_or_is_away_says_so() -> None:
    site, store = toy_site(plc={}, b={}), MemoryStore()
    mender = Mender(site.source_by_id["plc"], CLOCK)
    mender.rereader = lambda: None
    async with running(Intake(store, site, [mender], clock=CLOCK, policy=POLICY, owner="me")):
        for i, source in enumerate(("plc", "b")):
            give(store, Order(id=source, source=source, by="anna", at=i))
        assert "keeps no messages" in (await done(store, "plc")).error
        assert "no connection" in (await done(store, "b")).error


@live
async def test_a_reader_that_throws_costs_its_message_alone() -> None:
    site, store = toy_site(plc={}), MemoryStore()
    mender = Mender(site.source_by_id["plc"], CLOCK)

    def broken(number: int) -> bool:
        if number == 7:
            raise ValueError("kaboom")
        return True

    mender.mended = broken
    async with running(Intake(store, site, [mender], clock=CLOCK, policy=POLICY, owner="me")):
        await mender.told.wait()
        give(store, Order(id="one", source="plc", by="anna", at=1))
        order = await done(store, "one")
    assert (order.taken, order.refused) == (KEPT - 1, {"reader-failed": 1})
    assert "kaboom" in order.examples[0].what


def victim(folder, ready, wait_s: float = 0.0) -> None:
    """Run an intake until something is so, and a while longer; then kill it."""
    process = subprocess.Popen([sys.executable, "-m", "tests.runtime.reingest_victim", str(folder)])
    try:
        with SqliteStore(folder) as store:
            deadline = time.monotonic() + 40
            while not ready(store):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.01)
        time.sleep(wait_s)
    finally:
        process.kill()
        process.wait()


def kept_all(store) -> bool:
    return store.checkpoints.offset("admission/toy/main") > 0 and book(store).quarantined.get("comma") == KEPT


def killed(folder, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    victim(folder, kept_all)
    with SqliteStore(folder) as store:
        for i in range(2):
            give(store, Order(id=f"real{i}", source="plc", by="anna", at=i))
    for _ in range(kills):
        victim(folder, lambda store: found(store, "real0").messages > 0, chance.random() * 0.3)
    victim(folder, lambda store: found(store, "real1").state == "done")
    with SqliteStore(folder) as store:
        late = [Samples.decode(r.data) for r in read_all(store.log, "ingest/toy/main") if type_of(r.subject) == "late"]
        store.history.compact("ingest/toy/main", up_to=store.log.end("ingest/toy/main"))
        assert sum(map(len, late)) == KEPT
        assert sorted(taken(store)) == list(range(KEPT))
        books = book(store)
        assert books.balances
        assert (books.accepted, books.read) == (KEPT, 2 * KEPT)
        assert books.reingested == books.quarantined == {"comma": KEPT}
        assert found(store, "real0").taken + found(store, "real1").taken == KEPT


def test_killed_in_the_middle_nothing_comes_twice(tmp_path) -> None:
    killed(tmp_path, 2, 5)


@pytest.mark.prove
def test_killed_again_and_again_nothing_comes_twice(tmp_path) -> None:
    proof = Proof("quarantine: re-ingestion killed without warning", 40)
    for number in proof.steps():
        folder = tmp_path / str(number)
        folder.mkdir()
        killed(folder, 3, number)
    proof.finish("every kept message was taken in once; balances balanced")


def raws(count: int, reason: str, received: int = START, size: int = 10) -> list[Raw]:
    return [Raw(b"x" * size, received, {}, {reason: 1}) for _ in range(count)]


def test_one_reason_takes_half_of_the_room_and_age_makes_room() -> None:
    budget = Budget()
    half = MOST_MESSAGES // 2
    assert len(budget.admit(raws(half + 5, "unknown-tag"), 30)) == half
    assert len(budget.admit(raws(3, "no-json"), 30)) == 3
    assert not budget.admit(raws(1, "unknown-tag", START + 29 * DAY), 30)
    assert len(budget.admit(raws(1, "unknown-tag", START + 32 * DAY), 30)) == 1
    budget.release(raws(1, "no-json")[0], "no-json")
    assert not budget.admit(raws(1, "no-json", size=64_000_001), 30)


def test_mended_is_what_is_not_refused_any_more() -> None:
    assert mended({"a": 2, "b": 1}, {}) == {"a": 2, "b": 1}
    assert mended({"a": 2}, {"a": 1}) == {"a": 1}
    assert mended({"a": 1}, {"b": 1}) == {"a": 1}
    assert mended({"a": 2}, {"a": 3}) == {}


def test_kept_messages_lie_in_the_log_as_they_came() -> None:
    from infrastress.runtime.kept import kept_output

    messages = tuple(raws(3, "no-json", START + HOUR))
    output = kept_output("toy", "plc", 17, messages)
    kept = decode_kept(output.data)
    assert (kept.source, kept.first, kept.messages) == ("plc", 17, messages)
