"""A picture of a plant's attacks: how soon they are found, and how many of each kind."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["draw"]


def draw(plants: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Write a PNG or SVG.

    Args:
        plants: figures of plants (`figures_of`) by name.
        path: of the picture.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * len(plants), 6.4), layout="constrained")
    axes = figure.subplots(2, len(plants), squeeze=False)
    for (name, told), (delays, kinds) in zip(plants.items(), axes.T, strict=True):
        rows = {"infrastress": told["ours"], **told["rivals"]}
        for rival, row in rows.items():
            if rival not in ("always", "never") and row["visible"]:
                times = np.sort(np.asarray(row["delays_samples"], dtype=float))
                share = np.arange(1, len(times) + 1) / row["visible"]
                mine = rival == "infrastress"
                delays.step(times, share, where="post", label=rival, lw=2.4 if mine else 1.0, zorder=3 if mine else 2)
        delays.set(
            title=name, xlabel=f"samples of {told['frame_s']:g} s since the first visible effect", ylim=(0, 1.02)
        )
        delays.set_xscale("symlog", linthresh=1)
        delays.set_xlim(left=0)
        delays.grid(alpha=0.3)
        parts = told["ours"]["by_kind"]
        places = np.arange(len(parts))
        seen = [row["visible"] for row in parts.values()]
        kinds.barh(places, seen, color="0.85", label="could be seen")
        kinds.barh(places, [row["found"] for row in parts.values()], height=0.5, label="found by infrastress")
        kinds.set_yticks(places, list(parts))
        kinds.invert_yaxis()
        kinds.set_xlabel("attacks")
    axes[0, 0].set_ylabel("share found")
    axes[0, 0].legend(fontsize="small")
    axes[1, 0].legend(fontsize="small")
    figure.savefig(path, dpi=110)
