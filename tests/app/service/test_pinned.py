"""Evidence stays with its incident: replayed, purged of all that is older, and every link of it opens as before."""

import json
import re
import time
from pathlib import Path
from runpy import run_path

import httpx
import numpy as np
import pytest

from infrastress.app.cli import main
from infrastress.app.keeping.backup import Place
from infrastress.app.service.config import ServiceConfig
from infrastress.app.service.force import Force
from infrastress.app.service.models import prepare
from infrastress.app.service.pinning import _chosen as chosen_rows
from infrastress.app.service.pinning import before_of, pin_evidence
from infrastress.app.service.upkeep import keep_in_order
from infrastress.client import Client
from infrastress.core.time import HOUR, MINUTE, SECOND, from_iso
from infrastress.events import (
    Detection,
    DoorState,
    Incident,
    NetworkRecords,
    Report,
    TimelineEntry,
    encode_event,
    make_event,
)
from infrastress.site.load import load_site
from infrastress.store import open_store
from infrastress.store.pinned import PINNED, find_pinned, pinned_list
from infrastress.store.ports import Output, read_all
from tests.app.api.running import copy_store, running
from tests.detectors.network.saying import START, said

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "alerts"
TINY = {"ingest": 1e-9, "fusion": 1e-9, "result": 1e-9, "quarantine": 1e-9, "history": 1e-9}


def with_tiny_limits(site: Path, to: Path) -> Path:
    to.mkdir(parents=True)
    for file in (one for one in site.rglob("*") if one.is_file()):
        target = to / file.relative_to(site)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    text = (to / "site.yaml").read_text()
    limits = f"retention_days: {json.dumps(TINY)}"
    text, told = re.subn("retention_days: {.*}", limits, text)
    (to / "site.yaml").write_text(text if told else f"{text}\nruntime: {{{limits}}}\n")
    return to


def purge(site: Path, store_folder: Path) -> dict[str, int]:
    """What upkeep does, where everything is older than it may be."""
    with open_store(store_folder) as store:
        prepared = prepare(site, site / "state")
        config = ServiceConfig(
            site=site, site_id=prepared.site.id, store=str(store_folder), state=site / "state", live=site / "state/live"
        )
        Force(store, config).change(prepared, by="test")
        return keep_in_order(store, prepared.site.id).records


def opened(client: Client, incident: str) -> dict[str, dict]:
    """Everything that an incident's page links to as evidence, by id, with what that rests on."""
    detail = client.incident(incident)
    wanted = [*detail.evidence, *(line.evidence for line in detail.timeline)]
    found: dict[str, dict] = {}
    while wanted:
        if (id_ := wanted.pop()) in found:
            continue
        told = client.evidence(id_)
        found[id_] = told.model_dump(mode="json", exclude={"network"})
        wanted += told.rests_on
    return found


def series(address: str, found: dict[str, dict]) -> dict[str, list]:
    """Values of each span of a detection as its link gives them, half an hour before it and behind it too."""
    links = {f"{id_} {span['signal']}": span["history"] for id_, one in found.items() for span in one["spans"]}
    told = {name: httpx.get(address + link) for name, link in links.items()}
    assert all(answer.status_code == 200 for answer in told.values())
    return {name: answer.json()["series"] for name, answer in told.items()}


def test_every_link_of_an_incident_opens_with_its_values_after_the_rest_was_purged(plant, tmp_path, capsys):
    site = with_tiny_limits(plant / "plant", tmp_path / "site")
    store = copy_store(plant / "calm" / "store", tmp_path)
    names = {json.loads(one)["body"]["incident"] for one in (plant / "calm/incidents.jsonl").read_text().splitlines()}
    with running(plant / "plant", store, tmp_path / "s", rate=1e6, burst=1e6) as api, api.client() as client:
        before = {name: opened(client, name) for name in names}
        values = {name: series(api.address, before[name]) for name in names}
    assert any(one["spans"] for found in before.values() for one in found.values())
    assert any(one["rests_on"] for found in before.values() for one in found.values())
    assert values[max(names, key=lambda name: len(values[name]))]

    removed = purge(site, store)
    assert removed["ingest/depot/main"] > 100
    assert removed["fusion/depot"] > 10
    with open_store(store) as opened_store:
        for partition in ("ingest/depot/main", "fusion/depot"):
            left = [one.subject for one in read_all(opened_store.log, partition)]
            assert left in ([], ["ingest/depot/main:decision"]), "but for the word on the model in force"
        kept = opened_store.log.end(PINNED + "depot")
    purge(site, store)
    with open_store(store) as opened_store:
        assert opened_store.log.end(PINNED + "depot") == kept, "nothing is pinned twice"

    with running(plant / "plant", store, tmp_path / "t", rate=1e6, burst=1e6) as api, api.client() as client:
        for name in names:
            assert opened(client, name) == before[name]
            assert series(api.address, before[name]) == values[name]
    for name in names:
        argv = ["why", name, "--site", str(plant / "plant"), "--database", f"sqlite:///{store / 'store.db'}"]
        assert main(argv) == 0
        assert "Worked out again from this list: the same." in capsys.readouterr().out


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """The example with alerts, replayed by the command without a baseline."""
    _, recording = run_path(str(EXAMPLE / "make.py"))["write"](tmp_path / "made")
    assert main(["replay", str(EXAMPLE), str(recording), "--out", str(tmp_path / "out")]) == 0
    return tmp_path / "out"


