"""The built wheel installs into a clean environment and does the main job there, away from the source tree."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infrastress.app.console.pages import BUILT

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    return next(out.glob("*.whl"))


def test_wheel_carries_the_template_and_no_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "infrastress/site/templates/depot/site.yaml" in names
    assert "infrastress/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "console/"))]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_wheel_carries_the_console_whole(wheel):
    names = {name.removeprefix("infrastress/app/console/built/") for name in zipfile.ZipFile(wheel).namelist()}
    if not (BUILT / "index.html").is_file():
        pytest.skip("the console isn't built (call: make console)")
    built = {file.relative_to(BUILT).as_posix() for file in BUILT.rglob("*") if file.is_file()}
    assert {"index.html", "index.html.gz", "licenses.md"} <= built <= names


@pytest.mark.timeout(600)
def test_demo_runs_from_the_wheel_in_a_clean_environment(wheel, tmp_path):
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    pip = [str(venv / "bin/python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--require-hashes", "-r", str(ROOT / "requirements/run.txt")], check=True)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    command = [str(venv / "bin/infrastress"), "demo", "--headless", "--json", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {"first_alarm", "lead_time_s", "oracle_lead_time_s", "false_alarms", "ablation"} <= told.keys()
    assert 0 < told["lead_time_s"] <= told["oracle_lead_time_s"]
