"""Which suspicion fits which kind of true event, as our simulators' truth names them.

Where telemetry alone can't tell two causes apart, both are right: a gauge that repeats one value may be stuck or held
by somebody; a value of the day before may come from an attacker or from a buffer; a level that drifts may be either.
"""

from collections.abc import Mapping

__all__ = ["NOT_FOUND", "RIGHT", "right"]

NOT_FOUND = "not found"
_LIE, _ACT = frozenset({"sensor_falsified"}), frozenset({"actuator_manipulated"})
_EITHER = frozenset({"sensor_falsified", "sensor_fault"})
_FAULT, _PLANT = frozenset({"sensor_fault"}), frozenset({"process_fault"})
_HELD = frozenset({"actuator_manipulated", "process_fault"})

RIGHT: Mapping[str, frozenset[str]] = {
    "level_spoofed": _LIE, "level_offset": _EITHER, "level_drift": _EITHER, "level_replayed": _EITHER,
    "view_falsified": _LIE, "messages_blocked": _EITHER, "gauge_falsified": _EITHER,
    "thresholds_changed": _ACT, "actuator_held": _ACT,
    "gauge_stuck": _EITHER, "gauge_offset": _EITHER, "gauge_drift": _EITHER, "buffer_sent_again": _EITHER,
    "link_failed": _EITHER, "stuck_meter": _FAULT, "noisy_meter": _FAULT, "outstation_silent": _FAULT,
    "pump_trip": _HELD, "valve_stuck": _HELD, "parameters_lost": _HELD,
    "leak": _PLANT, "burst": _PLANT, "pump_wear": _PLANT, "pump_outage": _HELD, "power_loss": _HELD,
    "overflow": _LIE | _ACT | _PLANT,
}  # fmt: skip
"""Kind of a true event -> suspicions that fit it."""


def right(kind: str, suspicion: str) -> bool | None:
    """Whether the suspicion fits; None where the kind isn't known. What wasn't found is wrong."""
    fits = RIGHT.get(kind)
    return None if fits is None else suspicion in fits
