"""The network baseline: what it learns, what it holds for review, what it says afterwards."""

from itertools import pairwise

import msgspec
import pytest

from infrastress.core.errors import BaselineError
from infrastress.core.time import SECOND
from infrastress.detectors.network import NetworkBaselineDetector, NetworkRuleDetector
from tests.detectors.contract import DetectorContract
from tests.detectors.network.saying import ENG, HMI, LAPTOP, OFFICE, PLC, START, block, polling, raised, said, site

WRITE = {"action": "write", "function": 6, "function_name": "write single register", "object": "holding-register"}
OTHER = "10.20.10.12"


def setpoint(at: float, value: float = 50.0, client: str = HMI, **fields):
    return said(at, client, **{**WRITE, "address": 100, "quantity": 1, "value": value, **fields})


def usual(until: float = 3600.0) -> list:
    """An HMI that reads two controllers and writes one setpoint between 40 and 60."""
    rows = [*polling(until, 10.0), *polling(until, 10.0, server=OTHER), *polling(until, 30.0, ENG, OTHER)]
    return rows + [setpoint(60.0 * i, 40.0 + i % 21) for i in range(1, int(until // 60))]


def learn(*rows, **options):
    lesson = NetworkBaselineDetector.learn(site(), NetworkBaselineDetector.Options(**options), [block(*rows)])
    assert lesson is not None
    return lesson


LESSON = learn(*usual())


def judge(*rows, lesson=LESSON, **options):
    return NetworkBaselineDetector(site(), NetworkBaselineDetector.Options(**options), lesson.baseline).update(
        block(*rows)
    )


def test_what_was_learned_says_nothing_and_counts_are_kept():
    assert judge(*usual(1800)) == []
    keys = {(one["client"], one["server"], one["function"]): one for one in LESSON.baseline["keys"]}
    assert len(keys) == 4
    reads = keys[HMI, PLC, 3]
    assert (reads["count"], reads["first"], reads["last"]) == (360, "2026-01-01T00:00:01Z", "2026-01-01T00:59:51Z")
    assert f"{HMI} > {PLC} unit 1: modbus write single register, 59 times" in LESSON.words


WORD = {"protocol": "netbios", "transport": "udp", "kind": "message", "action": "other", "function": 7, "unit": None}
ALL, GROUP = "192.168.7.255", {"server_mac": "ff:ff:ff:ff:ff:ff"}
"""The broadcast address of a network that the site model doesn't know."""


@pytest.mark.parametrize(
    ("row", "rules"),
    [
        (said(5, HMI, ALL, **GROUP, **WORD), set()),
        (said(5, LAPTOP, ALL, **GROUP, **WORD), {"net.new_node"}),
        (said(5, HMI, ALL, server_mac="02:00:00:00:00:01", **WORD), {"net.new_conversation"}),
        (said(5, HMI, ALL, **WORD), {"net.new_conversation"}),
        (said(5, HMI, ALL, **GROUP, **{**WORD, "action": "write"}), {"net.unapproved_write"}),
        (said(5, HMI, ALL, **GROUP, **{**WORD, "transport": "tcp"}), {"net.new_conversation"}),
        (said(5, ENG, PLC, **GROUP, **WORD), {"net.new_conversation"}),
    ],
)
def test_a_broadcast_is_a_word_to_no_node_unless_it_commands_or_goes_to_one(row, rules):
    assert {finding.body.rule for finding in judge(row)} == rules


def test_nothing_said_nothing_learned_and_without_a_baseline_it_is_silent():
    assert (
        NetworkBaselineDetector.learn(site(), NetworkBaselineDetector.Options(), [block(said(1))._replace(network=())])
        is None
    )
    assert NetworkBaselineDetector(site()).update(block(said(1, LAPTOP, **WRITE))) == []


@pytest.mark.parametrize(
    ("row", "rules"),
    [
        (said(5, LAPTOP), {"net.new_node": "medium", "net.rogue_master": "high"}),
        (said(5, ENG), {"net.rogue_master": "high"}),
        (
            said(5, OFFICE, protocol="http", kind="connection", ok=True),
            {"net.new_node": "low", "net.new_conversation": "medium"},
        ),
        (setpoint(5, client=ENG, server=OTHER), {"net.unapproved_write": "high"}),
        (said(5, function=4, function_name="read input registers"), {"net.new_function": "medium"}),
        (said(5, unit=2), {"net.new_function": "medium"}),
        (said(5, action="stop"), {"net.new_function": "high"}),
        (setpoint(5, address=101), {"net.new_address": "high"}),
        (setpoint(5, address=99, quantity=2), {"net.new_address": "high"}),
        (setpoint(5, 61.9), {}),
        (setpoint(5, 62.1), {"net.value_range": "low"}),
        (setpoint(5, 37.9), {"net.value_range": "low"}),
        (setpoint(5, 75.0), {"net.value_range": "high"}),
        (setpoint(5, 25.0), {"net.value_range": "high"}),
    ],
)  # fmt: skip
def test_what_is_new(row, rules):
    found = judge(row)
    assert {one.body.rule: one.body.severity for one in found} == rules
    assert all(one.body.baseline and one.body.packets == ("a.pcap#51",) for one in found)


def test_a_step_larger_than_ever_within_the_range():
    lesson = learn(*[setpoint(60.0 * i, 40.0 + i % 40 / 2) for i in range(1, 35)], *polling(3600, 10.0))
    assert raised(judge(setpoint(5, 45.0), setpoint(9, 45.5), lesson=lesson)) == []
    found = judge(setpoint(5, 41.0), setpoint(9, 55.0), lesson=lesson)
    assert raised(found) == ["net.value_step"]
    assert "wrote 55 after 41 to holding-register 100" in found[0].body.sentence


def test_one_alarm_a_key_however_many_packets():
    found = judge(*[said(5 + i, ENG) for i in range(50)])
    assert raised(found) == ["net.rogue_master"]


def test_rare_keys_are_held_for_review_and_taken_for_usual_once_somebody_has():
    lesson = learn(*usual(), said(100, OFFICE), said(200, OFFICE))
    (held,) = lesson.warnings
    assert (
        held == f"held for review (fewer than 3 times): {OFFICE} > {PLC} unit 1: modbus read holding registers, 2 times"
    )
    found = judge(said(5, OFFICE), lesson=lesson)
    assert raised(found) == ["net.new_node", "net.rogue_master"]
    assert "it came 2 times while learning and is held for review" in found[1].body.sentence
    assert judge(said(5, OFFICE), lesson=lesson, reviewed=(f"{OFFICE} > {PLC}",)) == []


def test_an_attack_among_the_normal_days_is_not_learned():
    attack = [said(1000 + i, LAPTOP, **WRITE) for i in range(30)]
    lesson = learn(*usual(), *attack)
    assert [one for one in lesson.warnings if LAPTOP in one and "net.stranger_command" in one]
    assert "net.unapproved_write" in raised(judge(said(5, LAPTOP, **WRITE), lesson=lesson))
    rules = NetworkRuleDetector(site()).update(block(*usual(), *attack))
    assert "net.stranger_command" in raised(rules), "and it is told without any baseline"


def test_a_baseline_of_another_format_is_refused():
    with pytest.raises(BaselineError, match="format"):
        NetworkBaselineDetector(site(), None, {**LESSON.baseline, "format": 9})
    with pytest.raises(BaselineError, match="no baseline"):
        NetworkBaselineDetector(site(), None, {**LESSON.baseline, "keys": 3})


def test_a_baseline_is_plain_values():
    assert msgspec.json.decode(msgspec.json.encode(LESSON.baseline)) == LESSON.baseline


def test_a_finding_has_the_time_at_which_it_was_known():
    (one,) = judge(said(5, ENG, response_ns=2 * SECOND))
    assert (one.occurred, one.body.began) == (START + 7 * SECOND, START + 5 * SECOND)


class TestContract(DetectorContract):
    def make(self) -> NetworkBaselineDetector:
        return NetworkBaselineDetector(site(), NetworkBaselineDetector.Options(standing_s=900), LESSON.baseline)

    def stream(self):
        rows = [*usual(), said(100, LAPTOP), said(101, LAPTOP), said(700, OFFICE), setpoint(900, 99), setpoint(910, 20)]
        rows += [said(1000 + i, ENG) for i in range(100)]
        return block(*rows, until=9000)


def test_a_table_that_a_regular_reader_rarely_reads_is_usual_and_its_rare_write_is_held():
    other = said(90, function=4, function_name="read input registers")
    lesson = learn(*polling(600, 10.0), other, setpoint(95))
    assert judge(other, lesson=lesson) == []
    assert raised(judge(setpoint(5), lesson=lesson)) == ["net.unapproved_write"]
    assert [warning.split(": ")[1] for warning in lesson.warnings] == [f"{HMI} > {PLC} unit 1"]


def test_an_address_that_never_answers_is_no_new_node():
    shout = said(5, HMI, "10.20.10.200", kind="connection", transport="udp", protocol="dns", ok=None)
    assert raised(judge(shout)) == ["net.new_conversation"]
    assert "net.new_node" in raised(judge(said(5, HMI, "10.20.10.200")))


def test_an_address_of_a_block_of_known_ones_is_a_notice():
    block_of = [setpoint(60.0 * i, address=at) for i, at in enumerate([100, 102, 104, 106, 110] * 4, 1)]
    lesson = learn(*polling(3600, 10.0), *block_of)
    for address, severity in ((103, "low"), (112, "low"), (98, "low"), (113, "high"), (97, "high")):
        (one,) = judge(setpoint(5, address=address), lesson=lesson)
        assert (one.body.rule, one.body.severity) == ("net.new_address", severity)
    few = learn(*polling(3600, 10.0), *[one for one in block_of if one.address != 104])
    assert judge(setpoint(5, address=103), lesson=few)[0].body.severity == "high"


def test_values_of_a_point_are_known_whoever_wrote_it():
    shifts = [setpoint(60.0 * i, 40.0 + i % 21, client=(HMI, ENG)[i % 2]) for i in range(1, 31)]
    lesson = learn(*polling(3600, 10.0), *shifts)
    (beyond,) = judge(setpoint(5, 80.0), lesson=lesson)
    assert (beyond.body.rule, beyond.body.severity) == ("net.value_range", "high")
    assert raised(judge(setpoint(5, 55.0), setpoint(9, 56.0, client=ENG), lesson=lesson)) == []


def held_read(client, times=2, **fields):
    """A lesson in which a client twice asked a controller who it is, and the same once more."""
    asks = {"function": 43, "function_name": "read device identification", "action": "read", **fields}
    rows = [said(100.0 + 1000 * i, client, OTHER, **asks) for i in range(times)]
    others = [*polling(3600, 10.0), *polling(3600, 10.0, server=OTHER)]
    return learn(*others, *rows), said(5, client, OTHER, **asks)


def test_what_is_held_for_review_of_a_client_that_may_ask_is_a_notice():
    lesson, again = held_read(ENG)
    told = {one.body.rule: one.body.severity for one in judge(again, lesson=lesson)}
    assert told == {"net.new_node": "low", "net.rogue_master": "low"}
    lesson, again = held_read(HMI, action="identify")
    assert [one for one in lesson.warnings if "identification" in one]
    (one,) = judge(again, lesson=lesson)
    assert (one.body.rule, one.body.severity) == ("net.new_function", "low")
    assert "it came 2 times while learning and is held for review: fewer than 3 times" in one.body.sentence
    assert "never" not in one.body.sentence, "it did come"


def test_of_a_held_pair_another_request_is_still_another_master():
    rows = [said(100.0 + 1000 * i, ENG, OTHER) for i in range(2)]
    known = [*polling(3600, 10.0), *polling(3600, 10.0, server=OTHER), *polling(3600, 30.0, ENG)]
    lesson = learn(*known, *rows)
    (one,) = judge(said(5, ENG, OTHER), lesson=lesson)
    assert (one.body.rule, one.body.severity) == ("net.rogue_master", "low")
    found = judge(said(5, ENG, OTHER), said(6, ENG, OTHER, function=4), lesson=lesson)
    assert [(one.body.rule, one.body.severity) for one in found] == [
        ("net.rogue_master", "low"),
        ("net.rogue_master", "high"),
    ], "the same episode gets worse"


@pytest.mark.parametrize(
    ("client", "fields", "rule"),
    [
        (OFFICE, {}, "net.rogue_master"),
        (LAPTOP, {}, "net.rogue_master"),
        (ENG, WRITE, "net.unapproved_write"),
        (ENG, {"action": "restart", "function": 8}, "net.unapproved_write"),
    ],
)
def test_what_is_held_of_a_stranger_and_commands_that_are_held_stay_alarms(client, fields, rule):
    lesson, again = held_read(client, **fields)
    found = {one.body.rule: one.body.severity for one in judge(again, lesson=lesson)}
    assert found[rule] == "high"


def test_a_handful_of_values_tells_what_nobody_would_write():
    def lesson_of(n, step=1.0):
        return learn(*polling(3600, 10.0), *[setpoint(60.0 * i, 50.0 + step * (i % 3)) for i in range(n)])

    eight = lesson_of(8)
    (one,) = judge(setpoint(5, 90.0), lesson=eight)
    assert (one.body.rule, one.body.severity) == ("net.value_range", "high")
    assert (
        "in 8 writes while learning it was 50 to 52, from which 45.6251 to 56.1249 may be expected" in one.body.sentence
    )
    assert judge(setpoint(5, 56.0), lesson=eight) == [], "the range of eight is no range"
    assert judge(setpoint(5, 90.0), lesson=lesson_of(7)) == []
    assert judge(setpoint(5, 90.0), lesson=lesson_of(19, 0.0)) == [], "the same again and again has no spread"
    assert raised(judge(setpoint(5, 51.0), lesson=lesson_of(20, 0.0))) == ["net.value_range"]


def test_values_that_are_set_as_one_likes_may_jump():
    """Steps as different as the values: a larger one within the range is no news."""
    values = [40.0, 47.0, 41.0, 44.0, 49.0, 43.0, 46.0, 42.0, 48.0, 45.0, 50.0, 46.0, 47.0, 44.0] * 2
    lesson = learn(*polling(3600, 10.0), *[setpoint(60.0 * i, value) for i, value in enumerate(values, 1)])
    assert max(abs(a - b) for a, b in pairwise(values)) == 7
    assert raised(judge(setpoint(5, 40.5), setpoint(9, 49.5), lesson=lesson)) == []


def test_a_baseline_without_spreads_is_read_and_its_ranges_hold():
    plain = {**LESSON.baseline, "writes": [dict(one) for one in LESSON.baseline["writes"]]}
    for one in plain["writes"]:
        del one["values"], one["steps"]
    detector = NetworkBaselineDetector(site(), None, plain)
    (one,) = detector.update(block(setpoint(5, 62.1)))
    assert (one.body.rule, one.body.severity) == ("net.value_range", "high")
