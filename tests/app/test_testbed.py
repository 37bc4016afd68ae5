"""The testbed command: serves, says how to start the platform, ends with the scenario or Ctrl-C."""

import signal
import stat
import subprocess
import sys

import pytest

from infrastress.app.cli import main

from .running import run


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plant") / "site"
    assert main(["init", str(folder), "--template", "depot"]) == 0
    return folder


def test_it_serves_until_the_scenario_ends(site, tmp_path):
    done = run("testbed", str(site), "normal", "--hours", "2", "--speed", "3600", "--out", str(tmp_path / "bed"))
    assert done.returncode == 0, done.stderr
    assert "infrastress serve" in done.stdout
    assert "The scenario has ended" in done.stdout
    assert "events not taken" in done.stdout  # nobody was there to take them
    assert stat.S_IMODE((tmp_path / "bed" / "secrets.yaml").stat().st_mode) == 0o600


def test_interrupted_it_says_what_was_told_and_ends(site, tmp_path):
    command = [sys.executable, "-m", "infrastress", "testbed", str(site), "normal", "--out", str(tmp_path / "bed")]
    with subprocess.Popen([*command, "--protocol", "opcua"], stdout=subprocess.PIPE, text=True) as process:
        while "infrastress serve" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "0 events were stored" in out


def test_a_start_outside_of_the_run_is_told(site, tmp_path, capsys):
    assert main(["testbed", str(site), "normal", "--start-at", "2020-01-01T00:00:00Z", "--out", str(tmp_path)]) == 1
    assert "the run goes from" in capsys.readouterr().err
