"""The process: signals, what flows where, and interlocks."""

from typing import Annotated, Literal

from pydantic import Field

from infrastress.site.base import Id, Model, UnitName

__all__ = ["WEATHER", "Comparison", "Connection", "Interlock", "Limits", "Register", "Signal", "SignalKind"]

SignalKind = Literal[
    "level", "flow", "pressure", "temperature", "state", "speed", "position", "switch", "setpoint", "gas", "quality",
    "power", "wind_direction", "wind_speed", "other",
]  # fmt: skip

WEATHER: frozenset[str] = frozenset({"wind_direction", "wind_speed"})
"""Kinds that are no part of the process: shown on the plan, judged by nothing that learns what is normal."""


class Limits(Model):
    """Alarm limits in the signal's own unit."""

    low_low: float | None = None
    low: float | None = None
    high: float | None = None
    high_high: float | None = None


class Register(Model):
    """Where a signal lives in a controller's memory: value = number * factor + offset, in the signal's own unit.

    `word_order` is the order of the registers of one number, `byte_order` that of the two bytes of each; "big" has the
    most significant first, as the Modbus specification does within a register. `address` counts from 0, as requests do.
    """

    controller: Id
    table: Literal["coil", "discrete", "holding", "input"] = "holding"
    address: Annotated[int, Field(ge=0, le=65535)]
    data_type: Literal[
        "bool", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"
    ] = "float32"  # fmt: skip
    word_order: Literal["big", "little"] = "big"
    byte_order: Literal["big", "little"] = "big"
    bit: Annotated[
        int | None, Field(ge=0, le=15, description="Of a bool in a register; 0 is the least significant")
    ] = None
    factor: float = 1.0
    offset: float = 0.0
    bad_values: Annotated[
        tuple[float, ...], Field(description="Numbers before factor and offset that mean no good value, such as 0x8000")
    ] = ()


class Signal(Model):
    """One telemetry tag.

    `unit`, `resolution`, `range`, `limits` and `max_rate_per_h` are in the signal's own unit; inside the platform
    values are SI. A signal of kind `state` or `switch` is 0 or 1 (`state` may be a speed fraction). `wind_direction` is
    where the wind comes from, in degrees from north over east.
    """

    id: Id
    asset: Id
    kind: SignalKind
    unit: UnitName = ""
    name: str = ""
    source: Annotated[Id | None, Field(description="Source that delivers it")] = None
    resolution: Annotated[float, Field(ge=0, description="Smallest step it can show")] = 0.0
    accuracy: Annotated[float, Field(ge=0, description="Stated accuracy, one standard deviation")] = 0.0
    range: Annotated[tuple[float, float] | None, Field(description="What the instrument can show")] = None
    limits: Limits = Limits()
    max_rate_per_h: Annotated[float | None, Field(gt=0, description="Fastest change physically possible")] = None
    cadence_s: Annotated[float | None, Field(gt=0, description="How often it is told, where not as its source")] = None
    register_: Annotated[Register | None, Field(alias="register")] = None


class Connection(Model):
    """What can flow from one asset to another, through which pumps and valves, measured by which flow signal.

    A meter may serve several branches that open one at a time: it counts for this connection only while every asset in
    `through` is open or running, by its signal of kind `state` (an asset without one counts as open).
    """

    id: Id
    from_: Annotated[Id, Field(alias="from")]
    to: Id
    through: tuple[Id, ...] = ()
    flow: Annotated[Id | None, Field(description="Signal that measures it")] = None
    capacity_m3h: Annotated[float | None, Field(gt=0)] = None
    two_way: bool = False


class Comparison(Model):
    """`signal` is above, below, equal or not equal to `value`, in the signal's own unit."""

    signal: Id
    is_: Annotated[Literal["above", "below", "equal", "unequal"], Field(alias="is")]
    value: float


class Interlock(Model):
    """A safety function: when the condition holds, the actuator must reach its state within `within_s`."""

    id: Id
    when: Comparison
    actuator: Annotated[Id, Field(description="State signal of the pump or valve it drives")]
    must_be: Literal["open", "closed", "running", "stopped"]
    within_s: Annotated[float, Field(gt=0)] = 30.0
    bypass: Annotated[Id | None, Field(description="Signal that is 1 while bypassed")] = None
