"""The deep path: what the real tshark reads of what we don't; without it, and where it fails, all else is the same."""

import os
import random
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.connectors.base import LiveContext
from infrastress.connectors.pcap.balance import Outcome
from infrastress.connectors.pcap.deep import BY_TSHARK, Limits, _message, _Packet
from infrastress.connectors.pcap.deep_words import FIELDS
from infrastress.connectors.pcap.live import PcapConnector, PcapOptions
from infrastress.connectors.pcap.reader import CaptureReader
from infrastress.events.network import NetworkRow
from infrastress.inventory.heard import Heard
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.pcap.packets import BASE, ethernet, ipv4, mbap, pcap, read, talk, udp
from tests.connectors.pcap.tapping import HEADER, record
from tests.connectors.pcap.test_live import rows_in
from tests.detectors.network.saying import START, judge
from tests.inventory.rows import heard
from tests.peers.sink import MemorySink, follow

PNIO = Path(os.environ.get("INFRASTRESS_DATA", "../shared/data")) / "ot-pcaps" / "icsnpp" / "icsnpp_pnio.pcap"
needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark isn't installed")

CONTROLLER, PANEL = ("10.0.0.7", 9600), ("10.0.0.8", 9601)


def fins(command: int, number: int, *, answer: bool = False) -> bytes:
    """A FINS message over UDP (Omron W342, section 3-2): header of ten bytes, command, or command and end code."""
    head = bytes([0xC0 if answer else 0x80, 0, 2, 0, 7, 0, 0, 8, 0, number])
    data = head + command.to_bytes(2, "big") + (b"\0\0" if answer else b"\xff\xff")
    return ethernet(udp(*((CONTROLLER, PANEL) if answer else (PANEL, CONTROLLER)), data))


DCP = ethernet(
    bytes.fromhex("fefe050004010002000100040 0000000".replace(" ", "")) + b"\xff\xff\0\0" + bytes(28), kind=0x8892
)
"""PROFINET DCP identify to all (IEC 61158-6-10): frame id 0xfefe, service 5, request."""
MODBUS = talk(("c", mbap(1, bytes.fromhex("0300640002"))), ("s", mbap(1, bytes.fromhex("030400010002"))))
IGMP = ethernet(ipv4("10.0.0.8", "224.0.0.251", 2, bytes.fromhex("1600 09 04 e0 00 00 fb".replace(" ", ""))))
NOISE = [ethernet(udp(("10.0.0.5", 30_000), ("10.0.0.6", 30_001), random.Random(i).randbytes(40))) for i in range(3)]
PACKETS = [*MODBUS[:3], fins(0x0402, 1), DCP, fins(0x0402, 1, answer=True), *NOISE, IGMP, *MODBUS[3:], fins(0x0501, 2)]


def told(rows: list[NetworkRow]) -> list[tuple[object, ...]]:
    return [(r.protocol, r.function, r.function_name, r.action, r.sender, r.client, r.server, r.packet) for r in rows]


def by_tshark(reader: CaptureReader) -> dict[str, int]:
    return {
        str(name): n
        for (name, what, why), n in reader.balance.counts.items()
        if (what, why) == (Outcome.DECODED, BY_TSHARK)
    }


@needs_tshark
def test_what_we_do_not_read_is_named_with_its_functions_and_the_rest_stays_as_it_was(tmp_path):
    plain, before = read(tmp_path, pcap(PACKETS))
    rows, reader = read(tmp_path, pcap(PACKETS), deep=Limits())
    ours = [row for row in rows if row in plain]
    assert ours == plain
    assert told([row for row in rows if row not in plain]) == [
        ("omron-fins", 0x0402, "stop", "stop", "client", "10.0.0.8", "10.0.0.7", 4),
        ("profinet", 5, "DCP identify", "identify", "client", None, None, 5),
        ("omron-fins", 0x0402, "stop", "stop", "server", "10.0.0.8", "10.0.0.7", 6),
        ("igmp", None, None, None, "client", "10.0.0.8", "224.0.0.251", 10),
        ("omron-fins", 0x0501, "controller data read", "identify", "client", "10.0.0.8", "10.0.0.7", 14),
    ]
    assert by_tshark(reader) == {"omron-fins": 3, "profinet": 1, "igmp": 1}
    assert reader.balance.packets == len(PACKETS) == reader.balance.counts.total()
    assert reader.balance.total(Outcome.UNDECODED) == len(NOISE)
    assert before.balance.total(Outcome.UNDECODED) == len(NOISE) + 5
    later = (row._replace(time=START + row.time - BASE) for row in rows)
    (stop,) = [finding for finding in judge(*later) if finding.body.rule == "net.stop"]
    assert "omron-fins stop" in stop.body.sentence
    assert Heard.decode(heard(rows).encode()).ways.keys() >= {"10.0.0.8\t10.0.0.7\tomron-fins"}
    pieces, other = read(tmp_path, pcap(PACKETS), deep=Limits(packets=3))
    assert sorted(told(pieces), key=repr) == sorted(told(rows), key=repr)
    assert other.balance.counts == reader.balance.counts


