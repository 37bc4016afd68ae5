"""Roles and what each may do: the one table that every route asks."""

from dataclasses import dataclass
from typing import Literal, get_args

from infrastress.events import Event, Report

__all__ = ["ROLES", "Identity", "Permission", "Role", "may", "needed_for"]

Role = Literal["admin", "operator", "security", "reporter-liaison"]
"""Who runs the platform; who runs the plant; who guards it; who answers the people that report."""

Permission = Literal[
    "see.site", "see.process", "see.alarms", "see.health", "see.evidence", "see.reports", "see.quarantine",
    "see.decisions", "see.metrics", "see.check", "see.accounts", "act.alarms", "act.incidents",
    "act.quarantine", "see.insider", "act.reports", "see.inventory", "act.inventory",
]  # fmt: skip
"""What can be asked for.

`see.process`: signals and their history. `see.evidence`: raw events of sources. `see.reports`: what people reported,
who they are and where. `see.check`: the site's folder as it is on disk, checked. `act.alarms`: acknowledge, shelve,
assign. `act.incidents`: take, note, close. `act.quarantine`: have what was refused read again.
`see.insider`: concerns about insiders. `act.reports`: answer reports, judge them, erase reporters.
`see.inventory`: what is on the network, and who speaks to whom. `act.inventory`: say what a device is.
"""

ROLES: tuple[Role, ...] = get_args(Role)
_ALL: frozenset[Permission] = frozenset(get_args(Permission))

_TABLE: dict[str, frozenset[Permission]] = {
    # Who runs the platform sees that it works, not who reported what, and answers for no alarm.
    "admin": _ALL - {"see.reports", "see.insider", "act.alarms", "act.incidents", "act.reports"},
    # What a device is, those say who keep the site model and who guard the network.
    "operator": _ALL - {"see.metrics", "see.accounts", "see.insider", "act.inventory"},
    "security": _ALL - {"see.metrics", "see.accounts", "act.quarantine"},
    "reporter-liaison": frozenset({"see.site", "see.alarms", "see.health", "see.reports", "act.reports"}),
    # Whoever sits at a machine on which no account was made: the plant's folder is open to them anyway.
    "local": _ALL,
}


@dataclass(frozen=True)
class Identity:
    """Who asks.

    Attributes:
        name: of the account, token or "local".
        role: a `Role`, or "local".
        kind: how they are known.
        key: a session's or token's id, for rates and revocation.
        limited: has signed in with a one-time password, and may only choose another.
    """

    name: str
    role: str
    kind: Literal["session", "token", "local"]
    key: str = ""
    limited: bool = False


def may(identity: Identity, permission: Permission) -> bool:
    """Whether somebody may do something."""
    return not identity.limited and permission in _TABLE.get(identity.role, frozenset())


def needed_for(event: Event) -> Permission:
    """What is needed to see an event in full: reports by people are for those who deal with them."""
    if isinstance(event.body, Report):
        return "see.insider" if event.body.category == "insider" else "see.reports"
    if event.kind == "report_verdict":
        return "see.reports"
    if event.kind == "inventory_action":
        return "see.inventory"
    told = ("alarm", "incident", "detection", "alarm_action", "incident_action")
    return "see.alarms" if event.kind in told else "see.evidence"
