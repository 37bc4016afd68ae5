"""Listening to a real server: times, quality, bursts, namespaces, missing nodes, held values, acknowledgement."""

import ast
import asyncio
import time
from pathlib import Path

import pytest
from asyncua.client.ua_session import UaSession
from pydantic import ValidationError

import infrastress.connectors.opcua
from infrastress.connectors.base import LiveContext
from infrastress.connectors.opcua import OpcUaOptions, listening
from infrastress.core.clock import EventClock
from infrastress.core.errors import MappingError
from infrastress.core.time import SECOND
from infrastress.site import Site
from tests.connectors.live_contract import run
from tests.connectors.opcua.listening import connector, listened, served, site_of
from tests.peers.opcua import URI
from tests.peers.sink import until


def test_units_words_and_numbers(tmp_path):
    fields = site_of("LEVEL", "STATE", "COUNT").model_dump(mode="json", by_alias=True, exclude_defaults=True)
    fields["signals"][0] |= {"kind": "level", "unit": "m"}
    nodes = {
        "LEVEL": {"node": f"nsu={URI};s=LEVEL", "unit": "cm", "factor": 2.0, "bad_values": [-1]},
        "STATE": {"node": f"nsu={URI};s=STATE", "values": {"OPEN": 1, "SHUT": 0}},
        "COUNT": f"nsu={URI};s=COUNT",
    }

    async def main() -> None:
        async with served(tmp_path, {"LEVEL": 150.0, "STATE": "OPEN", "COUNT": 7}) as server:
            made = connector(server, site=Site.model_validate(fields), nodes=nodes, hold=False)
            async with listened(made) as sink:
                await until(lambda: len(sink.readings) == 3, "values")
                await server.tell({"node": "LEVEL", "value": -1.0}, {"node": "STATE", "value": "JAMMED"})
                await until(lambda: sink.balance.cells_refused.total() == 2, "refusals")
            assert {tag: value for _, tag, value in sink.readings} == {"LEVEL": 3.0, "STATE": 1.0, "COUNT": 7.0}
            assert dict(sink.balance.cells_refused) == {"bad-value": 1, "text-in-number": 1}

    run(main())


def test_quality_and_times(tmp_path):
    noon = 1_800_000_000 * SECOND

    async def main() -> None:
        for uncertain, taken in (("refuse", [2.0, 4.0]), ("accept", [2.0, 3.0, 4.0])):
            async with served(tmp_path, {"A": 0.0}) as server:
                async with listened(connector(server, "A", hold=False, uncertain=uncertain)) as sink:
                    await until(lambda sink=sink: sink.state() == "up", "up")
                    await server.tell(
                        {"node": "A", "value": 1.0, "status": 0x808C0000, "source": noon},
                        {"node": "A", "value": 2.0, "source": noon + 1000},
                        {"node": "A", "value": 3.0, "status": 0x40900000, "source": noon + 2000},
                        {"node": "A", "value": 4.0, "source": None, "server": noon + 3000},
                    )
                    await until(lambda sink=sink: 4.0 in sink.values("A"), "the last value")
                    await until(lambda sink=sink: "from the server's clock" in sink.links[-1].detail, "a note")
                now = [(when, value) for when, _, value in sink.readings if when >= noon]
                assert [value for _, value in now] == taken
                assert now[0][0] == noon + 1000
                assert now[-1][0] == noon + 3000
                refused = sink.balance.cells_refused
                assert refused["opcua-BadSensorFailure"] == 1
                assert refused["opcua-UncertainLastUsableValue"] == (uncertain == "refuse")

    run(main())


def test_a_burst_between_two_messages_is_kept_and_an_overflow_is_counted(tmp_path):
    async def main() -> None:
        async with (
            served(tmp_path, {"A": 0.0}) as server,
            listened(connector(server, "A", hold=False, publishing_ms=200, queue_size=50)) as sink,
        ):
            await until(lambda: sink.values("A") == [0.0], "the first value")
            await server.tell(*({"node": "A", "value": float(n)} for n in range(1, 41)))
            await until(lambda: sink.values("A") == [float(n) for n in range(41)], "all values")
            await server.tell({"node": "A", "value": 99.0, "status": 0x0480})
            await until(lambda: 99.0 in sink.values("A"), "the value behind the overflow")
            assert dict(sink.balance.cells_refused) == {"opcua-overflow": 1}

    run(main())


