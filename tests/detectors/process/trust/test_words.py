"""What was learned of the sensors, in words; and what can't be told of them."""

from infrastress.detectors.process.trust.words import blind_spots, sensors_in_words, sensors_learned
from infrastress.detectors.process.view import SignalTable
from tests.detectors.process.trust.sensors import lesson, sensor_site


def test_a_sensor_of_which_nothing_was_learned_is_named():
    table, rules = SignalTable(sensor_site()), dict(lesson().baseline["rules"])
    rules["process.noise"] = {key: one for key, one in rules["process.noise"].items() if key != "Q2"}
    assert list(blind_spots(table, rules)) == ["noise can't be told of Q2: they never moved, or are too seldom heard"]
    assert "noise" not in next(word for word in sensors_in_words(table, rules) if word.startswith("sensor Q2"))


def test_states_are_no_sensors():
    named = [one.signal for one in sensors_learned(SignalTable(sensor_site()), lesson().baseline["rules"])]
    assert named == ["L1", "K1", "F1", "F2", "Q0", "Q1", "Q2", "Q3"]
