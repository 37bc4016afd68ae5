"""Edge nodes: births, aliases, missing messages, deaths, and all of it over a restart."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.connectors.base import Link
from infrastress.connectors.inbox import Inbox
from infrastress.connectors.mqtt.desk import Desk
from infrastress.connectors.mqtt.message import Publish
from infrastress.connectors.mqtt.nodes import Nodes
from infrastress.connectors.mqtt.options import Route
from infrastress.connectors.mqtt.topics import filter_pattern
from infrastress.events.delivery import Delivery
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.mqtt import tahu

COLUMNS = {"G/E/D/level": "LT1", "G/E/flow": "FT1", "G/E/D/on": {"signal": "S1", "values": {"run": 1}}}
ALIASED = [
    tahu.metric("level", alias=7, datatype=10, double_value=1.0),
    tahu.metric("on", alias=8, datatype=11, boolean_value=True),
]


class Plant:
    """What an edge node says, straight into the reader."""

    def __init__(self, **options: Any) -> None:
        self.route = Route.model_validate(
            {"filter": "spBv1.0/#", "payload": "sparkplug", "columns": COLUMNS, **options}
        )
        self.links: list[Link] = []
        self.written: list[tuple[str, bytes]] = []
        self.inbox = Inbox(small_site(), Source(id="historian", kind="telemetry"), None)
        self.desk = Desk(self.inbox, self.links.append)
        self.desk.write = lambda topic, payload: self.written.append((topic, payload))
        self.nodes = Nodes(self.route, small_site(), "here")

    def say(
        self, kind: str, metrics: list[dict[str, Any]], *, seq: int | None = None, time: int = 5, **more: Any
    ) -> None:
        data = tahu.payload(metrics, timestamp=time, **({} if seq is None else {"seq": seq}))
        self.raw(kind, data, **more)

    def raw(self, kind: str, data: bytes, *, retained: bool = False, now: int = 9) -> None:
        topic = f"spBv1.0/G/{kind}/E" + ("/D" if kind.startswith("D") else "")
        match = filter_pattern(self.route.filter).fullmatch(topic)
        assert match
        self.nodes.bind(topic, match)(self.desk, Publish(topic.encode(), data, 0, False, retained, len(data)), now)

    def born(self, session: int = 1) -> None:
        birth = [tahu.metric("bdSeq", datatype=4, long_value=session), tahu.metric("flow", datatype=9, float_value=3.6)]
        self.say("NBIRTH", birth, seq=0)
        self.say("DBIRTH", ALIASED, seq=1)

    def delivery(self) -> Delivery:
        delivery = self.inbox.delivery()
        assert delivery is not None
        assert delivery.balance.balances
        return delivery

    def readings(self) -> dict[str, float]:
        delivery = self.inbox.delivery()
        return (
            {}
            if delivery is None
            else {s.tags[i]: float(s.values[0, i]) for s in delivery.samples for i in range(len(s.tags))}
        )

    def state(self, member: str) -> str:
        return next((link.state for link in reversed(self.links) if link.member == member), "")


def test_births_name_what_aliases_mean() -> None:
    plant = Plant()
    plant.nodes.expected(plant.desk)
    assert plant.state("G/E") == "connecting"
    plant.born()
    assert plant.readings() == {"LT1": 1.0, "S1": 1.0, "FT1": pytest.approx(0.001)}
    assert (plant.state("G/E"), plant.state("G/E/D")) == ("up", "up")
    plant.say("DDATA", [tahu.metric(alias=7, double_value=2.5, timestamp=77)], seq=2)
    delivery = plant.delivery()
    assert delivery.samples[0].times.tolist() == [77_000_000]
    assert delivery.samples[0].values.tolist() == [[2.5]]


def test_quality_nulls_and_what_is_no_single_value() -> None:
    plant = Plant()
    plant.born()
    plant.readings()
    plant.say("DDATA", [tahu.metric(alias=7, quality=0, double_value=9.0)], seq=2)
    plant.say("DDATA", [tahu.metric(alias=7, quality=500, double_value=9.0)], seq=3)
    plant.say("DDATA", [tahu.metric(alias=7, quality=192, double_value=4.0), tahu.metric(alias=8, is_null=True)], seq=4)
    plant.say("DDATA", [tahu.metric(alias=8, dataset_value={"num_of_columns": 1})], seq=5)
    plant.say("DDATA", [tahu.metric(alias=99, double_value=1.0), tahu.metric(double_value=1.0)], seq=6)
    plant.raw("DDATA", b"\x12\x05ab")
    delivery = plant.delivery()
    assert delivery.balance.cells_refused == {"bad-quality": 2, "dataset": 1, "unknown-alias": 1, "no-name": 1}
    assert delivery.balance.cells_empty == 1
    assert delivery.balance.quarantined == {"no-sparkplug": 1}
    assert [s.values.tolist() for s in delivery.samples] == [[[4.0]]]


def test_missing_messages_are_counted_and_a_birth_that_may_be_among_them_is_waited_for() -> None:
    plant = Plant()
    plant.born()
    plant.readings()
    plant.say("DDATA", [tahu.metric(alias=7, double_value=2.0)], seq=5)  # 2, 3 and 4 are missing: no birth, it has 0
    delivery = plant.delivery()
    assert delivery.balance.cells_refused == {"sequence-gap": 1}
    assert "due" in delivery.refusals[0].what
    assert len(delivery.samples) == 1
    plant.say("DDATA", [tahu.metric(alias=7, double_value=2.0)], seq=2)  # went back: it was born again unseen
    delivery = plant.delivery()
    assert delivery.balance.cells_refused == {"sequence-gap": 1, "no-birth": 1}
    assert not delivery.samples
    assert plant.state("G/E") == "connecting"
    plant.say("NDATA", [tahu.metric("flow", float_value=7.2)], seq=3)  # told by name: no alias is in doubt
    assert plant.readings() == {"FT1": pytest.approx(0.002)}
    assert plant.written == []
    plant.born()
    assert plant.readings()["LT1"] == 1.0
    assert plant.state("G/E") == "up"


def test_numbers_go_round() -> None:
    plant = Plant()
    plant.born()
    for i in range(2, 600):
        plant.say("DDATA", [tahu.metric(alias=7, double_value=float(i))], seq=i % 256, time=i)
    delivery = plant.delivery()
    assert not delivery.balance.cells_refused
    assert delivery.balance.cells_accepted == 3 + 598


def test_only_an_option_lets_it_ask_for_a_birth_and_not_often() -> None:
    plant = Plant(rebirth=True)
    for i in range(5):
        plant.say("DDATA", [tahu.metric(alias=7, double_value=2.0)], seq=i)
    assert [topic for topic, _ in plant.written] == ["spBv1.0/G/NCMD/E"]
    plant.say("DDATA", [tahu.metric(alias=7, double_value=2.0)], seq=5, now=61 * 10**9)
    assert len(plant.written) == 2


def test_aliases_that_never_change_go_on_over_missing_messages() -> None:
    plant = Plant(fixed_aliases=True)
    plant.born()
    plant.readings()
    plant.say("DDATA", [tahu.metric(alias=7, double_value=2.0)], seq=0)
    assert plant.readings() == {"LT1": 2.0}


def test_deaths() -> None:
    plant = Plant()
    plant.born(session=4)
    plant.say("NDEATH", [tahu.metric("bdSeq", datatype=4, long_value=3)])  # the will of an older session
    assert plant.state("G/E") == "up"
    plant.say("DDEATH", [], seq=2)
    assert (plant.state("G/E"), plant.state("G/E/D")) == ("up", "down")
    plant.say("DBIRTH", ALIASED, seq=3)
    assert plant.state("G/E/D") == "up"
    plant.say("NDEATH", [tahu.metric("bdSeq", datatype=4, long_value=4)])
    assert (plant.state("G/E"), plant.state("G/E/D")) == ("down", "down")
    assert plant.delivery().balance.dropped == {"status": 3}
    plant.born(session=5)
    assert plant.state("G/E") == "up"


@pytest.mark.parametrize("lost", [False, True])
def test_goes_on_behind_a_restart(lost: bool) -> None:
    plant = Plant()
    plant.born()
    after = Plant()
    after.nodes.load(plant.nodes.dump())
    after.say("DDATA", [tahu.metric(alias=7, double_value=2.0)], seq=9 if lost else 2)
    assert after.readings() == ({} if lost else {"LT1": 2.0})


def test_over_a_lost_connection_numbers_that_go_on_prove_that_nothing_is_missing() -> None:
    for seq, sure in ((2, True), (3, False)):
        plant = Plant()
        plant.born()
        plant.readings()
        plant.nodes.interrupted()
        plant.say("DDATA", [tahu.metric(alias=7, double_value=2.0)], seq=seq)
        assert bool(plant.readings()) is sure


def test_retained_data_are_of_unknown_age() -> None:
    plant = Plant()
    plant.raw("DDATA", tahu.payload(ALIASED), retained=True)
    assert plant.delivery().balance.dropped == {"retained": 1}


@given(
    st.lists(
        st.tuples(st.sampled_from(["NBIRTH", "NDATA", "DDATA", "DBIRTH", "NDEATH", "DDEATH"]), st.binary(max_size=60))
    )
)
def test_whatever_comes_it_balances(messages: list[tuple[str, bytes]]) -> None:
    plant = Plant(rebirth=True)
    for kind, data in messages:
        plant.raw(kind, data)
        plant.nodes.dump()
    delivery = plant.inbox.delivery()
    assert delivery is None or delivery.balance.balances


@given(st.integers(3, 254), st.data())
def test_an_alias_never_gives_a_value_of_another_name(heard: int, data: st.DataObject) -> None:
    """A node is born again with the aliases of two metrics swapped; that birth and some messages behind it get lost."""
    plant = Plant()
    for swapped in (False, True):
        flow, other = (2, 1) if swapped else (1, 2)
        birth = [tahu.metric("flow", alias=flow, datatype=10), tahu.metric("x", alias=other, datatype=10)]
        if not swapped:
            plant.say("NBIRTH", birth, seq=0)
        first = 1 + (data.draw(st.integers(0, heard - 1)) if swapped else 0)
        for seq in range(first, heard + 1):
            told = [tahu.metric(alias=flow, double_value=3600.0), tahu.metric(alias=other, double_value=-1.0)]
            plant.say("NDATA", told, seq=seq)
            assert plant.readings().get("FT1", 1.0) == pytest.approx(1.0)
