"""A change of the site model in the log: what is carried over, and that the log replays alike."""

import json

import numpy as np
import pytest

from infrastress.core.ids import canonical_json
from infrastress.core.time import HOUR, MINUTE, SECOND
from infrastress.detectors.process import InvariantDetector
from infrastress.detectors.reports import ReportDetector
from infrastress.events import Alarm, Detection, Incident, Samples, Tick, decode_event, encode_event, make_event
from infrastress.fusion import FusionUnit
from infrastress.runtime import DetectionUnit
from infrastress.runtime.reloading import SETTLING, SiteUnit, decision_output
from infrastress.site import Site
from infrastress.store.ports import Output, Record, type_of
from tests.runtime.toys import START

INGEST, FUSION = "ingest/toy/main", "fusion/toy"
WIDTH = MINUTE


def model(*, limit: float = 4.0, tags=("level", "flow"), frame_s: float = 60.0, **more) -> Site:
    """A tank whose level has a high limit."""
    signals = [
        {"id": tag, "asset": "tank" if tag == "level" else "pump", "kind": "level" if tag == "level" else "flow"}
        | {"unit": "m" if tag == "level" else "m3/s"}
        | ({"limits": {"high": limit}} if tag == "level" else {})
        for tag in tags
    ]
    fields = {
        "id": "toy",
        "assets": [{"id": "tank", "type": "other"}, {"id": "pump", "type": "other"}],
        "signals": signals,
        "sources": [{"id": "plc", "kind": "telemetry", "cadence_s": 10}],
        "runtime": {"frame_s": frame_s},
    }
    return Site.model_validate({**fields, **more})


class Shelf:
    """Setups by name."""

    def __init__(self, **sites: Site) -> None:
        self.sites = sites
        self.built: list[str] = []

    def detection(self, setup: str) -> DetectionUnit:
        self.built.append(setup)
        site = self.sites[setup]
        return DetectionUnit(site, [InvariantDetector(site), ReportDetector(site)])

    def fusion(self, setup: str) -> FusionUnit:
        return FusionUnit(self.sites[setup])


