"""Whether a row that a line made fits the record's columns: a line may say anything."""

from typing import Final

from infrastress.events.network import NetworkRow

__all__ = ["check"]

_LIMITS: Final = {"client_port": 1 << 16, "server_port": 1 << 16, "vlan": 1 << 16, "function": 1 << 31}
_NUMBERS: Final = tuple(
    (NetworkRow._fields.index(name), _LIMITS.get(name, 1 << 63))
    for name in (
        "time", "client_port", "server_port", "vlan", "function", "response_ns", "transaction", "unit", "client_unit",
        "address", "quantity", "exception", "bytes", "packet", "response_packet",
    )
)  # fmt: skip
_WORDS: Final = tuple(
    NetworkRow._fields.index(name)
    for name in (
        "protocol", "client", "server", "client_mac", "server_mac", "function_name", "object", "error", "identity",
    )
)  # fmt: skip


def check(row: NetworkRow) -> None:
    """Every field fits its column: a line may say anything; raises TypeError."""
    for at, limit in _NUMBERS:
        value = row[at]
        if value is not None and not (type(value) is int and 0 <= value < limit):
            raise TypeError(f"{NetworkRow._fields[at]} is no number that fits")
    for at in _WORDS:
        if row[at] is not None and not isinstance(row[at], str):
            raise TypeError(f"{NetworkRow._fields[at]} is no text")
    for value in (row.value, *(row.values or ())):
        if value is not None and type(value) not in (int, float):
            raise TypeError("a value is no number")
