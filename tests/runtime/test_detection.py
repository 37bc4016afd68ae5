import numpy as np
import pytest

from infrastress.core.errors import ConfigurationError, DecodeError
from infrastress.core.time import MINUTE, SECOND
from infrastress.events import AlarmAction, Samples, Tick, decode_event, encode_event, make_event
from infrastress.events.frames import Block
from infrastress.runtime.detection import HEALTH, DetectionUnit
from infrastress.store.ports import Record, type_of
from tests.runtime.toys import START, Bomb, Cusum, Threshold, finding, report, rows, telemetry, toy_site

SUBJECT = "ingest/toy/main"


class Witness:
    """Keeps the blocks it was given."""

    name = "witness"
    version = "1"

    def __init__(self):
        self.blocks: list[Block] = []

    def update(self, block):
        self.blocks.append(block)
        return []

    def dump(self):
        return b""

    def load(self, data):
        pass


class Feeder:
    def __init__(self, *judges):
        self.unit = DetectionUnit(toy_site(), judges)
        self.offset = 0

    def put(self, kind, data):
        self.offset += 1
        return self.unit.update(Record(self.offset, str(self.offset), f"{SUBJECT}:{kind}", data))

    def samples(self, samples):
        return self.put("samples", samples.encode())

    def event(self, event):
        return self.put("event", encode_event(event))

    def tick(self, watermark, *, final=False):
        body = Tick(watermark=watermark, final=final)
        event = make_event(site="toy", source="runtime", sequence=self.offset, occurred=watermark, body=body)
        return self.put("tick", encode_event(event))


def events(outputs):
    return [decode_event(output.data) for output in outputs if type_of(output.subject) == "event"]


def test_an_event_is_judged_when_it_was_known_and_before_younger_ones():
    witness = Witness()
    feeder = Feeder(witness)
    late = report(START + 30 * SECOND, "told late", sequence=0, observed=START + 5 * MINUTE - SECOND)
    near = report(START + 4 * MINUTE + 30 * SECOND, "near", sequence=1)
    early = report(START + 90 * SECOND, "early", sequence=2)
    feeder.samples(rows([START + 1, START + 10 * MINUTE], [[1, 1, 0], [1, 1, 0]]))
    for event in (late, near, early):
        feeder.event(event)
    feeder.tick(START + 10 * MINUTE)
    assert [len(block.frames) for block in witness.blocks] == [4, 5]
    assert [[event.id for event in block.events] for block in witness.blocks] == [[early.id], [late.id, near.id]]


def test_silence_closes_frames_too():
    witness = Witness()
    feeder = Feeder(witness)
    feeder.samples(rows([START + 1], [[1, 1, 0]]))
    feeder.tick(START + 5 * MINUTE + 1)
    (block,) = witness.blocks
    assert block.frames.count[:, 0].tolist() == [1, 0, 0, 0, 0]


def test_findings_leave_in_order_of_time_with_ticks_between():
    class Late(Witness):
        name = "late"

        def update(self, block):
            return [
                finding(self, "x", str(end), end)
                for end in reversed(block.frames.ends.tolist())
                if end % (7 * MINUTE) == 0
            ]

    feeder = Feeder(Late(), Threshold())
    feeder.samples(telemetry(300, step=10 * SECOND))
    outputs = feeder.tick(START + 45 * MINUTE, final=True)
    times = [decode_event(output.data).occurred for output in outputs]
    assert times == sorted(times)
    ticks = [decode_event(o.data).body for o in outputs if type_of(o.subject) == "tick"]
    found = {event.occurred for event in events(outputs)}
    assert len(found) > 7
    expected = sorted({START + m * MINUTE for m in (10, 20, 30, 40, 50)} | found)
    assert [tick.watermark for tick in ticks] == [*expected, START + 50 * MINUTE]
    assert [tick.final for tick in ticks] == [False] * len(expected) + [True]
    sequences = [event.sequence for event in events(outputs) if event.source == "late"]
    assert sequences == list(range(len(sequences)))


