"""What was heard against the site model; and that silence says nothing where nobody listened."""

import pytest

from infrastress.site import Site

from .plant import findings, site
from .rows import HMI, LAPTOP, PLC, heard, polls, row

ARP = {"protocol": "arp", "transport": "ethernet", "kind": "message", "action": None, "function_name": "request"}


def told(found) -> set[tuple[str, str]]:
    return {(one.kind, one.subject) for one in found}


def sentence(found, kind: str, subject: str) -> str:
    return next(one.sentence for one in found if (one.kind, one.subject) == (kind, subject))


def test_strangers_macs_and_addresses(tmp_path):
    rows = [
        row(LAPTOP),
        row(HMI, PLC, server_mac="3c:a9:f4:00:00:01"),
        row(HMI, "10.20.10.55", server_mac="02:00:0a:14:0a:0c"),
    ]
    found = findings(site(tmp_path), rows)
    assert {
        ("unknown_node", LAPTOP), ("unknown_node", "10.20.10.55"), ("mac_differs", "PLC-1"),
        ("address_differs", "PLC-1"),
    } <= told(found)  # fmt: skip
    assert "3c:a9:f4:00:00:01 (Intel Corporate)" in sentence(found, "mac_differs", "PLC-1")
    assert "speaks as 10.20.10.55" in sentence(found, "address_differs", "PLC-1")
    assert not [one for one in findings(site(tmp_path), polls(3)) if one.kind in ("mac_differs", "unknown_node")]


def test_a_way_without_a_conduit(tmp_path):
    found = findings(site(tmp_path), [row(HMI, PLC), row(PLC, HMI, protocol="smb"), row(HMI, PLC, protocol="s7comm")])
    ways = {subject for kind, subject in told(found) if kind == "no_conduit"}
    assert ways == {f"{PLC} > {HMI} smb", f"{HMI} > {PLC} s7comm"}


def test_a_controller_that_behaves_like_an_engineering_station(tmp_path):
    rows = [row(PLC, "10.20.10.13", protocol="s7comm", action="download", function_name="download block")]
    assert ("role_differs", "PLC-1") in told(findings(site(tmp_path), rows))


def test_a_historian_that_polls_is_no_finding(tmp_path):
    rows = [one for server in (PLC, "10.20.10.13") for one in polls(30, "10.20.20.31", server)]
    assert not [kind for kind, _ in told(findings(site(tmp_path), rows)) if kind == "role_differs"]


@pytest.mark.parametrize(
    ("rows", "kind", "words"),
    [
        (polls(90), "not_covered", "only what crosses its border"),
        ([], "not_covered", "nothing of net-control was heard at all"),
        (polls(90, PLC, LAPTOP), "silent", "wasn't heard in 2 h"),
        (polls(20, PLC, LAPTOP), "not_covered", "listened to for 20 min only"),
        ([row(PLC, "10.20.10.13", kind="request", ok=None, response_ns=None)], "silent", "asked for once"),
        ([row(PLC, LAPTOP, **ARP)], "not_covered", "goes to everybody"),
    ],
)
def test_silence(tmp_path, rows, kind, words):
    found = findings(site(tmp_path), rows or [row("192.0.2.1", "192.0.2.2")])
    assert words in sentence(found, kind, "PLC-2")


def test_who_answers_is_not_silent(tmp_path):
    found = findings(site(tmp_path), polls(90, PLC, "10.20.10.13"))
    assert not [one for one in found if one.subject == "PLC-2"]


def test_a_model_without_addresses_differs_in_nothing():
    assert findings(Site(id="bare"), polls(3)) == []


def test_time_without_listening_does_not_count():
    rows = [row(time=row().time), row(time=row().time + 24 * 3_600_000_000_000)]
    found = heard(rows)
    assert found.listened_ns(rows[0].time, rows[1].time) == 2 * 600_000_000_000
