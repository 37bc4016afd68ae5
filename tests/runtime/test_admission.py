import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.core.errors import ConfigurationError, DecodeError
from infrastress.core.time import DAY, SECOND
from infrastress.events import Samples, SwitchState, Tick, decode_event, make_event
from infrastress.events.delivery import Balance, Delivery, Refusal
from infrastress.runtime.admission import Admission
from infrastress.runtime.pressure import PressurePolicy
from infrastress.store.ports import type_of
from tests.runtime.toys import START, TAGS, report, rows, telemetry, toy_site

NAN = float("nan")


def admission(batch_rows=10_000, **sources):
    site = toy_site(**(sources or {"plc": {}}))
    return Admission(site, site.sources, batch_rows=batch_rows)


def delivery(samples=None, events=(), *, source="plc", position=b"p", read=None, refusals=(), quarantined=None):
    n = (len(samples) if samples is not None else 0) + len(events)
    refused = sum((quarantined or {}).values())
    balance = Balance(read=(n + refused) if read is None else read, accepted=n)
    balance.quarantined.update(quarantined or {})
    if samples is not None:
        balance.cells_accepted = int(np.isfinite(samples.values).sum())
    times = [] if samples is None else samples.times.tolist()
    times += [event.occurred for event in events]
    return Delivery(
        source,
        position,
        () if samples is None else (samples,),
        tuple(events),
        tuple(refusals),
        balance,
        max(times, default=None),
    )


def of(outputs, kind):
    return [output.data for output in outputs if type_of(output.subject) == kind]


def accepted(outputs):
    return [(t, tuple(row)) for data in of(outputs, "samples") for t, row in cells(Samples.decode(data))]


def cells(samples):
    return zip(samples.times.tolist(), samples.values.tolist(), strict=True)


def refusals(outputs):
    return [json.loads(data) for data in of(outputs, "refusal")]


def at(*seconds):
    return [START + s * SECOND for s in seconds]


def values(n, start=0.0):
    return [[start + i, 1.0, 0.0] for i in range(n)]


