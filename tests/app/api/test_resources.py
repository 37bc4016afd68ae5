"""What the API says of a recorded attack is what the store holds, page by page, one click from its evidence."""

import gzip
import json

import httpx
import numpy as np
import pyarrow as pa
import pytest

from infrastress.client import ApiError, models
from infrastress.core.ids import content_hash
from infrastress.core.time import SECOND, from_iso, to_iso
from infrastress.core.units import scale_of
from infrastress.events import Samples, decode_event, event_to_json
from tests.app.api.running import copy_store, raise_alarms, running
from tests.app.service.serving import wait_for

SPAN = ("2026-03-12T22:00:00Z", "2026-03-13T00:30:00Z")


@pytest.fixture(scope="module")
def client(api):
    with api.client() as client:
        yield client


def newest(api, kind):
    rows = api.store.records.list("event", limit=10_000)
    return [(decode_event(row.data), row.sort) for row in rows if decode_event(row.data).kind == kind]


def test_alarms_are_those_of_the_records(api, client):
    told = list(client.alarms(limit=7))
    kept = sorted(newest(api, "alarm"), key=lambda pair: (-pair[1], pair[0].body.alarm))
    assert [(a.id, a.raised, a.state, a.version) for a in told] == [
        (event.body.alarm, to_iso(first), event.body.state, event.sequence) for event, first in kept
    ]
    assert len(told) > 20


@pytest.mark.parametrize(
    ("filters", "fits"),
    [
        ({"severity": ["high", "critical"]}, lambda a: a.severity in ("high", "critical")),
        (
            {"state": "unacknowledged", "source_kind": "telemetry"},
            lambda a: (a.state, a.source_kind) == ("unacknowledged", "telemetry"),
        ),
        ({"asset": "T-103"}, lambda a: "T-103" in a.assets),
        ({"priority": [1, 2]}, lambda a: a.priority <= 2),
        ({"annunciated": False}, lambda a: not a.annunciated),
        ({"q": "PETROL"}, lambda a: "petrol" in f"{a.title}{a.sentence}{a.rule}{a.zone}{a.assets}".casefold()),
        ({"q": "no such words"}, lambda a: False),
    ],
)
@pytest.mark.parametrize("sort", ["newest", "oldest", "updated", "priority", "severity"])
def test_filters_and_orders_hold_over_pages(client, filters, fits, sort):
    every = {alarm.id for alarm in client.alarms() if fits(alarm)}
    told = list(client.alarms(**filters, sort=sort, limit=3))
    assert {alarm.id for alarm in told} == every
    assert len(told) == len(every)
    keys = {
        "newest": lambda a: -from_iso(a.raised),
        "oldest": lambda a: from_iso(a.raised),
        "updated": lambda a: -from_iso(a.updated),
        "priority": lambda a: a.priority,
        "severity": lambda a: -("info", "low", "medium", "high", "critical").index(a.severity),
    }
    assert [keys[sort](a) for a in told] == sorted(keys[sort](a) for a in told)


def test_a_page_stays_where_it_was_while_alarms_come(site_folder, recorded, tmp_path):
    with running(site_folder, copy_store(recorded, tmp_path), tmp_path / "state") as api, api.client() as client:
        before = [alarm.id for alarm in client.alarms()]
        pages = client.alarms(limit=10)
        seen = [next(pages).id for _ in range(10)]
        for i in range(7):
            _raise(api, i, client)
        seen += [alarm.id for alarm in pages]
        assert seen == before
        assert [alarm.id for alarm in client.alarms()][7:] == before


def _raise(api, number, client):
    raise_alarms(api.store, range(number, number + 1))
    wait_for(lambda: any(alarm.id == f"alm-{number:016x}" for alarm in client.alarms()), 10)


