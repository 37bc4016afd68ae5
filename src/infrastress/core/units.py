"""Units: SI inside, the plant's own units at the edges.

Built on pint, with the spellings that plants use (m3/h, l/s, barg, degC, mH2O, %).
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple

from infrastress.core.errors import UnitError

__all__ = ["Scale", "scale_between", "scale_of"]

_SPELLINGS = {
    "%": "percent",
    "l/s": "liter/second",
    "l/min": "liter/minute",
    "barg": "bar",
    "bara": "bar",
    "mh2o": "metre_water",
    "mwc": "metre_water",
    "°c": "degC",
    "degc": "degC",
    "°f": "degF",
    "1": "dimensionless",
    "": "dimensionless",
    "bool": "dimensionless",
    "ppm": "ppm",
    "%lel": "percent",
    "rpm": "revolutions_per_minute",
    "lps": "liter/second",
    "cmh": "meter**3/hour",
    "gpm": "gallon/minute",
    "kscmh": "decameter**3/hour",  # thousands of standard cubic metres an hour
}


class Scale(NamedTuple):
    """How a unit reads in SI: si = value * factor + offset; `dimension` is pint's, as text."""

    factor: float
    offset: float
    dimension: str


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    registry: Any = pint.UnitRegistry(
        preprocessors=[lambda text: re.sub(r"\b([cmk]?m|ft|in)([23])(?![0-9])", r"\1**\2", text)],
        autoconvert_offset_to_baseunit=True,
    )
    registry.define("metre_water = 9806.65 pascal")
    return registry


@lru_cache(maxsize=1024)
def scale_of(unit: str) -> Scale:
    """Factor, offset and dimension of a unit, such as "m3/h" -> (1/3600, 0, "[length] ** 3 / [time]").

    Raises:
        UnitError: the unit is unknown.
    """
    registry = _registry()
    name = _SPELLINGS.get(unit.strip().lower(), unit.strip())
    try:
        zero = registry.Quantity(0.0, name).to_base_units()
        one = registry.Quantity(1.0, name).to_base_units()
    except Exception as error:  # pint raises a dozen unrelated types for a bad unit
        raise UnitError(f"unknown unit {unit!r}", remedy="use one like m, m3/h, l/s, bar, degC, kPa, %") from error
    return Scale(float(one.magnitude - zero.magnitude), float(zero.magnitude), str(zero.dimensionality))


def scale_between(source: str, target: str) -> tuple[float, float]:
    """(factor, offset) with target = source * factor + offset.

    Raises:
        UnitError: an unknown unit, or two different dimensions.
    """
    a, b = scale_of(source), scale_of(target)
    if a.dimension != b.dimension:
        raise UnitError(f"{source!r} can't be turned into {target!r}: {a.dimension} against {b.dimension}")
    return a.factor / b.factor, (a.offset - b.offset) / b.factor