class TestRows:
    def test_rising_rows_pass_whole(self):
        a = admission()
        outputs = a.admit(delivery(rows(at(1, 2, 3), values(3))))
        assert [t for t, _ in accepted(outputs)] == at(1, 2, 3)
        assert [decode_event(d).body for d in of(outputs, "tick")] == [Tick(watermark=at(3)[0])]
        assert a.balances["plc"].as_dict()["accepted"] == 3
        assert a.position("plc") == b"p"

    def test_a_row_behind_the_newest_by_more_than_the_lateness_is_late(self):
        a = admission(plc={"lateness_s": 2})
        outputs = a.admit(delivery(rows(at(1, 5, 3, 2, 6), values(5), sequence=10)))
        assert [t for t, _ in accepted(outputs)] == at(1, 5, 3, 6)
        (refusal,) = refusals(outputs)
        assert (refusal["reason"], refusal["where"]) == ("late", "row 13")
        assert "00:00:02" in refusal["what"]
        assert decode_event(of(outputs, "tick")[0]).body.watermark == at(4)[0]

    def test_the_same_row_again_is_counted_another_at_its_time_is_a_conflict(self):
        a = admission()
        first = a.admit(delivery(rows(at(1, 2), values(2))))
        outputs = a.admit(delivery(rows(at(2, 2, 3, 3), [[1, 1, 0], [9, 1, 0], [5, 1, 0], [5, 1, 0]])))
        assert len(accepted(first) + accepted(outputs)) == 3
        balance = a.balances["plc"]
        assert balance.dropped == {"duplicate": 2}
        assert balance.quarantined == {"conflict": 1}
        assert balance.balances
        assert balance.cells_accepted == 9
        assert balance.cells_refused == {"duplicate": 6, "conflict": 3}

    def test_a_row_that_adds_cells_at_a_time_already_seen_passes(self):
        a = admission()
        outputs = a.admit(delivery(rows(at(1, 1, 1), [[1, NAN, NAN], [NAN, 2, NAN], [1, 2, NAN]])))
        assert len(accepted(outputs)) == 2
        assert a.balances["plc"].dropped == {"duplicate": 1}
        outputs = a.admit(delivery(rows(at(1), [[7]], tags=("switch",))))
        assert len(accepted(outputs)) == 1

    def test_a_broken_clock_does_not_poison_what_follows(self):
        a = admission()
        times = [*at(1, 2), START + 5000 * DAY, -5, *at(3)]
        outputs = a.admit(delivery(rows(times, values(5))))
        assert [t for t, _ in accepted(outputs)] == at(1, 2, 3)
        assert [r["reason"] for r in refusals(outputs)] == ["time-future", "time-absurd"]

    def test_a_plant_that_was_off_for_years_is_believed_after_ten_rows(self):
        a = admission()
        a.admit(delivery(rows(at(1), values(1))))
        later = [START + 1000 * DAY + i * SECOND for i in range(12)]
        outputs = a.admit(delivery(rows(later, values(12))))
        assert [t for t, _ in accepted(outputs)] == later[10:]

    def test_unknown_signals_are_taken_off_and_counted(self):
        a = admission()
        outputs = a.admit(delivery(rows(at(1), [[1, 2, 3]], tags=("level", "nonsense", "switch"))))
        assert Samples.decode(of(outputs, "samples")[0]).tags == ("level", "switch")
        assert a.balances["plc"].cells_refused == {"unknown-tag": 1}

    def test_the_known_clock_offset_is_taken_off(self):
        a = admission(plc={"clock_offset_s": 30})
        assert accepted(a.admit(delivery(rows(at(31), values(1)))))[0][0] == at(1)[0]

    def test_records_hold_batch_rows_at_most(self):
        a = admission(batch_rows=2)
        outputs = a.admit(delivery(rows(at(1, 2, 3, 4, 5), values(5))))
        assert [len(Samples.decode(d)) for d in of(outputs, "samples")] == [2, 2, 1]

    def test_examples_of_a_reason_are_limited_counts_are_not(self):
        a = admission()
        outputs = a.admit(delivery(rows([at(500)[0], *at(*range(400))], values(401))))
        assert len(refusals(outputs)) == 100
        assert a.balances["plc"].quarantined == {"late": 400}

    def test_missing_rows_are_noticed_by_number_and_by_cadence(self):
        a = admission(plc={"cadence_s": 10})
        a.admit(delivery(rows(at(10, 20, 30), values(3), sequence=0)))
        a.admit(delivery(rows(at(70, 80), values(2), sequence=6)))
        assert (a.notes["plc"].missing, a.notes["plc"].overdue) == (3, 3)

    def test_rows_that_the_connector_refused_are_not_missing(self):
        a = admission()
        a.admit(delivery(rows(at(10, 20), values(2), sequence=0)))
        refusal = Refusal("no-number", "line 4", "abc")
        outputs = a.admit(
            delivery(rows(at(40), values(1), sequence=3), refusals=[refusal], quarantined={"no-number": 1})
        )
        assert a.notes["plc"].missing == 0
        assert refusals(outputs)[0] == {"source": "plc", "number": 0, **refusal._asdict()}


@st.composite
def messy(draw):
    """Rows that stand still, go back, repeat, contradict and jump."""
    n = draw(st.integers(1, 40))
    step = st.sampled_from([0, 0, 1, 1, 2, 5, -1, -3, -20, 86400 * 500, -86400 * 500])
    times = START + np.cumsum(draw(st.lists(step, min_size=n, max_size=n))) * SECOND
    cell = st.sampled_from([0.0, 1.0, NAN])
    table = draw(st.lists(st.tuples(cell, cell, cell), min_size=n, max_size=n))
    return rows(times.tolist(), table)


