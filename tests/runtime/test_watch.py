"""The watch over silence by a made-up clock. The long form is `benchmarks/silence.py`."""

import numpy as np
import pytest
from benchmarks.silence import faulted, judged
from benchmarks.talkers import PLAN, faults_of

from infrastress.core.errors import DecodeError
from infrastress.core.time import SECOND
from infrastress.events import Samples
from infrastress.runtime.watch import Watch
from infrastress.site import Site
from tests.runtime.toys import report, toy_site

S, START = SECOND, 1_767_225_600 * SECOND


def site(*cadences, **more) -> Site:
    sources = [{"id": f"s{i}", "kind": "telemetry", "cadence_s": c} for i, c in enumerate(cadences)]
    signals = [
        {"id": f"s{i}-{kind}", "asset": "tank", "kind": kind, "source": f"s{i}", **more.get(kind, {})}
        for i in range(len(cadences))
        for kind in ("level", "flow", "state")
    ]
    return Site.model_validate(
        {"id": "toy", "assets": [{"id": "tank", "type": "other"}], "signals": signals, "sources": sources}
    )


class Played:
    """A watch, told rows; the clock goes a second at a time."""

    def __init__(self, of: Site) -> None:
        self.site, self.watch, self.now = of, Watch(of), START
        self.random, self.number = np.random.default_rng(1), 0
        self.found: list[str] = []
        self.healths = {}
        self.stood = {}
        self.told = 0

    def say(self, source="s0", *, lag=0.1, kinds=("level", "flow", "state"), values=None, count=1, step=1.0):
        times = np.array([self.now - round((lag + step * i) * S) for i in reversed(range(count))])
        table = self.random.normal(1, 1, (count, len(kinds))) if values is None else np.tile(values, (count, 1))
        tags = tuple(f"{source}-{kind}" for kind in kinds)
        self.watch.samples(Samples("toy", source, self.number, times, tags, table))
        self.number += count

    def tick(self):
        findings, healths = self.watch.tick(self.now, self.now)
        for finding in findings:
            name = finding.body.sentence.split()[1]
            self.found.append(f"{name} {finding.body.rule.removeprefix('health.')} {finding.body.phase}")
        self.told += len(healths)
        self.healths.update({health.key: health for health in healths})
        for turn in self.watch.turns:
            assert turn.was == self.stood.get((turn.source, turn.member), "live" if turn.member else "unknown")
            self.stood[turn.source, turn.member] = turn.state
        for health in healths:
            if health.source and not health.member:
                assert self.stood.get((health.source, ""), "unknown") == health.state

    def run(self, seconds, **more):
        """Every source speaks at its cadence."""
        for _ in range(seconds):
            self.now += S
            for source in self.site.sources:
                if source.cadence_s and (self.now - START) // S % round(source.cadence_s) == 0:
                    self.say(source.id, **more)
            self.tick()

    def rest(self, seconds):
        for _ in range(seconds):
            self.now += S
            self.tick()

    def state(self, key):
        return self.healths[f"toy/{key}"].state


def test_a_source_is_unknown_then_live_then_stopped_then_live():
    played = Played(site(5))
    played.watch.note("link", {"source": "s0", "member": "", "state": "up", "detail": "", "clock": START})
    played.rest(6)
    assert played.state("s0") == "unknown"
    played.run(60)
    assert played.state("s0") == played.state("s0/s0-level") == "live"
    played.rest(15)
    assert played.found == ["s0 stopped raised"]
    assert played.state("s0/s0-level") == "stopped"
    assert "nothing for" in played.healths["toy/s0"].detail
    played.run(10)
    assert played.found == ["s0 stopped raised", "s0 stopped cleared"]
    assert played.state("s0/s0-level") == "live"


def test_one_that_never_speaks_is_flagged_one_that_is_not_connected_is_unknown():
    played = Played(site(5, 5))
    played.watch.note("link", {"source": "s0", "member": "", "state": "up", "detail": "", "clock": START})
    played.rest(60)
    assert played.found == ["s0 stopped raised"]
    assert "since it was connected" in played.healths["toy/s0"].detail


