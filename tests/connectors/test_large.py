"""Large files stream: memory stays flat whatever the size."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from infrastress.connectors.files.lines import Lines
from tests.proofs import Proof

COLUMNS = 40
READER = """
import sys
from pathlib import Path
from infrastress.connectors.files import FilesConnector, FilesOptions
from infrastress.site import Site
from infrastress.site.sources import Source
names = [f"S{i}" for i in range(int(sys.argv[2]))]
signals = [{"id": name, "asset": "A", "kind": "other", "unit": "m"} for name in names]
site = Site.model_validate({"id": "plant", "assets": [{"id": "A", "type": "boundary"}], "signals": signals})
connector = FilesConnector(site, Source(id="s", kind="telemetry"), FilesOptions(path=Path(sys.argv[1])))
rows = cells = 0
for delivery in connector.deliveries():
    assert delivery.balance.balances
    rows += delivery.balance.accepted
    cells += delivery.balance.cells_accepted
# VmHWM, since ru_maxrss of a child begins with what its parent had at the fork
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(rows, cells, int(peak.split()[1]) // 1024)
"""


def write(path: Path, megabytes: int) -> int:
    """A CSV of at least this size, written as a stream; returns its rows."""
    rng = np.random.default_rng(3)
    cells = [",".join(f"{value:.3f}" for value in row) for row in rng.random((500, COLUMNS))]
    rows = 0
    with path.open("w") as file:
        file.write("time," + ",".join(f"S{i}" for i in range(COLUMNS)) + "\n")
        while file.tell() < megabytes * 1_000_000:
            day = np.datetime64("2020-01-01T00:00:00", "s") + (rows + np.arange(len(cells))).astype("timedelta64[s]")
            file.writelines(f"{stamp}Z,{cell}\n" for stamp, cell in zip(day.astype(str), cells, strict=True))
            rows += len(cells)
    return rows


def read(path: Path) -> tuple[int, int, int]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", READER, str(path), str(COLUMNS)]
    shown = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.split()
    return int(shown[0]), int(shown[1]), int(shown[2])


def test_memory_stays_flat(tmp_path: Path) -> None:
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    write(small, 5)
    rows = write(large, 40)
    base = read(small)
    found = read(large)
    assert found[:2] == (rows, rows * COLUMNS)
    assert found[2] < 500
    assert found[2] - base[2] < 60


def test_reading_starts_at_an_offset_without_reading_what_lies_before(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = write(path, 20)
    size = path.stat().st_size
    with Lines(path) as lines:
        block = lines.block(size - 1000)
        assert block is not None
        assert block.end == size
    assert rows > 0


@pytest.mark.prove
def test_5_gb_csv_at_flat_memory(tmp_path: Path) -> None:
    proof = Proof("files: 5 GB CSV streams at flat memory", 1)
    for _ in proof.steps():
        path = tmp_path / "telemetry.csv"
        rows = write(path, 5000)
        began = time.perf_counter()
        found = read(path)
        wall = time.perf_counter() - began
        path.unlink()
        assert found[:2] == (rows, rows * COLUMNS)
        assert found[2] < 500
        proof.finish(f"{found[1] / 1e6:.0f} M values in {wall:.0f} s, peak {found[2]} MB")
