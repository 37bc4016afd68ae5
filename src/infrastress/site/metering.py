"""Which elements of a network model are metered, under which tags: the `signals` file of `init --from-inp`."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator

from infrastress.core.errors import InputError
from infrastress.site.base import Id, Model, UnitName
from infrastress.site.document import MapNode, read_document
from infrastress.site.faults import did_you_mean, shown
from infrastress.site.process import SignalKind
from infrastress.site.reader import locate

__all__ = ["Metering", "Meters", "NamedDistrict", "NamedStation", "Plant", "read_metering"]

_GROUPS = ("tanks", "pumps", "valves", "junctions", "reservoirs")


class Plant(Model):
    """What the network model doesn't say of the plant."""

    id: Id | None = None
    name: str = ""
    description: str = ""
    time_zone: str = "UTC"
    metres_per_unit: Annotated[float | None, Field(gt=0, le=1e6, description="Of the model's coordinates")] = None


class Meters(Model):
    """Elements metered alike. `{element}` in `tag` stands for the element's name in the network model.

    A network model may give a node and a link the same name. Flows and states are then taken for the link's, all else
    for the node's; `are` says otherwise.
    """

    elements: Annotated[
        tuple[str, ...], Field(min_length=1, description="Names, or: tanks, pumps, valves, junctions, reservoirs")
    ]
    are: Literal["nodes", "links"] | None = None
    kind: SignalKind
    tag: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:{}-]{1,80}$")]
    unit: UnitName = ""
    resolution: Annotated[float, Field(ge=0)] = 0.0
    accuracy: Annotated[float, Field(ge=0)] = 0.0

    @field_validator("elements", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class NamedDistrict(Model):
    """The name and users of the district that holds the junction `of`."""

    of: str
    id: Id
    name: str = ""
    users: Annotated[int, Field(ge=0)] = 0


class NamedStation(Model):
    """A pumping station: pumps of the network under one roof."""

    pumps: Annotated[tuple[str, ...], Field(min_length=1)]
    id: Id
    name: str = ""


class Metering(Model):
    """A `signals` file: the plant's name, its telemetry's cadence, what is metered, and by which controllers.

    `controllers` names the elements that each controller reads or drives, `power` those that each supply of power
    feeds. `districts` and `stations` name what is found in the network. `mapping` is a recording's mapping to put into
    the new site, beside the signals file.
    """

    site: Plant = Plant()
    source: Id = "scada"
    cadence_s: Annotated[float | None, Field(gt=0)] = None
    connector: str = "files"
    signals: tuple[Meters, ...] = ()
    controllers: dict[Id, tuple[str, ...]] = Field(default_factory=dict)
    power: dict[Id, tuple[str, ...]] = Field(default_factory=dict)
    districts: tuple[NamedDistrict, ...] = ()
    stations: tuple[NamedStation, ...] = ()
    mapping: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_.-]+$")] = None

    def elements_of(self, meters: Meters, groups: dict[str, Collection[str]], known: Collection[str]) -> list[str]:
        """Elements that an entry means.

        Raises:
            InputError: a name that the network hasn't.
        """
        names: list[str] = []
        for name in meters.elements:
            if name in _GROUPS and name not in known:
                names += groups[name]
            else:
                self.one_of(name, known)
                names.append(name)
        return names

    @staticmethod
    def one_of(name: str, known: Collection[str]) -> None:
        """Raise InputError where the network has no element of this name."""
        if name not in known:
            raise InputError(f"the network has no element {name!r}", remedy=did_you_mean(name, known) or None)


def read_metering(path: Path) -> Metering:
    """Read a signals file.

    Raises:
        InputError: it can't be read; says line and field.
    """
    tree, faults = read_document(path, path.name)
    if faults:
        raise InputError(str(faults[0]))
    if not isinstance(tree, MapNode):
        raise InputError("a mapping of fields is expected", where=str(path))
    try:
        return Metering.model_validate(tree)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        file, line, field, *_ = locate(tree, problem["loc"])
        found = f"{field}: {shown(problem['input'])}: {problem['msg']}"
        raise InputError(found, where=f"{file}:{line}") from None
