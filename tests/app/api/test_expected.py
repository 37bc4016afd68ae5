"""Predicted against seen, and anomalous spans: what the API says is what the detections of the log named."""

from dataclasses import replace

import numpy as np
import pytest

from infrastress.app.api.episodes import Episodes
from infrastress.client import ApiError
from infrastress.core.time import HOUR, MINUTE, SECOND, from_iso, to_iso
from infrastress.core.units import scale_of
from infrastress.detectors.base import Detector
from infrastress.detectors.process import InvariantDetector
from infrastress.detectors.process.residuals import ResidualDetector
from infrastress.events import Detection, Event, decode_event, encode_event, make_event
from infrastress.events.health import Health, Pulse
from infrastress.events.kinds import Contribution
from infrastress.store import open_store
from infrastress.store.ports import read_all
from tests.app.api.running import copy_store, running, tell
from tests.app.service.serving import wait_for

SPAN = ("2026-03-12T22:00:00Z", "2026-03-13T00:30:00Z")


@pytest.fixture(scope="module")
def client(api):
    with api.client() as client:
        yield client


def detections(store) -> list[Event]:
    events = [decode_event(r.data) for r in read_all(store.log, "fusion/depot") if r.subject.endswith(":event")]
    return [event for event in events if isinstance(event.body, Detection)]


def test_the_numbers_are_those_of_the_detections(api, client):
    compared = 0
    for event in detections(api.store):
        body = event.body
        if body.phase == "cleared" or body.rule != "process.mass_balance":
            continue
        for part in body.contributions:
            if part.expected is None:
                continue
            around = to_iso(event.occurred - 10 * MINUTE), to_iso(event.occurred + MINUTE)
            told = client.expected(part.signal, *around, units="si")
            (one,) = (p for p in told.predictions if p.rule == body.rule)
            at = one.times_ms.index(event.occurred / 1e6)
            assert (one.expected[at], one.score[at], one.seen[at]) == (part.expected, body.score, part.seen)
            assert not one.low[at] <= one.seen[at] <= one.high[at]
            assert (one.detector, one.detector_version, one.baseline) == (body.detector, body.detector_version, "")
            own = client.expected(part.signal, *around)
            factor = scale_of(own.unit).factor
            (same,) = (p for p in own.predictions if p.rule == body.rule)
            assert same.expected[at] == pytest.approx(part.expected / factor)
            compared += 1
    assert compared


def learned() -> dict:
    """A level that is expected to stay where it was two frames ago: wrong while the tank is filled."""
    relation = {"base": 0.0, "inputs": [["LT-103", 2, 1.0]], "scale": 0.001, "limits": [5, 8, 13, 20, 30]}
    relation["explained"] = 0.9
    return {"format": 2, "lags": 2, "relations": {"LT-103": relation}, "resolution": {"LT-103": 0.001}}


def test_a_baseline_in_force_is_named_and_one_that_is_missing_is_told(api, client):
    told = client.expected("LT-103", *SPAN)
    assert {p.rule for p in told.predictions} == {"process.mass_balance"}
    without = {w.detector: w.why for w in told.without}
    assert without == dict.fromkeys(
        ("access", "perimeter", "reports", "tracks", "site_network", "network_baseline"),
        "this detector expects no values",
    )
    before = api.setup
    try:
        taught = ResidualDetector(api.site, None, learned())
        api.setup = replace(before, detectors=lambda: (InvariantDetector(api.site), taught))
        told = client.expected("LT-103", *SPAN)
        by_rule = {p.rule: p for p in told.predictions}
        assert set(by_rule) == {"process.mass_balance", "process.residual"}
        one = by_rule["process.residual"]
        assert len(one.baseline) == 16
        expected, seen = np.array(one.expected, float), np.array(one.seen, float)
        off = np.nanmax(np.abs(expected[2:] - seen[:-2]))
        assert off <= 0.0005 * (1 + 1e-6), "of two frames before, rounded to the last digit"
        band = np.array(one.high, float) - np.array(one.low, float)
        assert np.nanmax(np.abs(band - 0.01)) < 1e-9
        elsewhere = client.expected("TT-103", *SPAN)
        assert elsewhere.without[-1].why == "its baseline in force, and its rules, expect no value of this signal"
        assert elsewhere.predictions == []
        api.setup = replace(before, detectors=lambda: (ResidualDetector(api.site),))
        untaught = client.expected("LT-103", *SPAN)
        assert untaught.predictions == []
        assert untaught.without[0].why.startswith("no approved baseline of it is in force")
    finally:
        api.setup = before


