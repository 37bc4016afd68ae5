"""Registers to numbers: the order of words and bytes, types, bits, sentinels."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.site.process import Register
from infrastress.site.registers import faults_of, number_of, sentinels, width_of

FORMATS = {
    "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
    "float32": "f", "float64": "d",
}  # fmt: skip
ORDERS = ("big", "little")


def register(**fields):
    return Register(controller="PLC", address=0, **fields)


@pytest.mark.parametrize(
    ("word_order", "byte_order", "words"),
    [
        ("big", "big", [0x42F6, 0xE979]),  # ABCD
        ("little", "big", [0xE979, 0x42F6]),  # CDAB
        ("big", "little", [0xF642, 0x79E9]),  # BADC
        ("little", "little", [0x79E9, 0xF642]),  # DCBA
    ],
)
def test_the_four_orders_of_a_float(word_order, byte_order, words):
    """123.456 is 0x42F6E979 in IEEE 754."""
    number = number_of(register(data_type="float32", word_order=word_order, byte_order=byte_order), words)
    assert number == pytest.approx(123.456, rel=1e-7)


@given(
    st.sampled_from(sorted(FORMATS)),
    st.sampled_from(ORDERS),
    st.sampled_from(ORDERS),
    st.binary(min_size=8, max_size=8),
)
def test_every_type_in_every_order(data_type, word_order, byte_order, raw):
    spec = register(data_type=data_type, word_order=word_order, byte_order=byte_order)
    data = raw[: 2 * width_of(spec)]
    (expected,) = struct.unpack(f">{FORMATS[data_type]}", data)
    pairs = [data[i : i + 2] for i in range(0, len(data), 2)]
    if word_order == "little":
        pairs.reverse()
    words = [int.from_bytes(pair, byte_order) for pair in pairs]
    number = number_of(spec, words)
    assert number == expected or (math.isnan(number) and math.isnan(expected))


@given(st.integers(0, 0xFFFF), st.integers(0, 15))
def test_bits_count_from_the_least_significant(word, bit):
    spec = register(data_type="bool", bit=bit)
    assert number_of(spec, [word]) == (word >> bit) % 2
    swapped = register(data_type="bool", bit=bit, byte_order="little")
    assert number_of(swapped, [int.from_bytes(word.to_bytes(2, "big"), "little")]) == (word >> bit) % 2


def test_a_bool_without_bit_is_any_bit():
    spec = register(data_type="bool")
    assert [number_of(spec, [word]) for word in (0, 1, 0x8000)] == [0, 1, 1]


def test_sentinels_are_numbers_of_the_type():
    assert sentinels(register(data_type="int16", bad_values=[0x8000, -1])) == (-32768, -1)
    assert sentinels(register(data_type="uint16", bad_values=[0x8000])) == (32768,)
    assert sentinels(register(data_type="int32", bad_values=[0x80000000])) == (-(2**31),)
    assert sentinels(register(data_type="float32", bad_values=[-9999])) == (-9999,)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"table": "coil", "data_type": "float32"}, "one bit"),
        ({"table": "input", "data_type": "int16", "bit": 3}, "bit is for a bool"),
        ({"table": "holding", "data_type": "float64", "address": 65533}, "ends behind address"),
    ],
)
def test_what_a_register_cannot_be(fields, said):
    (fault,) = faults_of(Register(**{"controller": "PLC", "address": 0, **fields}))
    assert said in fault


@given(st.sampled_from(sorted(FORMATS)), st.integers(0, 65532), st.sampled_from(["holding", "input"]))
def test_what_fits_has_no_fault(data_type, address, table):
    spec = Register(controller="PLC", table=table, address=address, data_type=data_type)
    assert not faults_of(spec)
