"""What people know of risk beforehand: attack trees, bow-ties, and work that was announced."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from infrastress.site.base import Id, Model, Severity

__all__ = ["AttackTree", "Bowtie", "BowtieSensor", "Consequence", "Step", "Threat", "Together", "Work"]

Probability = Annotated[float, Field(ge=0, le=1)]


class Step(Model):
    """A step of an attack tree: a leaf with its probability, or a goal reached by `any` or by `all` of other steps."""

    id: Id
    name: str = ""
    probability: Probability | None = None
    any: Annotated[tuple[Id, ...], Field(max_length=12)] = ()
    all: Annotated[tuple[Id, ...], Field(max_length=12)] = ()


class AttackTree(Model):
    """How a goal can be reached (Schneier 1999): its first step is the goal; steps may be shared, loops may not be."""

    id: Id
    name: str = ""
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]


class Threat(Model):
    """What can begin a bow-tie, how likely within the horizon, and how often it leads to the top event.

    Its probability is said here, by an attack tree, or left to the paths into a physical or security zone that the
    platform works out. `leads` holds where nothing stands in between; each barrier named must fail besides.
    """

    id: Id
    name: str = ""
    probability: Probability | None = None
    attack_tree: Id | None = None
    zone: Id | None = None
    security_zone: Id | None = None
    leads: Probability = 1.0
    barriers: tuple[Id, ...] = ()


class Together(Model):
    """The top event's probability when exactly these threats are there: where they help each other."""

    threats: Annotated[tuple[Id, ...], Field(min_length=1)]
    probability: Probability


class BowtieSensor(Model):
    """A detector that watches a threat of the bow-tie; its silence counts too.

    `tpr` is the probability that it speaks within a window in which the threat is there, `fpr` that it does in a quiet
    one. Measured rates of the same detector and rule take the place of both.
    """

    id: Id
    watches: Id
    detector: str
    rule: str = ""
    assets: tuple[Id, ...] = ()
    tpr: Probability
    fpr: Probability


class Consequence(Model):
    """What the top event can lead to, unless mitigated."""

    id: Id
    name: str = ""
    severity: Severity = "high"
    probability: Probability = 1.0
    barriers: tuple[Id, ...] = ()


class Bowtie(Model):
    """Threats, barriers, top event, consequences; probabilities are of a horizon of 24 hours."""

    id: Id
    name: str = ""
    hazard: Annotated[Id | None, Field(description="Hazard whose top event this is")] = None
    threats: Annotated[tuple[Threat, ...], Field(min_length=1, max_length=8)]
    without_threat: Annotated[Probability, Field(description="Of the top event when no threat is there")] = 0.0
    together: tuple[Together, ...] = ()
    sensors: tuple[BowtieSensor, ...] = ()
    consequences: tuple[Consequence, ...] = ()


class Work(Model):
    """Work that was announced: a permit, a maintenance window, a drill. It explains alarms and hides none."""

    id: Id
    name: str = ""
    kind: Literal["permit", "maintenance", "drill"] = "permit"
    from_: Annotated[AwareDatetime, Field(alias="from", description="ISO 8601 with offset")]
    to: Annotated[AwareDatetime, Field(description="ISO 8601 with offset")]
    zones: Annotated[tuple[Id, ...], Field(description="Physical zones it is in")] = ()
    security_zones: Annotated[tuple[Id, ...], Field(description="Security zones whose computers it touches")] = ()
    assets: Annotated[tuple[Id, ...], Field(description="What is worked on")] = ()
