"""Network rules: what each is raised by, what not, and what it says."""

import re

import numpy as np
import pytest

from infrastress.core.time import SECOND
from infrastress.detectors.network import NetworkRuleDetector
from infrastress.site import Site
from tests.detectors.contract import DetectorContract
from tests.detectors.network.saying import (
    ENG,
    HMI,
    LAPTOP,
    OFFICE,
    PLC,
    START,
    block,
    judge,
    polling,
    raised,
    said,
    site,
)

STOP = {"action": "stop", "function_name": "stop", "protocol": "s7comm", "function": 41}


def test_ordinary_traffic_says_nothing():
    assert judge(*polling(3600)) == []


def test_a_stop_names_who_whom_and_the_packet_once_however_often():
    found = judge(said(5, LAPTOP, **STOP), said(6, LAPTOP, **STOP), said(200, LAPTOP, **STOP))
    (one,) = [finding for finding in found if finding.body.rule == "net.stop"]
    assert one.body.severity == "high"
    assert one.body.techniques == ("T0858",)
    assert one.body.sentence == (
        "10.20.10.99, which the site model doesn't know, stopped PLC-1 (10.20.10.11) unit 1: s7comm stop, 2 times "
        "(packet 51 of a.pcap)"
    )
    assert one.body.packets == ("a.pcap#51",)
    assert (one.assets, one.zone) == (("PLC-1",), "hall")
    assert (one.occurred, one.body.began) == (START + 5 * SECOND,) * 2


@pytest.mark.parametrize(
    ("client", "ok", "severity", "end"),
    [
        (ENG, True, "medium", "s7comm stop (p"),
        (HMI, True, "high", "s7comm stop (p"),
        (HMI, False, "medium", "which refused (p"),
        (ENG, False, "low", "which refused (p"),
    ],
)
def test_who_stops_a_controller_and_whether_it_did_sets_the_severity(client, ok, severity, end):
    (one,) = judge(said(5, client, ok=ok, **STOP))
    assert one.body.severity == severity
    assert end in one.body.sentence


def test_a_refusal_that_becomes_a_success_is_raised_again_in_the_same_episode():
    refused, done = judge(said(5, ok=False, **STOP), said(9, ok=True, **STOP))
    assert (refused.body.severity, done.body.severity) == ("medium", "high")
    assert refused.body.episode == done.body.episode
    assert done.body.packets == ("a.pcap#51", "a.pcap#91")


@pytest.mark.parametrize(
    ("action", "rule"),
    [
        ("restart", "net.restart"),
        ("start", "net.mode"),
        ("mode", "net.mode"),
        ("download", "net.download"),
        ("file-write", "net.download"),
        ("delete", "net.download"),
        ("upload", "net.upload"),
        ("firmware", "net.firmware"),
        ("silence", "net.silence"),
    ],
)
def test_commands_that_change_a_controller(action, rule):
    assert raised(judge(said(5, ENG, action=action))) == [rule]
    assert raised(judge(said(5, ENG, action=action, kind="malformed", ok=False))) == []


def test_a_command_whose_request_nobody_saw_or_that_got_no_answer_counts():
    assert raised(judge(said(5, kind="response", sender="server", ok=True, **STOP))) == ["net.stop"]
    (one,) = judge(said(5, kind="request", **STOP))
    assert "without an answer" in one.body.sentence


def test_a_dnp3_master_that_starts_is_no_alarm():
    (one,) = judge(said(5, "10.20.10.12", protocol="dnp3", action="silence"))
    assert one.body.severity == "low"


def test_a_stranger_who_writes_or_asks_for_identity_but_not_one_of_the_model():
    write = {"action": "write", "function_name": "write single register"}
    ask = {"action": "identify", "function_name": "read device identification"}
    assert raised(judge(said(5, **write), said(6, ENG, **ask))) == []
    assert set(raised(judge(said(5, LAPTOP, **write)))) == {"net.stranger_command", "net.unknown_node"}
    assert set(raised(judge(said(5, LAPTOP, **ask)))) == {"net.identity_request", "net.unknown_node"}


def test_a_model_without_addresses_knows_no_strangers():
    bare = Site.model_validate({"id": "plant"})
    assert judge(said(5, LAPTOP, action="write"), said(6, OFFICE, action="identify"), given=bare) == []


def refusals(n: int, every: float, **fields: object) -> list:
    return [said(1 + i * every, ok=False, exception=2, error="illegal data address", **fields) for i in range(n)]


def test_refusals_are_a_storm_when_many_come_within_a_minute():
    (one,) = judge(*refusals(20, 3.0))
    assert one.body.rule == "net.refusal_storm"
    assert (
        "refused 20 requests of HMI-1 (10.20.20.21) within 57 s, the last as 'illegal data address'"
        in one.body.sentence
    )
    assert raised(judge(*refusals(19, 3.0))) == []
    assert raised(judge(*refusals(60, 3.2))) == []