def test_a_detector_that_throws_takes_nothing_from_the_others(api, client):
    class Broken(Detector):
        name, version, cards = "broken", "1", {}
        update = dump = load = None

        def basis(self, signal):
            raise ZeroDivisionError(signal)

    before = api.setup
    try:
        api.setup = replace(before, detectors=lambda: (Broken(api.site, None), InvariantDetector(api.site)))
        told = client.expected("LT-103", *SPAN)
        assert [p.detector for p in told.predictions] == ["process_invariants"]
        assert [w.why for w in told.without] == ["it failed: ZeroDivisionError"]
    finally:
        api.setup = before


def test_a_plot_of_few_pixels_keeps_the_extremes_and_the_worst_frame(client):
    whole, few = client.expected("LT-103", *SPAN), client.expected("LT-103", *SPAN, width=10)
    one, less = whole.predictions[0], few.predictions[0]
    assert len(one.times_ms) == one.frames == less.frames == 151
    assert len(less.times_ms) < 70
    assert set(_rows(less)) <= set(_rows(one))
    for name in ("expected", "score", "high"):
        assert max(v for v in getattr(one, name) if v is not None) == max(
            v for v in getattr(less, name) if v is not None
        )


def _rows(one):
    return zip(one.times_ms, one.expected, one.low, one.score, strict=True)


def test_too_little_context_an_empty_span_and_too_much_are_told(api, client, site_folder, recorded, tmp_path):
    nothing = client.expected("LT-103", "2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z")
    assert nothing.predictions == []
    assert nothing.without[0].why.startswith("too little is known in this span")
    with pytest.raises(ApiError, match="before"):
        client.expected("LT-103", SPAN[1], SPAN[0])
    with pytest.raises(ApiError, match="no signal"):
        client.expected("no-such", *SPAN)
    with (
        running(site_folder, copy_store(recorded, tmp_path), tmp_path / "state", expected_rows=1000) as small,
        small.client() as asking,
        pytest.raises(ApiError, match=r"reads at most 1000.*shorter span") as caught,
    ):
        asking.expected("LT-103", *SPAN)
    assert caught.value.status == 422


def test_a_frame_that_is_still_open_is_not_shown(site_folder, recorded, tmp_path):
    with running(site_folder, copy_store(recorded, tmp_path), tmp_path / "state") as api, api.client() as client:
        mark = from_iso("2026-03-12T23:30:30Z")
        tell(api.store, Pulse(site="depot", clock=mark, watermark=mark))
        wait_for(lambda: (pulse := api.app.state.plant.projection.pulse) and pulse.watermark == mark, 10)
        one = client.expected("LT-103", *SPAN).predictions[0]
        assert one.times_ms[-1] == from_iso("2026-03-12T23:30:00Z") / 1e6
        later = client.expected("LT-103", "2026-03-12T23:31:00Z", SPAN[1])
        assert later.predictions == []
        assert later.without[0].why == "no frame of this span was judged yet"