def test_namespaces_move_when_a_server_restarts(tmp_path):
    async def main() -> None:
        async with served(tmp_path, {"A": 1.0}) as server, listened(connector(server, "A")) as sink:
            await until(lambda: 1.0 in sink.values("A"), "a value")
            await server.kill()
            server.setting.padding = 3
            server.setting.nodes = {"B": 7.0, "A": 2.0}
            await server.start()
            await until(lambda: 2.0 in sink.values("A"), "the value of the same node")
            assert 7.0 not in sink.values("A")

    run(main())


def test_nodes_that_are_not_there_are_counted_and_asked_for_again(tmp_path, monkeypatch):
    monkeypatch.setattr(listening, "_ASK_AGAIN_S", 0.3)
    nodes = {"A": f"nsu={URI};s=A", "B": f"nsu={URI};s=B", "C": "nsu=urn:elsewhere;s=C"}

    async def main() -> None:
        async with served(tmp_path, {"A": 1.0}) as server:
            async with listened(connector(server, "A", "B", "C", nodes=nodes)) as sink:
                await until(lambda: sink.balance.cells_refused["opcua-BadNodeIdUnknown"] >= 2, "asked again")
                assert sink.balance.cells_refused["opcua-NamespaceUnknown"] >= 2
                assert sink.state() == "up"
                assert "2 of 3 nodes refused" in sink.links[-1].detail
            async with listened(connector(server, "B")) as sink:
                await until(lambda: sink.state() == "down", "down")
                assert "BadNodeIdUnknown" in sink.links[-1].detail

    run(main())


def test_an_unchanged_value_is_told_again_only_while_the_server_lives_and_only_when_good(tmp_path):
    async def main() -> None:
        async with (
            served(tmp_path, {"A": 1.0, "B": 2.0}) as server,
            listened(connector(server, "A", "B", cadence_s=0.1)) as sink,
        ):
            await until(lambda: len(sink.values("A")) > 8, "held values")
            assert set(sink.values("A")) == {1.0}
            await server.tell({"node": "B", "value": 2.0, "status": 0x808A0000})
            await until(lambda: sink.balance.cells_refused["opcua-BadNotConnected"] == 1, "B is bad")
            known = len(sink.values("B"))
            await until(lambda: len(sink.values("A")) > 20, "A goes on")
            assert len(sink.values("B")) == known
            await server.kill()
            dead = time.time_ns()
            await until(lambda: sink.state() == "down", "down")
            await asyncio.sleep(0.5)
        times = [when for when, tag, _ in sink.readings if tag == "A"][1:]
        assert max(times) <= dead
        assert {when % (SECOND // 10) for when in times} == {0}
        assert len(set(times)) == len(times)

    run(main())


def test_nothing_is_told_of_the_time_before_we_came(tmp_path):
    async def main() -> None:
        async with served(tmp_path, {"A": 1.0}) as server:
            await asyncio.sleep(0.5)
            began = time.time_ns()
            async with listened(connector(server, "A", cadence_s=0.1, sampling_ms=0)) as sink:
                await until(lambda: len(sink.values("A")) > 3, "held values")
            assert min(when for when, _, _ in sink.readings) >= began

    run(main())


def test_a_server_that_forgets_the_subscription_is_noticed(tmp_path):
    async def main() -> None:
        async with served(tmp_path, {"A": 1.0}) as server, listened(connector(server, "A", timeout_s=0.5)) as sink:
            await until(lambda: len(sink.values("A")) > 3, "values")
            await server.forget()
            await until(lambda: any("no sign of life" in link.detail for link in sink.links), "down")
            await until(lambda: sink.state() == "up", "up")
            known = len(sink.values("A"))
            await until(lambda: len(sink.values("A")) > known, "values again")

    run(main())


def test_a_mute_server_is_down(tmp_path):
    async def main() -> None:
        async with (
            served(tmp_path, {"A": 1.0}) as server,
            listened(connector(server, "A", timeout_s=0.5)) as sink,
        ):
            await until(lambda: len(sink.values("A")) > 3, "values")
            server.pause()
            stopped = time.time_ns()
            await until(lambda: sink.state() == "down", "down", 10.0)
            assert sink.links[-1].detail
            assert max(when for when, _, _ in sink.readings) <= stopped
            server.resume()
            await until(lambda: sink.state() == "up", "up")

    run(main())


def test_a_restart_tells_nothing_again(tmp_path):
    async def main() -> None:
        async with served(tmp_path, {"A": 1.0}) as server:
            async with listened(connector(server, "A", hold=False)) as sink:
                await until(lambda: sink.values("A") == [1.0], "a value")
            async with listened(connector(server, "A", hold=False), sink.position) as again:
                await until(lambda: again.state() == "up", "up")
                await server.tell({"node": "A", "value": 5.0})
                await until(lambda: again.values("A"), "a new value")
                assert again.values("A") == [5.0]

    run(main())


def test_messages_are_acknowledged_when_they_are_durable(tmp_path, monkeypatch):
    acknowledged: list[int] = []
    publish = UaSession.publish

    async def spy(self, acks):
        acknowledged.extend(ack.SequenceNumber for ack in acks)
        return await publish(self, acks)

    monkeypatch.setattr(UaSession, "publish", spy)

    async def main() -> None:
        async with (
            served(tmp_path, {"A": 0.0}) as server,
            listened(connector(server, "A", hold=False, queue_size=100)) as sink,
        ):
            await until(lambda: acknowledged, "the first acknowledgement")
            sink.hold()
            known = len(acknowledged)
            for value in range(1, 6):
                await server.tell({"node": "A", "value": float(value)})
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.3)
            assert len(acknowledged) == known
            assert sink.most_waiting == 1
            sink.release()
            await until(lambda: sink.values("A") == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], "all values")
            await until(lambda: len(acknowledged) > known, "acknowledgements")

    run(main())


