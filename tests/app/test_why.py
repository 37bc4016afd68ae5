"""`infrastress why`: from a folder of results and from a site's store, for people and machines."""

import json
import shutil

import pytest

from infrastress.app.baselines import state_folder
from infrastress.app.cli import main
from infrastress.app.keeping.backup import Place
from infrastress.app.service.models import changed_parts, fusion_of, prepare, read_setup
from infrastress.evaluation.performance import PERFORMANCE_FILE, Performance, Spoken, save_performance
from infrastress.store import open_store


@pytest.fixture(scope="module")
def incident(plant):
    lines = (plant / "calm" / "incidents.jsonl").read_text().splitlines()
    bodies = [json.loads(line)["body"] for line in lines]
    return max(bodies, key=lambda body: body["detections_total"])


def test_the_number_comes_out_again_from_what_is_listed(plant, incident, capsys):
    name = incident["incident"]
    assert main(["why", name, "--site", str(plant / "plant"), "--results", str(plant / "calm")]) == 0
    told = capsys.readouterr().out
    assert "Worked out again from this list: the same." in told
    assert incident["assessment"]["model"] in told
    for piece in incident["assessment"]["pieces"]:
        assert piece["rule"] in told
    assert "hazards." in told or "assets." in told
    assert "come from detectors that nobody measured" in told


def test_machines_get_the_same_from_the_store(plant, incident, tmp_path, capsys):
    site = tmp_path / "site"
    shutil.copytree(plant / "plant", site)
    store = Place.of(site, state=state_folder(site, None)).store
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(plant / "calm" / "store", store)
    assert main(["why", incident["incident"][:9], "--site", str(site), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["incident"] == incident["incident"]
    assert told["why"]["verdict"] == "same"
    assert told["assessment"]["pieces"] == incident["assessment"]["pieces"]
    bits = [abs(piece.get("bits", 0.0)) for piece in told["why"]["pieces"]]
    assert bits == sorted(bits, reverse=True)


def test_a_changed_site_file_is_noticed(plant, incident, tmp_path, capsys):
    site = tmp_path / "site"
    shutil.copytree(plant / "plant", site)
    file = site / "site.yaml"
    file.write_text(file.read_text().replace("pfd: 0.01}", "pfd: 0.5}"))
    assert main(["why", incident["incident"], "--site", str(site), "--results", str(plant / "calm")]) == 1
    assert "the site model or the programme has changed since" in capsys.readouterr().out


def test_no_such_incident_is_a_clear_error(plant, capsys):
    assert main(["why", "inc-nobody", "--site", str(plant / "plant"), "--results", str(plant / "calm")]) == 1
    assert "there is no incident 'inc-nobody'" in capsys.readouterr().err
    assert main(["why", "inc-", "--site", str(plant / "plant"), "--results", str(plant)]) == 1
    assert "there are no results" in capsys.readouterr().err


RATES = Performance(
    detector="access", detector_version="1", rule="", windows=40, found=38, asset_hours=20_000, false_episodes=2,
    recording="quiet weeks", commit="abc", faults=Spoken(20, 12), works=Spoken(9, 0),
)  # fmt: skip


def test_measured_rates_of_the_state_folder_weigh_the_evidence_of_a_replay(plant, incident, tmp_path, capsys):
    site = tmp_path / "site"
    shutil.copytree(plant / "plant", site)
    save_performance(site / "state" / PERFORMANCE_FILE, [RATES])
    out = tmp_path / "out"
    assert main(["replay", str(site), str(plant / "attack"), "--out", str(out)]) == 0
    assert json.loads((out / "replay.json").read_text())["measured"]
    capsys.readouterr()
    assert main(["why", incident["incident"], "--site", str(site), "--results", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    by_detector = {piece["detector"]: piece for piece in told["assessment"]["pieces"]}
    assert (by_detector["access"]["basis"], by_detector["access"]["rests_on"]) == ("measured", "quiet weeks")
    assert by_detector["process_invariants"]["basis"] == "weak"
    assert "fault" not in by_detector["process_invariants"]
    assert told["hypothesis"] == incident["hypothesis"]
    assert (by_detector["access"]["fault"], by_detector["access"]["work"]) == pytest.approx((12.5 / 21, 0.5 / 10))
    assert main(["why", incident["incident"], "--site", str(site), "--results", str(out)]) == 0
    assert ", of faults 0.595, of work 0.05 (measured: quiet weeks)" in capsys.readouterr().out


def test_measured_rates_are_part_of_a_setup_and_a_change_of_them_is_told(plant, tmp_path):
    site = tmp_path / "site"
    shutil.copytree(plant / "plant", site)
    before = prepare(site, site / "state")
    save_performance(site / "state" / PERFORMANCE_FILE, [RATES])
    after = prepare(site, site / "state")
    assert changed_parts(before.data, after.data) == ("measured rates",)
    with open_store("memory://") as store:
        digest = store.blobs.put(after.data)
        assert read_setup(store.blobs, digest).measured == (RATES,)
        assert fusion_of(store.blobs, "depot") is not None
