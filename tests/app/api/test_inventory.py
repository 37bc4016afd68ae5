"""The inventory by the API: what was captured, kept and live, as pages and files; corrections that outlive a crash."""

import csv
import io
import json

import httpx
import pytest

from infrastress.app.inventory import Shelf
from infrastress.app.keeping.backup import Place
from infrastress.app.service.config import ServiceConfig
from infrastress.app.service.upkeep import listen
from infrastress.client import ApiError
from infrastress.client.inventory import DeviceRole, DifferenceKind
from infrastress.connectors.pcap.reader import CaptureReader
from infrastress.inventory.matching import KINDS
from infrastress.inventory.roles import ROLES
from tests.app.api.running import running
from tests.app.service.serving import wait_for
from tests.app.test_inventory import NAMED, READ, SITE, show
from tests.connectors.pcap.packets import pcap, talk

LOG = "ingest/plant/main:network"


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "plant"
    folder.mkdir()
    (folder / "site.yaml").write_text(SITE)
    return folder


@pytest.fixture
def served(site, tmp_path):
    with running(site, tmp_path / "store", site / "state") as api, api.client() as client:
        hear(api.store, tmp_path, *READ, *NAMED)
        yield api, client


def hear(store, folder, *said, name="tap"):
    """Records of a capture, as admission writes them into the log."""
    file = folder / f"{name}.pcap"
    file.write_bytes(pcap(talk(*said)))
    for number, records in enumerate(CaptureReader(file, source="tap")):
        store.log.append(LOG, [(f"{name}{number}", records.encode())])


def test_the_words_are_those_of_the_inventory():
    assert DeviceRole.__args__ == ROLES
    assert DifferenceKind.__args__ == tuple(KINDS)


def test_it_is_what_the_command_shows(served, site, tmp_path):
    _, client = served
    shown = show(site, "--database", str(tmp_path / "store"))
    page = client.inventory_page()
    assert (page.whole, page.total, page.heard) == (True, len(shown["devices"]), 2)
    for told, own in (
        (client.inventory(limit=1), shown["devices"]),
        (client.conversations(limit=1), shown["conversations"]),
        (client.differences(limit=1), shown["findings"]),
    ):
        plain = [{k: v for k, v in one.model_dump().items() if k != "links"} for one in told]
        assert len(plain) >= 1
        key = str if "kind" in own[0] else (lambda one: 0)
        assert sorted(plain, key=key) == sorted(own, key=key)
    assert page.differences["unknown_node"] == 2
    (plc,) = client.inventory(role="controller", protocol="modbus", declared=False, q="acme")
    assert plc.says[0].text == "VendorName=Acme"
    assert list(client.inventory(heard=True, declared=True)) == []
    assert {one.server for one in client.conversations(device="10.0.0.2", protocol="modbus")} == {"10.0.0.2"}
    assert list(client.conversations(client="10.9.9.9")) == list(client.inventory(q="none such")) == []
    assert {one.kind for one in client.differences(kind=["unknown_node"])} == {"unknown_node"}


def test_files_by_accept_or_by_format(served):
    api, client = served
    rows = list(csv.DictReader(io.StringIO(client.inventory_as("csv"))))
    assert {row["id"] for row in rows} >= {"10.0.0.1", "10.0.0.2"}
    bill = json.loads(client.inventory_as("cyclonedx"))
    assert (bill["bomFormat"], len(bill["components"])) == ("CycloneDX", 2)
    assert "10.0.0.2" in client.inventory_as("yaml")
    assert "modbus" in client.inventory_as("csv", "conversations")
    assert "unknown_node" in client.inventory_as("csv", "differences", kind=["unknown_node"])
    with httpx.Client(base_url=f"{api.address}/api/v1") as http:
        for path, kind in (
            ("/inventory", "text/csv"),
            ("/inventory", "application/vnd.cyclonedx+json"),
            ("/inventory", "application/yaml"),
            ("/inventory/conversations", "text/csv"),
            ("/inventory/differences", "text/csv"),
        ):
            answer = http.get(path, headers={"Accept": kind})
            assert answer.headers["content-type"].partition(";")[0] == kind
            assert "attachment" in answer.headers["content-disposition"]
            same = http.get(path, headers={"Accept": kind, "If-None-Match": answer.headers["etag"]})
            assert same.status_code == 304
        assert http.get("/inventory", headers={"Accept": "image/png"}).status_code == 406
        assert http.get("/inventory/conversations", params={"format": "cyclonedx"}).status_code == 422
        assert http.get("/inventory", params={"cursor": "x"}).status_code == 400


