"""Public data sets for the benchmarks: our own run through the real commands, rivals on the same rows, one table."""

import io
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.common import circumstances
from infrastress.app.cli import main as infrastress
from infrastress.connectors.files import load_mapping
from infrastress.connectors.recordings import find_mapping, name_of
from infrastress.evaluation.events import episodes_from_flags
from infrastress.evaluation.labels import Truth, read_truth
from infrastress.evaluation.report import EvaluationReport, Trial, evaluate_all
from infrastress.evaluation.results import read_result
from infrastress.evaluation.tables import table_text
from infrastress.evaluation.verdict import Row, Verdict, judge, row_of

__all__ = ["ROOT", "data_folder", "flagged", "ours", "print_tables", "run", "verdict_of"]

ROOT = Path(__file__).resolve().parents[1]
Floats = npt.NDArray[np.float64]


def data_folder(name: str) -> Path:
    """Folder of a public data set; ends the benchmark where it is absent."""
    folder = Path(os.environ.get("INFRASTRESS_DATA", ROOT.parent / "shared" / "data")) / name
    if not folder.is_dir():
        raise SystemExit(f"the public data set {name} isn't there: set INFRASTRESS_DATA")
    return folder


def run(*arguments: object) -> str:
    """Run an infrastress command as a user types it; returns what it prints.

    Raises:
        SystemExit: it failed.
    """
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = infrastress([str(argument) for argument in arguments])
    if status != 0:
        raise SystemExit(f"infrastress {' '.join(map(str, arguments))}: {err.getvalue() or out.getvalue()}")
    return out.getvalue()


def ours(
    result: Path, labels: Sequence[Path], site: Path, *, skip_rows: int = 0
) -> tuple[EvaluationReport, list[Trial]]:
    """What `infrastress evaluate` reports of a replay, and its trials in the order of the labels."""
    trials: dict[str, Trial] = {}
    for path in labels:
        mapping = find_mapping(path, site)
        truth = read_truth(path, load_mapping(mapping) if mapping is not None else None, time_zone="UTC")
        folder = result if (result / "detections.jsonl").is_file() else result / name_of(path)
        trials[name_of(path)] = Trial(read_result(folder), truth.behind(skip_rows) if skip_rows else truth)
    return evaluate_all(trials, name="infrastress"), list(trials.values())


def verdict_of(truth: Truth, scores: Floats, limit: float) -> Verdict:
    """A rival's verdict where its scores are beyond a limit."""
    return flagged(truth, np.nan_to_num(scores, nan=-np.inf) > limit, scores)


def flagged(truth: Truth, flags: npt.NDArray[np.bool_], scores: Floats | None = None) -> Verdict:
    """A rival's verdict by its flags, one a step."""
    return judge(truth, episodes_from_flags(truth.times, flags, "rival"), scores)


def rival_rows(verdicts: Mapping[str, Sequence[Verdict]]) -> list[Row]:
    """Table rows of rivals by name."""
    return [row_of(name, list(some)) for name, some in verdicts.items()]


def print_tables(
    report: EvaluationReport,
    rivals: Mapping[str, Sequence[Verdict]],
    *,
    options: Sequence[str],
    packages: Sequence[str] = (),
    notes: Sequence[str] = (),
    more: Callable[[], str] | None = None,
) -> None:
    """Our rows, the rivals', the trivial ones and the published ones in one table, or all as JSON (`--json`)."""
    trivial = [row for row in report.rows if row.name in ("always", "never")]
    published = [row for row in report.rows if row.found is None]
    mine = [row for row in report.rows if row not in trivial and row not in published]
    rows = [*mine, *rival_rows(rivals), *trivial, *published]
    around: dict[str, Any] = circumstances("scipy", "scikit-learn", *packages)
    if "--json" in options:
        told = {"table": [asdict(row) for row in rows], "notes": list(notes), "circumstances": around}
        sys.stdout.write(json.dumps(told) + "\n")
        return
    text = table_text(rows) + ("\n\n" + more() if more is not None else "")
    sys.stdout.write(text + "\n\n" + "\n".join(notes) + "\n" + json.dumps(around) + "\n")
