"""The fast path for steady conversations says, counts and remembers what the path packet by packet does."""

import random
import struct

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from infrastress.connectors.pcap import capture, dissection, steady
from infrastress.connectors.pcap.balance import CaptureBalance
from infrastress.events.network import NetworkRow
from tests.connectors.pcap.packets import ACK, FIN, PSH, SYN, ethernet, ipv6, mbap, pcap, read, tcp

ODD = ("duplicate", "drop", "swap", "exception", "identity", "pipeline", "no answer", "split", "wrong answer", "broken",
       "fin", "renumbered", "two in one", "urgent coil", "forged", "miscounted")  # fmt: skip


def question(chance: random.Random) -> tuple[bytes, bytes]:
    """A request's and its response's PDU."""
    function, address, n = chance.choice([1, 2, 3, 4, 5, 6, 15, 16]), chance.randrange(65_536), chance.randrange(20)
    if function <= 2:
        octets = chance.choice([(n + 7) // 8, chance.randrange(4)])
        return struct.pack(">BHH", function, address, n), bytes([function, octets]) + chance.randbytes(octets)
    if function <= 4:
        return struct.pack(">BHH", function, address, n), bytes([function, 2 * n]) + chance.randbytes(2 * n)
    if function <= 6:
        value = chance.choice([0, 0xFF00]) if function == 5 else chance.randrange(65_536)
        return (struct.pack(">BHH", function, address, value),) * 2
    octets = (n + 7) // 8 if function == 15 else 2 * n
    return struct.pack(">BHHB", function, address, n, octets) + chance.randbytes(octets), struct.pack(
        ">BHH", function, address, n
    )


def messages(chance: random.Random, turn: int, name: str) -> tuple[bytes, bytes]:
    """A request and its response; `name` says what is unusual about them."""
    ask, reply = question(chance)
    mine = mbap(turn % 3, ask, chance.choice([1, 2]))
    if name == "exception":
        reply = bytes([ask[0] | 128, chance.randrange(1, 13)])
    elif name == "identity":
        mine, reply = mbap(turn % 3, bytes.fromhex("2b0e0100")), bytes.fromhex("2b0e0101000001000341434d")
    elif name == "wrong answer":
        reply = bytes([3, 2, 0, 1]) if ask[0] != 3 else bytes([4, 2, 0, 1])
    elif name == "urgent coil":
        mine = mbap(turn % 3, struct.pack(">BHH", 5, 1, 7))
    elif name == "broken":
        mine = mbap(turn % 3, ask[:-1])
    elif name == "miscounted":
        function, n = chance.choice([15, 16]), chance.choice([3, 40])
        mine = mbap(turn % 3, struct.pack(">BHHB", function, 1, n, 4) + bytes(4))
        reply = struct.pack(">BHH", function, 1, n)
    return mine, mbap(turn % 3, reply, mine[6])


def segments(name: str, ask: bytes, reply: bytes) -> list[tuple[str, bytes]]:
    """What each side sends."""
    again = (500).to_bytes(2, "big")
    return {
        "pipeline": [("c", ask), ("c", again + ask[2:]), ("s", reply), ("s", again + reply[2:])],
        "two in one": [("c", ask + ask), ("s", reply)],
        "split": [("c", ask[:5]), ("c", ask[5:]), ("s", reply)],
        "no answer": [("c", ask)],
    }.get(name, [("c", ask), ("s", reply)])


def conversation(chance: random.Random, number: int, turns: int, odd: dict[int, str]) -> list[bytes]:
    """A connection's packets; `odd` names the turn at which something unusual happens."""
    ends = {"c": (f"10.0.0.{number}", 40_000 + number), "s": ("10.0.1.1", 502)}
    other, at, packets = {"c": "s", "s": "c"}, {"c": 2**32 - 300, "s": 77}, []

    def send(side: str, data: bytes, flags: int = ACK | PSH) -> None:
        packets.append(tcp(ends[side], ends[other[side]], at[side], data, flags, at[other[side]]))
        at[side] += len(data) + (flags & (SYN | FIN) > 0)

    send("c", b"", SYN)
    send("s", b"", SYN | ACK)
    for turn in range(turns):
        name = odd.get(turn, "")
        ask, reply = messages(chance, turn, name)
        for side, data in segments(name, ask, reply):
            send(side, data)
        if chance.random() < 0.5:
            send("c", b"", ACK)
        if name == "fin":
            send("c", b"", FIN | ACK)
        elif name == "duplicate":
            packets.append(chance.choice(packets))
        elif name == "drop":
            packets.pop(chance.randrange(len(packets)))
        elif name == "swap":
            packets[-1], packets[-2] = packets[-2], packets[-1]
        elif name == "renumbered":
            at["s"] += 5000
        elif name == "forged":
            packets.append(tcp(ends["s"], ends["c"], at["s"] - chance.randrange(40), reply, ACK, at["c"]))
    return [ethernet(packet, *([(0x8100, 7)] if number % 2 else [])) for packet in packets]


def both(folder, data, monkeypatch) -> list[tuple[list[NetworkRow], CaptureBalance]]:
    said = []
    for quick in (True, False):
        with monkeypatch.context() as patch:
            if not quick:
                patch.setattr(dissection, "steady", lambda *_: None)
            rows, reader = read(folder, data)
            said.append((rows, reader.balance))
    return said


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("steady")


@given(
    st.integers(0, 2**32),
    st.lists(st.dictionaries(st.integers(0, 59), st.sampled_from(ODD), max_size=4), min_size=1, max_size=4),
    st.sampled_from([7, 32, 100, 1000]),
)
@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_rows_and_balance_are_those_of_the_slow_path(folder, seed, oddities, size):
    chance = random.Random(seed)
    talks = [conversation(chance, number, 60, odd) for number, odd in enumerate(oddities, 1)]
    whole, rest = [], [talk[::-1] for talk in talks]
    while rest := [talk for talk in rest if talk]:
        whole.append(chance.choice(rest).pop())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(capture, "CHUNK_PACKETS", size)
        patch.setattr(steady, "LEAST", 4)
        quick, slow = both(folder, pcap(whole), patch)
    assert quick == slow


@pytest.mark.parametrize("name", ["wrong answer", "no answer", "pipeline"])
def test_a_chunk_may_end_anywhere(folder, name, monkeypatch):
    """Where a request came before the cut, its answer, or what is none, comes behind it."""
    packets = conversation(random.Random(3), 1, 60, {20: name})
    monkeypatch.setattr(steady, "LEAST", 4)
    said = set()
    for size in range(30, 70):
        monkeypatch.setattr(capture, "CHUNK_PACKETS", size)
        (quick, _), (slow, _) = both(folder, pcap(packets), monkeypatch)
        assert quick == slow
        said.add(str(quick))
    assert len(said) == 1


def test_steady_polling_is_read_in_columns_and_another_protocol_is_not(folder, monkeypatch):
    """Most of a plain conversation goes the fast way: else the test above compares nothing."""
    monkeypatch.setattr(capture, "CHUNK_PACKETS", 100)
    taken = []

    def seen(*args):
        found = steady.steady(*args)
        taken.append(0 if found is None else len(found.packets))
        return found

    monkeypatch.setattr(dissection, "steady", seen)
    packets = conversation(random.Random(1), 1, 400, {})
    rows, reader = read(folder, pcap(packets))
    assert sum(taken) > 0.8 * len(packets)
    assert sum(row.kind == "transaction" for row in rows) == 400
    assert [row.response_packet for row in rows[:-1]] == sorted(row.response_packet for row in rows[:-1])
    taken.clear()
    read(folder, pcap([ethernet(ipv6(6, packet[38:]), kind=0x86DD) for packet in packets]))
    assert not sum(taken)
    assert reader.balance.packets == len(packets)


def test_a_fragment_or_a_full_table_sends_all_the_slow_way(folder, monkeypatch):
    monkeypatch.setattr(capture, "CHUNK_PACKETS", 100)
    packets = conversation(random.Random(2), 1, 100, {})
    (quick, _), (slow, _) = both(folder, pcap(packets), monkeypatch)
    assert quick == slow
    path = folder / "full.pcap"
    path.write_bytes(pcap(packets))
    few, _ = read(folder, pcap(packets), max_talks=1)
    assert few == slow
