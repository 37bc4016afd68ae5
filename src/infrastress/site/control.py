"""Control rules: what the plant's controllers do, when, and to what.

A condition is a comparison of a signal, a span of the day, a span since the start of a run, or all or any of several.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from infrastress.site.base import Id, Model
from infrastress.site.context import Clock
from infrastress.site.process import Comparison

__all__ = [
    "AllOf", "AnyOf", "Condition", "ControlRule", "DaySpan", "Elapsed", "RunSpan", "Scheduled", "TimeOfDay",
    "comparisons", "condition_parts",
]  # fmt: skip


class DaySpan(Model):
    """A span of the local day; one that ends before it begins runs over midnight, equal ends are the whole day."""

    from_: Annotated[Clock, Field(alias="from")]
    to: Clock


class TimeOfDay(Model):
    """Holds within a span of each day, in the site's time zone."""

    clock: DaySpan


class RunSpan(Model):
    """Hours since the start of a run of the network model; open towards the end without `to`."""

    from_: Annotated[float, Field(alias="from", ge=0)] = 0.0
    to: Annotated[float | None, Field(ge=0)] = None


class Elapsed(Model):
    """Holds within a span after the start of a simulated run. A real plant has no such start: never judged there."""

    elapsed_h: RunSpan


class AllOf(Model):
    """Holds when every part holds."""

    all: Annotated[tuple["Condition", ...], Field(min_length=1)]


class AnyOf(Model):
    """Holds when any part holds."""

    any: Annotated[tuple["Condition", ...], Field(min_length=1)]


def _form(value: Any) -> str:
    """Which form a condition has, by the field that only this form has. The brackets keep it out of faults' paths."""
    for field in ("all", "any", "clock", "elapsed_h"):
        if field in value if isinstance(value, dict) else hasattr(value, field):
            return f"<{field}>"
    return "<signal>"


Condition = Annotated[
    Annotated[Comparison, Tag("<signal>")]
    | Annotated[TimeOfDay, Tag("<clock>")]
    | Annotated[Elapsed, Tag("<elapsed_h>")]
    | Annotated[AllOf, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")],
    Discriminator(_form),
]

AllOf.model_rebuild()
AnyOf.model_rebuild()


class Scheduled(Model):
    """One entry of a schedule: from this time on the actuator is on, off, or at a setting, until the next entry.

    `at` is a time of each day, `after_h` hours after the start of a simulated run; one of the two.
    """

    at: Clock | None = None
    after_h: Annotated[float | None, Field(ge=0)] = None
    switches: Literal["on", "off"] | None = None
    sets: float | None = None


_Deed = Annotated[
    Annotated[Literal["on", "off"], Tag("<word>")] | Annotated[float, Tag("<number>")],
    Discriminator(lambda value: "<word>" if isinstance(value, str) else "<number>"),
]


class ControlRule(Model):
    """A control rule of the plant.

    Either `when` a condition holds, the actuator is switched on or off (`switches`) or gets a setting (`sets`), and
    `otherwise` the opposite one; or a `schedule` does so by the clock. `actuator` is a state signal, or for a setting
    also one of kind speed, position or setpoint; settings are in its own unit. Of rules that contradict each other the
    one with the higher `priority` wins.
    """

    id: Id
    when: Condition | None = None
    actuator: Id
    switches: Literal["on", "off"] | None = None
    sets: float | None = None
    otherwise: Annotated[_Deed | None, Field(description="What it gets while the condition doesn't hold")] = None
    schedule: tuple[Scheduled, ...] = ()
    priority: Annotated[float, Field(ge=0)] = 0.0
    within_s: Annotated[float, Field(ge=0)] = 0.0
    judged: Annotated[
        bool, Field(description="False: told, but no alarm, since what else drives the actuator isn't known here")
    ] = True


def condition_parts(
    condition: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Comparison | TimeOfDay | Elapsed]]:
    """Every leaf of a condition, with its path below the condition."""
    if isinstance(condition, AllOf | AnyOf):
        name = "all" if isinstance(condition, AllOf) else "any"
        for index, part in enumerate(getattr(condition, name)):
            yield from condition_parts(part, (*path, name, index))
    elif condition is not None:
        yield path, condition


def comparisons(condition: Any) -> list[Comparison]:
    """The comparisons of a condition, from left to right."""
    return [part for _, part in condition_parts(condition) if isinstance(part, Comparison)]
