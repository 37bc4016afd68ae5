"""The command line itself: help, exit codes, messages instead of tracebacks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from infrastress.app.cli import COMMANDS, cli, describe
from infrastress.core.errors import InputError

from .running import run


def test_group_help_names_every_command_and_imports_none():
    script = (
        "import sys\nfrom infrastress.app.cli import main\n"
        "assert main(['--help']) == 0\n"
        "heavy = {'numpy', 'pydantic', 'rich', 'pyarrow', 'infrastress.site'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    for name in COMMANDS:
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(name):
    done = CliRunner().invoke(cli, [name, "--help"])
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"Usage: cli {name}")
    assert len(done.output.splitlines()[2].strip()) > 20


def test_unknown_command_is_wrong_usage_and_says_what_was_meant():
    done = run("replya", "here")
    assert done.returncode == 2
    assert "Did you mean 'replay'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_unknown_option_is_wrong_usage():
    done = run("check", "--jsn", "here")
    assert done.returncode == 2
    assert "No such option" in done.stderr


def test_version():
    from infrastress import __version__

    done = run("--version")
    assert done.returncode == 0
    assert __version__ in done.stdout


def test_errors_say_what_where_and_remedy():
    text = describe(InputError("no rows", where="a.csv, line 3", remedy="record some"))
    assert text.splitlines() == ["Error: no rows", "  where: a.csv, line 3", "  remedy: record some"]
    assert describe(PermissionError(13, "Permission denied", "x")).splitlines()[1] == "  where: x"
    assert "INFRASTRESS_DEBUG" in describe(ZeroDivisionError("division by zero"))


def test_debugging_shows_the_traceback():
    quiet = run("replay", "no-such-site", "x", "--out", "never-made")
    assert quiet.returncode == 1
    assert "Traceback" not in quiet.stderr
    loud = run("replay", "no-such-site", "x", "--out", "never-made", env={"INFRASTRESS_DEBUG": "1"})
    assert loud.returncode == 1
    assert "Traceback" in loud.stderr


def test_a_reader_that_goes_away_is_no_error():
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as pipe:
        done = run("schema", stdout=pipe)
    assert done.returncode == 1
    assert done.stderr == ""


def test_schema_is_json_and_knows_the_site():
    schema = json.loads(run("schema").stdout)
    assert {"assets", "signals", "connections"} <= set(schema["properties"])
    assert "occurred" in json.dumps(json.loads(run("schema", "--of", "event").stdout))


def test_init_makes_a_site_once(tmp_path: Path):
    folder = tmp_path / "plant"
    made = run("init", str(folder), "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["site"] == "depot"
    assert run("check", str(folder)).returncode == 0
    again = run("init", str(folder))
    assert again.returncode == 1
    assert "an empty folder" in again.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["plant"]


NETWORK = """\
[JUNCTIONS]
 J1 5 1
[RESERVOIRS]
 R1 0
[TANKS]
 T1 20 2 0.5 4 12 0
[PIPES]
 A J1 T1 100 300 100 0 OPEN
[PUMPS]
 P1 R1 J1 POWER 5
[CONTROLS]
 LINK P1 OPEN IF NODE T1 BELOW 1
[OPTIONS]
 UNITS CMH
[END]
"""


def test_init_from_a_network_says_what_it_made_and_left_out(tmp_path: Path):
    (tmp_path / "net.inp").write_text(NETWORK)
    (tmp_path / "signals.yaml").write_text("signals: [{elements: tanks, kind: level, tag: L, unit: m}]\n")
    told = run("init", "a", "--from-inp", "net.inp", "--signals", "signals.yaml", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert all(part in told.stdout for part in ("1 tank", "1 district", "1 pump", "1 service"))
    assert "not carried over: control 1 changes the state of P1, which isn't metered" in told.stdout
    assert len(told.stdout.splitlines()) == 4
    assert told.stderr == ""
    described = json.loads(run("init", "b", "--from-inp", "net.inp", "--json", cwd=tmp_path).stdout)
    assert described["notes"] == []
    assert described["made"]["control_rules"] == 1
    assert run("check", "b", cwd=tmp_path).returncode == 0


def test_init_takes_one_origin(tmp_path: Path):
    done = run("init", str(tmp_path / "a"), "--template", "depot", "--from-inp", "x.inp")
    assert done.returncode == 2
    assert not (tmp_path / "a").exists()
