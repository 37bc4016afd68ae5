"""What a Siemens CPU says it is: two of its system state lists (SZL), in the manual's words.

"System Software for S7-300/400, System and Standard Functions", chapter on SSL-ID W#16#xy11 (module identification) and
W#16#xy1C (component identification).
"""

import struct
from collections.abc import Iterator
from typing import Final

__all__ = ["identity_of"]

_MODULES, _COMPONENTS = 0x11, 0x1C
_NAMES: Final = {
    1: "station",
    2: "name",
    3: "plant",
    4: "copyright",
    5: "serial",
    7: "module",
    8: "card",
    11: "location",
}
_MODULE, _FIRMWARE = 0x0001, 0x0007


def identity_of(data: bytes) -> str | None:
    """A list as "order=...; firmware=V3.2.7" or "station=...; name=...; serial=...; module=...".

    Args:
        data: from the SZL-ID on, as far as it is there.

    Returns:
        None where it is another list, or nothing is said.
    """
    if len(data) < 8:
        return None
    which, _, size, count = struct.unpack_from(">4H", data)
    wanted = {_MODULES: (28, _modules), _COMPONENTS: (34, _components)}.get(which & 0xFF)
    if wanted is None or size != wanted[0]:
        return None
    records = [data[8 + i * size : 8 + (i + 1) * size] for i in range(count)]
    parts = dict(wanted[1]([record for record in records if len(record) == size]))
    return "; ".join(f"{name}={value}" for name, value in parts.items()) or None


def _modules(records: list[bytes]) -> Iterator[tuple[str, str]]:
    for record in records:
        index = int.from_bytes(record[:2], "big")
        if index == _MODULE and (order := _text(record[2:22])):
            yield "order", order
        if index == _FIRMWARE and record[24:25] == b"V":
            yield "firmware", f"V{record[25]}.{record[26]}.{record[27]}"


def _components(records: list[bytes]) -> Iterator[tuple[str, str]]:
    for record in records:
        name = _NAMES.get(int.from_bytes(record[:2], "big") & 0x00FF)
        if name is not None and (text := _text(record[2:])):
            yield name, text


def _text(octets: bytes) -> str:
    return octets.partition(b"\0")[0].decode("ascii", "replace").replace("\ufffd", "").strip()
