"""Long proofs: where they stand, so that they go on after an interruption, and what they showed, in docs/proofs.md."""

import json
import os
import platform
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["Proof"]

ROOT = Path(__file__).resolve().parents[1]
_HEAD = """# Proofs

What the long proofs showed (`make prove`), newest last. A short form of each runs in `make test`.

| day | proof | count | outcome | commit | machine |
|---|---|---|---|---|---|
"""


class Proof:
    """A proof of `total` steps that remembers, for one commit of the project, how many were done.

    Args:
        name: fixed words for the table, such as "store: kills inside commit".
        total: steps in all.
        root: the project's folder.
    """

    def __init__(self, name: str, total: int, *, root: Path = ROOT) -> None:
        self.name = name
        self.total = total
        self._root = root
        self._commit = _commit(root)
        self._state = root / ".proofs" / ("".join(c if c.isalnum() else "-" for c in name) + ".json")

    @property
    def done(self) -> int:
        """Steps done at this commit."""
        try:
            state = json.loads(self._state.read_text())
        except FileNotFoundError:
            return 0
        return int(state["done"]) if state["commit"] == self._commit else 0

    def steps(self) -> Iterator[int]:
        """Numbers of the steps still to do; a step counts as done when the next one is asked for."""
        for step in range(self.done, self.total):
            yield step
            self._state.parent.mkdir(exist_ok=True)
            part = self._state.with_suffix(".part")
            part.write_text(json.dumps({"commit": self._commit, "done": step + 1}))
            part.replace(self._state)

    def finish(self, outcome: str) -> None:
        """Write the outcome to docs/proofs.md and forget the steps."""
        page = self._root / "docs" / "proofs.md"
        page.parent.mkdir(exist_ok=True)
        if not page.exists():
            page.write_text(_HEAD)
        day = datetime.now(UTC).date().isoformat()
        with page.open("a") as file:
            file.write(f"| {day} | {self.name} | {self.total} | {outcome} | {self._commit} | {_machine()} |\n")
        self._state.unlink(missing_ok=True)


def _commit(root: Path) -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ":!docs/proofs.md")
        return git("rev-parse", "--short=10", "HEAD") + (" with changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "no repository"


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}"
    return f"{system}, {os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}"
