"""Runs a command until it is killed at its nth step on files. Run as `python -m tests.app.keeping.victim`."""

import os
import sys
from collections.abc import Callable
from typing import Any

from infrastress.app.cli import main
from tests.victims import kill, serve

_TOLD = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.scandir", "os.chmod", "shutil.copyfile"}
_TOLD |= {"shutil.rmtree", "sqlite3.connect", "sqlite3.connect/handle", "fcntl.flock", "ctypes.dlsym"}
"""What a command does to files, as Python itself tells it: before each it may be killed."""


def work(job: dict[str, Any], acknowledge: Callable[[str], None]) -> None:
    """Run the command; it is killed before its nth step, if it has so many."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - the pipe is the parent's
    main([job["args"][0], "--help"])
    left = job["nth"]

    def look(event: str, args: tuple[Any, ...]) -> None:
        nonlocal left
        if event not in _TOLD:
            return
        if event == "open" and not str(args[0]).startswith(job["root"]) and not isinstance(args[0], int):
            return
        left -= 1
        if left < 0:
            kill()

    sys.addaudithook(look)
    status = main(job["args"])
    left = 1 << 60
    acknowledge(f"ended {status}")


if __name__ == "__main__":
    serve(work)
