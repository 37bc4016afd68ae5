"""Every `$ infrastress ...` line in the README and the command-line pages does what it says."""

import json
import random
import re
import shlex
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infrastress.app.cli import main

from .running import run

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "docs/command-line.md",
    "docs/training.md",
    "docs/water.md",
    "docs/keeping.md",
    "docs/first-site.md",
    "README.md",
)


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
    elif page == "docs/first-site.md":
        own_tank(folder)
    elif page == "docs/training.md":
        assert run("init", "my-site", cwd=folder).returncode == 0
        (folder / "normal").symlink_to(recorded / "normal")


def own_tank(folder: Path, days: int = 3) -> None:
    """The recording of first-site.md: a tank that is filled by night and emptied by day."""
    lines, level, area = ["time,LT-1,FT-1,FT-2"], 6.0, 113.1
    noise = random.Random(7)
    for minute in range(days * 1440):
        hour = minute // 60 % 24
        flow_in, flow_out = 60.0 * (hour in (1, 2, 3, 4)), 30.0 * (8 <= hour < 16)
        level += (flow_in - flow_out) / 60 / area
        moment = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=minute)
        told = (
            level + noise.gauss(0, 0.001),
            flow_in and flow_in + noise.gauss(0, 0.3),
            flow_out and flow_out + noise.gauss(0, 0.2),
        )
        lines.append(f"{moment:%Y-%m-%dT%H:%M:%SZ}," + ",".join(f"{value:.3f}" for value in told))
    (folder / "recording.csv").write_text("\n".join(lines) + "\n")


def files_of(page: str) -> dict[str, str]:
    """Files that a page has its reader write: the block behind the line that names one."""
    found = re.findall(
        r"^`([\w./-]+\.yaml)`[^\n]*\n(?:[^\n]+\n)*\n```yaml\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S
    )
    return dict(found)


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
    files = files_of(page)
    for args in commands:
        for name, text in files.items():  # written as soon as their folder is there
            if (tmp_path / name).parent.is_dir():
                (tmp_path / name).write_text(text)
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