def test_different_objects_refused_are_a_scan_the_same_one_isn_t():
    scan = [said(1 + i, ok=False, address=i) for i in range(10)]
    assert raised(judge(*scan)) == ["net.object_scan"]
    assert raised(judge(*scan[:9], *[said(20 + i, ok=False, address=i % 9) for i in range(10)])) == []


def closed(at: float, server: str, port: int, client: str = HMI) -> object:
    fields = {"action": None, "function_name": None, "function": None, "unit": None, "error": "refused"}
    return said(at, client, server, kind="connection", ok=False, server_port=port, **fields)


def test_sweeps_over_hosts_and_ports():
    hosts = [closed(1 + i, f"10.20.10.{20 + i}", 502) for i in range(5)]
    found = judge(*hosts)
    assert raised(found) == ["net.host_sweep"]
    assert "knocked at 5 hosts" in found[0].body.sentence
    assert raised(judge(*hosts[:4], *[closed(10 + i, "10.20.10.20", 502) for i in range(20)])) == []
    ports = [closed(1 + i, PLC, 1000 + i) for i in range(10)]
    assert raised(judge(*ports)) == ["net.port_sweep"]
    assert raised(judge(*[closed(1 + i * 10, PLC, 1000 + i) for i in range(10)])) == []


def test_broken_messages_and_replies_nobody_asked_for():
    broken = [said(1 + i, kind="malformed", ok=False, error="length") for i in range(3)]
    assert raised(judge(*broken)) == ["net.malformed"]
    assert raised(judge(*broken[:2])) == []
    replies = [said(1 + i, kind="response", sender="server", ok=True) for i in range(5)]
    assert raised(judge(*replies)) == ["net.unasked_reply"]
    assert raised(judge(*replies[:4])) == []
    reports = [said(1 + i, kind="response", protocol="dnp3", sender="server") for i in range(9)]
    assert "net.unasked_reply" not in raised(judge(*reports))


def test_a_node_is_unknown_once_it_spoke_not_when_it_was_called():
    assert raised(judge(said(5, HMI, "10.20.10.77", kind="request"))) == []
    (one,) = judge(said(5, HMI, "10.20.10.77"))
    assert one.body.rule == "net.unknown_node"
    assert one.body.sentence.startswith("10.20.10.77, an address that the site model doesn't have, is heard on tap")
    assert raised(judge(said(5, HMI, "10.20.10.255"), said(6, HMI, "224.0.0.1"), said(7, "fe80::1", HMI))) == []


def test_an_address_of_the_internet_weighs_more():
    (one,) = [f for f in judge(said(5, "8.8.8.8", PLC)) if f.body.rule == "net.unknown_node"]
    assert (one.body.severity, one.body.techniques) == ("high", ("T0883",))


def test_ways_between_zones_need_a_conduit_in_that_direction_for_that_protocol():
    assert raised(judge(said(5), said(6, protocol="s7comm"), said(7, PLC, "10.20.10.12"))) == []
    assert raised(judge(said(5, OFFICE))) == ["net.no_conduit"]
    assert raised(judge(said(5, PLC, HMI))) == ["net.no_conduit"]
    (one,) = judge(said(5, protocol="http", kind="connection", ok=False))
    assert one.body.severity == "low"
    assert one.body.sentence == (
        "HMI-1 (10.20.20.21) in supervisory spoke http to PLC-1 (10.20.10.11) in control; the site model has no "
        "conduit for that, and it was refused"
    )
    assert raised(judge(said(5, protocol="tls", kind="connection", ok=True))) == []


def test_a_device_that_only_answered_gives_a_command():
    write = {"action": "write", "function_name": "write single coil"}
    late = said(200, PLC, "10.20.10.12", **write)
    (one,) = judge(*polling(240), late)
    assert one.body.rule == "net.role_change"
    assert "has only answered in modbus so far" in one.body.sentence
    assert raised(judge(*polling(240), said(50, PLC, "10.20.10.12"), late)) == []
    assert raised(judge(*polling(30), said(40, PLC, "10.20.10.12", **write))) == []


def test_reads_that_stop_while_others_go_on_and_come_again():
    others = polling(1800, client=ENG)
    found = judge(*polling(900), *others, *polling(1800, begin=1200))
    assert [(f.body.rule, f.body.phase) for f in found] == [("net.poll_gap", "raised"), ("net.poll_gap", "cleared")]
    assert found[0].occurred == START + 960 * SECOND
    assert "has read nothing of PLC-1 (10.20.10.11) unit 1 for 61 s" in found[0].body.sentence
    assert judge(*polling(900), until=1800) == [], "the tap itself is silent"
    assert judge(*polling(900), *others, *polling(1800, begin=920)) == []
    assert judge(*polling(500), *others) == [], "a session of some minutes"