@needs_tshark
@pytest.mark.parametrize(
    ("limits", "reason"), [(Limits(seconds=0.01), "tshark-timed-out"), (Limits(memory=4_000_000), "tshark-failed")]
)
def test_a_tshark_that_hangs_or_falls_changes_nothing_but_is_counted(tmp_path, limits, reason):
    plain, before = read(tmp_path, pcap(PACKETS))
    rows, reader = read(tmp_path, pcap(PACKETS), deep=limits)
    assert rows == plain
    assert reader.balance.counts == before.balance.counts
    assert reader.balance.failures == {reason: 1}
    assert reader.balance.as_dict()["failures"] == {reason: 1}
    many, other = read(tmp_path, pcap(PACKETS), deep=limits._replace(packets=1))
    assert many == plain
    assert other.balance.counts == before.balance.counts
    assert other.balance.failures == {reason: 3}, "then it isn't asked any more"


def live(folder: Path) -> PcapConnector:
    options = PcapOptions(path=Path("taps"), poll_s=0.02, retry_max_s=0.2, tshark=True)
    return PcapConnector(small_site(), Source(id="ot", kind="network"), options, LiveContext(folder=folder))


def tap(folder: Path, upto: int) -> None:
    whole = (record(packet, 10**18 + i) for i, packet in enumerate(PACKETS[:upto]))
    (folder / "taps").mkdir(exist_ok=True)
    (folder / "taps" / "a.pcap").write_bytes(HEADER + b"".join(whole))


@needs_tshark
def test_live_it_is_an_option_and_no_kill_loses_or_doubles_what_it_read(tmp_path):
    sink = MemorySink()
    for upto, fins_rows in ((6, 2), (len(PACKETS), 3)):
        tap(tmp_path, upto)
        follow(
            live(tmp_path), sink, lambda n=fins_rows: sum(row.protocol == "omron-fins" for row in rows_in(sink)) >= n
        )
    rows = [row for row in rows_in(sink) if row.protocol != "modbus"]
    assert sorted(told(rows), key=lambda row: row[-1])[:2] == [
        ("omron-fins", 0x0402, "stop", "stop", "client", "10.0.0.8", "10.0.0.7", 4),
        ("profinet", 5, "DCP identify", "identify", "client", None, None, 5),
    ]
    assert [row.packet for row in rows if row.protocol == "omron-fins"] == [4, 6, 14]
    assert {row.capture for row in rows} == {"a.pcap"}


@needs_tshark
def test_live_a_failure_is_told_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr("infrastress.connectors.pcap.live.Limits", lambda: Limits(seconds=0.01))
    sink = MemorySink()
    tap(tmp_path, len(PACKETS))
    follow(live(tmp_path), sink, lambda: sink.balance.quarantined["tshark-timed-out"])
    (refusal,) = [one for delivery in sink.durable for one in delivery.refusals]
    assert (refusal.reason, refusal.where) == ("tshark-timed-out", "a.pcap")
    assert refusal.what == "packets 4 to 14: it took longer than 0.01 s"
    assert any(row.protocol == "modbus" for row in rows_in(sink))
    assert sink.balance.balances


def test_where_it_is_not_installed_all_is_as_without(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    plain, before = read(tmp_path, pcap(PACKETS))
    rows, reader = read(tmp_path, pcap(PACKETS), deep=Limits())
    assert rows == plain
    assert reader.balance == before.balance


@given(st.binary(max_size=200) | st.lists(st.sampled_from(["1", "2", "udp:omron", "0x0402", "-1", "99", "²", ""])))
def test_whatever_it_says_is_read_or_left(said):
    line = said if isinstance(said, bytes) else "\t".join(said).encode()
    packets = [_Packet(b"x", 0, 1, None, None, client=True)]
    found = _message(line, packets, FIELDS)
    assert found is None or found[0] == 0


@needs_tshark
@pytest.mark.data
@pytest.mark.skipif(not PNIO.is_file(), reason=f"no public data at {PNIO}")
def test_profinet_of_a_public_capture():
    """All its 950 requests and responses of PROFINET IO's context management, and ten cyclic frames."""
    reader = CaptureReader(PNIO, deep=Limits())
    rows = [row for records in reader for row in records.rows() if row.function_name and row.protocol == "profinet"]
    assert len(rows) == 950
    assert sum(row.action == "write" for row in rows) == 308
    assert by_tshark(reader) == {"profinet": 960}
