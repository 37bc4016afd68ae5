"""Correlation rules: what an analyst writes down to be told of: count in a window, sequence, absence, and / or.

The words are those of Sigma's correlation rules where there are such (event count, value count, ordered temporal).
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from infrastress.core.errors import ConfigurationError
from infrastress.events.kinds import Severity

__all__ = ["Absence", "AlertRule", "All", "Condition", "Count", "Match", "Sequence", "parse_rules"]

By = Literal["host", "signature", "family", "sensor", "address"]
_DEEP = 8


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Match(_Part):
    """Which alerts: all that is given must fit. Texts may hold `*` and `?`; of a list one must fit.

    Attributes:
        host, family, signature, sensor: what the alert says, in full.
        severity_at_least: "info" to "critical".
        unusual: whether the pair of host and signature is unusual; false where nothing was learned.
    """

    host: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    signature: tuple[str, ...] = ()
    sensor: tuple[str, ...] = ()
    severity_at_least: Severity = "info"
    unusual: bool | None = None

    @field_validator("host", "family", "signature", "sensor", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class Count(_Part):
    """So many alerts (or different values of one field) within a time; the end of the window is the newest alert."""

    of: Match
    at_least: int = Field(ge=1, le=10_000)
    within_s: float = Field(gt=0)
    distinct: By | None = None


class Sequence(_Part):
    """Steps that happen one after the other within a time; of things at the same time either may be first."""

    steps: tuple["Condition", ...] = Field(min_length=2, max_length=16)
    within_s: float = Field(gt=0)


class Absence(_Part):
    """Nothing of this within a time: after something else happened, or since the last of it (a heartbeat)."""

    of: Match
    within_s: float = Field(gt=0)
    after: "Condition | None" = None


class All(_Part):
    """Each of these, in any order, within a time."""

    of: tuple["Condition", ...] = Field(min_length=2, max_length=16)
    within_s: float = Field(gt=0)


class Condition(_Part):
    """Exactly one of: `match` (a single alert), `count`, `sequence`, `absence`, `all`, `any`."""

    match: Match | None = None
    count: Count | None = None
    sequence: Sequence | None = None
    absence: Absence | None = None
    all: All | None = None
    any: tuple["Condition", ...] | None = Field(default=None, min_length=2, max_length=16)

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            names = ", ".join(type(self).model_fields)
            raise ValueError(f"exactly one of {names} is wanted, not {' and '.join(given) if given else 'none'}")
        return self

    def depth(self) -> int:
        """How deep conditions lie in each other."""
        below = [*(self.any or ()), *(self.all.of if self.all else ()), *(self.sequence.steps if self.sequence else ())]
        if self.absence is not None and self.absence.after is not None:
            below.append(self.absence.after)
        return 1 + max((one.depth() for one in below), default=0)


class AlertRule(_Part):
    """A rule with its name, and what its alerts must have in common.

    Attributes:
        id: unique; what an incident says it was told for.
        title: for people.
        when: the condition.
        by: fields that the alerts of one hit share; empty for the site as a whole.
        again_s: not told again of the same within this time.
        severity: of what is told.
        techniques: ids of ATT&CK for ICS that it is a sign of.
    """

    id: str = Field(min_length=1, max_length=64, pattern=r"^[a-z0-9_.-]+$")
    title: str = Field(min_length=1, max_length=200)
    when: Condition
    by: tuple[By, ...] = ("host",)
    again_s: float = Field(default=3600.0, ge=0)
    severity: Severity = "medium"
    techniques: tuple[Annotated[str, Field(pattern=r"^T\d{4}(\.\d{3})?$")], ...] = ()

    @model_validator(mode="after")
    def _not_too_deep(self) -> Self:
        if self.when.depth() > _DEEP:
            raise ValueError(f"conditions lie more than {_DEEP} deep in each other")
        return self


def parse_rules(rules: Any, where: str = "rules") -> tuple[AlertRule, ...]:
    """Rules from what a YAML or JSON file holds: a list of mappings.

    Raises:
        ConfigurationError: naming the rule and the field that is wrong, and what was expected.
    """
    if not isinstance(rules, list):
        raise ConfigurationError("rules are a list", where=where)
    found: list[AlertRule] = []
    for number, rule in enumerate(rules):
        name = rule.get("id", number) if isinstance(rule, dict) else number
        try:
            found.append(AlertRule.model_validate(rule))
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            field = ".".join(map(str, first["loc"])) or "the rule"
            raise ConfigurationError(
                f"rule {name}: {field}: {first['msg']}", where=f"{where}[{number}]", remedy="see docs/alert-grouping.md"
            ) from None
        if any(one.id == found[-1].id for one in found[:-1]):
            raise ConfigurationError(f"rule {name}: id: there are two of it", where=f"{where}[{number}]")
    return tuple(found)
