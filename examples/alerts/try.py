"""One command: write the recordings, learn the quiet day, approve it, judge the night, say why.

python examples/alerts/try.py [FOLDER]
"""

import json
import sys
import tempfile
from pathlib import Path

from make import write

from infrastress.app.cli import main

HERE = Path(__file__).resolve().parent


def run(out: Path) -> int:
    """Do it; the exit status of the first command that failed, else 0."""
    quiet, night = write(out)
    site, state, result = str(HERE), str(out / "state"), out / "result"
    learned = ["train", site, str(quiet), "--state", state, "--by", "example"]
    steps = [
        learned,
        ["train", site, "--state", state, "--approve", "--by", "example", "--why", "looked through"],
        ["replay", site, str(night), "--state", state, "--out", str(result), "--overwrite"],
    ]
    for step in steps:
        if status := main(step):
            return status
    incidents = [json.loads(line)["body"] for line in (result / "incidents.jsonl").read_text().splitlines()]
    for name in sorted({one["incident"] for one in incidents}):
        if status := main(["why", name, "--site", site, "--results", str(result)]):
            return status
    return 0


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="infrastress-alerts-"))))
