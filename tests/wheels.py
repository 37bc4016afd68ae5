"""The wheel, and a clean environment with it and what it needs alone, away from the source tree.

What is pinned in requirements/run.txt was installed, hashes and all, by `make`; here it is linked, not installed again.
"""

import os
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

__all__ = ["Installed", "build_wheel"]

ROOT = Path(__file__).resolve().parents[1]


def build_wheel(out: Path) -> Path:
    """Build it into a folder."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    return next(out.glob("*.whl"))


class Installed:
    """The wheel in an environment that holds nothing else but its pinned requirements.

    Args:
        wheel: built.
        folder: a new one.
    """

    def __init__(self, wheel: Path, folder: Path) -> None:
        self._venv, self._home = folder / "venv", folder / "home"
        self._home.mkdir(parents=True)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(self._venv)], check=True)
        (packages,) = self._venv.glob("lib/python*/site-packages")
        for name in pinned():
            found = distribution(name)
            for top in {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")}:
                (packages / top).symlink_to(Path(str(found.locate_file(top))))
        pip = [sys.executable, "-m", "pip", "--python", str(self._venv / "bin/python")]
        subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
        subprocess.run([*pip, "check"], check=True, capture_output=True)

    def run(self, *words: str, program: str = "infrastress") -> "subprocess.CompletedProcess[str]":
        """Run a program of the environment, by default ours, far from the source tree."""
        return subprocess.run(
            [str(self._venv / "bin" / program), *words],
            cwd=self._home,
            env={"HOME": str(self._home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )


def pinned() -> list[str]:
    """Names of the requirements of this machine, each installed here as it is pinned."""
    lines = (ROOT / "requirements" / "run.txt").read_text().replace("\\\n", "").splitlines()
    named = [Requirement(line.partition(" --hash")[0]) for line in lines if line and line[0] not in "#-"]
    wanted = [one for one in named if one.marker is None or one.marker.evaluate()]
    for one in wanted:
        assert distribution(one.name).version in one.specifier, f"{one} isn't installed here (call: make test)"
    return [one.name for one in wanted]