def test_far_more_messages_than_before():
    usual = polling(900)
    flood = [said(901 + i * 0.05) for i in range(1100)]
    (one,) = judge(*usual, *flood)
    assert one.body.rule == "net.surge"
    assert "1100 messages in 60 s, at most 30 before" in one.body.sentence
    assert one.occurred == START + round((901 + 599 * 0.05) * SECOND), "the 600th is too many"
    assert judge(*usual[:250], *flood) == [], "too little known"


def test_a_short_flood_is_not_lost_in_a_long_frame():
    told = {}
    for minutes in (1, 5):
        detector = NetworkRuleDetector(site())
        told[minutes] = detector.update(
            block(*polling(1500), *[said(1441 + i * 0.05) for i in range(1000)], width=minutes)
        )
    assert raised(told[5]) == ["net.surge"]
    assert [one.occurred for one in told[5]] == [one.occurred for one in told[1]]


def test_a_rule_can_be_switched_off():
    assert judge(said(5, **STOP), off=("net.stop",)) == []


def test_what_is_quiet_is_over():
    found = judge(said(5, **STOP), until=7200)
    assert [(f.body.phase, (f.occurred - START) / SECOND) for f in found] == [("raised", 5), ("cleared", 1805)]


def test_techniques_said_are_on_the_cards():
    cards = NetworkRuleDetector.cards
    found = judge(
        said(5, LAPTOP, **STOP),
        said(6, "8.8.8.8"),
        said(7, OFFICE),
        *refusals(30, 1.0, address=1),
        said(8, LAPTOP, action="write"),
    )
    for finding in found:
        assert set(finding.body.techniques) <= set(cards[finding.body.rule].techniques)
        assert not re.search(r"\s{2}|,,", finding.body.sentence)


class TestContract(DetectorContract):
    def make(self) -> NetworkRuleDetector:
        return NetworkRuleDetector(site(), NetworkRuleDetector.Options(quiet_s=300))

    def stream(self):
        rows = [*polling(2400), *polling(3600, client=ENG, every=7.0), *polling(7200, begin=4000)]
        rows += [said(100, LAPTOP, **STOP), said(101, LAPTOP, ok=False, **STOP), said(900, LAPTOP, action="upload")]
        rows += [said(300 + i * 0.7, ok=False, exception=2, address=i) for i in range(60)]
        rows += [closed(1000 + i, f"10.20.10.{20 + i}", 502) for i in range(9)]
        rows += [said(1500 + i, kind="malformed", ok=False, error="length") for i in range(5)]
        rows += [said(3000 + i * 0.02, ENG) for i in range(900)]
        rows += [said(2000, PLC, "10.20.10.12", action="write"), said(2100, OFFICE), said(2200, "8.8.8.8")]
        return block(*rows, until=9000)


def test_reads_without_a_pace_and_a_strangers_reads_leave_no_gap():
    """A console that reads back what it commands; a laptop that goes home."""
    others = polling(20_000, 10.0, server="10.20.10.12")
    back = [said(at) for at in np.random.default_rng(4).exponential(150.0, 60).cumsum().tolist()]
    assert raised(judge(*others, *back)) == []
    laptop = polling(3000, 10.0, client=LAPTOP)
    assert "net.poll_gap" not in raised(judge(*others, *laptop))
    engineer = polling(3000, 10.0, client=ENG)
    assert raised(judge(*others, *engineer)) == []


@pytest.mark.parametrize(("pauses", "rules"), [(9, []), (10, ["net.poll_gap"])])
def test_a_pace_is_known_of_ten_pauses(pauses, rules):
    others, reads = polling(20_000, 10.0, server="10.20.10.12"), polling(150 * (pauses + 1), 150.0)
    assert raised(judge(*others, *reads, polls=5)) == rules


def test_reads_that_seem_even_by_chance_are_no_poll():
    """No pause is 2.5 times the usual one, but they lie anywhere: two for each that keeps time."""
    others = polling(40_000, 10.0, server="10.20.10.12")
    at, rows = 1.0, []
    for i in range(30):
        rows += [said(at + 0.01 * j) for j in range(3)]
        at += (150.0, 60.0, 240.0, 155.0, 80.0)[i % 5]
    assert raised(judge(*others, *rows)) == []


def test_a_flood_of_reads_teaches_no_other_pace_and_a_new_pace_is_learned():
    others, slow = polling(12_000, 10.0, server="10.20.10.12"), polling(12_000, 60.0)
    flood = [said(6000 + 0.02 * i) for i in range(3000)]
    assert raised(judge(*others, *slow, *flood, surge_rate=1e9)) == []
    changed = [*polling(3000, 2.0), *polling(12_000, 120.0, begin=3000.0)]
    assert raised(judge(*others, *changed)) == ["net.poll_gap"]
