"""Signs: what a piece of evidence says, in the few words the table of hypotheses is written in.

A sign is read off a detection's suspicion and source kind and off the type of its assets in the site model, never off
the name of a rule, so that a stranger's detector takes part.
"""

from functools import lru_cache
from typing import Literal

from infrastress.events.kinds import SourceKind, Suspicion
from infrastress.fusion.evidence import Evidence
from infrastress.runtime.detection import HEALTH
from infrastress.site import Site

__all__ = ["WARNERS", "WORDS", "Sign", "signs_of", "words_in_order"]

Sign = Literal[
    "physical_intrusion",
    "cyber_intrusion",
    "contradiction",
    "falsified",
    "instrument_fault",
    "actuator",
    "safeguard",
    "upset",
    "gas",
    "fire",
    "report",
    "blind",
    "other",
]

WORDS: dict[Sign, str] = {
    "physical_intrusion": "someone where they should not be",
    "cyber_intrusion": "a login that does not belong",
    "contradiction": "telemetry that contradicts itself",
    "falsified": "a signal that looks forged",
    "instrument_fault": "a signal that looks faulty",
    "actuator": "a pump or valve that does not do what it should",
    "safeguard": "a safeguard out of action",
    "upset": "the process outside its limits",
    "gas": "gas in the air",
    "fire": "fire or smoke",
    "report": "people reporting it",
    "blind": "a part of the monitoring that is off",
    "other": "something unexplained",
}


def signs_of(evidence: Evidence, site: Site) -> frozenset[Sign]:
    """What the evidence says; never empty."""
    if (evidence.source_kind, evidence.severity, evidence.suspicion) == ("reports", "info", "unknown"):
        # What its own detector makes nothing of, such as a possible campaign, lends its weight to nothing.
        return frozenset[Sign](("other",))
    types = frozenset({site.asset_by_id[asset].type for asset in evidence.assets if asset in site.asset_by_id})
    return _signs(evidence.detector == HEALTH, evidence.source_kind, evidence.suspicion, types, bool(evidence.assets))


WARNERS: dict[str, Sign] = {
    "gas_detector": "gas",
    "flame_detector": "fire", "smoke_detector": "fire", "fire_panel": "fire", "call_point": "fire",
}  # fmt: skip
_OTHERWISE: dict[Suspicion, Sign] = {
    "sensor_fault": "instrument_fault", "actuator_manipulated": "safeguard", "process_fault": "upset",
}  # fmt: skip
"""What a device of the access network says that is neither gas nor fire: a fence in fault, a switch that tripped."""


@lru_cache(maxsize=4096)
def words_in_order(signs: frozenset[Sign]) -> tuple[str, ...]:
    """A key to sort sets of signs by."""
    return tuple(sorted(signs))


@lru_cache(maxsize=4096)
def _signs(
    blind: bool, source_kind: SourceKind, suspicion: Suspicion, types: frozenset[str], placed: bool
) -> frozenset[Sign]:
    if blind:
        return frozenset[Sign](("blind",))
    signs: set[Sign] = set()
    warns = types & WARNERS.keys()
    out = suspicion in ("sensor_fault", "actuator_manipulated") and source_kind == "access"
    if warns and out:  # a head that is inhibited, in fault or silent says nothing of the air
        signs.add("safeguard" if suspicion == "actuator_manipulated" else "instrument_fault")
    elif warns:
        signs.update(WARNERS[kind] for kind in warns)
    if types & {"level_switch"} and suspicion not in ("process_fault", "intrusion"):
        signs.add("safeguard")
    if source_kind == "reports":
        signs.add("physical_intrusion" if suspicion == "intrusion" else "report")
    elif source_kind == "network":
        signs.add("cyber_intrusion")
    elif source_kind == "access":
        if not signs:
            signs.add(_OTHERWISE.get(suspicion, "physical_intrusion"))
    elif suspicion in ("sensor_fault", "sensor_falsified"):
        signs.add("contradiction")
        signs.add("falsified" if suspicion == "sensor_falsified" else "instrument_fault")
    elif suspicion == "actuator_manipulated":
        signs.add("actuator")
    elif suspicion == "process_fault":
        signs.add("upset")
    elif suspicion == "unknown" and placed and not signs:
        signs.add("contradiction")
    return frozenset(signs or {"other"})
