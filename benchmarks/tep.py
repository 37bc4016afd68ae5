"""Tennessee Eastman process: our commands and the classical monitors on the same test files, fault by fault.

All learn from d00, 25 h of normal operation. The classical monitors stand twice: with limits as the literature often
takes them, from the very rows they were fitted on (99 % quantile), and with limits from normal rows held out, by the
rule in `process_rivals`. The test files are scored and nothing else.
"""

import lzma
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.process_rivals import Dpca, Forest, Pca, Rival, held_out
from benchmarks.public import ROOT, data_folder, ours, print_tables, run, verdict_of
from infrastress.evaluation.verdict import Verdict

_STEP = 180.0
_QUANTILE = 0.99


class _Part:
    """One of the two statistics of a PCA monitor by itself."""

    def __init__(self, name: str, model: Pca, part: int) -> None:
        self.name, self.model, self.part = name, model, part

    def fit(self, rows: np.ndarray) -> None:
        """Learn from normal rows."""
        self.model.fit(rows)

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """The statistic over its theoretical limit."""
        return self.model.parts(rows)[self.part]


def main(options: Sequence[str] = ()) -> None:
    """Print the table, and the share of each fault's rows that each monitor flags."""
    data, site = data_folder("tep"), ROOT / "examples" / "tep"
    files = sorted(data.glob("d*_te.dat.xz"))
    with tempfile.TemporaryDirectory() as folder:
        state, out = Path(folder) / "state", Path(folder) / "out"
        run("train", site, data / "d00.dat.xz", "--state", state)
        run("replay", site, *files, "--each", "--state", state, "--out", out, "--scores")
        report, trials = ours(out, files, site)
    normal = _read(data / "d00.dat.xz").T
    tests = [_read(path) for path in files]
    monitors: list[Rival] = [
        _Part("PCA T2", Pca(confidence=0.99), 0),
        _Part("PCA SPE", Pca(confidence=0.99), 1),
        _Part("DPCA T2", Dpca(confidence=0.99), 0),
        _Part("DPCA SPE", Dpca(confidence=0.99), 1),
        Forest(),
    ]
    verdicts: dict[str, list[Verdict]] = {}
    for monitor in monitors:
        monitor.fit(normal)
        limit = float(np.nanquantile(monitor.scores(normal), _QUANTILE))
        verdicts[f"{monitor.name}, own"] = _judge(monitor, limit, tests, trials)
    for monitor in monitors:
        limit = held_out(monitor, normal, _STEP)
        verdicts[f"{monitor.name}, held out"] = _judge(monitor, limit, tests, trials)

    def by_fault() -> str:
        names = ["infrastress", *verdicts]
        columns = [list(report.verdicts.values()), *verdicts.values()]
        lines = [
            "share of rows flagged, % (d00: false alarms)",
            f"{'':26}" + "".join(f"{n[1:3]:>5}" for n in report.verdicts),
        ]
        for name, some in zip(names, columns, strict=True):
            cells = [one.points.far if np.isnan(one.points.mar) else 1 - one.points.mar for one in some]
            lines.append(f"{name[:25]:26}" + "".join(f"{100 * cell:5.0f}" for cell in cells))
        return "\n".join(lines)

    notes = [
        "own: limit at the 99 % quantile of the rows the monitor was fitted on (all of d00).",
        "held out: fitted on the first 70 % of d00, limit so that its last 30 % raise no episode.",
        f"{len(monitors)} monitors, one configuration each with two limits; none chosen on a test file or a fault.",
    ]
    print_tables(report, verdicts, options=options, notes=notes, more=by_fault)


def _judge(monitor: Rival, limit: float, tests: Sequence[np.ndarray], trials: Sequence) -> list[Verdict]:
    return [verdict_of(trial.truth, monitor.scores(rows), limit) for rows, trial in zip(tests, trials, strict=True)]


def _read(path: Path) -> np.ndarray:
    with lzma.open(path, "rt") as file:
        return np.loadtxt(file)


if __name__ == "__main__":
    main()
