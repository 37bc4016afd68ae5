"""The real command interrupted, killed and out of disk: called again it goes on and ends with the same bytes."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infrastress.app.cli import main

from .running import replay_words as words
from .running import results


def started(plant: Path, out: Path, *more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "infrastress", *words(plant, out, *more)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(process: "subprocess.Popen[str]", file: Path) -> None:
    """Until the replay has begun to write its store; the time a start takes differs from machine to machine."""
    while process.poll() is None and not file.exists():
        time.sleep(0.005)


def test_killed_at_random_moments_ends_the_same(plant, tmp_path):
    out, chance, kills = tmp_path / "out", random.Random(5), 0
    for _ in range(5):
        process = started(plant, out, "--batch-rows", "50")
        wait_for(process, out / "store" / "store.db")
        time.sleep(chance.random() * 0.6)
        process.kill()
        process.communicate(timeout=60)
        kills += process.returncode == -signal.SIGKILL
    assert kills >= 3, "the replay is over before it is killed; this proves nothing"
    assert main(words(plant, out)) == 0
    assert results(out) == results(plant / "calm")


@pytest.mark.parametrize("moment", [0.3, 0.9])
def test_interrupted_says_so_and_goes_on(plant, tmp_path, moment):
    """Early on, libraries still import their parts, and may swallow what Ctrl-C throws."""
    out = tmp_path / "out"
    process = started(plant, out, "--speed", "2000")
    wait_for(process, out / "store" / "store.db")
    time.sleep(moment)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    # Where Ctrl-C struck within exec("..."), as of a dataclass, Python ends by the signal; a shell shows 130 for both
    assert process.returncode in (130, -signal.SIGINT)
    assert "Interrupted" in err
    assert "Traceback" not in err
    assert not (out / "summary.json").exists()
    assert main(words(plant, out)) == 0
    assert results(out) == results(plant / "calm")


@pytest.mark.parametrize("limit", [200_000, 900_000])
def test_a_disk_that_fills_on_the_way_is_told_and_gone_on_from(plant, tmp_path, limit):
    """A limit of file size set behind the check of the start stands for a disk that fills later."""
    out = tmp_path / "out"
    script = (
        "import resource, sys\n"
        "import infrastress.app.doctor as doctor\n"
        "doctor.refuse_hopeless_start = lambda *_: None\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "from infrastress.app.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", script, *words(plant, out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("Error: the disk")
    assert "remedy:" in done.stderr
    assert not (out / "summary.json").exists()
    assert main(words(plant, out)) == 0
    assert results(out) == results(plant / "calm")


@pytest.mark.parametrize("rows", ["1", "7", "1000"])
def test_batch_rows_change_no_result(plant, tmp_path, rows):
    assert main(words(plant, tmp_path / "out", "--batch-rows", rows)) == 0
    assert results(tmp_path / "out") == results(plant / "calm")
