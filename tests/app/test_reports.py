"""`infrastress reports` and the examples of docs/reports.md."""

import json
import re
import shutil
from pathlib import Path

import msgspec
import pytest
import yaml

from infrastress.app.cli import main
from infrastress.app.portal.options import options_of
from infrastress.app.portal.submission import Sender, read_submission, record_of
from infrastress.connectors.reports.options import ReportsOptions
from infrastress.connectors.reports.records import Boxes
from infrastress.core.time import SECOND
from infrastress.site.connections import Connection
from infrastress.site.load import load_site

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reports.md").read_text()
NOW = 1_773_000_000 * SECOND


@pytest.fixture
def plant(tmp_path, depot_folder):
    folder = Path(shutil.copytree(depot_folder, tmp_path / "plant"))
    (folder / "connections.yaml").write_text(re.search(r"```yaml\n(.*?)```", PAGE, re.S)[1])
    return folder


def put(plant, *told):
    boxes, site = Boxes(plant / "state" / "reports"), load_site(plant)
    numbers = []
    for n, fields in enumerate(told):
        submission = read_submission(fields, site, "en", NOW + n)
        record, _ = record_of(submission, Sender(boxes.vault.reporter(f"token {n}")), boxes.vault, NOW + n)
        lane = "insider" if submission.category == "insider" else "main"
        boxes.lanes[lane].append([msgspec.json.encode(record)], NOW)
        numbers.append(record.number)
    return numbers


def run(capsys, *words):
    status = main(["reports", *words])
    return status, capsys.readouterr().out


def test_the_example_of_the_page_is_read_and_every_option_is_told(plant):
    text = re.search(r"```yaml\n(.*?)```", PAGE, re.S)[1]
    options = options_of({name: Connection.model_validate(one) for name, one in yaml.safe_load(text).items()})
    assert options.staff_secret == "staff-code"  # noqa: S105
    told = set(re.findall(r"`(\w+)`", PAGE.partition("\n## Options\n")[2]))
    assert set(ReportsOptions.model_fields) <= told


def test_every_command_of_the_page(plant, capsys):
    site = str(plant)
    number, secret = put(
        plant, {"category": "smell", "text": "petrol", "contact": "me@example.org"},
        {"category": "insider", "text": "he sells keys"},
    )  # fmt: skip
    status, out = run(capsys, "list", site, "--json")
    assert status == 0
    (one,) = json.loads(out)
    assert (one["number"], one["contact"]) == (number, "me@example.org")
    assert "keys" not in out
    assert "keys" in run(capsys, "list", site, "--insider")[1]
    assert run(capsys, "answer", site, number, "Thank you")[0] == 0
    assert run(capsys, "answer", site, secret, "Thank you")[0] == 0
    assert run(capsys, "judge", site, number, "confirmed")[0] == 0
    assert run(capsys, "label", site, number, "leak")[0] == 0
    assert run(capsys, "label", site, number, "nonsense")[0] == 1
    assert run(capsys, "answer", site, "ZZZZZZ", "x")[0] == 1
    assert run(capsys, "train", site)[0] == 1, "one label is too few"
    shown = run(capsys, "list", site)[1]
    assert "[answered, confirmed, labelled]" in shown
    assert "leak" in shown
    assert run(capsys, "erase", site, number)[0] == 0
    shown = run(capsys, "list", site)[1]
    assert "example.org" not in shown
    assert run(capsys, "answer", site, number, "too late")[0] == 1


def test_what_was_learned_is_suggested(plant, capsys):
    smells = ("strong smell of petrol", "it stinks of fuel", "odour of gas", "the air smells of diesel")
    noises = ("loud hissing", "a siren since an hour", "humming noise", "loud bang")
    numbers = put(plant, *({"category": "other", "text": text} for text in smells + noises))
    for number, label in zip(numbers, ["smell"] * 4 + ["noise"] * 4, strict=True):
        assert run(capsys, "label", str(plant), number, label)[0] == 0
    assert run(capsys, "train", str(plant))[0] == 0
    put(plant, {"category": "other", "text": "there is a strong smell of petrol and fuel"})
    listed = json.loads(run(capsys, "list", str(plant), "--json")[1])
    told = next(one for one in listed if one["text"].endswith("petrol and fuel"))
    assert (told["category"], told["suggested"]) == ("other", "smell")


def test_a_site_without_a_form_says_so(tmp_path, depot_folder, capsys):
    assert main(["reports", "list", str(depot_folder)]) == 1
    assert main(["portal", str(depot_folder)]) == 1
    assert "connector" in capsys.readouterr().err
