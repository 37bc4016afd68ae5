"""Units: the spellings plants use, against values worked out by hand."""

import pytest

from infrastress.core.errors import UnitError
from infrastress.core.units import scale_between, scale_of


@pytest.mark.parametrize(
    ("unit", "value", "si"),
    [
        ("m3/h", 3600.0, 1.0),
        ("m³/h", 3600.0, 1.0),
        ("l/s", 1000.0, 1.0),
        ("L/s", 1000.0, 1.0),
        ("degC", 25.0, 298.15),
        ("°C", 25.0, 298.15),
        ("bar", 1.0, 1e5),
        ("mH2O", 1.0, 9806.65),
        ("kPa", 1.0, 1e3),
        ("%", 50.0, 0.5),
        ("mm", 1.0, 1e-3),
        ("m2", 2.0, 2.0),
        ("m3", 2.0, 2.0),
        ("", 2.0, 2.0),
        ("rpm", 60.0, 2 * 3.141592653589793),
        ("kW", 1.0, 1000.0),
        ("ft", 1.0, 0.3048),
        ("gpm", 1.0, 6.30901964e-5),
        ("psi", 1.0, 6894.757293168),
    ],
)
def test_si_value(unit, value, si):
    scale = scale_of(unit)
    assert value * scale.factor + scale.offset == pytest.approx(si, rel=1e-9)


def test_between_two_units():
    factor, offset = scale_between("degF", "degC")
    assert 212 * factor + offset == pytest.approx(100)
    with pytest.raises(UnitError):
        scale_between("m", "m3/h")
    with pytest.raises(UnitError):
        scale_of("furlongs per fortnight squared maybe")
