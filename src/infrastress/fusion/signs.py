"""Signs: what a piece of evidence says, in the few words the table of hypotheses is written in.

A sign is read off a detection's suspicion and source kind and off the type of its assets in the site model, never off
the name of a rule, so that a stranger's detector takes part.
"""

from typing import Literal

from infrastress.fusion.evidence import Evidence
from infrastress.runtime.detection import HEALTH
from infrastress.site import Site

__all__ = ["WORDS", "Sign", "signs_of"]

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
    "report": "people reporting it",
    "blind": "a part of the monitoring that is off",
    "other": "something unexplained",
}


def signs_of(evidence: Evidence, site: Site) -> frozenset[Sign]:
    """What the evidence says; never empty."""
    if evidence.detector == HEALTH:
        return frozenset[Sign](("blind",))
    types = {site.asset_by_id[asset].type for asset in evidence.assets if asset in site.asset_by_id}
    signs: set[Sign] = set()
    if "gas_detector" in types:
        signs.add("gas")
    if types & {"level_switch"} and evidence.suspicion != "process_fault":
        signs.add("safeguard")
    if evidence.source_kind == "reports":
        signs.add("physical_intrusion" if evidence.suspicion == "intrusion" else "report")
    elif evidence.source_kind == "network":
        signs.add("cyber_intrusion")
    elif evidence.source_kind == "access":
        if not signs:
            signs.add("physical_intrusion")
    elif evidence.suspicion in ("sensor_fault", "sensor_falsified"):
        signs.add("contradiction")
        signs.add("falsified" if evidence.suspicion == "sensor_falsified" else "instrument_fault")
    elif evidence.suspicion == "actuator_manipulated":
        signs.add("actuator")
    elif evidence.suspicion == "process_fault":
        signs.add("upset")
    elif evidence.suspicion == "unknown" and evidence.assets and not signs:
        signs.add("contradiction")
    return frozenset(signs or {"other"})
