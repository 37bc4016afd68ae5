import gzip
import struct
from pathlib import Path

import pytest

from infrastress.connectors.pcap import capture as module
from infrastress.connectors.pcap.capture import Capture
from infrastress.core.errors import InputError
from tests.connectors.pcap.packets import (
    BASE,
    CLIENT,
    SERVER,
    SYN,
    ethernet,
    ipv4,
    ipv6,
    mbap,
    pcap,
    pcapng,
    read,
    talk,
    tcp,
    udp,
)

READ = mbap(7, bytes.fromhex("0300640002"))
ANSWER = mbap(7, bytes.fromhex("030400110012"))
TALK = talk(("c", READ), ("s", ANSWER))


def only(rows: list, kind: str = "transaction"):
    [row] = [row for row in rows if row.kind == kind]
    return row


@pytest.mark.parametrize(
    "data",
    [
        *(pcap(TALK, order=order, nano=nano) for order in "<>" for nano in (False, True)),
        *(pcapng(TALK, order=order, sections=n) for order in "<>" for n in (1, 2)),
        pcapng(TALK, resolution=6),
        pcapng(TALK, resolution=128 | 30),
        gzip.compress(pcap(TALK)),
    ],
)
def test_every_form_of_file_says_the_same(tmp_path: Path, data: bytes) -> None:
    row = only(read(tmp_path, data)[0])
    assert abs(row.time - (BASE + 2_000_000)) < 1000
    assert abs(row.response_ns - 1_000_000) < 1000
    assert (row.client, row.client_port, row.server, row.server_port) == (*CLIENT, *SERVER)
    assert (row.client_mac, row.server_mac, row.packet, row.response_packet) == (
        "02:00:00:00:00:01",
        "02:00:00:00:00:02",
        3,
        4,
    )
    assert (row.function, row.address, row.quantity, row.values) == (3, 100, 2, [17.0, 18.0])


IP = [packet[14:] for packet in TALK]


@pytest.mark.parametrize(
    ("link", "packets"),
    [
        (101, IP),
        (228, IP),
        (0, [struct.pack("<I", 2) + packet for packet in IP]),
        (108, [struct.pack(">I", 2) + packet for packet in IP]),
        (113, [bytes(14) + b"\x08\0" + packet for packet in IP]),
        (276, [b"\x08\0" + bytes(18) + packet for packet in IP]),
        (113, [bytes(14) + b"\x81\0\0\x05\x08\0" + packet for packet in IP]),
    ],
)
def test_link_types(tmp_path: Path, link: int, packets: list[bytes]) -> None:
    assert only(read(tmp_path, pcap(packets, link=link))[0]).address == 100


def test_vlan_tags_and_stacked_ones(tmp_path: Path) -> None:
    one = only(read(tmp_path, pcap([ethernet(packet, (0x8100, 0x2005)) for packet in IP]))[0])
    two = only(read(tmp_path, pcap([ethernet(packet, (0x88A8, 7), (0x8100, 5)) for packet in IP]))[0])
    assert (one.vlan, one.outer_vlan, two.vlan, two.outer_vlan) == (5, None, 5, 7)


def test_ipv6_behind_extension_headers(tmp_path: Path) -> None:
    segments = [packet[20:] for packet in IP[2:4]]
    hop = b"\x3c\0" + bytes(6)  # hop by hop, then destination options, then TCP
    last = b"\x06\x01" + bytes(14)
    ends = ((1, 2), (2, 1))
    packets = [ethernet(ipv6(0, hop + last + s, *pair), kind=0x86DD) for s, pair in zip(segments, ends, strict=True)]
    row = only(read(tmp_path, pcap(packets))[0])
    assert (row.client, row.server, row.address) == ("::1", "::2", 100)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 1, 2, 0)])
def test_fragments_in_any_order(tmp_path: Path, order: tuple[int, ...]) -> None:
    body = udp(CLIENT, ("10.0.0.2", 20000), bytes.fromhex("056405c00100000004e9"))[20:] + bytes(30)
    body = body[:4] + struct.pack(">H", len(body)) + body[6:]
    parts = [
        ipv4(
            "10.0.0.1",
            "10.0.0.2",
            17,
            body[at : at + 16],
            field=at // 8 | (0x2000 if at + 16 < len(body) else 0),
            name=9,
        )
        for at in range(0, len(body), 16)
    ]
    _, reader = read(tmp_path, pcap([ethernet(parts[i]) for i in order]))
    assert reader.balance.counts["ip", "decoded", "fragment"] == len(order) - 1


