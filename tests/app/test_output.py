"""Where output goes: results to stdout even while a progress bar lives on the terminal behind stderr."""

import os
import pty
import subprocess
import sys

SCRIPT = """
from infrastress.app.output import console, progress
with progress("Working", total=2) as advance:
    console().print("a result")
    advance(1)
"""


def test_results_stay_in_the_file_while_a_terminal_shows_progress(tmp_path):
    master, slave = pty.openpty()
    with (tmp_path / "results").open("wb") as out:
        done = subprocess.run([sys.executable, "-c", SCRIPT], stdout=out, stderr=slave, timeout=60, check=False)
    os.close(slave)
    shown = os.read(master, 65536)
    os.close(master)
    assert done.returncode == 0, shown
    assert (tmp_path / "results").read_text() == "a result\n"
    assert b"Working" in shown


def test_no_bar_without_a_terminal():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("a result\n", "")


SWALLOWED = """
import os, signal, sys
from infrastress.app import output
from infrastress.app.cli import cli, main
import click

@cli.command("swallow")
def swallow():
    with output.progress("Working") as advance:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except BaseException:
            pass
        advance(1)
        print("went on")

cli.get_command = lambda ctx, name: swallow
sys.exit(main(["swallow"]))
"""


def test_ctrl_c_that_a_library_swallows_still_stops():
    done = subprocess.run([sys.executable, "-c", SWALLOWED], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert "Interrupted" in done.stderr
    assert "Traceback" not in done.stderr
