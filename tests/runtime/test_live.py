"""Live admission by a made-up clock: who is waited for and how long, what is late, what is ahead."""

import numpy as np
import pytest

from infrastress.core.time import SECOND
from infrastress.events import Samples, decode_event
from infrastress.events.delivery import Balance, Delivery
from infrastress.runtime.live import LiveAdmission
from infrastress.store.ports import type_of
from tests.runtime.toys import START, report, rows, toy_site

S = SECOND


def told(source, *times, tag="level"):
    samples = rows([round(t) for t in times], [[1.0]] * len(times), source=source, tags=(tag,))
    return Delivery(source, b"p", (samples,), balance=Balance(read=len(times), accepted=len(times)))


class Plant:
    """Sources that speak by their cadence and lag, on a clock of steps of 0.1 s; the watermark never falls."""

    def __init__(self, **sources):
        site = toy_site(**sources)
        self.admission = LiveAdmission(site, site.sources)
        self.now = START
        self.admission.start(self.now)
        self.watermark = 0
        for source in sources:
            self.admission.join(source, self.now)

    def run(self, seconds, **speaks):
        """`speaks`: source -> (cadence, lag) in seconds."""
        for _ in range(round(seconds * 10)):
            self.now += S // 10
            for source, (cadence, lag) in speaks.items():
                if (self.now - START) % round(cadence * S) < S // 10:
                    self.admission.take(told(source, self.now - lag * S), self.now)
            self.tick()

    def tick(self):
        tick = decode_event(self.admission.tick(self.now)[-1].data).body
        assert tick.watermark >= self.watermark
        assert tick.clock == self.now
        self.watermark = tick.watermark

    @property
    def behind_s(self):
        return (self.now - self.watermark) / S

    def late(self, source):
        return self.admission.balances[source].late


def test_a_frame_waits_for_no_next_row():
    plant = Plant(a={"cadence_s": 10}, b={"cadence_s": 1})
    plant.run(120, a=(10, 0.1), b=(1, 0.1))
    assert plant.behind_s < 0.4
    assert not plant.late("a") + plant.late("b")


def test_the_stated_lateness_is_waited_for():
    plant = Plant(a={"cadence_s": 1, "lateness_s": 5}, b={"cadence_s": 1})
    plant.run(60, a=(1, 0.1), b=(1, 0.1))
    assert 5 <= plant.behind_s < 5.5
    plant.admission.take(told("a", plant.now - 5 * S + 1), plant.now)
    assert not plant.late("a")


@pytest.mark.parametrize("lag", [0.5, 7, 90])
def test_a_source_that_is_always_late_is_waited_for_without_being_told(lag):
    plant = Plant(a={"cadence_s": 1}, b={"cadence_s": 1})
    plant.run(300, a=(1, lag), b=(1, 0.1))
    assert lag <= plant.behind_s < 1.3 * lag + 0.2
    assert plant.late("a") <= 1
    assert not plant.late("b")


def test_nobody_is_waited_for_without_end():
    plant = Plant(a={"cadence_s": 1}, b={"cadence_s": 1})
    plant.run(400, a=(1, 3600), b=(1, 0.1))
    assert plant.behind_s < 121
    assert plant.late("a") > 200


def test_when_our_own_clock_is_ahead_of_all_the_others_nobody_is_deaf():
    plant = Plant(a={"cadence_s": 1}, b={"cadence_s": 2})
    plant.run(400, a=(1, 3600), b=(2, 3601))
    assert plant.late("a") + plant.late("b") <= 2


def test_the_lateness_of_people_and_doors_holds_nobody_up():
    plant = Plant(a={"cadence_s": 1}, people={"kind": "reports", "lateness_s": 3600})
    plant.run(60, a=(1, 0.1))
    plant.admission.take(
        Delivery("people", b"p", events=(report(plant.now, "smell", sequence=0),), balance=Balance(1, 1)), plant.now
    )
    plant.run(5, a=(1, 0.1))
    assert plant.behind_s < 0.5


def test_a_silent_source_holds_nobody_up():
    plant = Plant(a={"cadence_s": 1}, b={"cadence_s": 1})
    plant.run(60, a=(1, 30), b=(1, 0.1))
    assert plant.behind_s > 30
    plant.run(62, b=(1, 0.1))
    assert plant.behind_s < 1
    plant.run(12)
    plant.run(12, a=(1, 0.1))
    assert plant.behind_s < 1.5


