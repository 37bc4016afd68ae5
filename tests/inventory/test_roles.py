"""Roles: each from traffic that shows it, and none where too little is shown."""

import pytest

from infrastress.detectors.network.who import Who
from infrastress.inventory.corrections import Correction
from infrastress.inventory.devices import Device, devices_of
from infrastress.site import Site

from .rows import HMI, LAPTOP, PLC, SIS, heard, polls, row

NOWHERE = Site(id="nowhere")


def devices(rows, site: Site = NOWHERE, corrections=()) -> dict[str, Device]:
    return {device.id: device for device in devices_of(heard(rows), site, Who(site), corrections)}


def roles(rows, site: Site = NOWHERE) -> dict[str, str]:
    return {name: str(device.role.value) for name, device in devices(rows, site).items()}


WRITE = {"action": "write", "function_name": "write single register"}


@pytest.mark.parametrize(
    ("who", "role", "rows"),
    [
        (PLC, "controller", polls(20)),
        (HMI, "hmi", [*polls(20), row(**WRITE)]),
        (HMI, "hmi", [one for server in (PLC, SIS, "10.20.10.13") for one in polls(20, server=server)]),
        (HMI, "unknown", [row(action="identify", function_name="read device identification")]),
        (LAPTOP, "engineering", [row(LAPTOP, protocol="s7comm", action="download", function_name="download block")]),
        (LAPTOP, "engineering", [*polls(20, LAPTOP), row(LAPTOP, action="stop", function_name="stop")]),
        (PLC, "gateway", [one for unit in (1, 2, 3) for one in polls(5, unit=unit)]),
        (PLC, "gateway", [*polls(20), *polls(20, PLC, SIS)]),
        (PLC, "controller", [*polls(200), row(PLC, SIS, **WRITE)]),
        (LAPTOP, "workstation", [row(LAPTOP, HMI, protocol="smb", kind="connection", action=None, server_port=445)]),
        (
            HMI,
            "server",
            [
                row(client, HMI, protocol="smb", kind="connection", action=None, server_port=445)
                for client in (LAPTOP, "10.20.20.98")
            ],
        ),
        (PLC, "server", polls(20, protocol="opcua", unit=None)),
        (
            "10.20.10.2",
            "switch",
            [
                row(
                    client, "10.20.10.2", server_mac="00:80:63:00:00:01", protocol="ssh", kind="connection", action=None
                )
                for client in (LAPTOP, HMI)
            ],
        ),
        (LAPTOP, "unknown", [row(LAPTOP, kind="request", ok=None, response_ns=None)]),
    ],
)
def test_role(who, role, rows):
    found = devices(rows)[who]
    assert found.role.value == role, found.role
    assert found.role.because


def test_a_router_is_whose_mac_stands_for_many():
    mac = "00:15:17:68:39:f4"
    arp = row("10.20.20.1", HMI, client_mac=mac, protocol="arp", transport="ethernet", kind="message", action=None)
    rows = [arp, *(row(f"10.9.{i}.5", PLC, client_mac=mac) for i in range(4))]
    found = devices(rows)
    assert found["10.20.20.1"].role.value == "router"
    assert found["10.9.1.5"].macs == ()
    assert found["10.9.1.5"].behind_router == mac


def test_public_addresses_inside_a_plant_are_neighbours_and_of_the_internet_behind_a_router():
    inside = devices(
        [row("141.81.0.10", "141.81.0.14", client_mac="00:0c:29:00:00:01", server_mac="00:0e:8c:00:00:02")]
    )
    assert inside["141.81.0.14"].macs[0].vendor == "Siemens AG"
    outside = devices([row(HMI, "3.15.227.20", server_mac="50:6a:03:ae:49:7d")])
    assert outside["3.15.227.20"].macs == ()


def test_addresses_of_one_device():
    rows = [
        row(HMI, PLC),
        row("fe80::1", "fe80::2", client_mac=MAC_OF_HMI, server_mac=None, protocol="unknown", kind="connection"),
    ]
    assert devices(rows)[HMI].addresses == (HMI, "fe80::1")


MAC_OF_HMI = row().client_mac


def test_two_ipv4_addresses_of_one_mac_stay_two():
    rows = [row(HMI), row(LAPTOP, client_mac=MAC_OF_HMI)]
    assert {HMI, LAPTOP} <= set(devices(rows))


def test_loopbacks_and_broadcast_addresses_have_no_role():
    own = devices(polls(20, "127.0.0.1", "127.0.0.1"))["127.0.0.1"]
    assert (own.role.value, own.role.confidence) == ("unknown", 0.0)
    asked = row(HMI, "10.20.10.255", server_mac="ff:ff:ff:ff:ff:ff", kind="message", protocol="bacnet", transport="udp")
    assert roles([asked, *polls(20, "10.20.10.255")])["10.20.10.255"] == "unknown"


def test_devices_behind_a_bacnet_router():
    said = [
        row(PLC, "10.20.10.255", kind="message", protocol="bacnet", transport="udp", action="identify", unit=None,
            server_mac="ff:ff:ff:ff:ff:ff", identity=f"device {unit}; vendor=42; apdu=480", client_unit=unit)
        for unit in (4, 5)
    ]  # fmt: skip
    found = devices(said)[PLC]
    assert found.role.value == "gateway"
    assert [one.unit for one in found.behind] == [4, 5]
    assert found.identities == ()


def test_vendor_of_a_locally_administered_mac_says_so():
    assert devices(polls(2))[PLC].macs[0].vendor == "locally administered"
    assert devices([row(client_mac="70:b3:d5:00:00:01")])[HMI].macs[0].vendor == "a block that many makers share"
    assert devices([row(client_mac="dc:ff:ff:00:00:01")])[HMI].macs[0].vendor == "not in IEEE's list"


def test_corrections_hold_and_say_so_and_are_taken_back():
    rows = polls(20)
    when = {"at": "2026-03-02T10:00:00+00:00", "by": "shift lead", "why": "seen in the cabinet"}
    first = Correction(node=PLC, fields={"role": "gateway", "level": "0.5", "name": "RIO-1"}, **when)
    found = devices(rows, corrections=[first])[PLC]
    assert (found.role.value, found.role.by, found.level.value, found.name) == ("gateway", "correction", 0.5, "RIO-1")
    assert found.role.because == ("corrected by shift lead on 2026-03-02: seen in the cabinet",)
    assert found.heard_role.value == "controller"
    by_mac = Correction(node="02:00:0a:14:0a:0c", fields={"role": ""}, **when)
    assert devices(rows, corrections=[first, by_mac])[PLC].role.value == "controller"
