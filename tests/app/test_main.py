"""`python -m infrastress` ends with the status that it says."""

import subprocess
import sys

CUT_OFF = """
import runpy

import infrastress.app.cli as command_line


def cut_off(**_):
    exec("import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(10)")


command_line.cli.main = cut_off
runpy.run_module("infrastress", run_name="__main__")
"""


def test_ctrl_c_within_text_that_a_library_runs_is_status_130_too(tmp_path):
    """A namedtuple that is just being made is such text; Python would end itself by the signal."""
    (tmp_path / "cut_off.py").write_text(CUT_OFF)
    command = [sys.executable, "-m", "cut_off"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert "Interrupted." in done.stderr
    assert done.returncode == 130
