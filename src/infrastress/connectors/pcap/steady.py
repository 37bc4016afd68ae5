"""Modbus conversations that run as they should, a chunk's packets at once: the fast path beside `talk`.

A conversation is steady in a chunk when all its packets are: in order, each payload one whole message of a common
function, requests and responses by turns. What isn't, and the first and last message where the chunk cuts a
transaction, goes packet by packet. Rows, counts and state are the same either way; a test compares them.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from infrastress.connectors.pcap.balance import Outcome
from infrastress.connectors.pcap.capture import Chunk
from infrastress.connectors.pcap.layers import Fate, Headers
from infrastress.connectors.pcap.protocols.base import Message
from infrastress.connectors.pcap.protocols.modbus import ModbusDissector
from infrastress.connectors.pcap.protocols.modbus_codes import EXCEPTIONS, FUNCTIONS, TABLES
from infrastress.connectors.pcap.talk import Half, Talk
from infrastress.events.network import SCHEMA, columns_of
from infrastress.events.network_terms import Kind, Protocol, Sender, Transport

__all__ = ["LEAST", "Steady", "steady"]

LEAST: Final = 16
"""Packets of a conversation in a chunk from which on columns are worth it."""
_READS, _SINGLE, _MULTIPLE = (1, 2, 3, 4), (5, 6), (15, 16)
_CODES: Final = (*_READS, *_SINGLE, *_MULTIPLE)
_ACK, _OTHERS = 16, 7  # FIN, SYN, RST
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]


class Steady(NamedTuple):
    """What was read.

    Attributes:
        packets: indices within the chunk that are done.
        columns: rows of `SCHEMA`. completed: the index at which each was complete.
    """

    packets: Ints
    columns: pa.RecordBatch
    completed: Ints


class _Packets(NamedTuple):
    """Packets of the conversations that may be steady, sorted by conversation, then as captured.

    Attributes:
        place: index within the chunk. half, talk: numbers in the lists of `_Ends`. begin, size: of the payload.
    """

    place: Ints
    half: Ints
    talk: Ints
    client: Bools
    begin: Ints
    size: Ints

    def where(self, which: Any) -> "_Packets":
        return _Packets(*(column[which] for column in self))


class _Ends(NamedTuple):
    """The halves and talks that packets are numbered by."""

    halves: list[Half]
    talks: list[Talk]


def steady(chunk: Chunk, h: Headers, halves: dict[bytes, Half], run: Callable[[Ints], None]) -> Steady | None:
    """Read what is steady; None where nothing is.

    Args:
        chunk: packets.
        h: their headers.
        halves: the open TCP conversations; those that are steady go on in place.
        run: reads packets, given by index, one by one: the first response where its request came before the chunk.
    """
    if (h.fate == Fate.FRAGMENT).any():  # one may complete a segment of any conversation
        return None
    octets = np.frombuffer(chunk.data, np.uint8)
    found = _calm(chunk, h, octets, halves)
    if found is None:
        return None
    packets, ends = found
    data = packets.where(packets.size > 0)
    good = np.bincount(packets.talk, minlength=len(ends.talks)) >= LEAST
    good[packets.talk[~_in_order(packets, h, ends)]] = False
    good[data.talk[~_whole(data, octets)]] = False
    turns = _turns(data, octets, good, ends)
    kept = np.zeros(len(good), bool)
    kept[turns.talk] = True
    packets = packets.where(kept[packets.talk])
    if not len(packets.place):
        return None
    first, last = np.full(len(kept), -1), np.full(len(kept), len(chunk.start))
    first[turns.talk], last[turns.talk] = turns.late, np.where(turns.open < 0, len(chunk.start), turns.open)
    packets = packets.where(packets.place < last[packets.talk])
    early = packets.place <= first[packets.talk]
    run(packets.place[early])
    _go_on(packets.where(~early), chunk, h, ends)
    return Steady(packets.place, _rows(turns.ask, turns.reply, octets, chunk, ends), turns.reply.place)


def _u16(octets: Bytes, at: Ints) -> Ints:
    return octets[at].astype(np.int64) << 8 | octets[at + 1]


def _u32(octets: Bytes, at: Ints) -> Ints:
    return _u16(octets, at) << 16 | _u16(octets, at + 2)


def _calm(chunk: Chunk, h: Headers, octets: Bytes, halves: dict[bytes, Half]) -> tuple[_Packets, _Ends] | None:
    """Packets of Modbus conversations in which nothing waits, is doubted or is about to end."""
    index = np.flatnonzero((h.fate == Fate.TCP) & (h.version == 4))
    if len(index) < LEAST:
        return None
    network, transport, vlan = h.network[index], h.transport[index], h.vlan[index]
    pair = np.unique(_u32(octets, network + 12) << 32 | _u32(octets, network + 16), return_inverse=True)[1]
    ports = np.unique(_u32(octets, transport) | vlan + 1 << 32, return_inverse=True)[1]
    _, begins, code = np.unique(pair * (ports.max() + 1) + ports, return_index=True, return_inverse=True)
    ends, numbers = _Ends([], []), dict[int, int]()
    half_of, talk_of = np.full(len(begins), -1, np.int64), np.full(len(begins), -1, np.int64)
    for one, i in enumerate(begins.tolist()):
        at, to = int(network[i]) + 12, int(transport[i])
        key = chunk.data[at : at + 8] + chunk.data[to : to + 4]
        half = halves.get(key if vlan[i] < 0 else key + int(vlan[i]).to_bytes(2, "big"))
        if half is None or not _is_calm(half):
            continue
        number = numbers.setdefault(id(half.talk), len(numbers))
        if number == len(ends.talks):
            ends.talks.append(half.talk)
        half_of[one], talk_of[one] = len(ends.halves), number
        ends.halves.append(half)
    talk = talk_of[code]
    order = np.argsort(talk, kind="stable")
    order = order[np.searchsorted(talk[order], 0) :]
    if not len(order):
        return None
    index, half_number = index[order], half_of[code[order]]
    client = np.array([half.client for half in ends.halves])[half_number]
    begin = h.payload[index]
    return _Packets(index, half_number, talk[order], client, begin, h.stop[index] - begin), ends


def _is_calm(half: Half) -> bool:
    talk, peer = half.talk, half.peer
    return (
        type(talk.dissector) is ModbusDissector
        and len(talk.dissector.waiting) <= 1
        and not (talk.closed or talk.ending or talk.refused)
        and peer is not half
        and half.calm
        and peer.calm
    )


def _in_order(packets: _Packets, h: Headers, ends: _Ends) -> Bools:
    """bool[n]: a plain segment with what is expected next, or a plain acknowledgement."""
    flags = h.flags[packets.place]
    plain = (flags & (_ACK | _OTHERS) == _ACK) & (h.missing[packets.place] == 0)
    order = np.argsort(packets.half, kind="stable")
    half, size = packets.half[order], packets.size[order]
    before = np.cumsum(size) - size
    begins = np.searchsorted(half, np.arange(len(ends.halves)))
    expected = np.array([(half.stream.next if half.stream else None) or 0 for half in ends.halves], np.int64)
    at = np.empty_like(size)
    at[order] = expected[half] + before - before[begins[half]]
    found: Bools = plain & ((packets.size == 0) | (h.sequence[packets.place] == at & 0xFFFF_FFFF))
    return found


def _whole(data: _Packets, octets: Bytes) -> Bools:
    """bool[n]: the payload is one sound message of a common function."""
    sized = (data.size >= 9) & (data.size <= 260)
    at, size = np.where(sized, data.begin, 0), data.size  # where it is no message, there is something to look at
    behind = np.minimum(at + 12, len(octets) - 1)
    function, count, octet_count = octets[at + 7], octets[at + 8].astype(np.int64), octets[behind].astype(np.int64)
    number = _u16(octets, behind - 2)
    read, single, multiple = (np.isin(function, codes) for codes in (_READS, _SINGLE, _MULTIPLE))
    single &= (size == 12) & ((function == 6) | np.isin(number, (0, 0xFF00)))
    fits = np.where(function == 15, number <= 8 * octet_count, 2 * number == octet_count)
    asked = (read & (size == 12)) | (multiple & (size >= 13) & (octet_count == size - 13) & fits)
    told = (read & (count == size - 9) & ((function <= 2) | (count % 2 == 0))) | (multiple & (size == 12))
    refused = (size == 9) & (function >= 128) & np.isin(function & 127, _CODES)
    framed = sized & (_u16(octets, at + 2) == 0) & (_u16(octets, at + 4) == size - 6)
    found: Bools = framed & (single | np.where(data.client, asked, told | refused))
    return found


class _Turns(NamedTuple):
    """Transactions of the conversations in which request and response take turns.

    Attributes:
        talk: numbers of those conversations. late: index of the first packet where it answers what came before the
            chunk, else -1. open: index of the last where it waits for what comes behind the chunk, else -1.
        ask, reply: packets, one each a transaction.
    """

    talk: Ints
    late: Ints
    open: Ints
    ask: _Packets
    reply: _Packets


def _turns(data: _Packets, octets: Bytes, good: Bools, ends: _Ends) -> _Turns:
    data = data.where(good[data.talk])
    talk, begins, count = np.unique(data.talk, return_index=True, return_counts=True)
    within = np.arange(len(data.talk)) - np.repeat(begins, count)
    late = ~data.client[begins]
    bad = data.client != (within % 2 == np.repeat(late, count))
    tied = _u16(octets, data.begin) << 16 | octets[data.begin + 6].astype(np.int64) << 8 | octets[data.begin + 7] & 127
    asks = np.flatnonzero(data.client & (within + 1 < np.repeat(count, count)))
    bad[asks] |= tied[asks] != tied[asks + 1]
    fine = np.ones(len(good), bool)
    fine[data.talk[bad]] = False
    for number, i, answers in zip(talk.tolist(), begins.tolist(), late.tolist(), strict=True):
        fine[number] &= _answers(ends.talks[number], int(tied[i])) if answers else not _waiting(ends.talks[number])
    behind = begins + count - 1
    keep, asks = fine[talk], asks[fine[data.talk[asks]]]
    first = np.where(late, data.place[begins], -1)[keep]
    last = np.where(data.client[behind], data.place[behind], -1)[keep]
    return _Turns(talk[keep], first, last, data.where(asks), data.where(asks + 1))


def _waiting(talk: Talk) -> Mapping[Hashable, Message]:
    return talk.dissector.waiting if talk.dissector is not None else {}


def _answers(talk: Talk, tied: int) -> bool:
    """Whether the one request that waits is answered by this transaction, unit and function."""
    request = _waiting(talk).get((tied >> 16, tied >> 8 & 255))
    return request is not None and request.function == tied & 127


def _go_on(packets: _Packets, chunk: Chunk, h: Headers, ends: _Ends) -> None:
    """Conversations and their halves as if the packets had been read one by one."""
    time, number = chunk.time[packets.place], chunk.first + packets.place
    for rows in _groups(packets.talk):
        talk, sizes = ends.talks[int(packets.talk[rows.start])], packets.size[rows]
        told = np.flatnonzero(sizes)
        talk.last = max(talk.last, int(time[rows].max()))
        talk.packets += len(sizes)
        talk.payload += int(sizes.sum())
        talk.counts[Outcome.DECODED, ""] += len(told)
        if len(told) < len(sizes):
            talk.counts[Outcome.DECODED, "no payload"] += len(sizes) - len(told)
        if len(told):
            talk.time, talk.packet = int(time[rows][told[-1]]), int(number[rows][told[-1]])
    order = np.argsort(packets.half, kind="stable")
    for rows in _groups(packets.half[order]):
        mine = order[rows]
        half = ends.halves[int(packets.half[mine[0]])]
        half.ack, half.ack_time = int(h.ack[packets.place[mine[-1]]]), int(time[mine[-1]])
        mine = mine[packets.size[mine] > 0]
        if len(mine) and half.stream is not None:
            begin, sequence = packets.begin[mine].tolist(), h.sequence[packets.place[mine]].tolist()
            parts = [chunk.data[b : b + n] for b, n in zip(begin, packets.size[mine].tolist(), strict=True)]
            half.stream.went_on(sequence, parts, int(time[mine[-1]]))


def _groups(sorted_numbers: Ints) -> Iterator[slice]:
    begins = np.flatnonzero(np.diff(sorted_numbers, prepend=-1)).tolist()
    for begin, end in zip(begins, [*begins[1:], len(sorted_numbers)], strict=True):
        yield slice(begin, end)


_NAME_OF: Final = np.full(256, -1, np.int32)
_NAME_OF[list(_CODES)] = range(len(_CODES))
_NAMES: Final = {
    "function_name": [FUNCTIONS[code][0] for code in _CODES],
    "action": [str(FUNCTIONS[code][1]) for code in _CODES],
    "object": [TABLES[code] for code in _CODES],
}
_REASONS: Final = [EXCEPTIONS.get(code, f"exception {code}") for code in range(256)]
_HEAD: Final = ("client", "server", "client_port", "server_port", "client_mac", "server_mac", "vlan", "outer_vlan")


def _rows(ask: _Packets, reply: _Packets, octets: Bytes, chunk: Chunk, ends: _Ends) -> pa.RecordBatch:
    """Transactions by `SCHEMA`, in the order of `ask`."""
    at, back = ask.begin, reply.begin
    function, code, refused = octets[at + 7], octets[back + 8], octets[back + 7] >= 128
    quantity = np.where(np.isin(function, _SINGLE), 1, _u16(octets, at + 10))
    value, values = _values(octets, ask, reply, quantity)
    words = {name: pa.DictionaryArray.from_arrays(_NAME_OF[function], words) for name, words in _NAMES.items()}
    heads = zip(*(talk.head for talk in ends.talks), strict=True)
    always = {
        "kind": Kind.TRANSACTION,
        "protocol": Protocol.MODBUS,
        "transport": Transport.TCP,
        "sender": Sender.CLIENT,
        "capture": ends.talks[0].capture,
    }
    same = pa.array(np.zeros(len(at), np.int32))
    return columns_of(
        {name: _array(name, list(column)).take(pa.array(ask.talk)) for name, column in zip(_HEAD, heads, strict=True)}
        | {name: pa.DictionaryArray.from_arrays(same, [str(word)]) for name, word in always.items()}
        | words
        | {
            "time": chunk.time[ask.place],
            "response_ns": chunk.time[reply.place] - chunk.time[ask.place],
            "transaction": _u16(octets, at),
            "unit": octets[at + 6].astype(np.int64),
            "function": function.astype(np.int32),
            "address": _u16(octets, at + 8),
            "quantity": quantity,
            "value": value,
            "values": values,
            "ok": ~refused,
            "exception": pa.array(code.astype(np.int64), mask=~refused),
            "error": pa.DictionaryArray.from_arrays(pa.array(code.astype(np.int32), mask=~refused), _REASONS),
            "bytes": ask.size + reply.size,
            "packet": chunk.first + ask.place,
            "response_packet": chunk.first + reply.place,
        }
    )


def _array(name: str, column: list[Any]) -> pa.Array:
    kind = SCHEMA.field(name).type
    return pa.array(column, pa.string()).dictionary_encode() if pa.types.is_dictionary(kind) else pa.array(column, kind)


def _values(octets: Bytes, ask: _Packets, reply: _Packets, quantity: Ints) -> tuple[pa.Array, pa.Array]:
    """The first value, and all where there are more: of a read's answer, else of what was written."""
    function, refused = octets[ask.begin + 7], octets[reply.begin + 7] >= 128
    read, single, bits = function <= 4, np.isin(function, _SINGLE), np.isin(function, (1, 2, 15))
    octet_count = octets[reply.begin + 8].astype(np.int64)
    answered = np.where(bits, np.where((quantity + 7) // 8 == octet_count, quantity, 8 * octet_count), octet_count // 2)
    count = np.where(read, np.where(refused, 0, answered), np.where(single, 1, quantity))
    written = np.where(single, np.where(refused, ask.begin, reply.begin) + 10, ask.begin + 13)
    begin = np.where(read, reply.begin + 9, written)
    row, first = np.repeat(np.arange(len(count)), count), np.cumsum(count) - count
    within = np.arange(len(row)) - first[row]
    place = begin[row] + np.where(bits[row], within >> 3, 2 * within)
    word = octets[place].astype(np.float64) * 256 + octets[np.minimum(place + 1, len(octets) - 1)]
    flat = np.where(bits[row], octets[place] >> (within & 7) & 1, np.where(function[row] == 5, word > 0, word))
    none, one = count == 0, count <= 1
    value = np.zeros(len(count))
    value[~none] = flat[first[~none]]
    bounds = np.concatenate([[0], np.cumsum(np.where(one, 0, count))]).astype(np.int32)
    several = pa.array(flat[~one[row]])
    return pa.array(value, mask=none), pa.ListArray.from_arrays(bounds, several, mask=pa.array(one))
