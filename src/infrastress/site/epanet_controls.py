"""The control logic of an EPANET network: every simple control and every rule, in one neutral form.

Quantities are SI: levels, heads and pressures in m (of water), flows in m3/s, times in s. EPANET reads a rule's
premises from left to right and leaves at the first AND that follows something false, so that OR binds more tightly than
AND (`evalpremises` in EPANET 2.2's rules.c): a rule is all of its groups, a group any of its premises.
"""

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Action", "ControlLogic", "Premise", "Quantity", "Relation", "read_control_logic"]

Quantity = Literal["level", "pressure", "head", "demand", "flow", "status", "setting", "clock", "elapsed"]
Relation = Literal["above", "below", "at_least", "at_most", "equal", "unequal"]

_RELATIONS: dict[str, Relation] = {
    ">": "above",
    ">=": "at_least",
    "<": "below",
    "<=": "at_most",
    "=": "equal",
    "<>": "unequal",
}
_QUANTITIES: dict[str, Quantity] = {
    "level": "level",
    "pressure": "pressure",
    "head": "head",
    "demand": "demand",
    "flow": "flow",
    "status": "status",
    "setting": "setting",
    "base_speed": "setting",
}


@dataclass(frozen=True)
class Premise:
    """One comparison.

    Attributes:
        quantity: `clock` is the time of day, `elapsed` the time since the start; `setting` is a pump's relative speed,
            or what a valve regulates: pressure in m, flow in m3/s, or a loss coefficient; `status` is 0 closed, 1 open,
            2 active.
        element: a node for level, pressure, head and demand; a link for flow, status and setting; "" for times.
        relation: a time that is `equal` holds in the step in which it passes.
        value: what it is compared with.
    """

    quantity: Quantity
    element: str
    relation: Relation
    value: float


@dataclass(frozen=True)
class Action:
    """`link` gets a status (0 closed, 1 open, 2 active) or a setting (as in `Premise`)."""

    link: str
    quantity: Literal["status", "setting"]
    value: float


@dataclass(frozen=True)
class ControlLogic:
    """One simple control or rule.

    Attributes:
        name: the rule's, or `control N`.
        simple: a simple control acts in the very moment its only premise comes true, a rule at the next rule step.
        premises: all of these groups must hold; a group holds with any of its premises.
        then, otherwise: what is done when they hold, and when they don't.
        priority: of two rules that contradict each other the one with the higher wins.
    """

    name: str
    simple: bool
    premises: tuple[tuple[Premise, ...], ...]
    then: tuple[Action, ...]
    otherwise: tuple[Action, ...] = ()
    priority: float = 0.0


class _UnreadableError(Exception):
    """A control that has a part without a neutral form; the message is that part."""


def read_control_logic(network: Any) -> tuple[tuple[ControlLogic, ...], tuple[str, ...]]:
    """Every control of a network in its order, and sentences on those that can't be read.

    Args:
        network: a `wntr.network.WaterNetworkModel`. WNTR loses the premise `SYSTEM DEMAND` of a rule, so such a rule
            is told of and left out.
    """
    found: list[ControlLogic] = []
    notes: list[str] = []
    lossy = _rules_on_total_demand(network)
    for name, control in network.controls():
        simple = type(control).__name__ == "Control"
        try:
            if name in lossy:
                raise _UnreadableError("a premise on SYSTEM DEMAND, which WNTR doesn't read")
            found.append(
                ControlLogic(
                    name=str(name),
                    simple=simple,
                    premises=tuple(_groups(control.condition, simple)),
                    then=tuple(_action(one) for one in control._then_actions or ()),
                    otherwise=tuple(_action(one) for one in control._else_actions or ()),
                    priority=float(control.priority or 0),
                )
            )
        except _UnreadableError as error:
            notes.append(f"{name}: {error}")
    return tuple(found), tuple(notes)


def _rules_on_total_demand(network: Any) -> set[str]:
    """Rules with a premise SYSTEM DEMAND: WNTR drops it without a word, and the rule would act on the others alone."""
    sections = getattr(getattr(network, "_inpfile", None), "sections", {})
    found, name, before = set(), "", ""
    for _, line in sections.get("[RULES]", ()):
        for word in line.split(";")[0].split():
            if before == "RULE":
                name = word
            elif (before, word.upper()) == ("SYSTEM", "DEMAND"):
                found.add(name)
            before = word.upper()
    return found


def _groups(condition: Any, simple: bool) -> list[tuple[Premise, ...]]:
    if type(condition).__name__ == "AndCondition":
        return [*_groups(condition._condition_1, simple), *_groups(condition._condition_2, simple)]
    return [tuple(_alternatives(condition, simple))]


def _alternatives(condition: Any, simple: bool) -> list[Premise]:
    kind = type(condition).__name__
    if kind == "OrCondition":
        return [*_alternatives(condition._condition_1, simple), *_alternatives(condition._condition_2, simple)]
    if kind == "AndCondition":  # WNTR groups like EPANET, so only a network made in Python can have it
        raise _UnreadableError(f"an AND inside an OR: {condition}")
    if kind in ("SimTimeCondition", "TimeOfDayCondition"):
        return [_moment(condition, kind)]
    if condition is None or not hasattr(condition, "_source_obj"):
        raise _UnreadableError("a premise that WNTR doesn't read")
    quantity = _QUANTITIES.get(condition._source_attr)
    if quantity is None:
        raise _UnreadableError(f"a premise on {condition._source_attr}")
    relation = _relation(condition)
    if simple:  # EPANET's simple controls act at the level itself
        relation = "at_least" if relation == "above" else "at_most" if relation == "below" else relation
    value, element = float(condition._threshold), condition._source_obj
    # EPANET takes a tank's pressure for its level, both being the depth of water above its bottom.
    if quantity == "pressure" and getattr(element, "node_type", "") == "Tank":
        quantity = "level"
    return [Premise(quantity, element.name, relation, value)]


def _moment(condition: Any, kind: str) -> Premise:
    clock = kind == "TimeOfDayCondition"
    start = float(condition._first_day if clock else condition._first_time)
    if start or (clock and not condition._repeat) or (not clock and condition._repeat):
        raise _UnreadableError(f"a time with a repetition that EPANET doesn't know: {condition!r}")
    return Premise("clock" if clock else "elapsed", "", _relation(condition), float(condition._threshold))


def _relation(condition: Any) -> Relation:
    symbol = str(condition._relation.symbol)
    if symbol not in _RELATIONS:
        raise _UnreadableError(f"the relation {symbol}")
    return _RELATIONS[symbol]


def _action(action: Any) -> Action:
    target, attribute = action.target()
    quantity = _QUANTITIES.get(attribute)
    if quantity not in ("status", "setting") or not hasattr(target, "link_type"):
        raise _UnreadableError(f"an action on {attribute} of {getattr(target, 'name', target)}")
    try:
        return Action(target.name, quantity, float(action._value))
    except (TypeError, ValueError):
        raise _UnreadableError(f"{target.name} is set to {action._value!r}") from None
