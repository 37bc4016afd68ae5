"""Exports: CycloneDX by its own schema, CSV that no spreadsheet runs, a proposal that the site loader takes."""

import csv
import io
import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from infrastress.detectors.network.who import Who
from infrastress.inventory.cyclonedx import as_cyclonedx
from infrastress.inventory.devices import devices_of
from infrastress.inventory.exports import as_dict, csv_files
from infrastress.inventory.heard import Identity
from infrastress.inventory.identity import label_of
from infrastress.inventory.matching import findings_of
from infrastress.site.check import check_site

from .plant import SITE, findings, proposed, site
from .rows import HMI, LAPTOP, PLC, any_row, heard, polls, row

_VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)


def merged(proposal: str) -> str:
    """The site file with the proposal's entries pasted under its lists, as the page says."""
    lines, lists, name = [], {}, ""
    for line in proposal.splitlines():
        if line and line[0] not in "# ":
            name = line.partition(":")[0]
        elif name and line.startswith(" "):
            lists.setdefault(name, []).append(line)
    for line in SITE.splitlines():
        lines.append(line)
        lines += lists.pop(line.partition(":")[0], [])
    return "\n".join([*lines, *(line for name in lists for line in [f"{name}:", *lists[name]])]) + "\n"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(any_row, max_size=12))
def test_whatever_is_heard_is_exported_validly_and_its_proposal_loads(tmp_path, rows):
    plant = site(tmp_path)
    found, who = heard(rows), Who(plant)
    devices = devices_of(found, plant, who)
    assert _VALIDATOR.validate_str(json.dumps(as_cyclonedx("plant", devices))) is None
    whole = as_dict(found, devices, findings_of(found, plant, who, devices))
    json.dumps(whole, allow_nan=False)
    (tmp_path / "site.yaml").write_text(merged(proposed(plant, rows)))
    checked = check_site(tmp_path)
    assert not checked.errors
    (tmp_path / "site.yaml").write_text(SITE)


def test_what_was_proposed_is_known_once_it_is_pasted(tmp_path):
    rows = [
        *polls(90, LAPTOP, identity='VendorName=Acme; ProductName="R" #1: {x}; MajorMinorRevision=2.1'),
        *polls(5, PLC, LAPTOP, protocol="smb"),
        row(HMI, "192.168.7.9", protocol="s7comm", server_port=102, server_mac="00:0e:8c:00:00:02"),
        row(HMI, PLC, protocol="cip", server_port=44818),
        row("2001:db8::5", "2001:db8::6", client_mac="00:0c:29:00:00:05"),
    ]
    plant = site(tmp_path)
    before = {one.kind for one in findings(plant, rows)}
    assert {"unknown_node", "no_conduit"} <= before
    text = proposed(plant, rows)
    loaded = YAML(typ="safe").load(text)
    assert {one["id"] for one in loaded["networks"]} == {"net-192-168-7-0", "net-2001-db8"}
    plc = next(one for one in loaded["assets"] if one["id"] == "PLC-192-168-7-9")
    assert plc["interfaces"] == [
        {
            "network": "net-192-168-7-0", "address": "192.168.7.9", "mac": "00:0e:8c:00:00:02", "protocol": "s7",
            "port": 102,
        }
    ]  # fmt: skip
    assert "# " in text
    assert "answered" in text
    (tmp_path / "site.yaml").write_text(merged(text))
    after = check_site(tmp_path).site
    assert after is not None
    assert {one.kind for one in findings(after, rows)} <= {"not_covered", "silent"}


def test_nothing_heard_proposes_nothing(tmp_path):
    assert YAML(typ="safe").load(proposed(site(tmp_path), [])) is None
    assert YAML(typ="safe").load(proposed(site(tmp_path), polls(5))) is None


def test_firmware_and_serial_go_into_the_bill(tmp_path):
    rows = polls(2, identity="VendorName=Acme; ProductName=RTU; MajorMinorRevision=2.1; SerialNumber=7")
    plant = site(tmp_path)
    bill = as_cyclonedx("plant", devices_of(heard(rows), plant, Who(plant)))
    plc = next(one for one in bill["components"] if one["bom-ref"] == "device:PLC-1")
    assert plc["manufacturer"] == {"name": "Acme"}
    assert plc["components"] == [{"type": "firmware", "bom-ref": "firmware:PLC-1", "name": "RTU", "version": "2.1"}]
    assert bill["compositions"][0]["aggregate"] == "incomplete"


def test_a_cell_is_no_formula(tmp_path):
    rows = [row(identity="=cmd|' /C calc'!A0")]
    plant = site(tmp_path)
    found = heard(rows)
    tables = csv_files(found, devices_of(found, plant, Who(plant)), [])
    (plc,) = [one for one in csv.DictReader(io.StringIO(tables["devices.csv"])) if one["id"] == "PLC-1"]
    assert plc["says"] == "'=cmd|' /C calc'!A0"
    assert len(list(csv.DictReader(io.StringIO(tables["conversations.csv"])))) == 1


@pytest.mark.parametrize(
    ("protocol", "text", "wanted"),
    [
        ("modbus", "VendorName=A; ProductCode=B; MajorMinorRevision=1", {"maker": "A", "order": "B", "version": "1"}),
        ("modbus", "Wingpath Limited", {"product": "Wingpath Limited"}),
        (
            "cip",
            "1756-L61/B LOGIX5561; vendor=1; type=14; product=54; revision=16.020; serial=0051823f",
            {"maker": "Rockwell Automation", "product": "1756-L61/B LOGIX5561", "version": "16.020"},
        ),
        ("s7comm", "order=6ES7 315-2EH14-0AB0; firmware=V3.2.7", {"order": "6ES7 315-2EH14-0AB0", "version": "V3.2.7"}),
        ("s7comm", "name=PLC_1; module=CPU 315", {"name": "PLC_1", "product": "CPU 315"}),
        ("bacnet", "model-name=PLC12", {"product": "PLC12"}),
        ("bacnet", "firmware-revision=4.0", {"version": "4.0"}),
        ("opcua", "application=Tank farm; uri=urn:x", {"product": "Tank farm"}),
        ("modbus", "; = ;=;x=", {}),
    ],
)  # fmt: skip
def test_name_plates(protocol, text, wanted):
    label = label_of([Identity(protocol, None, text)])
    assert {name: getattr(label, name) for name in wanted} == wanted
    if not wanted:
        assert label == label_of([])
