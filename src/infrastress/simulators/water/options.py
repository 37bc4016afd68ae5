"""What a scenario may ask of the water simulator."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Concealment", "Fault", "Ordinary", "Story", "Twin", "WaterOptions"]

Story = Literal["none", "constant", "offset", "replay", "drift", "thresholds", "actuator", "denial"]
Twin = Literal["attack", "fault", "benign"]
Concealment = Literal["none", "replay", "constant"]
Fault = Literal[
    "none", "leak", "burst", "demand_surge", "pump_trip", "pump_wear", "pump_outage", "valve_stuck", "power_loss"
]

Ordinary = Literal[
    "none", "hot_day", "big_customer", "maintenance", "rotation", "gap", "silent", "stuck_meter", "noisy_meter"
]


class WaterOptions(BaseModel):
    """Options of a water scenario; what is left out is drawn from the ranges.

    Attributes:
        story: what happens to a signal or actuator. What the PLC reads is a `constant`, has an `offset`, is a `replay`
            of the day before, has a `drift`, keeps its last value (`denial`); the PLC's `thresholds` are changed; an
            `actuator` is held against the PLC's command.
        twin: who did it. `attack` is malicious; `fault` is what the plant does by itself and looks alike; `benign` is
            what people do on purpose and looks alike (see `docs/water.md`).
        concealment: in an attack, what the operator's view shows of the target and what hangs on it: the truth, a
            `replay` of the day before, or a `constant`.
        target: asset of the story: a tank or junction that a PLC reads, or for `actuator` a pump, valve or gate. None
            draws one.
        begins_h, lasts_h: of the story, hours from the scenario's start.
        size: of the story: a level in the signal's own unit for `constant`, bands for `offset` and `thresholds`, bands
            an hour for `drift`, 1 (held on) or 0 (held off) for `actuator`.
        fault: a fault of the plant, told beside the story; `fault_target` and `fault_size` as drawn where left out.
        fault_begins_h, fault_lasts_h: of the fault.
        ordinary: a mishap of ordinary days that is told for certain, and larger than they come by themselves, from
            `begins_h` for `lasts_h`: a `hot_day`, a `big_customer`; a pump out for `maintenance` or in `rotation` with
            its standby; a `gap` of the whole source, an outstation `silent` for a day; a `stuck_meter` that no
            controller reads, a `noisy_meter`. `size` is a factor of demand, a share of it, or times a meter's noise.
        sources_closed_h: from this hour on nothing enters the network: every reservoir is shut off.
        traces: whether an attack leaves a login.
        oddities: whether ordinary days have their ordinary oddities.
        people: whether the logins and complaints of ordinary days are told of too.
        event, fault_event: the events that the truth of the story and of the fault belongs to.
        compare: whether the same seed is also played undisturbed, for `facts.undisturbed`; half of the cost.
        variation: whether demand, instruments and initial levels vary at random; without it the model runs as written.
        overflow: whether a tank runs over that controllers fill too far. A tank that no controller keeps clearly below
            its top has a float valve, as EPANET has it: it shuts its inlet when full.
        required_pressure_m: pressure head at which customers get all they ask for; below it they get less, down to
            nothing at 0 m.
        scan_s: the controllers' scan, and the longest hydraulic step.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    story: Story = "none"
    twin: Twin = "attack"
    concealment: Concealment = "none"
    target: str | None = None
    begins_h: float | None = Field(default=None, ge=0)
    lasts_h: float | None = Field(default=None, gt=0)
    size: float | None = None
    fault: Fault = "none"
    fault_target: str | None = None
    fault_begins_h: float | None = Field(default=None, ge=0)
    fault_lasts_h: float | None = Field(default=None, gt=0)
    fault_size: float | None = Field(default=None, gt=0)
    ordinary: Ordinary = "none"
    sources_closed_h: float | None = Field(default=None, ge=0)
    traces: bool = True
    oddities: bool = True
    people: bool = True
    event: str = ""
    fault_event: str = ""
    compare: bool = True
    variation: bool = True
    overflow: bool = True
    required_pressure_m: float = Field(default=10.0, gt=0)
    scan_s: int = Field(default=60, ge=1, le=3600)
