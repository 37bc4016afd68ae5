"""What every live connector must do, against a real peer; a member's tests subclass `LiveContract` or `WireContract`.

The peer tells values of the signal LT1, each one once and each different (0, 1, 2 ...), so that what arrives shows what
was lost, doubled or made up. Tests are plain functions; each runs its own event loop.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import pytest

from infrastress.connectors.base import LiveConnector, LiveContext
from infrastress.core.time import SECOND
from tests.peers.processes import free_port
from tests.peers.proxy import FaultProxy
from tests.peers.sink import PATIENCE_S, MemorySink, until
from tests.proofs import Proof

__all__ = ["SIGNAL", "LiveContract", "Peer", "Rig", "WireContract", "run"]

SIGNAL = "LT1"
"""In metres; the site is `tests.connectors.conftest.small_site`."""
CANCEL_S = 3.0
"""A second is promised; two cores may be busy with other tests."""
OUTAGE_S = 1.0


class Peer(ABC):
    """The real thing at the other end: a broker with a publisher, a device, a client that pushes, a writer of files.

    What it says by its protocol's rules it says again until it is acknowledged, where the protocol has that.
    `kill` makes it forget what a crash would make it forget.
    """

    @abstractmethod
    async def start(self) -> None:
        """Begin to serve, or to push; also after `kill`, on the same port."""

    @abstractmethod
    async def kill(self) -> None:
        """End at once, without a goodbye."""

    @abstractmethod
    async def say(self, value: float) -> None:
        """LT1 has this value (m) now; returns when the peer has it, not when the connector has it."""

    @abstractmethod
    async def nonsense(self) -> None:
        """Say something that can't be read."""


class Rig:
    """A peer, the proxy before it, a sink, and the connector between them, started and stopped as a test likes.

    Attributes:
        said: when each value was said, ns UTC.
        since: the first value that a connector known to be up has to deliver.
        outages: (begin, end) of times at which the peer said nothing, ns UTC.
        garbled: whether bytes were changed on the way: protocols without a checksum then tell values nobody said.
        folder: for files.
    """

    def __init__(
        self,
        make: Callable[[], LiveConnector],
        peer: Peer,
        proxy: FaultProxy | None,
        sink: MemorySink,
        told: Callable[[MemorySink], list[tuple[int, float]]],
    ) -> None:
        self._make, self._told = make, told
        self.peer, self.proxy, self.sink = peer, proxy, sink
        self.said: dict[int, int] = {}
        self.outages: list[tuple[int, int]] = []
        self.garbled = False
        self.since = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the connector behind what is durable."""
        assert self._task is None
        self._task = asyncio.create_task(self._make().run(self.sink, self.sink.position))

    async def stop(self) -> None:
        """Cancel the connector; it must end, and by the cancellation alone."""
        task, self._task = self._task, None
        if task is None:
            return
        if task.done():
            await task
            raise AssertionError("the connector ended by itself")
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=CANCEL_S)
        assert done, "cancelled, the connector goes on"
        assert task.cancelled() or task.exception() is None, task.exception()

    async def wait(self, true: Callable[[], object], what: str) -> None:
        """Wait while the connector lives."""

        def alive() -> bool:
            if self._task is not None and self._task.done():
                self._task.result()
                raise AssertionError("the connector ended by itself")
            return bool(true())

        await until(
            alive, lambda: f"{what}; links {self.sink.links[-5:]}, balance {self.sink.balance.as_dict()}", PATIENCE_S
        )

    async def say(self) -> int:
        """The next value; returns it."""
        value = len(self.said)
        self.said[value] = time.time_ns()
        await self.peer.say(float(value))
        return value

    @property
    def owed(self) -> set[int]:
        """Values said since the connector was first heard of that haven't arrived."""
        return set(range(self.since, len(self.said))) - set(self.arrived)

    @property
    def arrived(self) -> list[int]:
        """Values of LT1 in the sink, in order."""
        return [round(value) for _, value in self._told(self.sink) if abs(value) < 1e9]

    async def hear(self, count: int = 1) -> None:
        """Say some values, each when the one before has arrived."""
        for _ in range(count):
            value = await self.say()
            await self.wait(lambda value=value: value in self.arrived, f"value {value}")

    async def hear_again(self) -> None:
        """Say values until one arrives: what is said before a connection stands may be lost."""
        first = len(self.said)

        async def talk() -> None:
            while True:
                await self.say()
                await asyncio.sleep(0.2)

        talking = asyncio.create_task(talk())
        try:
            await self.wait(lambda: any(value >= first for value in self.arrived), f"a value from {first} on")
        finally:
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)

    async def outage(self, seconds: float = OUTAGE_S) -> None:
        """The peer is killed, is away for a while and comes back."""
        await self.peer.kill()
        begin = time.time_ns()
        await asyncio.sleep(seconds)
        self.outages.append((begin, time.time_ns()))
        await self.peer.start()