def test_a_correction_is_an_act_and_a_file(served, site):
    _, client = served
    done = client.correct_device("10.0.0.2", "seen", role="gateway", level=1.5, name="the old one", key="k")
    assert done.changed
    assert (done.device.role.value, done.device.role.by, done.device.level.value) == ("gateway", "correction", 1.5)
    again = client.correct_device("10.0.0.2", "seen twice", role="hmi", key="k")
    assert not again.changed
    assert again.correction == done.correction
    assert again.device == done.device
    wait_for(lambda: any(one.what == "correct" for one in client.decisions()), 10)
    (told,) = [one for one in client.decisions() if one.kind == "action"]
    assert told.content["body"]["fields"] == {"role": "gateway", "level": "1.5", "name": "the old one"}
    assert client.evidence(done.correction.act).kind == "inventory_action"
    back = client.correct_device("10.0.0.2", "it was not", role=None)
    assert (back.device.role.value, back.device.name) == ("controller", "the old one")
    assert [one.fields for one in client.corrections()] == [{"role": ""}, done.correction.fields]
    for fields in ({}, {"level": 9}, {"role": "toaster"}, {"name": ""}):
        with pytest.raises(ApiError) as refused:
            client.correct_device("10.0.0.2", "seen", **fields)
        assert refused.value.status == 422
    with pytest.raises(ApiError, match=r"did you mean 10\.0\.0\.") as unknown:
        client.correct_device("10.0.0.22", "seen", role="hmi")
    assert unknown.value.status == 404
    assert len(Shelf.open(Place.of(site)).corrections()) == 2


def test_an_act_whose_file_was_never_written_is_filed_by_the_next_reader(served, site, tmp_path):
    _, client = served
    client.correct_device("10.0.0.2", "seen", vendor="Umbrella")
    (file,) = (site / "state" / "inventory" / "corrections").glob("c*.json")
    file.unlink()  # as after a kill between log and file
    for _ in range(2):
        shown = show(site, "--database", str(tmp_path / "store"), "--fresh")
        assert next(one for one in shown["devices"] if one["id"] == "10.0.0.2")["vendor"] == "Umbrella"
    assert len(Shelf.open(Place.of(site)).corrections()) == 1


def test_what_upkeep_keeps_outlives_the_log(served, site, tmp_path):
    api, client = served
    before = client.inventory_page()
    listen(api.store, ServiceConfig(site, "plant", str(tmp_path / "store"), site / "state", site / "state" / "live"))
    api.store.log.retire("ingest/plant/main", api.store.log.end("ingest/plant/main"))
    assert client.inventory_page().items == before.items
    hear(api.store, tmp_path, *READ, name="later")
    asked = next(client.conversations(protocol="modbus", server="10.0.0.2"))
    assert sum(one.answered for one in asked.actions) == 3


def test_a_site_that_hears_nothing_has_an_empty_one(site, tmp_path):
    with running(site, tmp_path / "store", site / "state") as api, api.client() as client:
        page = client.inventory_page()
        assert (page.items, page.total, page.whole, page.listened_h) == ([], 0, True, 0)
        assert client.inventory_as("csv") == ""
        assert not (site / "state" / "inventory").exists()


def test_a_damaged_one_is_told(served, site):
    _, client = served
    (site / "state" / "inventory").mkdir(parents=True)
    (site / "state" / "inventory" / "heard.json").write_text("{")
    with pytest.raises(ApiError, match="damaged"):
        client.inventory_page()


def test_a_record_that_cannot_be_read_spoils_nothing(served):
    api, client = served
    api.store.log.append(LOG, [("bad", b"\xff")])
    assert client.inventory_page().heard == 2


def test_without_a_store_of_its_own_there_is_none(tmp_path, site):
    from dataclasses import replace

    with running(site, tmp_path / "store", site / "state") as api, api.client() as client:
        api.setup = replace(api.setup, place=None)
        with pytest.raises(ApiError, match="no folder") as refused:
            client.inventory_page()
        assert refused.value.status == 404
