"""The inventory as a CycloneDX 1.6 document: devices, their firmware, and that more may be there than was heard."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from infrastress import __version__
from infrastress.core.ids import canonical_json, content_hash
from infrastress.core.time import to_iso
from infrastress.inventory.devices import Device
from infrastress.inventory.exports import maker_of
from infrastress.inventory.identity import label_of

__all__ = ["as_cyclonedx"]

_PREFIX: Final = "infrastress:"
_BEHIND: Final = 512


def as_cyclonedx(site: str, devices: Iterable[Device]) -> dict[str, Any]:
    """The document, the same for the same devices.

    Args:
        site: its id.
        devices: those that were only asked for are left out.
    """
    heard = [device for device in devices if device.heard]
    components = [_component(device) for device in heard]
    latest = max((device.last for device in heard if device.last is not None), default=None)
    content = content_hash(canonical_json([site, components]))
    metadata: dict[str, Any] = {
        "tools": {"components": [{"type": "application", "name": "infrastress", "version": __version__}]},
        "component": {"type": "platform", "bom-ref": f"site:{site}", "name": site},
    }
    if latest is not None:
        metadata["timestamp"] = to_iso(latest)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, content)}",
        "version": 1,
        "metadata": metadata,
        "components": components,
        "compositions": [{"aggregate": "incomplete", "assemblies": [f"site:{site}"]}],
    }


def _component(device: Device) -> dict[str, Any]:
    label, maker = label_of(device.identities), maker_of(device)
    component: dict[str, Any] = {
        "type": "device",
        "bom-ref": f"device:{device.id}",
        "name": device.name or device.asset or label.product or device.id,
        "description": f"{device.role.value}, {', '.join(device.addresses)}",
        "properties": [
            {"name": f"{_PREFIX}{name}", "value": value} for name, value in _properties(device) if value != ""
        ],
    }
    if maker:
        component["manufacturer"] = {"name": maker}
    inside = [
        {"type": "firmware", "bom-ref": f"firmware:{device.id}", "name": label.product or "firmware", "version": said}
        for said in [label.version]
        if said
    ]
    if label.software:
        software = {"type": "application", "bom-ref": f"software:{device.id}", "name": label.product or "software"}
        inside.append({**software, "version": label.software})
    for one in device.behind[:_BEHIND]:
        said = {"type": "device", "bom-ref": f"device:{device.id}:{one.unit}:{len(inside)}", "name": one.text}
        inside.append(said)
    if inside:
        component["components"] = inside
    return component


def _properties(device: Device) -> Iterable[tuple[str, str]]:
    label = label_of(device.identities)
    for address in device.addresses:
        yield "address", address
    for mac in device.macs:
        yield "mac", mac.mac
    for vlan in device.vlans:
        yield "vlan", str(vlan)
    yield "role", str(device.role.value)
    yield "role:confidence", f"{device.role.confidence:g}"
    yield "role:by", device.role.by
    for reason in device.role.because:
        yield "role:because", reason
    if device.level.value is not None:
        yield "purdue-level", f"{device.level.value:g}"
    yield "serial-number", label.serial
    yield "order-number", label.order
    for one in device.identities:
        yield f"says:{one.protocol}", one.text
    for protocol in sorted(device.facts.serves):
        yield "answers", protocol
    for protocol in sorted(device.facts.asks):
        yield "asks", protocol
    if device.first is not None and device.last is not None:
        yield "first-heard", to_iso(device.first)
        yield "last-heard", to_iso(device.last)