def run(main: Coroutine[Any, Any, None], patience_s: float = 120.0) -> None:
    """Run a test's loop; it leaves no task behind."""

    async def bounded() -> None:
        await asyncio.wait_for(main, patience_s)
        mine = asyncio.current_task()
        await until(
            lambda: asyncio.all_tasks() == {mine}, lambda: f"tasks that nobody ended: {asyncio.all_tasks()}", 3.0
        )

    asyncio.run(bounded())


class LiveContract:
    """What holds for every live connector.

    Attributes:
        listens: whether the connector serves and the peer comes to it.
        keeps: whether every value said with the peer up arrives, however late. A polled device keeps only its last.
        once: whether none arrives twice, even if the connector was killed between durable and acknowledged.
        wire: whether peer and connector talk over TCP, so that the proxy can stand between them.
        secrets: by name; the connector's options use the names, and no secret may be seen anywhere.
    """

    listens: ClassVar[bool] = False
    keeps: ClassVar[bool] = True
    once: ClassVar[bool] = True
    wire: ClassVar[bool] = False
    secrets: ClassVar[dict[str, str]] = {}
    folder: Path

    def make_peer(self, port: int) -> Peer:
        """A peer, not started: serves `port`, or goes to it where the connector `listens`."""
        raise NotImplementedError

    def make_connector(self, port: int, context: LiveContext) -> LiveConnector:
        """The connector: goes to `port`, or serves it where it `listens`; should try again within about 0.2 s."""
        raise NotImplementedError

    def told(self, sink: MemorySink) -> list[tuple[int, float]]:
        """(time, value) of all that the peer said; a connector of events alone finds the values in them."""
        return [(time, value) for time, tag, value in sink.readings if tag == SIGNAL]

    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
        self.folder = tmp_path
        self._log = caplog
        caplog.set_level("INFO")
        for name, value in self.secrets.items():
            monkeypatch.setenv(f"INFRASTRESS_SECRET_{name.upper().replace('-', '_')}", value)

    @asynccontextmanager
    async def rig(self, sink: MemorySink | None = None, *, started: bool = True) -> AsyncIterator[Rig]:
        """Everything up and, unless told otherwise, a first value heard; checks at the end what always holds."""
        sink = sink or MemorySink()
        far = free_port()
        proxy = FaultProxy(far)
        if self.wire:
            await proxy.accept()
        near = proxy.port if self.wire else far
        peer = self.make_peer(near if self.listens else far)
        served = far if self.listens else near
        context = LiveContext(folder=self.folder, random=Random(7))
        rig = Rig(lambda: self.make_connector(served, context), peer, proxy if self.wire else None, sink, self.told)
        try:
            await peer.start()
            if started:
                rig.start()
                await rig.hear_again()
                rig.since = len(rig.said)
            yield rig
            await rig.stop()
        finally:
            if rig._task is not None:
                rig._task.cancel()
                await asyncio.gather(rig._task, return_exceptions=True)
            await peer.kill()
            if self.wire:
                await proxy.refuse()
                await proxy.cut()
        self.check(rig)

    def check(self, rig: Rig) -> None:
        """Balance, numbering, progress, no invented or doubled value, nothing in an outage, no secret shown."""
        sink = rig.sink
        assert all(delivery.balance.balances for delivery in sink.durable)
        assert all(link.detail for link in sink.links if link.state == "down"), "down without a reason"
        row, progress = 0, None
        for delivery in sink.durable:
            for samples in delivery.samples:
                assert samples.sequence == row, "numbers of rows don't go on"
                row += len(samples)
            times = [int(t) for s in delivery.samples for t in s.times] + [e.occurred for e in delivery.events]
            times += [int(records.ends.max()) for records in delivery.network]
            assert not times or (delivery.progress is not None and delivery.progress >= max(times))
            assert progress is None or (delivery.progress is not None and delivery.progress >= progress)
            progress = delivery.progress
        events = Counter(event.id for event in sink.events)
        assert max(events.values(), default=1) == 1, "an event twice"
        for when, value in self.told(sink):
            if rig.garbled and value not in rig.said:
                continue
            assert abs(value - round(value)) < 1e-6, f"{value} was never said"
            assert round(value) in rig.said, f"{value} was never said"
            assert when >= rig.said[round(value)] - SECOND // 10, f"{value} has a time before it was said"
            for begin, end in rig.outages:
                assert not begin + 3 * SECOND // 10 < when < end, f"{value} was told of a time without connection"
        if self.keeps and self.once:
            twice = {value: count for value, count in Counter(rig.arrived).items() if count > 1}
            assert not twice, f"values twice: {twice}"
        shown = f"{sink.links} {[delivery.refusals for delivery in sink.durable]} {self._log.text}"
        for name, secret in self.secrets.items():
            assert secret not in shown, f"the secret {name} is shown"

    def test_delivers_with_balance_and_says_that_it_is_up(self) -> None:
        async def main() -> None:
            async with self.rig() as rig:
                await rig.hear(10)
                assert rig.sink.state(self.member(rig)) == "up"
                assert rig.sink.balance.accepted > 0

        run(main())

    def member(self, rig: Rig) -> str:
        """Of the link that leads to the peer: by default the last one reported."""
        return rig.sink.links[-1].member if rig.sink.links else ""

    def test_nonsense_is_refused_with_its_reason_and_the_rest_goes_on(self) -> None:
        async def main() -> None:
            async with self.rig() as rig:
                before = rig.proxy.connections if rig.proxy else 0
                for _ in range(5):
                    await rig.peer.nonsense()
                    await rig.hear()
                balance = rig.sink.balance
                assert balance.quarantined.total() + balance.cells_refused.total() >= 5
                refusals = [refusal for delivery in rig.sink.durable for refusal in delivery.refusals]
                assert refusals
                assert all(refusal.reason for refusal in refusals)
                if rig.proxy and not self.listens:
                    assert rig.proxy.connections == before, "nonsense cost the connection"
                self._read_again(rig, rig._make())

        run(main())

    def _read_again(self, rig: Rig, connector: LiveConnector) -> None:
        """Messages that were kept say the same when they are read again by the same options: nothing new."""
        read = connector.rereader()
        kept = [raw for delivery in rig.sink.durable for raw in delivery.raw]
        assert read is not None or not kept, "messages are kept that nothing reads again"
        for number, raw in enumerate(kept):
            assert read is not None
            again = read(raw, number)
            assert again.balance.balances
            assert not again.samples
            assert not again.events, "what was refused is taken"
            assert [one.refused for one in again.raw] == [raw.refused], "it is refused for something else"
            assert again.raw[0].data == raw.data

    def test_goes_on_behind_what_is_durable(self) -> None:
        async def main() -> None:
            async with self.rig() as rig:
                for _ in range(3):
                    await rig.hear(3)
                    await rig.stop()
                    rig.start()
                    await rig.hear_again()

        run(main())

    def test_what_is_not_durable_is_not_acknowledged(self) -> None:
        if not self.keeps:
            pytest.skip("a polled device acknowledges nothing")

        async def main() -> None:
            async with self.rig() as rig:
                rig.sink.hold()
                for _ in range(5):
                    await rig.say()
                await asyncio.sleep(0.5)
                durable = len(rig.sink.durable)
                await rig.stop()
                assert len(rig.sink.durable) == durable
                rig.sink.release()
                rig.start()
                await rig.wait(lambda: not rig.owed, "what was never durable")

        run(main())

    def test_nothing_acknowledged_is_lost_whenever_it_is_killed(self) -> None:
        run(self._kill_ourselves(range(10)))

    async def _kill_ourselves(self, steps: Iterable[int], *, faults: bool = False) -> None:
        """The connector is killed at any moment; with `faults` its connections are cut and reset, too."""
        random = Random(11)
        sink = MemorySink(random, delay_s=0.02)
        async with self.rig(sink) as rig:
            for _ in steps:
                for _ in range(random.randrange(1, 8)):
                    await rig.say()
                    await asyncio.sleep(random.random() * 0.02)
                if faults and rig.proxy is not None and random.random() < 0.5:
                    await (rig.proxy.cut() if random.random() < 0.5 else rig.proxy.reset())
                await asyncio.sleep(random.random() * 0.1)
                if not faults or random.random() < 0.7:
                    await rig.stop()
                    rig.start()
            await rig.hear_again()
            if self.keeps:
                await rig.wait(lambda: not rig.owed, "every value said")

    @pytest.mark.prove
    def test_proof_nothing_acknowledged_is_lost(self) -> None:
        proof = Proof(f"live connector {self.title}: killed, its connections cut and reset, at any moment", 200)
        run(self._kill_ourselves(proof.steps(), faults=True), 1200.0)
        every = "every value said arrived, " if self.keeps else ""
        once = "none twice, " if self.keeps and self.once else ""
        proof.finish(f"{every}{once}none made up; balance and numbering held")

    @property
    def title(self) -> str:
        """What the proofs call the connector."""
        return type(self).__name__.removeprefix("Test")

    def test_peer_killed_and_started_again(self) -> None:
        run(self._killed(range(5)))

    @pytest.mark.prove
    def test_proof_peer_killed_and_started_again(self) -> None:
        proof = Proof(f"live connector {self.title}: its peer killed and started again", 20)
        run(self._killed(proof.steps()), 600.0)
        once = "none twice, " if self.keeps and self.once else ""
        proof.finish(f"it came back every time; {once}no value made up; balance and numbering held")

    async def _killed(self, steps: Iterable[int]) -> None:
        async with self.rig() as rig:
            for _ in steps:
                await rig.hear(2)
                reports = len(rig.sink.links)
                await rig.peer.kill()
                if not self.listens and self.wire:
                    await rig.wait(
                        lambda reports=reports: any(link.state == "down" for link in rig.sink.links[reports:]), "down"
                    )
                await rig.peer.start()
                await rig.hear_again()

    def test_lost_time_is_a_gap(self) -> None:
        async def main() -> None:
            async with self.rig() as rig:
                await rig.hear(2)
                await rig.outage()
                await rig.hear_again()

        run(main())

    def test_cancelled_it_ends(self) -> None:
        async def main() -> None:
            async with self.rig() as rig:
                await rig.stop()
                rig.start()
                await asyncio.sleep(0)
                await rig.stop()
                await rig.peer.kill()
                rig.start()
                await asyncio.sleep(0.5)
                await rig.stop()
                await rig.peer.start()
                rig.start()
                await rig.hear_again()
                rig.sink.hold()
                await rig.say()
                await asyncio.sleep(0.3)

        run(main())


