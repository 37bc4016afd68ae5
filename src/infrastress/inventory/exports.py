"""The inventory for machines: one JSON object, and tables as CSV."""

import csv
import io
from collections.abc import Iterable
from typing import Any, Final

from infrastress.core.time import to_iso
from infrastress.inventory.devices import Device
from infrastress.inventory.facts import conversations
from infrastress.inventory.heard import Heard
from infrastress.inventory.identity import label_of
from infrastress.inventory.matching import Finding
from infrastress.inventory.roles import Judged
from infrastress.inventory.vendors import LOCAL, SHARED, UNLISTED

__all__ = ["as_dict", "csv_files", "csv_table", "device_dict", "maker_of"]

_PLAIN: Final = ("id", "name", "asset", "vendor", "first", "last", "records", "packets", "bytes")
_OUTCOMES: Final = ("answered", "refused", "unanswered", "told")


def maker_of(device: Device) -> str:
    """Who made it: corrected, by its MACs, or why nobody knows."""
    if device.vendor:
        return device.vendor
    if said := label_of(device.identities).maker:
        return said
    makers = dict.fromkeys(mac.vendor for mac in device.macs)
    named = [name for name in makers if name not in (LOCAL, SHARED, UNLISTED)]
    if named or makers:
        return ", ".join(named or makers)
    return "behind a router" if device.behind_router else ""


def as_dict(heard: Heard, devices: Iterable[Device], findings: Iterable[Finding]) -> dict[str, Any]:
    """All of it; times ISO 8601."""
    return {
        "devices": [device_dict(device) for device in devices],
        "conversations": _ways(heard),
        "findings": [
            {
                "kind": one.kind, "subject": one.subject, "sentence": one.sentence,
                "first": _time(one.first), "last": _time(one.last),
            }
            for one in findings
        ],
        "sources": [
            {"source": name, "records": seen.count, "first": to_iso(seen.first), "last": to_iso(seen.last)}
            for name, seen in sorted(heard.sources.items())
        ],
        "overflow": sorted(heard.overflow),
    }  # fmt: skip


def device_dict(device: Device) -> dict[str, Any]:
    """One device."""
    facts = device.facts
    return {
        "id": device.id,
        "name": device.name,
        "asset": device.asset,
        "addresses": list(device.addresses),
        "macs": [{"mac": mac.mac, "vendor": mac.vendor} for mac in device.macs],
        "behind_router": device.behind_router,
        "vendor": maker_of(device),
        "vlans": list(device.vlans),
        "role": _judged(device.role),
        "heard_role": _judged(device.heard_role),
        "level": _judged(device.level),
        "says": [_said(one) for one in device.identities],
        "behind": [_said(one) for one in device.behind],
        "client_of": {protocol: facts.asks[protocol] for protocol in sorted(facts.uses) if protocol != "arp"},
        "server_of": {protocol: facts.answers[protocol] for protocol in sorted(facts.serves)},
        "functions": [
            {"protocol": protocol, "function": function, "count": count}
            for (protocol, function), count in sorted(facts.functions.items())
        ],
        "first": _time(device.first),
        "last": _time(device.last),
        "records": device.heard,
        "packets": facts.packets,
        "bytes": facts.payload,
        "notes": list(device.notes),
    }


def _said(one: Any) -> dict[str, Any]:
    return {"protocol": one.protocol, "unit": one.unit, "text": one.text}


def _judged(one: Judged) -> dict[str, Any]:
    return {"value": one.value, "confidence": one.confidence, "by": one.by, "because": list(one.because)}


def _time(moment: int | None) -> str | None:
    return None if moment is None else to_iso(moment)


def _ways(heard: Heard) -> list[dict[str, Any]]:
    found = []
    for talk in conversations(heard):
        way = talk.way
        deeds = []
        for key, deed in sorted(way.deeds.items()):
            sender, action, function = key.split("\t")
            deeds.append(
                {
                    "by": "server" if sender == "s" else "client", "action": action or None,
                    "function": function or None, "answered": deed.answered, "refused": deed.refused,
                    "unanswered": deed.unanswered, "told": deed.told, "first": to_iso(deed.first),
                    "last": to_iso(deed.last),
                }
            )  # fmt: skip
        found.append(
            {
                "client": talk.client, "server": talk.server, "protocol": talk.protocol, "transport": way.transport,
                "ports": sorted(map(int, way.ports)), "units": sorted(map(int, way.units)), "actions": deeds,
                "records": way.heard.count, "answered": way.answered, "connections": way.connections,
                "unanswered": way.unanswered, "malformed": way.malformed, "packets": way.packets,
                "bytes": max(way.payload, way.message_bytes), "first": to_iso(way.heard.first),
                "last": to_iso(way.heard.last),
            }
        )  # fmt: skip
    return found


def csv_files(heard: Heard, devices: Iterable[Device], findings: Iterable[Finding]) -> dict[str, str]:
    """Three tables by file name: devices, conversations, findings."""
    whole = as_dict(heard, devices, findings)
    return {f"{name}.csv": csv_table(name, whole[name]) for name in ("devices", "conversations", "findings")}


def csv_table(name: str, items: Iterable[dict[str, Any]]) -> str:
    """Devices, conversations or findings, as `as_dict` gives them, as a table; empty where there is none."""
    flat = {"devices": _flat_device, "conversations": _flat_way}.get(name, dict)
    return _csv([flat(one) for one in items])


def _flat_device(one: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: one[name] for name in _PLAIN},
        "addresses": " ".join(one["addresses"]),
        "macs": " ".join(mac["mac"] for mac in one["macs"]),
        "vlans": " ".join(map(str, one["vlans"])),
        "role": one["role"]["value"], "role_confidence": one["role"]["confidence"], "role_by": one["role"]["by"],
        "role_because": "; ".join(one["role"]["because"]),
        "level": one["level"]["value"], "level_confidence": one["level"]["confidence"],
        "client_of": " ".join(one["client_of"]), "server_of": " ".join(one["server_of"]),
        "says": " | ".join(said["text"] for said in one["says"]),
        "notes": "; ".join(one["notes"]),
    }  # fmt: skip


def _flat_way(one: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: value for name, value in one.items() if name not in ("actions", "ports", "units")},
        "ports": " ".join(map(str, one["ports"])),
        "units": " ".join(map(str, one["units"])),
        "actions": "; ".join(
            f"{deed['function'] or deed['action']} {sum(deed[name] for name in _OUTCOMES)}" for deed in one["actions"]
        ),
    }


def _csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula is quoted: it came from the network."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