def test_fragments_that_never_become_whole_are_dropped_and_counted(tmp_path: Path) -> None:
    flood = [ethernet(ipv4("10.0.0.1", "10.0.0.2", 17, bytes(8), field=0x2000, name=i)) for i in range(3000)]
    _, reader = read(tmp_path, pcap(flood))
    assert reader.balance.counts["ip", "dropped", "fragments that never became whole"] == 3000


@pytest.mark.parametrize("data", [pcap(TALK), pcapng(TALK)])
def test_a_capture_cut_anywhere_keeps_what_was_before(tmp_path: Path, data: bytes) -> None:
    whole = len(read(tmp_path, data)[0])
    for cut in range(1, len(data)):
        path = tmp_path / "cut.pcap"
        path.write_bytes(data[:cut])
        source = Capture(path)
        try:
            chunks = list(source)
        except InputError:
            assert cut < 4
            continue
        assert source.packets == sum(len(chunk.start) for chunk in chunks)
        assert source.packets < 6 or cut == len(data)
        assert source.fault is None or (f"{source.fault}".startswith("capture truncated") and source.fault_at == cut)
    assert whole == 2
    _, reader = read(tmp_path, data[:-3])
    assert (
        reader.balance.fault
        == f"capture truncated within a {'record' if data[0] == 0xD4 else 'block'}, at byte {len(data) - 3}"
    )


def test_a_record_of_2_to_31_bytes_ends_the_reading(tmp_path: Path) -> None:
    data = pcap(TALK[:3]) + struct.pack("<IIII", 1, 1, 2**31, 2**31) + bytes(100)
    _, reader = read(tmp_path, data)
    assert reader.balance.packets == 3
    assert reader.balance.fault.startswith("a record of 2147483648 bytes")


@pytest.mark.parametrize("data", [b"", b"\0", b"MZ" * 50, b"\xd4\xc3"])
def test_what_is_no_capture_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InputError):
        read(tmp_path, data)


@pytest.mark.parametrize("data", [pcap([])[:24], pcap([], link=999), pcap([b"", b"\1" * 10, bytes(60)], link=999)])
def test_a_header_alone_and_unknown_link_types(tmp_path: Path, data: bytes) -> None:
    rows, reader = read(tmp_path, data)
    assert rows == []
    assert reader.balance.fault is None


def test_a_snap_length_cuts_packets_and_is_said(tmp_path: Path) -> None:
    data = pcap(TALK[:2])
    for packet in TALK[2:4]:
        data += struct.pack("<IIII", BASE // 10**9, 3, 60, len(packet)) + packet[:60]
    _, reader = read(tmp_path, data)
    assert reader.balance.total("not decoded") >= 2


def test_half_open_streams_are_bounded(tmp_path: Path) -> None:
    flood = [ethernet(tcp(("10.0.0.1", port), ("10.0.0.2", 502), 5, flags=2)) for port in range(1, 2001)]
    rows, reader = read(tmp_path, pcap(flood), max_talks=100)
    assert len(rows) == 2000
    assert {(row.ok, row.error) for row in rows} == {(False, "no answer")}
    assert reader.balance.connections_dropped >= 1900


def test_chunks_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = read(tmp_path, pcap(TALK))[0]
    monkeypatch.setattr(module, "CHUNK_PACKETS", 1)
    monkeypatch.setattr(module, "_READ", 7)
    assert read(tmp_path, pcap(TALK))[0] == rows


def test_a_connection_that_nobody_answered_is_told_after_a_minute_and_one_that_was_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CHUNK_PACKETS", 30)
    polls = talk(*[("c", READ), ("s", ANSWER)] * 50)
    knock = ethernet(tcp(("10.0.0.9", 4000), ("10.0.0.8", 502), 7, flags=SYN))
    rows, _ = read(tmp_path, pcap([knock, *polls[:-2]], step=1_000_000_000))
    unanswered = next(i for i, row in enumerate(rows) if row.error == "no answer")
    assert rows[unanswered].server == "10.0.0.8"
    assert 30 < unanswered < 50
    assert [row.error for row in rows if row.kind == "connection"] == ["no answer", None]
