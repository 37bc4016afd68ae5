"""`infrastress why`: from a folder of results and from a site's store, for people and machines."""

import json
import shutil

import pytest

from infrastress.app.baselines import state_folder
from infrastress.app.cli import main
from infrastress.app.keeping.backup import Place


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
