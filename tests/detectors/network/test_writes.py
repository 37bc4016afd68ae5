"""Rules of written values: limits of the site model, points switched again and again."""

import struct

import pytest

from infrastress.site import Site
from tests.detectors.network.saying import HMI, LAPTOP, judge, polling, raised, said, site

WRITE = {"action": "write", "function_name": "write multiple registers", "function": 16, "object": "holding-register"}
COIL = {"action": "write", "function_name": "write single coil", "function": 5, "object": "coil", "quantity": 1}


def with_signals() -> Site:
    """The plant with a pump's set point in two registers, a level in one, a coil."""

    def register(**fields: object) -> dict[str, object]:
        return {"controller": "PLC-1", **fields}

    fields = site().model_dump(mode="python", by_alias=True, exclude_defaults=True)
    fields["assets"] = [
        *fields["assets"],
        {"id": "P-1", "type": "pump"},
        {"id": "T-1", "type": "tank", "height_m": 9, "diameter_m": 9},
    ]
    fields["signals"] = [
        {"id": "SP-1", "asset": "P-1", "kind": "pressure", "unit": "bar", "range": (0, 10), "limits": {"high_high": 8},
         "register": register(address=10, word_order="little")},
        {"id": "LT-1", "asset": "T-1", "kind": "level", "unit": "m", "limits": {"low_low": 1},
         "register": register(address=12, data_type="uint16", factor=0.01)},
        {"id": "XS-1", "asset": "P-1", "kind": "state",
         "register": register(table="coil", address=3, data_type="bool")},
    ]  # fmt: skip
    return Site.model_validate(fields)


def words(value: float) -> list[int]:
    return list(struct.unpack(">2H", struct.pack(">f", value)))[::-1]


@pytest.mark.parametrize(
    ("address", "values", "end"),
    [
        (10, words(8.5), "wrote SP-1 = 8.5 bar to PLC-1 (10.20.10.11), above its limit high-high, 8"),
        (10, words(11), "wrote SP-1 = 11 bar to PLC-1 (10.20.10.11), above the end of its range, 10"),
        (8, [0, 0, *words(-1)], "wrote SP-1 = -1 bar to PLC-1 (10.20.10.11), below the begin of its range, 0"),
        (10, words(float("nan")), "wrote SP-1 = nan bar to PLC-1 (10.20.10.11), no number"),
        (12, [99], "wrote LT-1 = 0.99 m to PLC-1 (10.20.10.11), below its limit low-low, 1"),
    ],
)
def test_a_value_beyond_a_limit_of_the_signal_is_told_with_its_number(address, values, end):
    row = said(5, **WRITE, address=address, quantity=len(values), value=values[0], values=values)
    (one,) = judge(row, given=with_signals())
    assert one.body.rule == "net.write_limit"
    assert one.body.techniques == ("T0836",)
    assert one.body.sentence == f"HMI-1 (10.20.20.21) {end}"
    assert one.assets[0] in ("P-1", "T-1")


def test_values_within_limits_half_a_number_another_table_and_a_refusal_say_nothing():
    rows = [
        said(1, **WRITE, address=10, quantity=2, values=words(7)),
        said(2, **WRITE, address=11, quantity=1, value=65_535),
        said(3, **{**WRITE, "object": "coil"}, address=10, quantity=2, values=words(11)),
        said(4, **WRITE, address=10, quantity=2, values=words(11), ok=False),
        said(5, server="10.20.10.12", **WRITE, address=10, quantity=2, values=words(11)),
    ]
    assert judge(*rows, given=with_signals()) == []


def test_a_strangers_write_names_the_signal_and_the_asset_it_moves():
    row = said(5, LAPTOP, **WRITE, address=10, quantity=2, values=words(7))
    found = {one.body.rule: one for one in judge(row, given=with_signals())}
    assert "write multiple registers, SP-1 = 7 bar (packet" in found["net.stranger_command"].body.sentence
    assert found["net.stranger_command"].assets == ("P-1", "PLC-1")


def toggles(begin: float, n: int, every: float = 1.0, client: str = HMI, **fields: object) -> list:
    return [
        said(begin + i * every, client, **{**COIL, "address": 3, "value": float(i % 2), **fields}) for i in range(n)
    ]


def test_a_point_that_is_switched_again_and_again_is_told_and_one_that_is_only_repeated_is_not():
    before = polling(900)
    (one,) = judge(*before, *toggles(720, 10))
    assert one.body.rule == "net.brute_force"
    assert one.body.techniques == ("T0806",)
    assert "changed coil 3 of unit 1 of PLC-1 (10.20.10.11) 10 times within 9 s" in one.body.sentence
    assert judge(*before, *toggles(720, 9)) == []
    assert judge(*before, *toggles(720, 10, every=7)) == []
    assert judge(*before, *toggles(720, 30, value=1.0)) == []
    assert judge(*before, *toggles(720, 10, ok=False, address=4)) == []


def test_a_heartbeat_is_left_alone_also_after_a_pause():
    assert judge(*polling(3000), *toggles(5, 900), *toggles(2000, 400)) == []


def test_the_first_minutes_of_a_source_tell_nothing_but_of_strangers():
    assert judge(*toggles(30, 12)) == []
    assert "net.brute_force" in raised(judge(*toggles(30, 12, client=LAPTOP)))


def test_many_points_one_after_the_other_are_told():
    walk = [said(720 + i, **{**COIL, "address": i, "value": 1.0}) for i in range(20)]
    (one,) = judge(*polling(900), *walk)
    assert "wrote to 20 points of PLC-1 (10.20.10.11) one after the other" in one.body.sentence
    assert judge(*polling(900), *walk[:19]) == []
