"""AIT-ADS as raw alerts, with their labels: a scenario's CSV, read once."""

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.alerts.scores import NOISE
from infrastress.core.time import SECOND
from infrastress.detectors.alerts import RawAlert

__all__ = ["QUIET_S", "Scenario", "read"]

QUIET_S = 86_400
"""The first day is learned from."""
_TOOLS = {"A": "aminer", "S": "suricata", "W": "wazuh"}


@dataclass(frozen=True, eq=False)
class Scenario:
    """Alerts in order of time (`id` is the number in it), their labels, their times in seconds."""

    name: str
    alerts: list[RawAlert]
    labels: list[str]
    times: npt.NDArray[np.int64]

    @property
    def start(self) -> int:
        """When the quiet day is over, s."""
        return int(self.times[0]) + QUIET_S

    @property
    def chain(self) -> npt.NDArray[np.bool_]:
        """Which alerts belong to the main chain of the attack."""
        return np.array([label not in (NOISE, "dnsteal") for label in self.labels])


def read(path: Path) -> Scenario:
    """Read `<scenario>_alerts.csv.gz`.

    A short name (`W-Acc-400`) is tool, log and what was seen; the first two are the sensor family.
    """
    rows = []
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            tool = row["short"][:1]
            alert = RawAlert(
                int(row["time"]) * SECOND,
                row["host"],
                row["short"],
                row["short"].rpartition("-")[0],
                _TOOLS.get(tool, tool),
                row["ip"],
                id=f"{number:07d}",
            )
            rows.append((alert, row["event_label"]))
    rows.sort(key=lambda row: (row[0].time, row[0].id))
    alerts = [alert._replace(id=f"{i:07d}") for i, (alert, _) in enumerate(rows)]
    times = np.array([alert.time // SECOND for alert in alerts], dtype=np.int64)
    return Scenario(path.name.removesuffix("_alerts.csv.gz"), alerts, [label for _, label in rows], times)
