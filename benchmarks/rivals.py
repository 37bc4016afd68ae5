"""The rivals on telemetry: PyOD's PCA and River's HalfSpaceTrees, reading the same CSV file as we do.

Each works as its documentation shows it: PyOD learns on the first fifth and scores the rest in one piece; River learns
and scores row by row. River's rows are limited, its rate doesn't depend on their number.
"""

import csv
import time
from itertools import islice
from pathlib import Path
from typing import Any

__all__ = ["half_space_trees", "pca"]


def pca(path: Path, seed: int) -> dict[str, Any]:
    """PyOD's PCA detector over the whole file."""
    import pandas as pd
    from pyod.models.pca import PCA

    began = time.process_time()
    values = pd.read_csv(path).drop(columns="time").ffill().fillna(0.0).to_numpy()
    model = PCA(random_state=seed)
    model.fit(values[: len(values) // 5])
    scores = model.decision_function(values)
    seconds = time.process_time() - began
    return {
        "rows": len(values),
        "values": values.size,
        "cpu_s": seconds,
        "flagged": int((scores > model.threshold_).sum()),
    }


def half_space_trees(path: Path, seed: int, most: int = 20_000) -> dict[str, Any]:
    """River's HalfSpaceTrees over the first rows, its inputs scaled to 0..1 as it asks for."""
    from river import anomaly, compose, preprocessing

    began = time.process_time()
    model = compose.Pipeline(preprocessing.MinMaxScaler(), anomaly.HalfSpaceTrees(seed=seed))
    rows = values = flagged = 0
    with path.open(newline="") as file:
        for row in islice(csv.DictReader(file), most):
            features = {name: float(cell) for name, cell in row.items() if name != "time" and cell}
            flagged += model.score_one(features) > 0.9
            model.learn_one(features)
            rows += 1
            values += len(features)
    return {"rows": rows, "values": values, "cpu_s": time.process_time() - began, "flagged": int(flagged)}