def test_rows_in_batches_are_waited_for_until_their_source_is_silent():
    plant = Plant(a={"cadence_s": 1}, b={"cadence_s": 1})
    for i in range(20):
        if i == 5:
            before = plant.late("b")
        plant.run(30, a=(1, 0.1))
        plant.admission.take(told("b", *[plant.now - k * S for k in reversed(range(30))]), plant.now)
    assert plant.late("b") == before
    assert 29 < plant.behind_s < 40
    plant.run(65, a=(1, 0.1))
    assert plant.behind_s < 0.4


def test_a_slow_source_holds_up_a_restart_for_ten_seconds_only():
    plant = Plant(a={"cadence_s": 1}, b={"cadence_s": 3600})
    plant.run(11, a=(1, 0.1))
    assert plant.behind_s < 2


def test_one_never_heard_is_waited_for_with_patience_one_not_connected_not_at_all():
    plant = Plant(a={"cadence_s": 1}, b={"cadence_s": 1}, c={}, people={"kind": "reports"})
    plant.admission.leave("c", plant.now)
    plant.run(9, a=(1, 0.1))
    assert plant.behind_s > 9
    plant.run(3, a=(1, 0.1))
    assert plant.behind_s < 2
    plant.run(10, a=(1, 0.1))
    assert plant.behind_s < 0.4


def test_one_straggler_delays_nobody_after_it():
    plant = Plant(a={"cadence_s": 1})
    plant.run(60, a=(1, 0.1))
    plant.admission.take(told("a", plant.now - 20 * S), plant.now)
    plant.run(1, a=(1, 0.1))
    assert plant.late("a") == 1
    assert plant.behind_s < 0.4


def test_what_waited_during_a_standstill_still_counts():
    plant = Plant(a={"cadence_s": 1}, b={"cadence_s": 1})
    plant.run(60, a=(1, 0.1), b=(1, 0.1))
    before, plant.now = plant.now, plant.now + 300 * S
    plant.admission.start(plant.now)
    plant.tick()
    for source in ("a", "b"):
        backlog = told(source, *range(before + S, plant.now, S))
        plant.admission.take(backlog, plant.now)
        plant.tick()
    assert plant.late("a") + plant.late("b") == 0
    plant.run(15, a=(1, 0.1), b=(1, 0.1))
    assert plant.behind_s < 0.4


def test_rows_ahead_of_the_clock_are_refused_events_ahead_happened_now():
    plant = Plant(a={"cadence_s": 1}, people={"kind": "reports"})
    plant.run(20, a=(1, 0.1))
    plant.admission.take(told("a", plant.now + 3600 * S, plant.now), plant.now)
    assert plant.admission.balances["a"].quarantined == {"time-ahead": 1}
    event = report(plant.now + 3600 * S, "tomorrow", sequence=0)
    outputs = plant.admission.take(Delivery("people", b"p", events=(event,), balance=Balance(1, 1)), plant.now)
    (said,) = [decode_event(o.data) for o in outputs if type_of(o.subject) == "event"]
    assert (said.occurred, said.uncertainty_ns, said.id) == (plant.now, 3600 * S, event.id)


def test_an_event_told_late_is_known_no_earlier_than_the_watermark():
    plant = Plant(a={"cadence_s": 1}, people={"kind": "reports"})
    plant.run(60, a=(1, 0.1))
    event = report(START + 5 * S, "long ago", sequence=0)
    outputs = plant.admission.take(Delivery("people", b"p", events=(event,), balance=Balance(1, 1)), plant.now)
    (said,) = [decode_event(o.data) for o in outputs if type_of(o.subject) == "event"]
    assert said.occurred == event.occurred
    assert said.observed >= plant.watermark