class Log:
    """Records of the ingest partition, made one after the other."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.rows = self.ticks = 0
        self.live = False

    def go_live(self) -> None:
        self.live = True
        self._add("start", "decision", canonical_json({"decision": "start", "clock": START}))

    def _add(self, identity: str, kind: str, data: bytes) -> None:
        self.records.append(Record(len(self.records) + 1, identity, f"{INGEST}:{kind}", data))

    def site(self, setup: str, at: int) -> None:
        output = decision_output("toy", {"decision": "site", "setup": setup, "at": at})
        self._add(output.id, "decision", output.data)

    def disk(self, level: str, at: int) -> None:
        output = decision_output("toy", {"decision": "disk", "level": level, "at": at})
        self._add(output.id, "decision", output.data)

    def minutes(self, first: int, last: int, level: float, *, tags=("level", "flow")) -> None:
        """Rows every 10 s from one minute to another, and a tick behind them."""
        for minute in range(first, last):
            times = START + minute * MINUTE + np.arange(10, 61, 10) * SECOND
            values = np.full((len(times), len(tags)), 0.5)
            values[:, 0] = level + 1e-4 * np.arange(self.rows, self.rows + len(times))
            samples = Samples("toy", "plc", self.rows, times.astype(np.int64), tags, values)
            self.rows += len(times)
            self._add(samples.id, "samples", samples.encode())
            self.tick(int(times[-1]), clock=int(times[-1]) if self.live else 0)

    def tick(self, watermark: int, *, final: bool = False, clock: int = 0) -> None:
        body = Tick(watermark=watermark, final=final, clock=clock)
        event = make_event(site="toy", source="runtime", sequence=self.ticks, occurred=watermark, body=body)
        self.ticks += 1
        self._add(event.id, "tick", encode_event(event))


def run(log: Log, shelf: Shelf, *, reload_every: int = 0) -> list[Output]:
    """What detection and fusion put out; with `reload_every` each is dumped and loaded into a new one so often."""

    def units():
        return SiteUnit("toy", shelf.detection, forward=FUSION), SiteUnit("toy", shelf.fusion)

    detection, fusion = units()
    found: list[Output] = []
    offset = 0
    for number, record in enumerate(log.records, start=1):
        outputs = detection.update(record)
        found += outputs
        for output in outputs:
            if output.subject.startswith(FUSION):
                offset += 1
                found += fusion.update(Record(offset, output.id, output.subject, output.data))
        if reload_every and number % reload_every == 0:
            states = detection.dump(), fusion.dump()
            detection, fusion = units()
            detection.load(states[0])
            fusion.load(states[1])
            assert (detection.dump(), fusion.dump()) == states
    return found


def bodies(outputs: list[Output], kind: type) -> list:
    events = [decode_event(output.data) for output in outputs if type_of(output.subject) == "event"]
    return [event.body for event in events if isinstance(event.body, kind)]


def raised(outputs: list[Output], rule: str) -> list[Detection]:
    return [body for body in bodies(outputs, Detection) if body.rule == rule]


class TestSiteUnit:
    def test_nothing_is_judged_before_a_model_is_in_force(self):
        log = Log()
        log.minutes(0, 1, 1.0)
        refusals = [output for output in run(log, Shelf()) if type_of(output.subject) == "refusal"]
        assert len(refusals) == 2
        assert b"no site model" in refusals[0].data

    def test_another_limit_holds_from_its_record_on(self):
        log = Log()
        log.site("low", START)
        log.minutes(0, 5, 3.0)
        log.site("high", START + 5 * MINUTE)
        log.minutes(5, 10, 3.0)
        found = raised(run(log, Shelf(low=model(limit=4.0), high=model(limit=2.0))), "process.alarm_limit")
        assert [body.phase for body in found] == ["raised"]
        assert found[0].until > START + 5 * MINUTE

    def test_rows_that_wait_for_their_frame_are_carried_over(self):
        log = Log()
        log.site("one", START)
        log.minutes(0, 3, 3.0)  # the tick at minute 3 leaves the frame that ends there open
        log.site("two", START + 3 * MINUTE)
        log.minutes(3, 4, 3.0)
        log.minutes(4, 6, 1.0)
        found = raised(run(log, Shelf(one=model(), two=model(limit=2.5))), "process.alarm_limit")
        assert [(body.phase, body.until) for body in found] == [("raised", START + 4 * MINUTE)]

    @pytest.mark.parametrize("reload_every", [1, 3, 7])
    def test_state_may_be_dumped_and_loaded_anywhere(self, reload_every):
        log = Log()
        log.site("one", START)
        log.minutes(0, 20, 5.0)
        log.site("two", START + 20 * MINUTE)
        log.minutes(20, 30, 5.0)
        log.disk("low", START + 30 * MINUTE)
        log.minutes(30, 60, 1.0)
        log.disk("ok", START + 60 * MINUTE)
        log.tick(START + 3 * HOUR, final=True)
        shelf = Shelf(one=model(), two=model(limit=4.5))
        assert run(log, shelf, reload_every=reload_every) == run(log, shelf)

    def test_what_stands_goes_on_standing_where_it_is_found_again(self):
        log = Log()
        log.site("one", START)
        log.minutes(0, 10, 5.0)
        log.site("two", START + 10 * MINUTE)
        log.minutes(10, 60, 5.0)
        found = run(log, Shelf(one=model(), two=model(limit=4.5)))
        alarms = [alarm for alarm in bodies(found, Alarm) if alarm.rule == "process.alarm_limit"]
        assert len({alarm.alarm for alarm in alarms}) == 1
        assert not any(alarm.cleared for alarm in alarms)
        assert [body.phase for body in raised(found, "process.alarm_limit")] == ["raised", "raised", "cleared"]

    def test_what_is_not_found_again_is_cleared_after_settling(self):
        log = Log()
        log.site("one", START)
        log.minutes(0, 10, 5.0)
        log.site("two", START + 10 * MINUTE)
        log.minutes(10, 60, 5.0)
        found = run(log, Shelf(one=model(), two=model(limit=8.0)))
        assert [body.phase for body in raised(found, "process.alarm_limit")] == ["raised", "cleared"]
        assert raised(found, "process.alarm_limit")[1].until == START + 10 * MINUTE + SETTLING
        assert [alarm.cleared for alarm in bodies(found, Alarm) if alarm.rule == "process.alarm_limit"] == [False, True]

    def test_a_detector_whose_part_of_the_model_is_unchanged_goes_on(self):
        log = Log()
        log.site("one", START)
        log.minutes(0, 10, 5.0)
        log.site("two", START + 10 * MINUTE)
        log.minutes(10, 60, 5.0)
        people = [{"id": "anna", "role": "operator"}]
        found = run(log, Shelf(one=model(), two=model(people=people, name="Another name")))
        assert [body.phase for body in raised(found, "process.alarm_limit")] == ["raised"]

    def test_signals_come_and_go(self):
        log = Log()
        log.site("one", START)
        log.minutes(0, 10, 5.0)
        log.site("two", START + 10 * MINUTE)
        log.minutes(10, 20, 5.0, tags=("level", "inflow"))
        log.site("three", START + 20 * MINUTE)
        log.minutes(20, 60, 0.2, tags=("inflow",))
        log.tick(START + 5 * HOUR, final=True)
        shelf = Shelf(one=model(), two=model(tags=("inflow", "level")), three=model(tags=("inflow",)))
        found = run(log, shelf)
        assert not [output for output in found if type_of(output.subject) == "refusal"]
        limit = raised(found, "process.alarm_limit")
        assert [body.phase for body in limit] == ["raised", "raised", "cleared", "cleared"]
        assert limit[-1].until == START + 20 * MINUTE + SETTLING

    def test_an_asset_with_an_open_alarm_may_leave_the_model(self):
        log = Log()
        log.site("one", START)
        log.minutes(0, 10, 5.0)
        log.site("two", START + 10 * MINUTE)
        log.minutes(10, 60, 0.5, tags=("flow",))
        log.tick(START + 5 * HOUR, final=True)
        two = model(tags=("flow",), assets=[{"id": "pump", "type": "other"}])
        found = run(log, Shelf(one=model(), two=two))
        assert [alarm.state for alarm in bodies(found, Alarm) if alarm.rule == "process.alarm_limit"][-1] == "returned"
        assert all(isinstance(body, Incident) for body in bodies(found, Incident))

    def test_the_watch_over_silence_goes_on_and_lets_go_of_what_has_left(self):
        log = Log()
        log.site("one", START)
        log.go_live()
        log.minutes(0, 5, 1.0)
        for minute in range(5, 10):
            log.tick(START + minute * MINUTE, clock=START + minute * MINUTE)
        log.site("two", START + 10 * MINUTE)
        log.tick(START + 10 * MINUTE, clock=START + 11 * MINUTE)
        log.site("three", START + 11 * MINUTE)
        for minute in range(12, 40):
            log.tick(START + minute * MINUTE, clock=START + minute * MINUTE)
        plc, rtu = {"id": "plc", "kind": "telemetry", "cadence_s": 10}, {"id": "rtu", "kind": "telemetry"}
        shelf = Shelf(one=model(), two=model(sources=[rtu, plc], tags=("flow", "level")), three=model(sources=[rtu]))
        found = run(log, shelf, reload_every=2)
        assert found == run(log, shelf)
        silent = [body for body in bodies(found, Detection) if body.detector == "health"]
        assert [body.phase for body in silent] == ["raised", "cleared"]
        assert silent[1].until == START + 11 * MINUTE + SETTLING

    def test_another_frame_width(self):
        log = Log()
        log.site("one", START)
        log.minutes(0, 10, 1.0)
        log.site("two", START + 10 * MINUTE)
        log.minutes(10, 20, 5.0)
        found = raised(run(log, Shelf(one=model(), two=model(frame_s=30.0))), "process.alarm_limit")
        assert found
        assert found[0].until <= START + 12 * MINUTE

    def test_a_full_disk_is_an_alarm_of_the_platform(self):
        log = Log()
        log.site("one", START)
        log.minutes(0, 5, 1.0)
        log.disk("low", START + 5 * MINUTE)
        log.disk("critical", START + 6 * MINUTE)
        log.minutes(5, 15, 1.0)
        log.disk("ok", START + 15 * MINUTE)
        log.minutes(15, 30, 1.0)
        found = run(log, Shelf(one=model()))
        about = raised(found, "disk-nearly-full")
        assert [(body.phase, body.severity) for body in about] == [
            ("raised", "medium"),
            ("raised", "high"),
            ("cleared", "medium"),
        ]
        assert len({body.episode for body in about}) == 1
        alarms = [alarm for alarm in bodies(found, Alarm) if alarm.rule == "disk-nearly-full"]
        assert alarms[0].severity in ("medium", "high")
        assert alarms[-1].cleared

    @pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"decision": "site", "setup": "one", "at": "x"}'])
    def test_a_decision_that_is_none_is_quarantined(self, data):
        log = Log()
        log.site("one", START)
        log._add("x", "decision", data)
        log.minutes(0, 2, 1.0)
        found = run(log, Shelf(one=model()))
        assert [type_of(output.subject) for output in found].count("refusal") == 1
        assert json.loads(next(o.data for o in found if type_of(o.subject) == "refusal"))["reason"] == "undecodable"

    def test_other_decisions_are_left_to_the_unit(self):
        log = Log()
        log.site("one", START)
        log._add("x", "decision", b'{"decision":"thinning","keep_every":10,"rows":3,"source":"plc"}')
        assert [type_of(output.subject) for output in run(log, Shelf(one=model()))] == ["decision"]