def test_spans_are_the_episodes_of_the_log_with_a_way_to_alarm_and_evidence(api, client):
    begin, end = map(from_iso, SPAN)
    raised, expected = {}, {}
    for event in detections(api.store):
        body = event.body
        if body.phase == "raised":
            raised[body.detector, body.episode] = event
        elif (body.detector, body.episode) in raised:
            expected[raised.pop((body.detector, body.episode)).id] = event.occurred
    expected |= dict.fromkeys((event.id for event in raised.values()), None)
    found = 0
    for signal in api.site.signals:
        told = client.spans(signal.id, *SPAN)
        assert told.total == len(told.items)
        assert [s.began for s in told.items] == sorted(s.began for s in told.items)
        for span in told.items:
            assert from_iso(span.began) < end
            assert span.cleared is None or from_iso(span.cleared) >= begin
            assert (from_iso(span.cleared) if span.cleared else None) == expected[span.id]
            evidence = client.evidence(span.id)
            assert evidence.event["body"]["sentence"] == span.sentence
            assert signal.id in [part["signal"] for part in evidence.event["body"]["contributions"]]
            alarm = client.alarm(span.alarm)
            assert (alarm.rule, alarm.assets) == (span.rule, span.assets)
            found += 1
        one = client.signal(signal.id)
        standing = [s for s in client.spans(signal.id, SPAN[0], "2030-01-01T00:00:00Z").items if s.cleared is None]
        assert one.standing == len(standing)
    assert found > 3
    assert {s.id for s in client.signals(anomalous=True)} == {s.id for s in client.signals() if s.standing}
    newest = client.spans("LT-103", *SPAN, limit=1)
    assert len(newest.items) == 1 < newest.total


def _told(phase: str, number: int, at: int, *signals: str) -> tuple[str, bytes]:
    body = Detection(
        detector="d",
        detector_version="1",
        rule="r",
        episode=f"e{number}",
        phase=phase,
        source_kind="telemetry",
        severity="low",
        score=1.0,
        sentence="s",
        began=at - SECOND,
        until=at,
        contributions=tuple(Contribution(signal=s, share=1.0 / len(signals)) for s in signals),
    )
    event = make_event(site="s", source="d", sequence=2 * number + (phase == "cleared"), occurred=at, body=body)
    return event.id, encode_event(event)


def test_what_is_over_is_forgotten_from_a_bound_on_and_what_stands_is_not():
    with open_store("memory://") as store:
        episodes = Episodes(store.log, "s", kept=10)
        store.log.append("fusion/s:event", [_told("raised", 0, HOUR, "A", "B")])
        assert [one.cleared for one in episodes.of("A", 0, 10 * HOUR)] == [0]
        for number in range(1, 40):
            at = HOUR + number * MINUTE
            store.log.append(
                "fusion/s:event",
                [_told("raised", number, at, "B"), _told("cleared", number, at + SECOND)],
            )
        assert len(episodes.of("B", 0, 10 * HOUR)) == 11
        assert len(episodes.of("A", 0, 10 * HOUR)) == 1
        assert episodes.since == HOUR + 29 * MINUTE + SECOND
        assert len(episodes.of("B", HOUR + 35 * MINUTE, HOUR + 36 * MINUTE - SECOND)) == 2
        later = Episodes(store.log, "s", back=10)
        assert len(later.of("B", 0, 10 * HOUR)) == 5
        assert later.since == HOUR + 35 * MINUTE


def test_the_value_of_a_signal_is_in_its_own_unit_and_signals_are_found_by_how_they_stand(
    site_folder, recorded, tmp_path
):
    with running(site_folder, copy_store(recorded, tmp_path), tmp_path / "state") as api, api.client() as client:
        now = api.clock.now()
        told = Health(site="depot", source="scada", member="TT-103", state="frozen", value=288.15)
        tell(api.store, told, Pulse(site="depot", clock=now, watermark=now))
        wait_for(lambda: client.signal("TT-103").health.told == "frozen", 10)
        assert client.signal("TT-103").value == pytest.approx(15.0)
        assert [s.id for s in client.signals(state="frozen")] == ["TT-103"]
