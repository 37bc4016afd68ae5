"""Every `$ infrastress ...` line in the README and the command-line pages does what it says."""

import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infrastress.app.cli import main

from .running import run

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("docs/command-line.md", "docs/training.md", "docs/water.md", "docs/keeping.md", "README.md")


def documented(page: str) -> list[list[str]]:
    """The commands of a page's console blocks, in order, without the name of the program."""
    blocks = re.findall(r"^```console\n(.*?)^```", (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    lines = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ infrastress ")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    """A folder with what a reader of the pages has: a site, recordings, labels."""
    folder = tmp_path_factory.mktemp("reader")
    for args in (
        ["init", "plant"],
        ["simulate", "plant", "normal", "--seed", "1", "--hours", "24", "--out", "normal"],
        ["simulate", "plant", "attack-overfill", "--seed", "7", "--out", "attack"],
    ):
        done = run(*args, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


def prepare(page: str, recorded: Path, folder: Path) -> None:
    """Put beside the commands of a page the files that they take for granted."""
    if page == "README.md":
        (folder / "normal-days.csv").write_bytes((recorded / "normal" / "telemetry.csv").read_bytes())
        (folder / "recording.csv").write_bytes((recorded / "attack" / "telemetry.csv").read_bytes())
        spans = json.loads((recorded / "attack" / "truth.json").read_text())["spans"]
        rows = (recorded / "attack" / "telemetry.csv").read_text().splitlines()[1::6]
        times = [row.partition(",")[0] for row in rows]
        bad = [any(one["began"] <= time < one["ended"] and one["malicious"] for one in spans) for time in times]
        lines = [f"{time},{int(flag)}" for time, flag in zip(times, bad, strict=True)]
        (folder / "labels.csv").write_text("\n".join(["time,attack", *lines]) + "\n")
    elif page == "docs/keeping.md":
        assert run("init", "plant", cwd=folder).returncode == 0
        (folder / "disk").mkdir()
    elif page == "docs/training.md":
        assert run("init", "my-site", cwd=folder).returncode == 0
        (folder / "normal").symlink_to(recorded / "normal")


def run_a_while(args: list[str], folder: Path) -> None:
    """What runs until it is stopped: start it, wait for what it says when it is ready, stop it."""
    more = ["--port", "0"] if args[0] == "serve" else []
    command = [sys.executable, "-m", "infrastress", *args, *more]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip(), f"infrastress {shlex.join(args)} says nothing"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode in (0, 128 + signal.SIGINT)


@pytest.mark.parametrize("page", PAGES)
def test_commands_of(page, recorded, tmp_path, monkeypatch, capfd):
    """The README's in processes of their own, as its reader runs them; the others, many more, in this one."""
    commands = documented(page)
    assert commands, f"{page} documents no command"
    prepare(page, recorded, tmp_path)
    for args in commands:
        if args[0] == "demo":
            continue  # run by test_demo.py and, from the wheel, by tests/test_wheel.py
        if args[0] in ("serve", "testbed"):
            run_a_while(args, tmp_path)
            continue
        if page == "README.md":
            done = run(*args, cwd=tmp_path)
            status, out, err = done.returncode, done.stdout, done.stderr
        else:
            monkeypatch.chdir(tmp_path)
            status = main(args)
            out, err = capfd.readouterr()
        assert status == 0, f"infrastress {shlex.join(args)}\n{out[-2000:]}{err[-2000:]}"
        assert "Traceback" not in err
        assert out.strip() or err.strip()
        if "--json" in args:
            assert isinstance(json.loads(out), dict)
