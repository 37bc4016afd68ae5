"""What a scenario may ask of the depot simulator."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["DepotOptions", "GaugeFault", "Ordinary", "Story", "SwitchCondition"]

Story = Literal["none", "overfill", "stuck_gauge", "transfer_stopped", "high_fill"]
GaugeFault = Literal["freeze", "spoof_normal", "drift"]
SwitchCondition = Literal["working", "bypassed", "disabled"]
Ordinary = Literal["none", "gap", "silent", "stuck_meter", "noisy_gauge"]


class DepotOptions(BaseModel):
    """Options of a depot scenario; what is left out is drawn from the ranges or follows from the story.

    Attributes:
        attack: the story told on top of ordinary days. `overfill` is the attack; `stuck_gauge` is its fault twin;
            `transfer_stopped` and `high_fill` are its benign twins.
        tank: the story's tank; None draws one that a pipeline or ship can fill with a volatile product.
        receipt_m3h: rate of the story's receipt.
        begins_h: when the story's receipt begins, hours after the scenario's start.
        start_level_m: of the story's tank when its receipt begins.
        freezes_h: when the gauge begins to lie, hours after the start, at whatever level that is.
        gauge: `freeze` repeats one value, `spoof_normal` adds the noise of a tank at rest, `drift` shows a part of
            the rise. None: spoof_normal in the attack, freeze in the fault.
        switch: of the story's tank. `bypassed` shows on its bypass signal, `disabled` shows nowhere; both never trip.
            None: bypassed in the attack, working elsewhere.
        ordinary: a mishap of telemetry that is told for certain, and longer than they come by themselves: a `gap` of
            the whole source, one tank's columns `silent` for a day, a `stuck_meter` of flow, a `noisy_gauge`.
        ordinary_begins_h: when it begins, hours after the scenario's start.
        badge, login, gas, reports: whether the attack also leaves these traces.
        oddities: whether ordinary days have their ordinary oddities.
        people: whether the staff, the gas heads and the neighbours of ordinary days are told of too; without, only what
            the process shows and the story leaves.
        event: the event that the truth of the story and of the mishap told for certain belongs to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    attack: Story = "none"
    tank: str | None = None
    receipt_m3h: float | None = Field(default=None, ge=100, le=950)
    begins_h: float | None = Field(default=None, ge=1)
    start_level_m: float | None = Field(default=None, ge=2, le=12)
    freezes_h: float | None = Field(default=None, ge=1)
    gauge: GaugeFault | None = None
    switch: SwitchCondition | None = None
    ordinary: Ordinary = "none"
    ordinary_begins_h: float | None = Field(default=None, ge=0)
    badge: bool = True
    login: bool = True
    gas: bool = True
    reports: bool = True
    oddities: bool = True
    people: bool = True
    event: str = ""

    @property
    def gauge_fault(self) -> GaugeFault | None:
        """The gauge's condition once the story's defaults are filled in; None is honest."""
        if self.attack == "overfill":
            return self.gauge or "spoof_normal"
        return (self.gauge or "freeze") if self.attack == "stuck_gauge" else None

    @property
    def switch_condition(self) -> SwitchCondition:
        """The switch's condition once the story's defaults are filled in."""
        return self.switch or ("bypassed" if self.attack == "overfill" else "working")
