import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.connectors.pcap import stream as module
from infrastress.connectors.pcap.stream import Stream


@settings(max_examples=150, deadline=None)
@given(st.data(), st.binary(min_size=1, max_size=60), st.sampled_from([0, 1000, 2**32 - 20]))
def test_any_split_order_and_duplication_gives_the_same_bytes(draw: st.DataObject, data: bytes, first: int) -> None:
    spans = st.tuples(st.integers(0, len(data) - 1), st.integers(1, 20))
    extra = draw.draw(st.lists(spans, max_size=12))
    cuts = sorted({0, len(data), *draw.draw(st.lists(st.integers(0, len(data)), max_size=8))})
    parts = [(a, data[a:b]) for a, b in itertools.pairwise(cuts)]
    parts += [(at, data[at : at + size]) for at, size in extra]
    parts = draw.draw(st.permutations(parts))
    stream, out, counted, nothing = Stream(first), b"", 0, 0
    for i, (at, part) in enumerate(parts):
        pieces = stream.add((first + at) % 2**32, part, i, i)
        nothing += pieces is None
        for piece in pieces or ():
            assert not piece.gap
            out += piece.data
            counted += piece.counts
    assert out == data
    assert counted + nothing == len(parts)
    assert stream.waiting == 0
    assert stream.rest() == []


def test_the_first_copy_of_a_byte_wins() -> None:
    stream = Stream(0)
    assert stream.add(2, b"CC", 0, 1) == []
    assert stream.add(1, b"xxxx", 0, 2) == []
    assert b"".join(piece.data for piece in stream.add(0, b"AB", 0, 3) or ()) == b"AxCCx"


def test_a_gap_is_given_up_after_a_time_a_number_or_bytes() -> None:
    late = Stream(0)
    assert late.add(10, b"a", 0, 1) == []
    assert [piece.gap for piece in late.add(11, b"b", module.GAP_NS + 1, 2) or ()] == [True, False]
    many = Stream(0)
    given_up = [many.add(2 * i + 2, b"a", 0, i) for i in range(module.OPEN_SEGMENTS + 1)]
    assert all(pieces == [] for pieces in given_up[:-1])
    assert given_up[-1][0].gap
    big = Stream(0)
    assert big.add(5, bytes(module.OPEN_BYTES + 1), 0, 1)[0].gap


def test_the_rest_comes_out_at_the_end() -> None:
    stream = Stream(0)
    stream.add(5, b"x", 0, 1)
    stream.add(9, b"y", 0, 2)
    assert [(piece.data, piece.gap) for piece in stream.rest()] == [(b"x", True), (b"y", True)]
