"""Episodes: raised by scores, cleared by release scores, and not raised again by a window that holds what is over."""

import numpy as np

from infrastress.detectors.process.episodes import Episodes

NEW = [0, 2, 2, 2, 2, 2, 2, 2, 2, 0, 2, 2]
"""A long window holds the event up to frame 8; another begins at frame 10."""
LEFT = [0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 2, 2]


def changes(pieces):
    episodes, found, at = Episodes(1, 2, 2, 0.8), [], 0
    for count in pieces:
        part = slice(at, at + count)
        scores, release = np.array([NEW[part]], float), np.array([LEFT[part]], float)
        found += [(at + change.frame, change.raised) for change in episodes.step(scores, release)]
        kept = episodes.dump()
        episodes = Episodes(1, 2, 2, 0.8)
        episodes.load(kept)
        at += count
    return found


def test_a_spent_window_raises_nothing_and_a_new_event_does():
    assert changes([12]) == [(2, True), (4, False), (11, True)]


def test_no_cut_changes_it():
    for cut in range(1, 12):
        assert changes([cut, 12 - cut]) == changes([12]), cut
    assert changes([1] * 12) == changes([12])


def test_something_new_is_raised_while_a_long_window_is_spent():
    episodes = Episodes(1, 2, 2, 0.8)
    scores = np.full((1, 8), 2.0)
    release = np.array([[2.0, 2.0, 0.0, 0.0, 0.0, 2.0, 2.0, 2.0]])
    found = [(change.frame, change.raised) for change in episodes.step(scores, release)]
    assert found == [(1, True), (3, False), (6, True)]
