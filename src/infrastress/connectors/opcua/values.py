"""What a server says of a value: its status, its time and its number."""

from datetime import UTC, datetime
from typing import Literal

from asyncua import ua
from asyncua.ua.status_codes import get_name_and_doc

from infrastress.core.time import SECOND

__all__ = ["UNCERTAIN_OK", "nanoseconds", "overflowed", "refusal_of", "time_of"]

_SEVERITY, _UNCERTAIN = 0xC000_0000, 0x4000_0000
_INFO_TYPE, _DATA_VALUE, _OVERFLOW = 0x0C00, 0x0400, 0x0080
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 2**62

UNCERTAIN_OK = "accept"


def refusal_of(status: int, uncertain: Literal["refuse", "accept"]) -> str:
    """Why a value of this StatusCode isn't taken, such as `opcua-BadSensorFailure`; empty when it is."""
    severity = status & _SEVERITY
    if severity == 0 or (severity == _UNCERTAIN and uncertain == UNCERTAIN_OK):
        return ""
    return f"opcua-{get_name_and_doc(status & 0xFFFF_0000)[0]}"


def overflowed(status: int) -> bool:
    """True when values before this one were lost at the server, its queue being full (Part 4, 7.39.1)."""
    return status & _INFO_TYPE == _DATA_VALUE and bool(status & _OVERFLOW)


def nanoseconds(moment: datetime | None) -> int | None:
    """Nanoseconds UTC; None for none, and for what no clock shows: before 1970, or centuries ahead."""
    if moment is None:
        return None
    passed = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)) - _EPOCH
    ns = (passed.days * 86_400 + passed.seconds) * SECOND + passed.microseconds * 1000
    return ns if 0 < ns < _LATEST else None


def time_of(value: ua.DataValue, order: Literal["source", "server", "clock"], now: int) -> int:
    """When a value was so: by the source's clock, else the server's, else ours (`now`), ns UTC."""
    if order == "clock":
        return now
    first = nanoseconds(value.SourceTimestamp) if order == "source" else None
    return first or nanoseconds(value.ServerTimestamp) or now
