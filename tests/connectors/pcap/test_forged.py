"""TCP that is shuffled says the same; TCP that is forged says the same and is told."""

import itertools
import struct
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infrastress.connectors.pcap.reader import CaptureReader
from tests.connectors.pcap.packets import ACK, CLIENT, FIN, PSH, RST, SERVER, SYN, ethernet, mbap, pcap, read, talk, tcp

ENDS = {"c": (CLIENT, SERVER), "s": (SERVER, CLIENT)}
START = {"c": 1001, "s": 7001}
KEPT = ("kind", "sender", "transaction", "function", "address", "value", "ok", "error")
SHAPE = settings(
    max_examples=40, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Sent(NamedTuple):
    """A segment of the conversation: whose, at which sequence number, its bytes, what its sender had received."""

    side: str
    seq: int
    data: bytes
    ack: int

    def packet(self, flags: int = ACK | PSH) -> bytes:
        return ethernet(tcp(*ENDS[self.side], self.seq, self.data, flags, self.ack))


def question(i: int) -> bytes:
    return mbap(i, struct.pack(">BHH", 6, 100 + i, i))


def conversation(rounds: int) -> list[Sent]:
    """One write and its answer a round."""
    at, sent = dict(START), []
    for i in range(rounds):
        for side, other in (("c", "s"), ("s", "c")):
            sent.append(Sent(side, at[side], question(i), at[other]))
            at[side] += len(question(i))
    return sent


OPENING = talk()[:2]


def said(folder: Path, packets: list[bytes]) -> tuple[list[tuple[object, ...]], CaptureReader]:
    rows, reader = read(folder, pcap(packets))
    return [tuple(getattr(row, name) for name in KEPT) for row in rows if row.error != DIFFERS], reader


DIFFERS = "overlapping segments that differ"


@SHAPE
@given(st.data(), st.integers(2, 6), st.sampled_from([1000, 2**32 - 30]))
def test_duplicated_reordered_and_overlapping_segments_say_the_same(
    tmp_path: Path, draw: st.DataObject, rounds: int, start: int
) -> None:
    """All questions in flight at once, then all answers; any cut, order, and repetition of either."""
    text = b"".join(question(i) for i in range(rounds))
    opening = talk(start=start)[:2]
    packets, at = [], {"c": start + 1, "s": start * 7 + 1}
    for side in "cs":
        cuts = sorted({0, len(text), *draw.draw(st.lists(st.integers(0, len(text)), max_size=6))})
        parts = list(itertools.pairwise(cuts))
        again = st.tuples(st.integers(0, len(text) - 1), st.integers(1, 40)).map(lambda p: (p[0], p[0] + p[1]))
        order = draw.draw(st.permutations(parts + draw.draw(st.lists(again, max_size=5))))
        ack = at["s"] if side == "c" else at["c"] + len(text)
        packets += [ethernet(tcp(*ENDS[side], at[side] + a, text[a:b], ACK | PSH, ack)) for a, b in order]
    late = draw.draw(st.lists(st.sampled_from(packets), max_size=3))
    rows, reader = said(tmp_path, [*opening, *packets, *late])
    assert sorted(rows)[1:] == [("transaction", "client", i, 6, 100 + i, float(i), True, None) for i in range(rounds)]
    assert not reader.balance.signs


KINDS = ("reset", "exact reset", "fin", "both fins", "syn", "handshake", "differs", "outside", "ahead")


def attack(draw: st.DataObject, kind: str, sent: list[Sent], place: int) -> tuple[list[bytes], str]:
    """Forged packets before segment `place`, and the sign they have to leave."""
    side = draw.draw(st.sampled_from("cs"))
    other = "s" if side == "c" else "c"
    ends = {s: max((x.seq + len(x.data) for x in sent[:place] if x.side == s), default=START[s]) for s in "cs"}
    far = ends[side] + draw.draw(st.integers(1 << 21, (1 << 32) - (1 << 21)))

    def forged(seq: int, data: bytes, flags: int, ack: int = ends[other], whose: str = side) -> bytes:
        return Sent(whose, seq, data, ack).packet(flags)

    def changed() -> bytes:
        old = draw.draw(st.sampled_from(sent[max(0, place - 3) : place]))
        at = draw.draw(st.integers(0, len(old.data) - 1))
        return old._replace(data=old.data[:at] + bytes([old.data[at] ^ 0x40]) + old.data[at + 1 :]).packet()

    wrong = draw.draw(st.sampled_from([far, ends[side] - 3]))
    attacks = {
        "reset": lambda: ([forged(wrong, b"", RST)], "RST"),
        "exact reset": lambda: ([forged(ends[side], b"", RST | ACK)], "the connection's end"),
        "fin": lambda: ([forged(wrong, b"", FIN | ACK)], "FIN"),
        "both fins": lambda: ([forged(ends[s], b"", FIN | ACK, whose=s) for s in "cs"], "behind"),
        "syn": lambda: ([forged(far, b"", SYN)], "SYN"),
        "handshake": lambda: (
            [forged(far, b"", SYN, whose="c"), forged(77, b"", SYN | ACK, far + 1, "s")],
            "SYN",
        ),
        "differs": lambda: ([changed()], "differ"),
        "outside": lambda: ([forged(far, question(999), ACK | PSH)], "outside"),
        "ahead": lambda: ([forged(ends[side] + 5000 + far % 7, question(999), ACK | PSH)], "never reached"),
    }
    return attacks[kind]()


@pytest.mark.parametrize("kind", KINDS)
@settings(SHAPE, max_examples=10)
@given(draw=st.data(), rounds=st.integers(3, 8))
def test_forged_packets_change_nothing_and_are_told(
    tmp_path: Path, kind: str, draw: st.DataObject, rounds: int
) -> None:
    sent = conversation(rounds)
    place = draw.draw(st.integers(2, len(sent) - 2))
    forged, sign = attack(draw, kind, sent, place)
    true = [segment.packet() for segment in sent]
    plain, _ = said(tmp_path, [*OPENING, *true])
    rows, reader = said(tmp_path, [*OPENING, *true[:place], *forged, *true[place:]])
    connections = [row for row in rows if row[0] == "connection"]
    assert [row for row in rows if row[0] != "connection"] == plain[:-1]
    assert len(connections) == 1 or (len(forged) == 2 and sign == "SYN")
    assert any(sign in name for name in reader.balance.signs), reader.balance.signs


def test_a_longer_forged_segment_is_found_out_by_the_answer(tmp_path: Path) -> None:
    """The bytes at the expected place come first; what the server acknowledges tells which were true."""
    sent = conversation(4)
    forged = sent[2]._replace(data=question(777) * 100)
    packets = [segment.packet() for segment in [*sent[:2], forged, *sent[2:]]]
    rows, reader = said(tmp_path, [*OPENING, *packets])
    assert {row[2] for row in rows if row[0] == "transaction"} == {0, 1, 2, 3}
    assert reader.balance.signs[DIFFERS] == 1


def test_a_connection_begun_anew_on_the_same_ports_is_another(tmp_path: Path) -> None:
    """Its client lost power: a SYN inside what ran, and the server agrees."""
    first = [segment.packet() for segment in conversation(2)]
    again = talk(("c", question(5)), ("s", question(5)), start=900_000)
    rows, reader = read(tmp_path, pcap([*OPENING, *first, *again]))
    assert [row.transaction for row in rows if row.kind == "transaction"] == [0, 1, 5]
    lasted = [(row.packet, row.quantity, row.ok) for row in rows if row.kind == "connection"]
    assert lasted == [(1, 7, True), (7, 6, True)]
    assert reader.balance.signs["a SYN inside a conversation"] == 1


def test_without_the_opening_the_other_end_s_acknowledgement_is_believed(tmp_path: Path) -> None:
    """A megabyte is missing in both directions, then the conversation goes on."""
    sent = conversation(2)
    gap = 1 << 24
    later = [s._replace(seq=s.seq + gap, ack=s.ack + gap, data=question(7)) for s in conversation(1)]
    more = [s._replace(seq=s.seq + gap, ack=s.ack + gap) for s in conversation(3)[2:]]
    rows, _ = said(tmp_path, [*OPENING, *(s.packet() for s in [*sent, *later, *more])])
    assert [row[2] for row in rows if row[0] == "transaction"] == [0, 1, 7, 1, 2]


@pytest.mark.parametrize("ack", [0, 1001])
def test_a_refusal_has_to_acknowledge_the_syn(tmp_path: Path, ack: int) -> None:
    opening = talk()
    refusal = ethernet(tcp(SERVER, CLIENT, 0, flags=RST | ACK, ack=ack))
    rows, reader = read(tmp_path, pcap([opening[0], refusal]))
    assert [row.error for row in rows] == ["refused" if ack else "no answer"]
    assert reader.balance.signs.total() == (not ack)
    answer = [segment.packet() for segment in conversation(1)]
    rows, _ = read(tmp_path, pcap([opening[0], refusal, opening[1], *answer]))
    assert [row.transaction for row in rows if row.kind == "transaction"] == [0]


def test_a_keep_alive_contradicts_nothing(tmp_path: Path) -> None:
    sent = conversation(2)
    probe = Sent("c", sent[2].seq - 1, b"\0", sent[2].ack).packet()
    _, reader = said(tmp_path, [*OPENING, sent[0].packet(), sent[1].packet(), probe, sent[2].packet()])
    assert not reader.balance.signs