def test_a_cursor_is_good_for_its_own_question_alone(client):
    page = client._get("/alarms", models.Alarms, {"limit": 2})
    for more in ({"severity": "high"}, {"sort": "oldest"}):
        with pytest.raises(ApiError) as caught:
            client._get("/alarms", models.Alarms, {"cursor": page.next, **more})
        assert caught.value.status == 400


def test_every_line_of_an_incident_leads_to_its_raw_record(api, client):
    (incident,) = client.incidents()
    detail = client.incident(incident.id)
    assert incident.hypothesis.startswith("overfill")
    assert {alarm.incident for alarm in detail.alarms} == {incident.id}
    for name in {*detail.detections, *(line.evidence for line in detail.timeline)}:
        evidence = client.evidence(name)
        record = api.store.log.find(evidence.partition, name)
        assert record.offset == evidence.offset
        assert content_hash(record.data) == evidence.sha256
        assert json.dumps(evidence.event, sort_keys=True) == json.dumps(
            json.loads(event_to_json(decode_event(record.data))), sort_keys=True
        )
        assert evidence.card is not None
        assert evidence.card.rule == evidence.event["body"]["rule"]
        for under in evidence.rests_on:
            assert client.evidence(under).partition == "ingest/depot/main"
        for span in evidence.spans:
            path = httpx.get(api.address + span.history)
            assert path.status_code == 200
            assert models.History.model_validate_json(path.content).series[0].count > 0


def test_what_is_not_there_is_a_problem_with_a_name(client):
    for ask in (
        client.alarm,
        client.incident,
        client.asset,
        client.signal,
        client.evidence,
        client.source,
        client.blob,
    ):
        with pytest.raises(ApiError, match=r"there is no|holds no") as caught:
            ask("nothing-like-it")
        assert caught.value.status == 404


def test_an_asset_has_its_signals_connections_barriers_and_open_alarms(api, client):
    detail = client.asset("T-103")
    assert {signal.id for signal in detail.signals} == {s.id for s in api.site.signals_of["T-103"]}
    assert {line.id for line in detail.connections} == {
        c.id for c in api.site.connections if "T-103" in (c.from_, c.to, *c.through)
    }
    assert {b.id for b in client.asset("LSHH-103").barriers} == {
        b.id for b in api.site.barriers if "LSHH-103" in b.assets
    }
    assert detail.open_alarms == len(detail.alarms) > 0
    assert {a.id for a in client.assets(alarmed=True)} == {
        asset for alarm in client.alarms() if alarm.state != "closed" for asset in alarm.assets
    } & set(api.site.asset_by_id)


def test_the_plan_is_geojson_with_zones_assets_and_receptors(api, client):
    site = client.site()
    kinds = [feature["properties"]["kind"] for feature in site.plan["features"]]
    assert kinds.count("zone") == sum(zone.polygon is not None for zone in api.site.zones)
    assert kinds.count("receptor") == len(api.site.receptors)
    assert site.plan["crs"] == "WGS84"
    lon, lat = next(f for f in site.plan["features"] if f["properties"]["kind"] == "receptor")["geometry"][
        "coordinates"
    ]
    assert abs(lat - api.site.location.latitude) < 0.1
    assert abs(lon - api.site.location.longitude) < 0.1
    for feature in site.plan["features"]:
        if feature["geometry"]["type"] == "Polygon":
            ring = feature["geometry"]["coordinates"][0]
            assert ring[0] == ring[-1]
    assert "people" not in site.model


