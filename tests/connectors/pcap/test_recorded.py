"""A recorded capture as a source: the connector contract, its balance, captures among recordings."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from infrastress.connectors.base import Connector
from infrastress.connectors.pcap.recorded import CaptureConnector, CaptureOptions
from infrastress.connectors.recordings import open_recording
from infrastress.core.errors import InputError
from infrastress.events import NetworkRow
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.contract import ConnectorContract, read_all, total
from tests.connectors.pcap.packets import pcap
from tests.connectors.pcap.tapping import Session


def said(values: int = 12) -> list[bytes]:
    session = Session(40_000)
    packets = session.opening()
    for value in range(values):
        packets += session.write(value)
    return [*packets, session.nonsense()]


def connector(path: Path, **options: int) -> CaptureConnector:
    return CaptureConnector(small_site(), Source(id="ot", kind="network"), CaptureOptions(path=path, **options))


def rows_of(read: Connector) -> list[NetworkRow]:
    return [row for delivery in read_all(read) for records in delivery.network for row in records.rows()]


class TestContract(ConnectorContract):
    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.path = tmp_path / "a.pcap"
        self.path.write_bytes(pcap(said()))

    def make(self) -> Callable[[], Connector]:
        return lambda: connector(self.path, batch_rows=2)


def test_batches_change_no_record_and_the_balance_counts_packets_and_records(tmp_path):
    path = tmp_path / "a.pcap.gz"
    path.write_bytes(gzip.compress(pcap(said())))
    assert rows_of(connector(path)) == rows_of(connector(path, batch_rows=1))
    balance = total(read_all(connector(path, batch_rows=5)))
    assert (balance.read, balance.accepted, dict(balance.quarantined)) == (27, 26, {"modbus: malformed": 1})
    assert balance.cells_accepted == len(rows_of(connector(path))) == 14
    (refusal,) = [one for delivery in read_all(connector(path)) for one in delivery.refusals]
    assert refusal.where == "a.pcap.gz packet 27"


def test_a_position_holds_for_other_batches_too(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(said()))
    first, *_ = read_all(connector(path, batch_rows=5))
    rest = read_all(connector(path, batch_rows=4), first.position)
    assert [records.sequence for delivery in rest for records in delivery.network] == [5, 9, 13]


def test_a_capture_that_breaks_off_says_where(tmp_path):
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(said())[:-5])
    deliveries = read_all(connector(path))
    (refusal,) = [one for delivery in deliveries for one in delivery.refusals]
    assert (refusal.reason, refusal.what) == ("damaged-capture", "capture truncated within a record")
    assert total(deliveries).balances
    assert total(deliveries).accepted == 26


def test_a_recording_may_be_a_capture_or_a_folder_with_captures(tmp_path):
    (tmp_path / "b.txt").write_bytes(pcap(said()))
    (one,) = open_recording(small_site(), tmp_path / "b.txt")
    assert (one.source.id, one.source.kind) == ("capture", "network")
    (tmp_path / "x.pcap").write_bytes(pcap(said()))
    (tmp_path / "telemetry.csv").write_text("time,LT1\n2026-01-01T00:00:00Z,1\n")
    found = open_recording(small_site(), tmp_path)
    assert [one.name for one in found] == ["files", "capture"]
    assert open_recording(small_site(), tmp_path / "x.pcap", exclude_kinds=("network",)) == []


def test_a_capture_is_of_the_source_that_listens(tmp_path):
    site = small_site().model_copy(update={"sources": (Source(id="tap", connector="pcap", kind="network"),)})
    (tmp_path / "x.pcap").write_bytes(pcap(said()))
    (one,) = open_recording(site, tmp_path / "x.pcap")
    assert one.source.id == "tap"


def test_a_capture_is_no_table(tmp_path):
    from infrastress.connectors.files.content import looks_like

    (tmp_path / "x.csv").write_bytes(pcap(said()))
    with pytest.raises(InputError, match="packet capture"):
        looks_like(tmp_path / "x.csv")
