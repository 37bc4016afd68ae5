"""Rotating captures: under the live contract, and what is their own: growing files, rotation, kills, what is lost."""

from collections.abc import Callable
from pathlib import Path

from infrastress.connectors.base import LiveConnector, LiveContext
from infrastress.connectors.pcap.live import PcapConnector, PcapOptions
from infrastress.events.network import NetworkRow
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.live_contract import LiveContract, Peer
from tests.connectors.pcap.packets import ethernet, pcap, pcapng
from tests.connectors.pcap.tapping import HEADER, Session, Tap, record
from tests.peers.sink import MemorySink, follow

WRITE = 6


def make(folder: Path) -> PcapConnector:
    options = PcapOptions(path=Path("taps"), poll_s=0.02, retry_max_s=0.2)
    return PcapConnector(small_site(), Source(id="ot", kind="network"), options, LiveContext(folder=folder))


def rows_in(sink: MemorySink) -> list[NetworkRow]:
    return [row for delivery in sink.durable for records in delivery.network for row in records.rows()]


class TestPcap(LiveContract):
    def make_peer(self, port: int) -> Peer:
        return Tap(self.folder / "taps")

    def make_connector(self, port: int, context: LiveContext) -> LiveConnector:
        return make(self.folder)

    def told(self, sink: MemorySink) -> list[tuple[int, float]]:
        rows = [row for row in rows_in(sink) if row.function == WRITE and row.ok]
        return [(row.time, row.value) for row in rows if row.value is not None]


def read(folder: Path, sink: MemorySink, done: Callable[[], object]) -> None:
    """Run the connector until something is true."""
    follow(make(folder), sink, done)


def taps(folder: Path) -> Path:
    (folder / "taps").mkdir()
    return folder / "taps"


def test_a_connection_that_goes_on_in_the_next_file_is_one_and_rows_lead_to_their_file(tmp_path):
    folder, session = taps(tmp_path), Session(40_000)
    packets = [*session.opening(), *session.write(1), *session.write(2)]
    (folder / "a.pcap").write_bytes(HEADER + b"".join(record(p, 10**18 + i) for i, p in enumerate(packets[:5])))
    (folder / "b.pcap").write_bytes(HEADER + b"".join(record(p, 10**18 + 5 + i) for i, p in enumerate(packets[5:])))
    sink = MemorySink()
    read(tmp_path, sink, lambda: sink.balance.read == 6)
    found = [(row.kind, row.value, row.capture, row.packet, row.response_packet) for row in rows_in(sink)]
    assert found == [("transaction", 1.0, "a.pcap", 3, 4), ("transaction", 2.0, "a.pcap", 5, None)]


def test_pcapng_is_read_on_behind_any_kill(tmp_path):
    folder, session = taps(tmp_path), Session(40_000)
    packets = session.opening()
    for value in range(5):
        packets += session.write(value)
    sink, path = MemorySink(), folder / "a.pcapng"
    for upto in range(2, len(packets) + 1, 2):
        path.write_bytes(pcapng(packets[:upto], resolution=6)[: None if upto == len(packets) else -10])
        read(tmp_path, sink, lambda upto=upto: sink.balance.read >= upto - 1 or upto == 2)
    read(tmp_path, sink, lambda: sink.balance.read == len(packets))
    assert [(row.value, row.packet) for row in rows_in(sink)] == [(float(v), 3 + 2 * v) for v in range(5)]
    assert [records.sequence for d in sink.durable for records in d.network] == sorted(
        {records.sequence for d in sink.durable for records in d.network}
    )


def test_what_is_cut_or_gone_is_told_and_the_rest_goes_on(tmp_path):
    folder, session = taps(tmp_path), Session(40_000)
    packets = [*session.opening(), *session.write(1), *session.write(2)]
    whole = pcap([*packets[:4], ethernet(bytes(50))])
    (folder / "a.pcap").write_bytes(whole[:-3])
    sink = MemorySink()
    read(tmp_path, sink, lambda: sink.balance.read >= 4)
    (folder / "b.pcap").write_bytes(HEADER + b"".join(record(p, 2 * 10**18 + i) for i, p in enumerate(packets[4:])))
    (folder / "c.pcap").write_bytes(HEADER + record(packets[0], 3 * 10**18))
    read(
        tmp_path, sink, lambda: sink.balance.quarantined["damaged-capture"] and 2.0 in [r.value for r in rows_in(sink)]
    )
    (told,) = [refusal for d in sink.durable for refusal in d.refusals]
    assert (told.reason, told.where.split(" ")[0]) == ("damaged-capture", "a.pcap")