def test_history_has_the_very_values_of_the_store(api, client):
    begin, end = map(from_iso, SPAN)
    table = api.store.history.read(["LT-103"], begin, end)
    scale = scale_of("m")
    raw = [value / scale.factor for value in table["value"].to_pylist()]
    whole = client.history(["LT-103"], *SPAN).series[0]
    assert whole.values == pytest.approx(raw)
    assert whole.times_ms == pytest.approx([t.value / 1e6 for t in table["time"].to_pylist()])
    arrow = client.history_arrow(["LT-103"], *SPAN, units="si")
    assert arrow["time"].cast(pa.int64()).to_pylist() == [t.value for t in table["time"].to_pylist()]
    assert arrow["value"].to_pylist() == table["value"].to_pylist()
    text = httpx.get(
        f"{api.address}/api/v1/history",
        params={"signal": "LT-103", "from": SPAN[0], "to": SPAN[1]},
        headers={"Accept": "text/csv"},
    ).text.splitlines()
    assert text[0] == "signal,time,value,unit"
    assert len(text) == len(raw) + 1
    short = client.history(["LT-103"], *SPAN, width=20).series[0]
    assert set(short.times_ms) <= set(whole.times_ms)
    assert len(short.values) <= 80
    assert (max(short.values), min(short.values)) == (max(whole.values), min(whole.values))


def test_a_spike_of_one_sample_stays_and_a_gap_is_never_a_line(site_folder, recorded, tmp_path):
    with running(site_folder, copy_store(recorded, tmp_path), tmp_path / "state") as api, api.client() as client:
        begin = from_iso("2026-04-01T00:00:00Z")
        times = begin + 10 * SECOND * np.arange(8640, dtype=np.int64)
        times = times[(times < times[4000]) | (times > times[4100])]
        values = np.full((len(times), 1), 5.0)
        values[1234] = 11.0
        values[2345] = -3.0
        samples = Samples("depot", "scada", 10**6, times, ("LT-101",), values)
        api.store.log.append("ingest/depot/main:samples", [(samples.id, samples.encode())])
        told = client.history(["LT-101"], to_iso(begin), to_iso(int(times[-1]) + 1), width=30).series[0]
        kept = [value for value in told.values if value is not None]
        assert (max(kept), min(kept), told.count) == (11.0, -3.0, len(times))
        assert told.times_ms[told.values.index(11.0)] == times[1234] / 1e6
        assert [tuple(map(from_iso, gap)) for gap in told.gaps] == [(times[3999], times[4000])]
        hole = told.values.index(None)
        assert told.times_ms[hole - 1] <= times[3999] / 1e6 < told.times_ms[hole] < times[4000] / 1e6


def test_what_has_not_changed_is_not_sent_again_and_large_answers_are_packed(api):
    with httpx.Client(base_url=api.address) as http:
        first = http.get("/api/v1/site", headers={"Accept-Encoding": "gzip"})
        assert first.headers["content-encoding"] == "gzip"
        again = http.get("/api/v1/site", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        with http.stream("GET", "/api/v1/site", headers={"Accept-Encoding": "gzip"}) as raw:
            packed = b"".join(raw.iter_raw())
        assert gzip.decompress(packed) == first.content


def test_blobs_are_what_they_look_like_and_never_a_page(api):
    png = b"\x89PNG\r\n\x1a\n" + bytes(40)
    page = b"<html><script>alert(1)</script></html>"
    for data, kind, how in ((png, "image/png", "inline"), (page, "application/octet-stream", "attachment")):
        digest = api.store.blobs.put(data)
        response = httpx.get(f"{api.address}/api/v1/blobs/{digest}")
        assert response.content == data
        assert response.headers["content-type"] == kind
        assert response.headers["content-disposition"].startswith(how)
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in response.headers["content-security-policy"]


def test_why_an_incident_is_what_it_is_comes_with_its_weights_and_the_number_again(client):
    incident = max(client.incidents(), key=lambda one: one.confidence)
    why = client.why(incident.id)
    assert why.verdict == "same"
    assert all(one.told == pytest.approx(one.now, abs=2e-6) for one in why.explanations)
    assert why.evidence
    assert {piece.basis for piece in why.evidence} == {"weak"}
    assert all(client.alarm(piece.alarm).id == piece.alarm for piece in why.evidence[:3])
    with pytest.raises(ApiError, match="inc-none"):
        client.why("inc-none")
