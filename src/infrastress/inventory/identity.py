"""What identity strings say, field by field: maker, product, version, serial number."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Final

from infrastress.events.network_terms import Protocol
from infrastress.inventory.heard import Identity

__all__ = ["Label", "label_of"]

_FIELDS: Final = {
    "vendorname": "maker", "vendor-name": "maker",
    "productname": "product", "modelname": "product", "productcode": "order", "model-name": "product",
    "module": "product", "application": "product", "order": "order",
    "majorminorrevision": "version", "firmware-revision": "version", "revision": "version", "firmware": "version",
    "application-software-version": "software",
    "serial": "serial", "serial-number": "serial",
    "object-name": "name", "name": "name", "userapplicationname": "name",
}  # fmt: skip
_CIP_MAKERS: Final = {"vendor=1": "Rockwell Automation"}
"""ODVA's number of the maker whose modules are met most; of the others the number stands as it is."""


@dataclass(frozen=True)
class Label:
    """A device's name plate, as far as it told; empty where it didn't."""

    maker: str = ""
    product: str = ""
    order: str = ""
    version: str = ""
    software: str = ""
    serial: str = ""
    name: str = ""


def label_of(identities: Iterable[Identity]) -> Label:
    """The name plate of one device; of two sayings on a field the first by protocol and text holds."""
    found: dict[str, str] = {}
    for one in sorted(identities, key=lambda one: (one.protocol, one.text)):
        first, *_ = parts = one.text.split("; ")
        if one.protocol in (Protocol.CIP, Protocol.ENIP) and "=" not in first:
            found.setdefault("product", first.strip())
        elif len(parts) == 1 and "=" not in first and one.protocol == Protocol.MODBUS:
            found.setdefault("product", first.strip())  # function 17: free text
        for part in parts:
            if one.protocol in (Protocol.CIP, Protocol.ENIP) and part in _CIP_MAKERS:
                found.setdefault("maker", _CIP_MAKERS[part])
            key, equals, value = part.partition("=")
            field = _FIELDS.get(key.strip().lower())
            if equals and field is not None and value.strip():
                found.setdefault(field, value.strip())
    return Label(**{field.name: found.get(field.name, "") for field in fields(Label)})
