"""What a device is, judged from what it did: each rule speaks for one role, with a weight and a sentence.

Weights of the rules for one role add up as independent signs do, 1 - (1 - a)(1 - b)...; the role with the most wins,
below `LEAST` none does. The weights are set by hand, in steps of a twentieth, from what the protocols' roles mean; they
are no measured probabilities. `benchmarks/asset_roles.py` tells how often the outcome is right.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from infrastress.events.network_terms import Action, Protocol
from infrastress.inventory.facts import CONTROL, IT, Facts
from infrastress.inventory.heard import Identity
from infrastress.inventory.vendors import AUTOMATION, NETWORKING, made_by

__all__ = ["LEAST", "ROLES", "Judged", "Sign", "level_of", "role_of", "times"]

ROLES: Final = (
    "controller", "hmi", "engineering", "historian", "server", "gateway", "router", "switch", "workstation", "unknown",
)  # fmt: skip
LEAST: Final = 0.3
_MOST: Final = 0.95
_OFTEN: Final = 10
_REMOTE: Final = frozenset({Action.DOWNLOAD, Action.UPLOAD, Action.FIRMWARE, Action.DELETE, Action.FILE_WRITE})
_MODES: Final = frozenset({Action.START, Action.STOP, Action.RESTART, Action.MODE})
_SETTINGS: Final = frozenset({Action.CONFIGURE, Action.CLOCK, Action.SILENCE, Action.SECURITY})
_DEVICE_TYPES: Final = {"type=14": "a programmable logic controller", "type=12": "a controller's communication module"}
"""CIP Networks Library, volume 1, section 6: device profiles."""
_PLANES: Final = {
    "controller": (1.0, 0.8),
    "gateway": (1.0, 0.5),
    "hmi": (2.0, 0.7),
    "engineering": (2.0, 0.6),
    "historian": (3.0, 0.6),
    "server": (3.0, 0.4),
    "workstation": (4.0, 0.3),
}
"""Role -> Purdue level, and how sure that is of the role alone."""


class Sign(NamedTuple):
    """One reason for a role."""

    role: str
    weight: float
    sentence: str


class Judged(NamedTuple):
    """A role or a level: what, how sure (0..1), why; `by` is heard, model or correction."""

    value: str | float | None
    confidence: float
    because: tuple[str, ...]
    by: str = "heard"


class Around(NamedTuple):
    """What a role also hangs on.

    Attributes:
        vendors: of its own MACs.
        says: its identity strings.
        routes: addresses beyond it that are reached by its MAC.
        devices: identities of devices behind it (BACnet networks).
        repeats: it sends from a broadcast address, so others speak through it.
        level: Purdue level of its place in the site model; None where it has none.
    """

    vendors: tuple[str, ...]
    says: tuple[Identity, ...]
    routes: int
    devices: int
    repeats: bool
    level: float | None


def role_of(facts: Facts, around: Around) -> Judged:
    """The likeliest role of a device."""
    if facts.itself and facts.itself * 2 > facts.rows:
        return Judged("unknown", 0.0, ("it is client and server in one address (a capture of a loopback)",))
    if around.repeats:
        return Judged("unknown", 0.0, ("it is a broadcast address: what is sent from it are others' messages",))
    signs = [*_answering(facts, around), *_asking(facts, around), *_passing(facts, around), *_office(facts, around)]
    sure: dict[str, float] = {}
    for sign in signs:
        sure[sign.role] = 1 - (1 - sure.get(sign.role, 0.0)) * (1 - sign.weight)
    ranked = sorted(sure.items(), key=lambda item: (-item[1], ROLES.index(item[0])))
    if not ranked or ranked[0][1] < LEAST:
        hints = tuple(f"{sign.sentence}: too little for a role" for sign in signs)
        return Judged("unknown", 0.0, hints or ("nothing that it said tells what it is",))
    role, most = ranked[0]
    because = [sign.sentence for sign in signs if sign.role == role]
    others = [sign for sign in signs if sign.role != role]
    because += [f"though {sign.sentence}" for sign in others if sure[sign.role] >= LEAST]
    return Judged(role, round(min(_MOST, most), 2), tuple(because))


def _answering(facts: Facts, around: Around) -> Iterator[Sign]:
    for protocol, count in sorted(facts.answers.items()):
        if protocol in CONTROL:
            often = f"answered {times(count, 'request')} by {protocol} of {_some(facts.asked_by[protocol])}"
            yield Sign("controller", 0.75 if count >= _OFTEN else 0.5, often)
    for protocol in sorted(facts.serves):
        if protocol in CONTROL and protocol not in facts.answers:
            yield Sign("controller", 0.4, f"accepted connections by {protocol}")
    for identity in around.says:
        if identity.unit is None and identity.protocol in (Protocol.CIP, Protocol.ENIP):
            for mark, what in _DEVICE_TYPES.items():
                if f"; {mark};" in identity.text:
                    yield Sign("controller", 0.5, f"says to be {what}: {identity.text.split(';')[0]}")
        if identity.protocol == Protocol.S7COMM and "CPU" in identity.text:
            yield Sign("controller", 0.5, f"names its CPU: {identity.text[:60]}")
    makers = [name for name in around.vendors if made_by(name, AUTOMATION)]
    if makers and not facts.did:
        yield Sign("controller", 0.2, f"is made by {makers[0]}, who make automation gear")
    if facts.answers[Protocol.OPCUA]:
        count = facts.answers[Protocol.OPCUA]
        yield Sign(
            "server", 0.55, f"answered {times(count, 'request')} by opcua of {_some(facts.asked_by[Protocol.OPCUA])}"
        )


def _asking(facts: Facts, around: Around) -> Iterator[Sign]:
    everything = frozenset({*CONTROL, Protocol.OPCUA})
    count, whom = facts.polled(everything)
    if count:
        words = f"reads values of {_some(whom)} ({times(count)})"
        beyond = around.level is not None and around.level >= 3 and not facts.commanded
        yield Sign("historian" if beyond else "hmi", 0.6 if count >= _OFTEN else 0.3, words)
        if beyond:
            yield Sign("historian", 0.4, f"stands at level {around.level:g} and never commanded")
    elif any(facts.asks[protocol] for protocol in everything):
        yield Sign("hmi", 0.2, f"asks {_some(set().union(*facts.asked.values()))}, but no values")
    if len(whom) >= 3:
        yield Sign("hmi", 0.3, f"is the master of {len(whom)} devices")
    if facts.commanded and count >= _OFTEN:
        share = f"{times(facts.commanded, 'write or command', 'writes and commands')} beside {count} reads"
        yield Sign("hmi", 0.3, f"commands what it polls: {share}")
    elif facts.commanded:
        yield Sign("hmi", 0.2, f"gave {times(facts.commanded, 'write or command', 'writes and commands')}")
    for words, actions, weight in (
        ("moves programs or files", _REMOTE, 0.8),
        ("starts, stops or restarts controllers", _MODES, 0.8),
        ("changes settings of controllers", _SETTINGS, 0.3),
        ("lists what is in controllers", frozenset({Action.BROWSE}), 0.2),
    ):
        done = {str(action): facts.did[action] for action in sorted(actions) if facts.did[action]}
        if done:
            told = ", ".join(f"{action} {times(n)}" for action, n in done.items())
            yield Sign("engineering", weight, f"{words} ({told})")


def _passing(facts: Facts, around: Around) -> Iterator[Sign]:
    if around.routes:
        yield Sign("router", 0.8, f"{times(around.routes, 'other address', 'other addresses')} reached by its MAC")
    if around.devices >= 2:
        yield Sign("gateway", 0.9, f"speaks for {around.devices} devices behind it")
    for protocol, units in sorted(facts.units.items()):
        if protocol == Protocol.MODBUS and len(units) >= 3:
            yield Sign("gateway", 0.85, f"answers for {len(units)} Modbus units ({_some(set(map(str, units)))})")
    served = sum(count for protocol, count in facts.answers.items() if protocol in CONTROL)
    polls, whom = facts.polled(CONTROL)
    if served >= _OFTEN and polls >= _OFTEN and polls * 10 >= served:
        yield Sign("gateway", 0.85, f"answers requests ({served}) and polls {_some(whom)} itself ({polls})")


def _office(facts: Facts, around: Around) -> Iterator[Sign]:
    serves = {protocol: clients for protocol, clients in facts.serves.items() if protocol in IT}
    uses = [protocol for protocol in facts.uses if protocol in IT]
    gear = [name for name in around.vendors if made_by(name, NETWORKING)]
    if serves:
        clients = set().union(*serves.values())
        words = f"serves {', '.join(sorted(serves))} to {_some(clients)}"
        yield Sign("server", 0.4 if len(clients) == 1 else 0.6, words)
        if gear and set(serves) <= {Protocol.SNMP, Protocol.HTTP, Protocol.TLS, Protocol.SSH, Protocol.TELNET}:
            yield Sign("switch", 0.75, f"is made by {gear[0]} and serves nothing but its own management")
    if uses and not facts.did and not any(protocol in CONTROL for protocol in facts.answers):
        yield Sign("workstation", 0.35, f"uses {', '.join(sorted(uses))} and speaks no control protocol")


def level_of(role: Judged, place: tuple[str, float] | None) -> Judged:
    """The Purdue level: of its place in the site model, or else of its role.

    Args:
        role: as judged or corrected.
        place: security zone in the site model and that zone's level.
    """
    if place is not None:
        return Judged(place[1], 0.9, (f"the site model has it in {place[0]}, level {place[1]:g}",), "model")
    found = _PLANES.get(str(role.value))
    if found is None:
        why = "a device that passes others' messages on lies between levels"
        return Judged(None, 0.0, (why if role.value in ("router", "switch") else "its role isn't known",))
    level, weight = found
    return Judged(level, round(weight * role.confidence, 2), (f"the usual level of the role {role.value}",))


def times(count: int, one: str = "", many: str = "") -> str:
    """For people: once, 3 times; with a word 1 request, 3 requests."""
    if not one:
        return "once" if count == 1 else f"{count} times"
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def _some(names: set[str]) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:3]) + (f" and {len(ordered) - 3} more" if len(ordered) > 3 else "")