@settings(max_examples=150)
@given(messy(), st.sampled_from([0.0, 2.0, 10.0]), st.data())
def test_any_split_admits_the_same_rows_and_balances(samples, lateness, data):
    whole = admission(plc={"lateness_s": lateness, "cadence_s": 1})
    expected = whole.admit(delivery(samples))
    parts = admission(plc={"lateness_s": lateness, "cadence_s": 1})
    outputs = []
    start = 0
    while start < len(samples):
        stop = min(len(samples), start + data.draw(st.integers(1, 9)))
        outputs += parts.admit(delivery(samples.slice(start, stop)))
        start = stop
        if data.draw(st.booleans()):
            again = admission(plc={"lateness_s": lateness, "cadence_s": 1})
            again.load(parts.dump())
            assert again.dump() == parts.dump()
            parts = again
    assert repr(accepted(outputs)) == repr(accepted(expected))
    assert of(outputs, "refusal") == of(expected, "refusal")
    assert parts.balances == whole.balances
    assert parts.balances["plc"].balances
    assert parts.notes == whole.notes
    watermarks = [decode_event(d).body.watermark for d in of(outputs, "tick")]
    assert watermarks == sorted(set(watermarks))
    assert parts.watermark == whole.watermark


@settings(max_examples=60)
@given(messy(), messy(), st.integers(1, 5), st.data())
def test_no_row_is_admitted_behind_the_watermark(one, two, keep_every, data):
    a = admission(plc={"lateness_s": 3}, rtu={})
    two = Samples("toy", "rtu", 0, two.times, TAGS, two.values)
    done = {"plc": 0, "rtu": 0}
    watermark = -1
    while any(done[s.source] < len(s) for s in (one, two)):
        s = data.draw(st.sampled_from([s for s in (one, two) if done[s.source] < len(s)]))
        stop = min(len(s), done[s.source] + 5)
        outputs = a.admit(delivery(s.slice(done[s.source], stop), source=s.source), keep_every=keep_every)
        done[s.source] = stop
        assert all(t >= watermark for t, _ in accepted(outputs))
        watermark = a.watermark if a.watermark is not None else watermark
    assert all(balance.balances for balance in a.balances.values())


class TestEvents:
    def test_late_observations_pass_and_say_when_they_were_known(self):
        a = admission(people={"kind": "reports"})
        events = [report(at(100)[0], "a", sequence=0), report(at(40)[0], "b", sequence=1)]
        got = [decode_event(d) for d in of(a.admit(delivery(events=events, source="people")), "event")]
        assert [e.id for e in got] == [e.id for e in events]
        assert [(e.occurred, e.observed) for e in got] == [(at(100)[0], at(100)[0]), (at(40)[0], at(100)[0])]
        assert a.notes["people"].late_events == 1

    def test_an_event_told_twice_is_a_duplicate_two_equal_ones_are_two(self):
        a = admission(people={"kind": "reports"})
        one, two = report(at(1)[0], "smell", sequence=0), report(at(1)[0], "smell", sequence=1)
        outputs = a.admit(delivery(events=[one, one, two], source="people"))
        outputs += a.admit(delivery(events=[two], source="people"))
        assert len(of(outputs, "event")) == 2
        assert a.balances["people"].dropped == {"duplicate": 2}
        assert a.balances["people"].balances

    def test_what_is_no_observation_of_this_site_is_quarantined(self):
        a = admission(people={"kind": "reports"})
        tick = make_event(site="toy", source="people", sequence=0, occurred=at(1)[0], body=Tick(watermark=2**60))
        mad = report(at(1)[0], "x", sequence=1, observed=START + 3000 * DAY)
        outputs = a.admit(delivery(events=[tick, report(at(1)[0], "y", sequence=2, site="else"), mad], source="people"))
        assert [r["reason"] for r in refusals(outputs)] == ["not-an-observation", "other-site", "time-future"]
        assert of(outputs, "event") == []

    def test_one_mad_time_of_observation_makes_no_other_event_uncertain(self):
        a = admission(people={"kind": "reports"})
        mad = report(at(1)[0], "x", sequence=1, observed=0)
        outputs = a.admit(delivery(events=[mad, report(at(2)[0], "y", sequence=2)], source="people"))
        assert [r["reason"] for r in refusals(outputs)] == ["time-future"]
        assert [decode_event(data).uncertainty_ns for data in of(outputs, "event")] == [0]

    def test_a_clock_ahead_of_the_observer_widens_the_uncertainty(self):
        a = admission(people={"kind": "reports", "clock_offset_s": 10})
        body = SwitchState(device="d", state="open")
        event = make_event(
            site="toy", source="people", sequence=0, occurred=at(20)[0], observed=at(7)[0], body=body, uncertainty_ns=5
        )
        (got,) = [decode_event(d) for d in of(a.admit(delivery(events=[event], source="people")), "event")]
        assert (got.occurred, got.observed, got.uncertainty_ns) == (at(10)[0], at(10)[0], 3 * SECOND)
        assert a.notes["people"].clock_ahead_s == 3


