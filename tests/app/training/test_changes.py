"""What changed between two versions, in words."""

from infrastress.app.baselines import Baseline
from infrastress.app.training.changes import changes_between


def version(*words: str, detector: str = "d") -> dict[str, Baseline]:
    one = Baseline(detector=detector, version="1", site_version="s", baseline={}, words=words)
    return {detector: one}


def test_numbers_are_told_from_and_to():
    old = version("L-1 stays between 0.5 m and 4 m", "same 1")
    new = version("L-1 stays between 0.5 m and 4.25 m", "same 1")
    assert changes_between(old, new) == ["d: L-1 stays between 0.5 m and 4.25 (was 4) m"]


def test_digits_in_names_are_no_numbers():
    old = version("L_T1 below 3 m", "PU2 below 1 m")
    new = version("PU2 below 2 m", "L_T1 below 3 m")
    assert changes_between(old, new) == ["d: PU2 below 2 (was 1) m"]


def test_new_and_gone():
    lines = changes_between(version("a rests", "b moves"), version("b moves", "c runs"))
    assert lines == ["d: new: c runs", "d: gone: a rests"]
    both = {**version("x"), **version("y", detector="e")}
    assert changes_between(version("x"), both) == ["e has learned; it had not before"]
    assert changes_between(both, version("x")) == ["e has learned nothing this time"]


def test_the_same_changes_nothing():
    assert changes_between(version("a 1", "a 2"), version("a 1", "a 2")) == []