def test_a_lost_connection_is_down_with_its_reason_until_it_speaks_again():
    played = Played(site(5))
    played.run(30)
    lost = {"source": "s0", "member": "", "state": "down", "detail": "refused by the peer", "clock": played.now + 1}
    played.watch.note("link", lost)
    played.rest(30)
    assert played.found == ["s0 down raised"]
    assert played.healths["toy/s0"].detail == "refused by the peer"
    assert played.state("s0/s0-flow") == "down"
    played.watch.note("link", {**lost, "state": "up", "detail": "", "clock": played.now})
    played.run(10)
    assert played.found[-1] == "s0 down cleared"
    assert played.state("s0") == "live"


def test_a_source_that_was_disconnected_is_unknown_and_its_silence_no_finding():
    played = Played(site(5))
    link = {"source": "s0", "member": "plc1", "state": "up", "detail": "", "clock": START + 1}
    played.watch.note("link", link)
    played.run(30)
    played.watch.note("link", {**link, "member": "", "state": "gone", "clock": played.now})
    played.rest(60)
    assert played.found == []
    assert played.state("s0") == played.state("s0/s0-level") == "unknown"
    played.watch.note("link", {**link, "clock": played.now})
    played.rest(30)
    assert played.found == ["s0 stopped raised"]


def test_each_device_of_a_source_stands_by_itself():
    played = Played(site(5))
    for member, state in (("plc1", "up"), ("plc2", "down")):
        note = {"source": "s0", "member": member, "state": state, "detail": "x", "clock": START + 1}
        played.watch.note("link", note)
    played.run(30)
    assert [played.state(name) for name in ("s0", "s0/plc1", "s0/plc2")] == ["live", "live", "down"]


def test_a_device_reached_over_a_lost_connection_is_lost_with_it():
    played = Played(site(5))
    played.watch.note("link", {"source": "s0", "member": "node1", "state": "up", "detail": "", "clock": START + 1})
    played.run(30)
    assert played.state("s0/node1") == "live"
    note = {"source": "s0", "member": "", "state": "down", "detail": "no broker", "clock": played.now + 1}
    played.watch.note("link", note)
    played.rest(10)
    assert played.state("s0/node1") == "down"
    assert played.healths["toy/s0/node1"].detail == "no broker"


def test_a_signal_that_goes_missing_is_one_low_finding():
    played = Played(site(1))
    played.run(400)
    played.run(10, kinds=("level", "state"))
    assert played.found == ["s0-flow stopped raised"]
    assert played.stood == {("s0", ""): "live", ("s0", "s0-flow"): "stopped"}
    played.run(10)
    assert played.stood == {("s0", ""): "live", ("s0", "s0-flow"): "live"}
    assert played.found[1:] == ["s0-flow stopped cleared"]
    assert {health.state for health in played.healths.values()} == {"live"}


def test_a_signal_told_by_exception_is_not_missed():
    played = Played(site(1))
    for i in range(3000):
        played.run(1, kinds=("level", "flow", "state") if i % 7 == 0 else ("level",))
    assert played.found == []


def test_a_signal_with_a_cadence_of_its_own_is_held_to_it():
    played = Played(site(1, flow={"cadence_s": 20}))
    for i in range(200):
        played.run(1, kinds=("level", "flow") if i % 20 == 0 else ("level",))
    assert played.found == []
    played.run(60, kinds=("level",))
    assert played.found == ["s0-flow stopped raised"]


def test_rows_in_batches_are_no_stop():
    played = Played(site(2))
    for _ in range(40):
        played.rest(60)
        played.say(count=30, step=2.0)
    played.rest(5)
    assert played.found == []


def test_rows_that_get_old_on_their_way_are_delayed():
    played = Played(site(5))
    played.run(100)
    played.run(20, lag=60)
    assert played.found == ["s0 delayed raised"]
    assert "60 s old" in played.healths["toy/s0"].detail
    played.run(10)
    assert played.found[-1] == "s0 delayed cleared"


