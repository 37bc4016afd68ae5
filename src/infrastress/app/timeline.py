"""A picture of an evaluation: what was true, who alarmed when, and the score of each frame, recording by recording."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from infrastress.app.plots import ABNORMAL, GREY, INK, PALE, TRUTH, broken, open_figure
from infrastress.core.errors import ConfigurationError
from infrastress.core.time import DAY, HOUR, MINUTE, SECOND
from infrastress.evaluation.attribution import Attribution, Blame
from infrastress.evaluation.events import Episode, episodes_from_detections, merge_episodes
from infrastress.evaluation.report import Trial

__all__ = ["plot_trials"]

_FLOOR, _CEILING = 1e-2, 1e4
"""Scores outside are drawn at the edge."""
_UNITS = ((4 * DAY, DAY, "days"), (6 * HOUR, HOUR, "hours"), (10 * MINUTE, MINUTE, "minutes"), (0, SECOND, "seconds"))
_COLOURS = (INK, TRUTH, "#8a5a00", "#2f6b3a", "#6b3a6b")


def plot_trials(trials: Mapping[str, Trial], path: Path, attribution: Attribution | None = None) -> None:
    """Draw trials one below the other: events shaded, alarms as bars a detector, scores as lines with their limit.

    Args:
        trials: at least one.
        path: a .png or .svg file to write.
        attribution: of the same trials; each event gets the asset that was blamed first, and the true one's rank.

    Raises:
        ConfigurationError: the file can't be written.
    """
    detectors = sorted({one for trial in trials.values() for one in trial.result.detectors})
    colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(detectors)}
    longest = max(trial.truth.span[1] - trial.truth.span[0] for trial in trials.values())
    unit, word = next((unit, word) for least, unit, word in _UNITS if longest >= least)
    top = _top(trials)
    blames = iter(attribution.blames if attribution is not None else ())
    height = 4.6 if len(trials) == 1 else 1.2 + 0.85 * len(trials)
    with open_figure(11.0, height) as (figure, grid):
        panels = grid.subgridspec(len(trials), 1, hspace=0.04).subplots(sharex=True, squeeze=False)[:, 0]
        for axis, (name, trial) in zip(panels, trials.items(), strict=True):
            _panel(axis, trial, colours, unit, top)
            own = [next(blames) for _ in trial.truth.causes] if attribution is not None else []
            for blame in own:
                _name_blamed(axis, blame, trial.truth.span[0], unit)
            if len(trials) > 1:
                axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10)
                axis.set_yticks([1.0], ["limit"], fontsize=8)
            else:
                axis.set_ylabel("score (1 is the limit)")
        panels[-1].set_xlabel(f"{word} from the beginning", loc="left", fontsize=10, color=GREY)
        _legend(figure, colours, scored=any(trial.result.scores is not None for trial in trials.values()))
        try:
            figure.savefig(path, dpi=110)
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"the picture can't be written: {error}", where=str(path), remedy="name a .png or .svg file"
            ) from None


def _top(trials: Mapping[str, Trial]) -> float:
    """Above the highest score, at least a decade above the limit."""
    known = [trial.result.scores.at(trial.truth.times) for trial in trials.values() if trial.result.scores is not None]
    highest = max((float(np.nanmax(one)) for one in known if one is not None and not np.isnan(one).all()), default=1.0)
    return min(max(10.0, 2 * highest), _CEILING)


def _panel(axis: Any, trial: Trial, colours: Mapping[str, str], unit: int, top: float) -> None:
    result, truth = trial
    begin, end = truth.span
    for event in truth.events:
        axis.axvspan((event.began - begin) / unit, (event.ended - begin) / unit, facecolor="#fbe3e1", hatch="//",
                     edgecolor="#ecc4c1", lw=0, zorder=0)  # fmt: skip
    for event in truth.benign:
        axis.axvspan((event.began - begin) / unit, (event.ended - begin) / unit, facecolor=PALE, lw=0, zorder=0)
    for i, (name, colour) in enumerate(colours.items()):
        if result.scores is not None and name in result.scores.of:
            scores = result.scores.at(truth.times, name)
            if scores is not None:
                shown = broken(truth.times, np.clip(scores, _FLOOR, top))
                axis.plot((truth.times - begin) / unit, shown, color=colour, lw=1.0, zorder=3)
        for alarm in _alarms(result.only(name), begin, end):
            width = max(alarm.ended - alarm.began, (end - begin) / 400)
            left = (alarm.began - begin) / unit
            lane = _FLOOR * 10 ** (-0.55 * (i + 1))
            axis.broken_barh(
                [(left, width / unit)], (lane, lane), facecolor=ABNORMAL, edgecolor=colour, lw=1.2, zorder=4
            )
    axis.set_yscale("log")
    axis.set_ylim(_FLOOR * 10 ** (-0.55 * (len(colours) + 0.6)), top)
    axis.axhline(1.0, color=GREY, lw=0.9, ls=(0, (4, 2)), zorder=2)
    axis.set_xlim(0, (end - begin) / unit)
    axis.minorticks_off()


def _name_blamed(axis: Any, blame: Blame, begin: int, unit: int) -> None:
    """Above the event: when it first showed (a tick), whom the detections blame first, and where the true asset is."""
    if blame.cause.visible is not None and blame.cause.visible < blame.cause.ended:
        axis.axvline((blame.cause.visible - begin) / unit, ymin=0.9, color=TRUTH, lw=1.6)
    first = blame.named[0][0] if blame.named else "nobody"
    true = "" if not blame.cause.assets else f", true: {blame.rank or '-'}"
    middle = ((blame.cause.began + blame.cause.ended) / 2 - begin) / unit
    behind = {"facecolor": "white", "alpha": 0.8, "lw": 0, "pad": 0.5}
    axis.text(middle, 0.97, f"{first}{true}", transform=axis.get_xaxis_transform(), rotation=90, ha="center", va="top",
              fontsize=7, color=INK, bbox=behind, zorder=5)  # fmt: skip


def _alarms(events: Any, begin: int, end: int) -> list[Episode]:
    merged = merge_episodes(episodes_from_detections(events, end))
    return [one._replace(began=max(one.began, begin)) for one in merged if one.ended > begin]


def _legend(figure: Any, colours: Mapping[str, str], *, scored: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    keys: list[Any] = [Patch(facecolor="#fbe3e1", hatch="//", edgecolor="#ecc4c1", label="true event")]
    for name, colour in colours.items():
        keys.append(Patch(facecolor=ABNORMAL, edgecolor=colour, lw=1.2, label=f"alarm: {name}"))
        if scored:
            keys.append(Line2D([], [], color=colour, label=f"score: {name}"))
    figure.legend(handles=keys, loc="outside upper left", ncols=4, frameon=False, fontsize=10)