def test_raw_alerts_and_network_rows_stay_with_what_was_told_before(night, tmp_path):
    site = with_tiny_limits(EXAMPLE, tmp_path / "site")
    (last,) = {json.loads(one)["body"]["incident"] for one in (night / "incidents.jsonl").read_text().splitlines()}
    store = night / "store"
    began = time.monotonic()
    removed = purge(site, store)
    assert time.monotonic() - began < 60
    assert removed["ingest/station/main"] > 300
    with running(EXAMPLE, store, tmp_path / "s", rate=1e6, burst=1e6) as api, api.client() as client:
        detail = client.incident(last)
        found = opened(client, last)
        alerts = [one for one in found.values() if one["kind"] == "alert"]
        assert {one["event"]["body"].get("host", "") for one in alerts} >= {"hmi-1"}
        assert any(one["kind"] == "door" for one in found.values())
        assert detail.before, "usual alerts of the panel in the hour before"
        for raw in detail.before:
            assert from_iso(detail.began) - HOUR <= from_iso(raw.occurred) <= from_iso(detail.began)
            assert client.evidence(raw.id).kind == raw.kind
        written = [client.evidence(id_) for id_, one in found.items() if one["event"].get("assets") == ["PLC-1"]]
        rows = [row for one in written for row in one.network]
        assert {(row["client"], row["server"]) for row in rows} == {("10.9.20.21", "10.9.10.11")}
        partition = {one["partition"] for one in found.values()}
        assert partition <= {"ingest/station/main", "fusion/station"}, "as it lay, not where the copy lies"
    with open_store(store) as opened_store:
        assert opened_store.log.end(PINNED + "station") > 10


def test_a_kept_record_is_exported_under_a_name_of_its_own(night, tmp_path):
    site = with_tiny_limits(EXAMPLE, tmp_path / "site")
    place = Place.of(site)
    Path(place.store).parent.mkdir(parents=True)
    copy_store(night / "store", tmp_path)
    (tmp_path / "store").rename(place.store)
    purge(site, Path(place.store))
    assert main(["export", str(site), str(tmp_path / "export")]) == 0
    records = tmp_path / "export" / "records"
    kinds = {one.stem for one in records.glob("pinned-*.jsonl")}
    assert {"pinned-events", "pinned-detections", "pinned-network", "pinned-incidents"} <= kinds
    assert json.loads((records / "pinned-events.jsonl").read_text().splitlines()[0])["id"]


def test_rows_kept_are_those_of_the_packets_and_of_the_assets_shortly_before():
    rows = [
        said(0, "10.9.0.1", "10.9.0.2", capture="a.pcap", packet=7, response_packet=8),
        said(0, "10.9.0.1", "10.9.0.2", capture="b.pcap", packet=7),
        said(0, "10.9.20.21", "10.9.0.2"),
        said(700, "10.9.0.2", "10.9.20.21"),
        said(700, "10.9.0.1", "10.9.0.2"),
        said(1300, "10.9.20.21", "10.9.0.2"),
    ]
    body = Detection(
        detector="d", detector_version="1", rule="r", episode="e", phase="raised", source_kind="network",
        severity="high", score=1.0, sentence="s", began=START + 1200 * SECOND, until=START + 1250 * SECOND,
        packets=("a.pcap#8", "c.pcap#7", "a.pcap"),
    )  # fmt: skip
    chosen = chosen_rows(NetworkRecords.from_rows("station", "tap", 0, rows), body, {"10.9.20.21"})
    assert np.flatnonzero(chosen).tolist() == [0, 3]


def test_a_concern_about_an_insider_is_not_listed_before_an_incident(tmp_path):
    site = load_site(EXAMPLE)
    began = START + HOUR
    bodies = [
        Report(reporter="p", channel="form", category="insider", text="D-CONTROL"),
        Report(reporter="p", channel="form", category="smell", text="d-control"),
        DoorState(door="D-CONTROL", state="open"),
        DoorState(door="D-OTHER", state="open"),
    ]
    told = [
        make_event(site="station", source="x", sequence=number, occurred=began - number * MINUTE, body=body)
        for number, body in enumerate(bodies)
    ]
    line = TimelineEntry(occurred=began, source_kind="access", event="0" * 32, assets=("D-CONTROL",), text="t")
    incident = Incident(
        incident="inc-1", revision=1, state="open", hypothesis="h", title="t", severity="high", confidence=0.5, why="",
        began=began, updated=began, first_alarm=began, detections=(), source_kinds=("access",), timeline=(line,),
    )  # fmt: skip
    row = make_event(site="station", source="fusion", sequence=0, occurred=began, body=incident)
    with open_store(tmp_path / "store") as store:
        store.log.append("ingest/station/main:event", [(one.id, encode_event(one)) for one in told])
        lease = store.checkpoints.acquire("fusion/station", store.checkpoints.observe("fusion/station"), "test")
        lease.commit(1, None, [Output(row.id, "result/station:event", encode_event(row), "station/inc-1", began)])
        now = time.time_ns()
        assert pin_evidence(store, site, now=now, event_now=now) == [(began - HOUR, began + HOUR)]
        assert pinned_list(store.log, "station", before_of("inc-1")) == (told[2].id, told[1].id)
        assert find_pinned(store.log, "station", told[1].id).data == encode_event(told[1])
        assert find_pinned(store.log, "station", told[0].id) is None
        end = store.log.end(PINNED + "station")
        pin_evidence(store, site, now=now, event_now=now)
        assert store.log.end(PINNED + "station") == end