def test_a_source_whose_rows_are_refused_is_delayed_and_says_why():
    played = Played(site(5))
    played.run(50)
    for _ in range(4):
        played.rest(5)
        newest = played.now + 3600 * S
        note = {"decision": "refused", "source": "s0", "newest": newest, "ahead": True, "clock": played.now}
        played.watch.note("decision", note)
    assert played.found == ["s0 delayed raised"]
    assert "clock runs 60 min ahead" in played.healths["toy/s0"].detail


def test_a_lively_source_that_repeats_itself_is_frozen_a_still_one_is_not():
    played = Played(site(5, 5))
    for _ in range(120):
        played.rest(5)
        played.say("s0")
        played.say("s1", values=[3.0, 2.0, 1.0])
        played.tick()
    for _ in range(4):
        played.rest(5)
        played.say("s0", values=[3.0, 2.0, 1.0])
        played.say("s1", values=[3.0, 2.0, 1.0])
        played.tick()
    assert played.found == ["s0 frozen raised"]
    assert played.state("s0/s0-state") == "frozen"
    played.run(10)
    assert played.found[-1] == "s0 frozen cleared"


def test_flows_at_rest_are_not_frozen():
    played = Played(site(5))
    played.run(700)
    for _ in range(20):
        played.rest(5)
        played.say(values=[0.0, 0.0, 0.0])
    assert played.found == []


def test_what_a_restart_or_a_clock_that_was_set_leaves_open_is_no_silence():
    played = Played(site(5))
    played.run(100)
    played.now += 7200 * S
    played.watch.note("decision", {"decision": "start", "clock": played.now})
    played.rest(4)
    played.run(60)
    assert played.found == []


def test_events_count_as_speech():
    played = Played(toy_site(gas={"kind": "access", "cadence_s": 10}))
    for i in range(20):
        played.rest(10)
        played.watch.event(report(played.now, "x", sequence=i, source="gas"))
    assert played.found == []
    played.rest(60)
    assert played.found == ["gas stopped raised"]


def test_healths_are_told_at_a_bounded_rate():
    played = Played(site(*[1.0] * 100))
    played.run(20)
    before = played.told
    played.run(20)
    assert played.told - before <= 20 * 200 + 20 * 100 / 5 + 100
    stale = max(played.now - health.last_seen for health in played.healths.values())
    assert stale <= 8 * S


def test_state_goes_round_to_the_byte_at_any_moment():
    cadences = [1, 5]
    first, faults = Watch(site(*cadences)), 0
    played = Played(site(*cadences))
    for i in range(300):
        played.watch = Watch(played.site)
        played.watch.load(first.dump())
        assert played.watch.dump() == first.dump()
        first = played.watch
        if not 100 < i < 120:
            played.run(1, values=[1.0, 2.0, 0.0] if i > 200 else None)
        else:
            played.rest(1)
        faults = len(played.found)
    assert faults >= 4
    with pytest.raises(DecodeError):
        Watch(site(1)).load(first.dump())
    with pytest.raises(DecodeError):
        Watch(site(1)).load(b"nonsense")


def test_sources_are_told_apart_after_a_restart_whatever_they_are_called():
    played = Played(toy_site(zulu={"cadence_s": 5}, alpha={"cadence_s": 5}))
    for moment in range(30):
        played.rest(5)
        for source in ("zulu", "alpha") if moment < 20 else ("alpha",):
            tags = ("level",) if source == "zulu" else ("flow",)
            row = np.array([[float(moment)]])
            played.watch.samples(Samples("toy", source, moment, np.array([played.now]), tags, row))
        data = played.watch.dump()
        played.watch = Watch(played.site)
        played.watch.load(data)
    assert played.found == ["zulu stopped raised"]
    assert (played.state("zulu/level"), played.state("alpha/flow")) == ("stopped", "live")


def test_every_source_stopped_frozen_and_delayed_is_flagged_within_three_cadences():
    cadences = [float(c) for c in PLAN["cadences_s"][::4][:3]]
    played = faulted(cadences, 11, faults_of(cadences, 11))
    found, strays = judged(played, "watch")
    assert all(delay is not None and delay <= 3.0 for _, delay, _ in found)
    assert {kind.split("+")[-1] for _, _, kind in found} == {"stopped", "frozen", "delayed"}
    assert strays == 0