def test_devices_of_one_source_may_tell_in_any_order():
    plant = Plant(a={"cadence_s": 1})
    plant.run(30, a=(1, 0.1))
    plant.admission.take(told("a", plant.now), plant.now)
    outputs = plant.admission.take(told("a", plant.now - S // 10, tag="flow"), plant.now)
    assert [len(Samples.decode(o.data)) for o in outputs if type_of(o.subject) == "samples"] == [1]
    plant.admission.take(told("a", plant.now - S // 10, tag="flow"), plant.now)
    assert plant.admission.balances["a"].dropped == {"duplicate": 1}


def test_what_is_remembered_of_rows_is_bounded():
    plant = Plant(a={"cadence_s": 1}, slow={"cadence_s": 60})
    plant.run(200, slow=(60, 60))
    tags = tuple(f"unknown{i}" for i in range(1000))
    for i in range(50):
        plant.now += S // 10
        table = np.full((1, 1002), float(i))
        samples = rows([plant.now], table, source="a", tags=(*tags, "level", "flow"))
        plant.admission.take(Delivery("a", b"p", (samples,), balance=Balance(read=1, accepted=1)), plant.now)
        plant.tick()
    many = told("a", *[plant.now + i + 1 for i in range(6000)])
    plant.admission.take(many, plant.now)
    assert plant.behind_s > 30
    assert len(plant.admission.dump()) < 250_000
    again = told("a", *[plant.now + 5990 + i for i in range(5)])
    plant.admission.take(again, plant.now)
    assert plant.admission.balances["a"].dropped == {"duplicate": 5}


def test_state_goes_round_and_to_another_version_of_the_site():
    plant = Plant(a={"cadence_s": 1, "lateness_s": 3}, b={})
    plant.run(30, a=(1, 0.2), b=(3, 0.5))
    data = plant.admission.dump()
    site = toy_site(a={"cadence_s": 1}, c={})
    other = LiveAdmission(site, site.sources)
    other.load(data)
    assert other.watermark == plant.watermark
    assert other.joined == {"a"}
    assert other.balances["a"] == plant.admission.balances["a"]
    again = Plant(a={"cadence_s": 1, "lateness_s": 3}, b={}).admission
    again.load(data)
    assert again.dump() == data


def test_random_sources_never_bring_the_framer_a_row_of_the_past():
    random = np.random.default_rng(1)
    plant = Plant(a={"cadence_s": 1, "lateness_s": 2}, b={"cadence_s": 5}, c={})
    for _ in range(2000):
        plant.now += int(random.exponential(0.2) * S)
        source = random.choice(["a", "b", "c"])
        low = plant.watermark
        outputs = plant.admission.take(told(source, plant.now - random.exponential(3) * S), plant.now)
        times = [t for o in outputs if type_of(o.subject) == "samples" for t in Samples.decode(o.data).times.tolist()]
        assert all(time >= low for time in times)
        if random.random() < 0.3:
            plant.tick()
    assert all(balance.balances for balance in plant.admission.balances.values())


def test_a_late_row_is_a_record_of_its_own_and_balances():
    plant = Plant(a={"cadence_s": 1})
    plant.run(60, a=(1, 0.1))
    old, new = plant.now - 30 * S, plant.now + 1
    outputs = plant.admission.take(told("a", old, new), plant.now)
    kinds = {
        type_of(o.subject): Samples.decode(o.data).times.tolist() for o in outputs if "quarantine" not in o.subject
    }
    assert kinds == {"late": [old], "samples": [new]}
    balance = plant.admission.balances["a"]
    assert (balance.late, balance.quarantined.total()) == (1, 0)
    assert balance.balances
    assert plant.admission.notes["a"].oldest <= old


def test_late_rows_are_thinned_as_others_are():
    plant = Plant(a={"cadence_s": 1})
    plant.run(60, a=(1, 0.1))
    times = [plant.now - 40 * S + i for i in range(20)]
    plant.admission.take(told("a", *times), plant.now, keep_every=10)
    balance = plant.admission.balances["a"]
    assert balance.dropped["thinned"] + balance.late == 20
    assert 0 < balance.late < 20
    assert balance.balances


def test_a_clock_set_back_by_years_is_no_late_row():
    plant = Plant(a={"cadence_s": 1})
    plant.run(60, a=(1, 0.1))
    plant.admission.take(told("a", plant.now - 401 * 86_400 * S), plant.now)
    balance = plant.admission.balances["a"]
    assert (balance.late, balance.quarantined["time-behind"]) == (0, 1)
