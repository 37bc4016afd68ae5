"""Which kinds of evidence can be of one event without anything between them.

A login makes no gas, and nobody smells a forced door: where they are of one event, something of the process lies
between, which is evidence too. So neither joins the other by lying close to it.
"""

from typing import Literal

from infrastress.fusion.alarms import AlarmRecord
from infrastress.fusion.signs import WARNERS
from infrastress.site import Site

__all__ = ["Matter", "akin", "matter_of"]

Matter = Literal["voices", "cloud", "intruder", "cyber", "process"]
_STRANGE = frozenset({frozenset({"cloud", "cyber"}), frozenset({"voices", "cyber"}), frozenset({"voices", "intruder"})})


def matter_of(record: AlarmRecord, site: Site) -> Matter:
    """What an alarm is about: what people say of a danger, gas or fire, somebody on site, the network, the process."""
    if record.source_kind == "reports":
        return "intruder" if record.suspicion == "intrusion" else "voices"
    if record.source_kind == "network":
        return "cyber"
    if record.source_kind != "access":
        return "process"
    if record.suspicion == "intrusion":
        return "intruder"
    known = site.asset_by_id
    warns = any(known[asset].type in WARNERS for asset in record.assets if asset in known)
    return "cloud" if warns and record.suspicion not in ("sensor_fault", "actuator_manipulated") else "process"


def akin(one: Matter, other: Matter) -> bool:
    """Whether they can be of one event by themselves."""
    return frozenset({one, other}) not in _STRANGE