def test_a_plant_on_another_clock(tmp_path):
    clock = EventClock(origin=1_000_000 * SECOND, wall=time.time_ns(), speed=60.0)

    async def main() -> None:
        async with served(tmp_path, {"A": 1.0}) as server:
            made = connector(server, "A", context=LiveContext(clock=clock), cadence_s=6.0, timestamps="clock")
            async with listened(made) as sink:
                await until(lambda: len(sink.values("A")) > 8, "held values")
            times = [when for when, _, _ in sink.readings]
            assert min(times) > 1_000_000 * SECOND
            assert max(times) < 1_002_000 * SECOND
            assert {when % (6 * SECOND) for when in times[1:]} == {0}

    run(main())


def test_as_many_nodes_a_call_as_the_server_takes(tmp_path, monkeypatch):
    calls: list[int] = []
    create = UaSession.create_monitored_items

    async def spy(self, params):
        calls.append(len(params.ItemsToCreate))
        return await create(self, params)

    monkeypatch.setattr(UaSession, "create_monitored_items", spy)
    names = [f"N{number}" for number in range(10)]

    async def main() -> None:
        async with (
            served(tmp_path, dict.fromkeys(names, 1.0), items_a_call=4) as server,
            listened(connector(server, *names)) as sink,
        ):
            await until(lambda: {tag for _, tag, _ in sink.readings} == set(names), "all")
        assert calls == [4, 4, 2]

    run(main())


def test_nothing_is_ever_written_or_called():
    names: set[str] = set()
    for file in Path(infrastress.connectors.opcua.__file__).parent.glob("*.py"):
        names |= {node.attr for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Attribute)}
    services = {name for name in vars(UaSession) if not name.startswith("_")}
    assert names & services == {"create_subscription", "create_monitored_items", "read"}  # of SignalReader


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "opc.tcp://user:pw@host:4840"}, "no user or password"),
        ({"url": "http://host"}, "pattern"),
        ({"nodes": {"A": "ns=2;s=A"}}, "indexes change"),
        ({"nodes": {}}, "at least 1"),
        ({"user": "u"}, "password_secret"),
        ({"user": "u", "password_secret": "p", "security": "Sign"}, "with SignAndEncrypt only"),
        ({"user_certificate": "u.pem", "user_key": "k.pem", "security": "none"}, "needs security"),
        ({"certificate": "a.der"}, "go together"),
    ],
)
def test_options_that_cannot_be(options, said):
    given = {"url": "opc.tcp://host:4840", "nodes": {"A": "i=1"}} | options
    with pytest.raises(ValidationError, match=said):
        OpcUaOptions.model_validate(given)


def test_a_signal_that_the_site_does_not_have(tmp_path):
    class Nowhere:
        url = "opc.tcp://127.0.0.1:1"

    with pytest.raises(MappingError, match="did you mean 'LEVEL'"):
        connector(Nowhere(), "LEVEL", nodes={"LEVLE": "i=1"})
