"""Public data sets for the benchmarks: our own run through the real commands, and verdicts on rivals."""

import io
import os
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import numpy.typing as npt

from infrastress.app.cli import main as infrastress
from infrastress.connectors.files import load_mapping
from infrastress.connectors.recordings import find_mapping, name_of
from infrastress.evaluation.events import episodes_from_flags
from infrastress.evaluation.labels import Truth, read_truth
from infrastress.evaluation.report import EvaluationReport, Trial, evaluate_all
from infrastress.evaluation.results import read_result
from infrastress.evaluation.verdict import Verdict, judge

__all__ = ["ROOT", "data_folder", "flagged", "ours", "run", "verdict_of"]

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
