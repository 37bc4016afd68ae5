"""Running the real command in a process of its own."""

import os
import subprocess
import sys
from typing import Any

__all__ = ["run"]


def run(*args: str, env: dict[str, str] | None = None, stdout: Any = subprocess.PIPE, **more: Any) -> Any:
    """Run `infrastress ARGS`; returns the finished process with its text."""
    return subprocess.run(
        [sys.executable, "-m", "infrastress", *args],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=280,
        check=False,
        env={**os.environ, "COLUMNS": "120", **(env or {})},
        **more,
    )
