"""`infrastress inventory`: captures and the log of a site read once, corrections that stay, the page's commands."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from infrastress.app.cli import cli
from infrastress.app.inventory import Shelf
from infrastress.app.keeping.backup import Place
from infrastress.core.errors import ConfigurationError, InputError
from infrastress.inventory.corrections import Correction
from infrastress.site.load import load_site
from tests.connectors.pcap.packets import ip4, mbap, pcap, talk
from tests.inventory.plant import SITE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "inventory.md"
READ = (("c", mbap(7, bytes.fromhex("0300640002"))), ("s", mbap(7, bytes.fromhex("030400010002"))))
NAMED = (
    ("c", mbap(8, bytes.fromhex("2b0e0100"))),
    ("s", mbap(8, bytes.fromhex("2b0e010100000100044163 6d65".replace(" ", "")))),
)
CAPTURE = pcap(talk(*READ, *NAMED))


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    folder = tmp_path / "plant"
    folder.mkdir()
    (folder / "site.yaml").write_text(SITE.replace("10.20.10.12", "10.20.10.14"))
    (tmp_path / "tap.pcap").write_bytes(CAPTURE)
    return folder


def show(plant: Path, *more: str) -> dict:
    done = CliRunner().invoke(cli, ["inventory", "show", str(plant), *more, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def device(shown: dict, name: str) -> dict:
    return next(one for one in shown["devices"] if one["id"] == name)


def test_a_capture_is_counted_once_and_kept(plant: Path):
    tap = str(plant.parent / "tap.pcap")
    first = show(plant, "--capture", tap)
    plc = device(first, "10.0.0.2")
    assert [one["text"] for one in plc["says"]] == ["VendorName=Acme"]
    assert plc["server_of"] == {"modbus": 2}
    assert show(plant, "--capture", tap) == first == show(plant)
    assert show(plant, "--capture", tap, "--apart") == first
    assert show(plant, "--fresh")["devices"] == []


def test_a_folder_of_captures_is_read_and_one_without_is_refused(plant: Path, tmp_path: Path):
    folder, empty = tmp_path / "ring", tmp_path / "empty"
    folder.mkdir()
    empty.mkdir()
    (folder / "tap.pcap").write_bytes((plant.parent / "tap.pcap").read_bytes())
    (folder / "notes.txt").write_text("rotated daily")
    assert show(plant, "--capture", str(folder), "--apart") == show(
        plant, "--capture", str(plant.parent / "tap.pcap"), "--apart"
    )
    refused = CliRunner().invoke(cli, ["inventory", "show", str(plant), "--capture", str(empty)])
    assert refused.exit_code == 2
    assert "holds no capture" in refused.output


def test_what_a_replay_put_into_the_log_is_read_on(plant: Path, tmp_path: Path):
    args = ["replay", str(plant), str(tmp_path / "tap.pcap"), "--out", str(tmp_path / "result")]
    assert CliRunner().invoke(cli, args, catch_exceptions=False).exit_code == 0
    store = ("--database", str(tmp_path / "result" / "store"))
    live = show(plant, *store)
    assert device(live, "10.0.0.2")["server_of"] == {"modbus": 2}
    assert show(plant, *store) == live, "the log is read once"
    apart = show(plant, "--capture", str(tmp_path / "tap.pcap"), "--apart")
    for shown in (live, apart):
        shown["sources"] = []
    assert live == apart, "one capture tells the same by whichever way it came"


def test_a_capture_that_breaks_off_or_goes_on_otherwise(plant: Path, tmp_path: Path):
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(CAPTURE[:-3])
    done = CliRunner().invoke(cli, ["inventory", "show", str(plant), "--capture", str(cut)])
    assert done.exit_code == 1
    assert "truncated" in done.output.replace("\n", " ")
    assert device(show(plant), "10.0.0.2")
    shelf = Shelf.open(Place.of(plant))
    assert shelf.captures[0].name == "cut.pcap"
    big = pcap(talk(*READ * 60))
    for name, data in (("a.pcap", big), ("b.pcap", big + big[24:])):
        (tmp_path / name).write_bytes(data)
    shelf.add_capture(tmp_path / "a.pcap", lambda _: None)
    with pytest.raises(InputError, match=r"b\.pcap begins like a\.pcap"):
        shelf.add_capture(tmp_path / "b.pcap", lambda _: None)


def test_corrections_stay(plant: Path):
    show(plant, "--capture", str(plant.parent / "tap.pcap"))
    args = ["inventory", "correct", str(plant), "10.0.0.2", "--by", "shift lead", "--why", "seen"]
    for fields in (["--role", "gateway", "--level", "1.5"], ["--vendor", "Umbrella"]):
        assert CliRunner().invoke(cli, [*args, *fields], catch_exceptions=False).exit_code == 0
    for wrong in ([], ["--level", "9"], ["--role", "toaster"], ["--why", " "]):
        assert CliRunner().invoke(cli, [*args, *wrong]).exit_code == 2
    show(plant, "--fresh")
    found = device(show(plant, "--capture", str(plant.parent / "tap.pcap")), "10.0.0.2")
    assert (found["role"]["value"], found["role"]["by"], found["level"]["value"]) == ("gateway", "correction", 1.5)
    assert found["vendor"] == "Umbrella"
    assert found["heard_role"]["value"] == "controller"
    assert len(list((plant / "state" / "inventory" / "corrections").iterdir())) == 2
    with pytest.raises(ConfigurationError, match=r"nothing called '10\.0\.0\.22'"):
        Shelf.open(Place.of(plant)).correct(
            load_site(plant), Correction(node="10.0.0.22", fields={"role": "hmi"}, at="", by="x", why="y")
        )


def test_what_is_damaged_is_told(plant: Path):
    show(plant, "--capture", str(plant.parent / "tap.pcap"))
    file = plant / "state" / "inventory" / "heard.json"
    file.write_bytes(file.read_bytes()[:-10])
    done = CliRunner().invoke(cli, ["inventory", "show", str(plant)])
    assert isinstance(done.exception, InputError)
    assert str(file) in str(done.exception)


def test_the_commands_of_the_page(plant: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(plant.parent)
    near = pcap(talk(*READ, server=("10.20.10.14", 502))).replace(ip4("10.0.0.1"), ip4("10.20.10.99"))
    (plant.parent / "tap.pcap").write_bytes(near)
    blocks = re.findall(r"^```console\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    said = []
    for line in (line for block in blocks for line in block.splitlines()):
        words = shlex.split(line.removeprefix("$ infrastress "))
        done = CliRunner(env={"COLUMNS": "80"}).invoke(cli, words, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        said.append(done.stdout)
    assert max(map(len, "".join(said).splitlines())) <= 80
    assert "heard, and the site model doesn't have it" in said[0]
    assert said[1] == "laptop of the maker: engineering, level 1.\n"
    assert sorted(one.name for one in Path("tables").iterdir()) == [
        "conversations.csv", "devices.csv", "findings.csv",
    ]  # fmt: skip
    assert json.loads(Path("bill.json").read_text())["specVersion"] == "1.6"
    assert "10.20.10.99" in Path("lacking.yaml").read_text()