class TestWatermark:
    def test_it_waits_for_every_source_and_stops_at_the_slowest(self):
        a = admission(plc={}, rtu={})
        assert of(a.admit(delivery(rows(at(1, 50), values(2)))), "tick") == []
        outputs = a.admit(delivery(rows(at(20), values(1), source="rtu"), source="rtu"))
        assert decode_event(of(outputs, "tick")[0]).body == Tick(watermark=at(20)[0])

    def test_an_ended_source_holds_it_no_longer_and_the_last_end_is_final(self):
        a = admission(plc={}, rtu={})
        a.admit(delivery(rows(at(1, 50), values(2))))
        assert decode_event(of(a.end("rtu"), "tick")[0]).body == Tick(watermark=at(50)[0])
        outputs = a.end("plc")
        assert decode_event(of(outputs, "tick")[0]).body == Tick(watermark=at(50)[0], final=True)
        assert a.finished
        assert a.end("plc") == []
        with pytest.raises(ConfigurationError, match="ended"):
            a.admit(delivery(rows(at(60), values(1))))


class TestThinning:
    def test_rows_are_thinned_by_number_changes_of_state_and_frame_ends_stay(self):
        a = admission(plc={}, people={"kind": "reports"})
        table = [[i, 0, 0] for i in range(120)]
        for row in table[70:75]:
            row[2] = 1
        samples = rows(at(*range(1, 121)), table)
        outputs = a.admit(delivery(samples), keep_every=50)
        assert [int(row[0]) for _, row in accepted(outputs)] == [0, 50, 59, 69, 70, 74, 75, 100, 119]
        assert a.balances["plc"].dropped == {"thinned": 111}
        assert a.balances["plc"].balances
        assert json.loads(of(outputs, "decision")[0])["keep_every"] == 50
        assert a.watermark is None
        events = [report(at(i)[0], f"{i}", sequence=i) for i in range(1, 101)]
        outputs = a.admit(delivery(events=events, source="people"), keep_every=50)
        assert len(of(outputs, "event")) == 100
        outputs = a.admit(delivery(rows(at(200), values(1))))
        assert json.loads(of(outputs, "decision")[0])["keep_every"] == 1

    def test_a_source_that_delivers_row_by_row_is_thinned_as_well(self):
        a = admission(plc={})
        table = [[i, 0, 0] for i in range(120)]
        for row in table[70:75]:
            row[2] = 1
        samples = rows(at(*range(1, 121)), table)
        kept = []
        for i in range(120):
            kept += accepted(a.admit(delivery(samples.slice(i, i + 1)), keep_every=10**9))
        assert [int(row[0]) for _, row in kept] == [0, 60, 70, 75]
        assert a.balances["plc"].dropped == {"thinned": 116}
        one = rows(at(130), [[7]], tags=("flow",))  # a signal that the frame hasn't told yet
        assert len(accepted(a.admit(delivery(one), keep_every=10**9))) == 1

    def test_the_policy_thins_the_more_the_larger_the_backlog(self):
        policy = PressurePolicy(limit=100, steps=(2, 10))
        assert [policy.keep_every(n) for n in (0, 99, 100, 250, 10_000)] == [1, 1, 2, 10, 10]


def test_state_of_other_sources_or_garbage_is_refused():
    a = admission()
    a.admit(delivery(telemetry(50)))
    with pytest.raises(ConfigurationError, match="empty output folder"):
        admission(plc={}, rtu={}).load(a.dump())
    with pytest.raises(DecodeError):
        a.load(a.dump()[:-4])
    assert a.notes["plc"].oldest == START + 10 * SECOND
