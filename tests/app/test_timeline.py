"""The picture of an evaluation, drawn from one recording and from several, with scores and without."""

from dataclasses import replace

import numpy as np
import pytest

from infrastress.app.timeline import plot_trials
from infrastress.core.errors import ConfigurationError
from infrastress.core.time import HOUR
from infrastress.evaluation.attribution import Cause, attribute
from infrastress.evaluation.events import Episode
from infrastress.evaluation.labels import Truth
from infrastress.evaluation.report import Trial
from infrastress.evaluation.results import Result, Scores
from tests.evaluation.test_events import detection

TIMES = np.arange(24) * HOUR


def trial(*, scored: bool) -> Trial:
    event = Episode(5 * HOUR, 9 * HOUR, "event 1")
    truth = Truth((event,), TIMES, (event.began <= TIMES) & (event.ended > TIMES), (Episode(15 * HOUR, 16 * HOUR),))
    events = [detection(7 * HOUR, "raised"), detection(8 * HOUR, "cleared", sequence=1)]
    detector = events[0].body.detector
    scores = np.where(truth.flags, 3.0, 0.2)
    scores[0] = np.nan
    return Trial(Result(events, Scores(TIMES, {detector: scores}) if scored else None), truth)


@pytest.mark.parametrize("names", [["one"], ["one", "two", "three"]])
@pytest.mark.parametrize("scored", [True, False])
def test_drawn(names, scored, tmp_path):
    path = tmp_path / "picture.svg"
    plot_trials({name: trial(scored=scored) for name in names}, path)
    text = path.read_text()
    assert "hours from the beginning" in text
    assert "true event" in text
    assert ("score: " in text) is scored
    assert all(f">{name}<" in text for name in names) or len(names) == 1


def test_each_event_says_who_was_blamed(tmp_path):
    one = trial(scored=False)
    cause = Cause(5 * HOUR, 9 * HOUR, "event 1", ("T1",), visible=6 * HOUR)
    one = one._replace(truth=replace(one.truth, causes=(cause,)))
    attribution = attribute([(one.result.events, one.truth.causes)], {}, ["T1"])
    plot_trials({"one": one}, tmp_path / "picture.svg", attribution)
    assert ">nobody, true: -<" in (tmp_path / "picture.svg").read_text()


def test_no_picture_of_an_unknown_kind(tmp_path):
    with pytest.raises(ConfigurationError, match=r"\.png or \.svg"):
        plot_trials({"one": trial(scored=False)}, tmp_path / "picture.bmpx")