@pytest.mark.parametrize("ticks", [1, 7, 50])
def test_a_detector_that_throws_keeps_what_it_found_and_stops_nobody(ticks):
    def run(judges):
        feeder = Feeder(*judges)
        feeder.samples(telemetry(300, step=10 * SECOND))
        found = []
        for i in range(1, ticks + 1):
            found += events(feeder.tick(START + 50 * MINUTE * i // ticks + 1))
        return feeder.unit, found

    unit, found = run([Bomb(30), Threshold()])
    _, alone = run([Cusum(), Threshold()])
    failures = [event for event in found if event.source == HEALTH]
    assert [(e.occurred, e.body.rule) for e in failures] == [(START + 30 * MINUTE, "detector-failed")]
    assert "bomb" in failures[0].body.sentence
    assert unit.failed == {"bomb": "RuntimeError: kaboom"}
    assert [e for e in found if e.source == "threshold"] == [e for e in alone if e.source == "threshold"]
    before = [e.occurred for e in alone if e.source == "cusum" and e.occurred < START + 30 * MINUTE]
    assert [e.occurred for e in found if e.source == "bomb"] == before


class Nonsense(Witness):
    """Finds something without a score."""

    name = "nonsense"

    def update(self, block):
        return [finding(self, "r", "e", int(block.frames.ends[-1]), score=float("nan"))]


def test_a_detection_that_could_not_be_read_back_counts_as_a_failure():
    feeder = Feeder(Nonsense(), Threshold())
    feeder.samples(telemetry(60))
    found = events(feeder.tick(START + 5 * MINUTE))
    assert [event.body.rule for event in found if event.source == HEALTH] == ["detector-failed"]
    assert not [event for event in found if event.source == "nonsense"]
    assert list(feeder.unit.failed) == ["nonsense"]


def test_a_failed_detector_stays_off_after_a_restart_until_its_version_changes():
    feeder = Feeder(Bomb(1))
    feeder.samples(telemetry(60))
    feeder.tick(START + 5 * MINUTE)
    same, newer = Bomb(1), Bomb(1000)
    newer.version = "2"
    for judge, failed in ((same, True), (newer, False)):
        again = DetectionUnit(toy_site(), [judge])
        again.load(feeder.unit.dump())
        assert bool(again.failed) is failed


def test_a_dumped_unit_goes_on_as_if_nothing_had_happened():
    feeder, other = Feeder(Threshold(), Cusum()), Feeder(Threshold(), Cusum())
    data = telemetry(400)
    for i in range(0, 400, 40):
        for f in (feeder, other):
            f.samples(data.slice(i, i + 40))
            f.event(report(START + i * 10 * SECOND, f"{i}", sequence=i))
        assert feeder.tick(int(data.times[i + 39])) == other.tick(int(data.times[i + 39]))
        fresh = Feeder(Threshold(), Cusum())
        fresh.offset = other.offset
        fresh.unit.load(other.unit.dump())
        assert fresh.unit.dump() == feeder.unit.dump()
        other = fresh


def test_a_record_that_is_no_record_is_quarantined():
    feeder = Feeder()
    for kind in ("samples", "event", "tick"):
        (output,) = feeder.put(kind, b"\x00garbage")
        assert output.subject == "quarantine/toy:refusal"
        assert b"undecodable" in output.data
    assert feeder.put("decision", b"{}") == []


def test_names_are_unique_and_garbage_is_no_state():
    with pytest.raises(ConfigurationError, match="unique"):
        DetectionUnit(toy_site(), [Cusum(), Cusum()])
    with pytest.raises(DecodeError):
        DetectionUnit(toy_site(), []).load(b"garbage")


def test_scores_come_with_the_frames_when_asked_for_and_a_failed_detector_has_none():
    class Scored(Witness):
        name = "scored"

        def scores(self):
            return np.arange(len(self.blocks[-1].frames), dtype=float)

    def run(*, scores):
        unit = DetectionUnit(toy_site(), [Witness(), Scored(), Bomb(30)], scores=scores)
        feeder = Feeder()
        feeder.unit = unit
        feeder.samples(telemetry(300, step=10 * SECOND))
        return [o for o in feeder.tick(START + 50 * MINUTE) if o.subject == "score/toy:samples"]

    assert run(scores=False) == []
    (output,) = run(scores=True)
    samples = Samples.decode(output.data)
    assert samples.tags == ("witness", "scored", "bomb")
    assert samples.times.tolist() == [START + m * MINUTE for m in range(1, 50)]
    assert samples.values[:, 1].tolist() == list(range(49))
    assert np.isnan(samples.values[:, [0, 2]]).all()


def test_what_people_did_about_alarms_is_handed_on_at_once():
    feeder = Feeder(Witness())
    body = AlarmAction(alarm="a1", action="acknowledge", by="operator")
    action = make_event(site="toy", source="people", sequence=0, occurred=START, body=body)
    (output,) = feeder.put("action", encode_event(action))
    assert output.subject == "fusion/toy:event"
    assert decode_event(output.data) == action
    (refused,) = feeder.put("action", b"nonsense")
    assert refused.subject == "quarantine/toy:refusal"


@pytest.mark.parametrize("spoken", [False, True])
def test_fusion_hears_soon_that_the_time_of_an_act_has_passed(spoken):
    feeder = Feeder(Witness())
    if spoken:
        feeder.samples(rows([START + SECOND], [[1, 1, 0]]))
        feeder.tick(START + MINUTE + 1)
    for second in (90, 91, 400):
        body = AlarmAction(alarm="a1", action="acknowledge", by="operator")
        moment = START + second * SECOND
        action = make_event(site="toy", source="people", sequence=second, occurred=moment, body=body)
        feeder.put("action", encode_event(action))

    def told(watermark):
        feeder.unit.load(feeder.unit.dump())  # also over a restart
        ticks = [o for o in feeder.tick(watermark) if type_of(o.subject) == "tick"]
        return [decode_event(output.data).body.watermark for output in ticks]

    assert told(START + 100 * SECOND) == []
    assert told(START + 2 * MINUTE + 1) == [START + 2 * MINUTE]
    assert told(START + 4 * MINUTE + 1) == []
    assert told(START + 7 * MINUTE + 1) == [START + 7 * MINUTE]


class Quiet(Witness):
    """Finds silence in every frame, as the invariant would, and something else."""

    def update(self, block):
        ends = block.frames.ends.tolist()
        return [finding(self, rule, f"{rule}{end}", end) for end in ends for rule in ("process.silence", "process.x")]


@pytest.mark.parametrize("live", [False, True])
def test_while_a_site_is_live_the_watch_speaks_of_silence_and_no_invariant(live):
    feeder = Feeder(Quiet())
    feeder.unit = DetectionUnit(toy_site(plc={"cadence_s": 10}), [Quiet()])
    outputs = []
    for i in range(1, 40):
        now = START + i * 10 * SECOND
        if i < 20:
            feeder.samples(rows([now], [[1.0 + i, 1.0, 0.0]], sequence=i))
        body = Tick(watermark=now, clock=now + SECOND if live else 0)
        event = make_event(site="toy", source="runtime", sequence=i, occurred=now, body=body)
        outputs += feeder.put("tick", encode_event(event))
    rules = {event.body.rule for event in events(outputs) if event.kind == "detection"}
    assert rules == ({"process.x", "health.stopped"} if live else {"process.silence", "process.x"})
    kinds = {type_of(output.subject) for output in outputs}
    assert ("health" in kinds) == ("pulse" in kinds) == live
    detections = [event.occurred for event in events(outputs) if event.kind == "detection"]
    assert detections == sorted(detections)
    again = DetectionUnit(toy_site(plc={"cadence_s": 10}), [Quiet()])
    again.load(feeder.unit.dump())
    assert again.dump() == feeder.unit.dump()


class Hasty(Witness):
    """Needn't wait for frames; finds each event, at its time."""

    name = "hasty"
    prompt = True

    def update(self, block):
        self.blocks.append(block)
        return [finding(self, "hasty.seen", event.id, event.occurred) for event in block.events]


def live_tick(feeder, watermark, clock):
    body = Tick(watermark=watermark, clock=clock)
    event = make_event(site="toy", source="runtime", sequence=feeder.offset, occurred=watermark, body=body)
    return feeder.put("tick", encode_event(event))


def test_while_a_site_is_live_some_detectors_do_not_wait_for_frames():
    witness, hasty, slow = Witness(), Hasty(), Quiet()
    slow.name = "slow"
    feeder = Feeder(witness, hasty, slow)
    feeder.samples(rows([START + SECOND], [[1, 1, 0]]))
    live_tick(feeder, START + 1, START + 2 * SECOND)
    feeder.event(report(START + 90 * SECOND, "gas", sequence=1))
    outputs = live_tick(feeder, START + 30 * SECOND, START + 91 * SECOND)
    assert [event.body.rule for event in events(outputs) if event.kind == "detection"] == ["hasty.seen"]
    # Fusion is told that the time of what was found has come, and hears of no earlier one after that.
    marks = [decode_event(one.data).body.watermark for one in outputs if type_of(one.subject) == "tick"]
    assert marks == [START + 2 * MINUTE]
    assert not any(block.events for block in witness.blocks)
    feeder.unit.load(feeder.unit.dump())
    feeder.event(report(START + 80 * SECOND, "behind its source's newest", sequence=2))
    live_tick(feeder, START + 30 * SECOND, START + 92 * SECOND)
    outputs = live_tick(feeder, START + 3 * MINUTE + 1, START + 5 * MINUTE)
    seen = [event.body.text for block in hasty.blocks for event in block.events]
    assert seen == ["gas", "behind its source's newest"]  # each once
    assert [event.body.text for block in witness.blocks for event in block.events] == [seen[1], seen[0]]
    assert max(block.reached for block in hasty.blocks) == START + 5 * MINUTE
    assert sum(len(block.frames) for block in hasty.blocks) == sum(len(block.frames) for block in witness.blocks) == 3
    marks = [decode_event(one.data).body.watermark for one in outputs if type_of(one.subject) == "tick"]
    assert marks == [START + 2 * MINUTE, START + 2 * MINUTE, START + 3 * MINUTE]  # one a frame, never earlier


def test_time_passes_for_them_though_nothing_comes():
    hasty = Hasty()
    feeder = Feeder(hasty)
    for second in range(1, 30):
        live_tick(feeder, START, START + second * SECOND)
    assert [(block.reached - START) // SECOND for block in hasty.blocks] == [1, 6, 11, 16, 21, 26]


def test_a_recording_gives_them_what_all_get():
    witness, hasty = Witness(), Hasty()
    feeder = Feeder(witness, hasty)
    feeder.event(report(START + 90 * SECOND, "gas", sequence=1))
    feeder.tick(START + 10 * MINUTE)
    assert hasty.blocks == witness.blocks != []


def test_one_that_throws_at_once_stops_nobody():
    class Broken(Hasty):
        name = "broken"

        def update(self, block):
            if block.events:
                raise ValueError("no")
            return []

    feeder = Feeder(Broken(), Hasty())
    feeder.event(report(START + 90 * SECOND, "gas", sequence=1))
    outputs = live_tick(feeder, START, START + 100 * SECOND)
    rules = [event.body.rule for event in events(outputs) if event.kind == "detection"]
    assert sorted(rules) == ["detector-failed", "hasty.seen"]
    assert feeder.unit.failed == {"broken": "ValueError: no"}
