"""Single values are read with the very reasons and results of the column reader."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.connectors.cells import REASONS, read_cells
from infrastress.connectors.mapping import ColumnMap
from infrastress.connectors.signals import SignalReader, bind_signals
from infrastress.core.errors import MappingError
from infrastress.site import Site
from tests.connectors.conftest import small_site

COLUMN = ColumnMap(signal="FT1", unit="l/s", factor=0.1, offset=-2.0, values={"RUN": 1.0}, bad_values=(-9999.0, "Bad"))


@given(st.one_of(st.floats(), st.integers(-10_000, 10_000), st.sampled_from(["3.5", " -9999 ", "run", "Bad", "x"])))
def test_as_the_column_reader(raw: object) -> None:
    site = small_site()
    bound = bind_signals({"flow": COLUMN}, site, "here")["flow"]
    reader = SignalReader({"flow": COLUMN}, site, "here")
    column = pa.array([raw], pa.string() if isinstance(raw, str) else pa.float64())
    cells = read_cells(column, COLUMN, bound.scale, ".", ())
    told = reader.read("flow", raw)
    reason = REASONS[cells.codes[0]]
    if reason or math.isnan(cells.values[0]):
        assert told == (reason or None)
    else:
        assert isinstance(told, float)
        assert np.isclose(told, cells.values[0], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("raw", [None, "", "  "])
def test_no_value_is_none(site: Site, raw: object) -> None:
    assert SignalReader({}, site, "here").read("LT1", raw) is None


@pytest.mark.parametrize("raw", [{}, [1], b"1", 10**400])
def test_what_is_no_number_has_a_reason(site: Site, raw: object) -> None:
    assert isinstance(SignalReader({}, site, "here").read("LT1", raw), str)


def test_all_faults_of_a_mapping_are_named(site: Site) -> None:
    columns = {"a": ColumnMap(signal="LT2"), "b": ColumnMap(signal="FT1", unit="bar")}
    with pytest.raises(MappingError, match=r"did you mean 'LT1'.*can't be turned"):
        bind_signals(columns, site, "here")
