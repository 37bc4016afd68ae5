"""Which cells are not to be leaned on, and that this does not depend on how frames are cut."""

import numpy as np
import pytest

from infrastress.detectors.process.trust import Trust
from infrastress.detectors.process.view import SignalTable, View
from tests.detectors.plant import frames_of
from tests.detectors.process.trust.sensors import ordinary, sensor_site, view_of


@pytest.fixture(scope="module")
def trust():
    table = SignalTable(sensor_site())
    pupil = Trust(table)
    pupil.observe(view_of(ordinary(1440 * 8, 1), pupil.context))
    known = pupil.learned(1e-5)
    found = Trust(table)
    found.apply(known)
    return found


def doubted(trust, columns, signal):
    view = view_of(columns, trust.context)
    return np.flatnonzero(trust.doubted(view)[trust.table.row[signal], view.context :])


def changed(signal, change, begin=300, end=500):
    columns = ordinary(600, 9)
    columns[signal] = columns[signal].copy()
    columns[signal][begin:end] = change(columns[signal][begin:end])
    return columns


def test_nothing_is_doubted_before_it_was_taught():
    trust = Trust(SignalTable(sensor_site()))
    assert not trust.doubted(view_of(ordinary(300, 2), trust.context)).any()


def test_ordinary_days_are_leaned_on(trust):
    view = view_of(ordinary(1440, 3), trust.context)
    assert trust.doubted(view).mean() < 1e-4


def test_a_spike_is_doubted_at_once_and_alone(trust):
    columns = changed("Q1", lambda v: v + 3e5, 400, 401)
    assert doubted(trust, columns, "Q1").tolist() == [400]


def test_a_step_is_leaned_on_from_its_third_frame(trust):
    assert doubted(trust, changed("Q1", lambda v: v + 3e5, 400, 600), "Q1").tolist() == [400, 401]


def test_the_start_of_a_pump_is_honest(trust):
    assert doubted(trust, ordinary(600, 9), "Q1").size == 0


def test_a_stuck_signal_is_doubted_until_it_moves(trust):
    cells = doubted(trust, changed("Q1", lambda v: np.full(len(v), v[0])), "Q1")
    assert 300 < cells[0] < 320
    assert cells[-1] == 499
    assert (np.diff(cells) == 1).all()


def test_default_values_are_doubted_for_as_long_as_they_last(trust):
    cells = doubted(trust, changed("Q1", lambda v: np.full(len(v), -9999e5)), "Q1")
    assert (cells[0], cells[-1], len(cells)) == (300, 501, 202) or set(range(300, 500)) <= set(cells.tolist())


def test_sane_leaves_out_spikes_and_default_values_but_no_frozen_gauge(trust):
    columns = changed("Q1", lambda v: np.zeros(len(v)))
    columns["Q2"] = columns["Q2"].copy()
    columns["Q2"][300:500] = columns["Q2"][300]
    view = view_of(columns, trust.context)
    sane = trust.sane(view)
    cells = slice(view.context + 310, view.context + 490)
    assert np.isnan(sane.mean[trust.table.row["Q1"], cells]).all()
    assert not np.isnan(sane.mean[trust.table.row["Q2"], cells]).any()


@pytest.mark.parametrize("cut", [1, 37, 302, 303, 450])
def test_the_cut_changes_nothing(trust, cut):
    columns = changed("Q1", lambda v: np.zeros(len(v)))
    columns["Q2"] = columns["Q2"].copy()
    columns["Q2"][280:420] = columns["Q2"][280]
    columns["Q3"] = columns["Q3"] + np.where(np.arange(600) % 90 == 0, 3e5, 0.0)
    frames, context = frames_of(columns), trust.context
    table = trust.table
    nothing = np.full((len(table), context), np.nan)
    whole = View.of(frames, table, nothing, nothing)
    first = View.of(frames.part(0, cut), table, nothing, nothing)
    rest = View.of(frames.part(cut, 600), table, first.mean[:, -context:], first.last[:, -context:])
    parts = [trust.doubted(view)[:, view.context :] for view in (first, rest)]
    np.testing.assert_array_equal(np.hstack(parts), trust.doubted(whole)[:, context:])
    assert parts[1].any()
