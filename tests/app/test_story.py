"""What a person reads of an incident, and the pictures of it."""

import numpy as np
import pytest

from infrastress.app.plots import plot_incident, plot_signal
from infrastress.app.story import alarm_line, incident_text, sureness
from infrastress.core.errors import ConfigurationError
from infrastress.core.time import SECOND
from infrastress.site.process import Limits, Signal
from tests.fusion.plant import SITE, T0, cleared, detection, in_order, intrusion
from tests.fusion.test_unit import overfill

ROME = SITE.model_copy(update={"time_zone": "Europe/Rome"})


@pytest.fixture(scope="module")
def feed():
    return in_order(overfill(), end=500)


def test_the_incident_says_what_where_how_sure_why_and_what_first(feed):
    (event,) = feed.newest("incident").values()
    text = incident_text(event, ROME)
    assert text.startswith("Overfill attack with release: Petrol tank 1 (T-1)\n")
    assert "almost certain" in text or "likely (" in text
    assert "2026-03-01 01:10:00" in text
    assert "Stop the receipt into Petrol tank 1 (T-1)" in text
    assert "3.0 m seen, 4.0 m expected" in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_a_long_story_keeps_the_most_severe_and_something_of_everything():
    many = [detection(i, f"rule-{i}", severity="high" if i == 20 else "medium") for i in range(1, 40)]
    (event,) = in_order([*many, intrusion(50)], end=100).newest("incident").values()
    text = incident_text(event, SITE)
    assert "and 26 more" in text
    assert "rule-20 at" in text
    assert "badge_out_of_place at" in text


def test_an_alarm_is_one_line(feed):
    lines = [alarm_line(event, ROME) for event in feed.newest("alarm").values()]
    assert all("\n" not in line for line in lines)
    assert any(line.startswith("2026-03-01 06:00:00  P1  unacknowledged  Mass balance: T-1") for line in lines)


def test_what_is_neither_is_refused(feed):
    with pytest.raises(ConfigurationError):
        incident_text(detection(1), SITE)
    with pytest.raises(ConfigurationError):
        alarm_line(detection(1), SITE)
    with pytest.raises(ConfigurationError, match="time zone"):
        alarm_line(feed.all("alarm")[0], SITE.model_copy(update={"time_zone": "Nowhere/Town"}))


def test_sureness_falls_with_confidence():
    assert [sureness(c) for c in (0.95, 0.75, 0.5, 0.3, 0.1)] == [
        "almost certain", "likely", "as likely as not", "unlikely", "a bare possibility",
    ]  # fmt: skip


def test_the_story_is_drawn(feed, tmp_path):
    (event,) = feed.newest("incident").values()
    path = tmp_path / "incident.svg"
    events = overfill()
    plot_incident(event, [*events, cleared(events[2], 450)], ROME, path)
    drawn = path.read_text()
    assert "first alarm 01:10" in drawn
    lonely = in_order([intrusion(10, severity="medium")], end=30)
    (single,) = lonely.newest("incident").values()
    plot_incident(single, [intrusion(10, severity="medium")], ROME, tmp_path / "single.png")
    assert (tmp_path / "single.png").stat().st_size > 5_000


def test_gaps_are_drawn_as_gaps_and_limits_in_the_signals_unit(tmp_path):
    times = T0 + np.arange(600) * 10 * SECOND
    values = 8.0 + np.arange(600) / 200
    values[200:260] = np.nan
    keep = np.ones(600, dtype=bool)
    keep[400:440] = False
    signal = Signal(id="LT-1", asset="T-1", kind="level", unit="m", limits=Limits(high=11.0))
    plot_signal(
        times[keep], values[keep], signal=signal, spans=[(int(times[300]), int(times[599]), "falsified")],
        marks=[(int(times[310]), "first alarm")], truth=values[keep] + 0.1, path=tmp_path / "signal.svg",
        limits=[(12.0, "brim")],
    )  # fmt: skip
    drawn = (tmp_path / "signal.svg").read_text()
    assert "high 11" in drawn
    assert "no data" in drawn
