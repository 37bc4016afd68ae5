"""Addresses that another device takes over, by ARP."""

import pytest

from infrastress.events import NetworkRow
from infrastress.site import Site
from tests.detectors.network.saying import HMI, PLC, judge, raised, said, site

OWN, OTHER, THIRD = "02:00:00:00:00:0b", "02:00:00:00:00:99", "02:00:00:00:00:77"


def claim(at: float, address: str, mac: str) -> NetworkRow:
    fields = {"kind": "message", "protocol": "arp", "transport": "ethernet", "function": 2, "function_name": "reply"}
    return said(at, address, "10.20.10.1", **fields, client_mac=mac, unit=None, action=None, server_port=None)


def declared() -> Site:
    fields = site().model_dump(mode="python", by_alias=True, exclude_defaults=True)
    fields["assets"][0]["interfaces"][0]["mac"] = OWN
    return Site.model_validate(fields)


def moves(*claims: NetworkRow, given: Site | None = None) -> list[tuple[str, str]]:
    found = [one.body for one in judge(*claims, given=given) if one.body.rule == "net.address_moved"]
    return [(one.severity, one.sentence) for one in found if one.phase == "raised"]


def test_an_address_that_stays_says_nothing():
    assert moves(claim(1, PLC, OWN), claim(2, HMI, OTHER), claim(300, PLC, OWN), given=declared()) == []


def test_a_move_is_told_once_and_is_worse_where_the_model_knows_the_mac():
    ((severity, sentence),) = moves(claim(1, PLC, OWN), claim(200, PLC, OTHER), claim(201, PLC, OTHER))
    assert severity == "medium"
    assert sentence == f"{OTHER} says to have PLC-1 (10.20.10.11) which {OWN} had"
    ((severity, sentence),) = moves(claim(1, PLC, OWN), claim(200, PLC, OTHER), given=declared())
    assert severity == "high"
    assert sentence.endswith(f"the site model says {OWN}")
    ((severity, _),) = moves(claim(1, PLC, THIRD), given=declared())
    assert severity == "high"


def test_an_address_nobody_listed_may_be_given_to_another():
    ((severity, _),) = moves(claim(1, "10.20.10.200", OWN), claim(500, "10.20.10.200", OTHER))
    assert severity == "low"


def test_both_say_to_have_it():
    assert [severity for severity, _ in moves(claim(1, PLC, OWN), claim(5, PLC, OTHER), claim(9, PLC, OWN))] == [
        "medium",
        "high",
    ]
    assert [severity for severity, _ in moves(claim(1, PLC, OWN), claim(5, PLC, OTHER), claim(300, PLC, OWN))] == [
        "medium"
    ]


def test_one_that_takes_two_addresses_may_stand_between_them():
    told = moves(claim(1, PLC, OWN), claim(2, HMI, THIRD), claim(60, PLC, OTHER), claim(62, HMI, OTHER))
    assert [severity for severity, _ in told] == ["medium", "high"]
    assert "as it took PLC-1 (10.20.10.11): it may stand between them" in told[1][1]


@pytest.mark.parametrize("address", ["0.0.0.0", "169.254.1.1"])  # noqa: S104  # what a probe says
def test_a_probe_claims_nothing(address):
    assert raised(judge(claim(1, address, OWN), claim(2, address, OTHER))) == []


def test_routers_that_share_a_mac_are_no_alarm():
    ((severity, _),) = moves(claim(1, PLC, OWN), claim(90, PLC, "00:00:5e:00:01:07"))
    assert severity == "low"
