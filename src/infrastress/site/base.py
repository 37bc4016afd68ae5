"""Types that every part of the site model shares."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Id", "Model", "Options", "Point", "Polygon", "Severity", "UnitName"]

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,79}$", description="Unique name within its list")]
UnitName = Annotated[str, Field(max_length=24, description="Unit as plants write it: m, m3/h, l/s, bar, degC, %")]
Point = tuple[float, float]
Polygon = Annotated[list[Point], Field(min_length=3, description="Corners [x, y] in metres of the site's CRS")]
Options = dict[str, Any]
Severity = Literal["info", "low", "medium", "high", "critical"]


class Model(BaseModel):
    """Base of all parts: unknown fields are faults, values don't change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)