class WireContract(LiveContract):
    """What holds for every live connector over TCP, with the fault proxy between it and its peer."""

    wire = True

    async def _survives(self, harm: Callable[[Rig, FaultProxy], Awaitable[None]], times: int = 3) -> None:
        async with self.rig() as rig:
            assert rig.proxy is not None
            for _ in range(times):
                await rig.hear()
                await harm(rig, rig.proxy)
                rig.proxy.heal()
                await rig.hear_again()

    def test_connection_cut(self) -> None:
        async def harm(rig: Rig, proxy: FaultProxy) -> None:
            await proxy.cut()

        run(self._survives(harm))

    def test_connection_reset(self) -> None:
        async def harm(rig: Rig, proxy: FaultProxy) -> None:
            await proxy.reset()

        run(self._survives(harm))

    def test_connection_refused(self) -> None:
        async def harm(rig: Rig, proxy: FaultProxy) -> None:
            await proxy.refuse()
            await proxy.reset()
            await asyncio.sleep(0.5)
            await proxy.accept()

        run(self._survives(harm, 2))

    def test_cut_in_the_middle_of_what_the_peer_says(self) -> None:
        async def harm(rig: Rig, proxy: FaultProxy) -> None:
            for after in (1, 7, 30):
                proxy.truncate(after)
                if self.keeps:
                    await rig.say()
                await asyncio.sleep(0.15)
            await proxy.cut()

        run(self._survives(harm, 2))

    def test_garbled(self) -> None:
        async def main() -> None:
            async with self.rig() as rig:
                assert rig.proxy is not None
                rig.garbled = True
                for every in (3, 11):
                    await rig.hear()
                    rig.proxy.garble(every)
                    await asyncio.sleep(0.4)
                    rig.proxy.heal()
                    await rig.proxy.reset()
                    await rig.hear_again()

        run(main())

    def test_stalled(self) -> None:
        """Nothing comes through for a while; then a firewall has forgotten the connection and a new one is made."""

        async def harm(rig: Rig, proxy: FaultProxy) -> None:
            proxy.stall()
            await asyncio.sleep(0.7)
            await proxy.reset()

        run(self._survives(harm, 2))

    def test_cancelled_while_the_peer_is_mute(self) -> None:
        async def main() -> None:
            async with self.rig() as rig:
                assert rig.proxy is not None
                rig.proxy.stall()
                await rig.stop()
                rig.start()
                await asyncio.sleep(0.3)
                await rig.stop()

        run(main())

    def test_slow_peer(self) -> None:
        async def main() -> None:
            async with self.rig() as rig:
                assert rig.proxy is not None
                rig.proxy.slow(20_000)
                await rig.hear(3)

        run(main())
