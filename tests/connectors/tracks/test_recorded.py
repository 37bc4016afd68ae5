"""Recorded tracks under the contract, told by content, read by `open_recording`."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from infrastress.connectors.base import Connector
from infrastress.connectors.recordings import open_recording
from infrastress.connectors.tracks.recorded import AisLogConnector, CotLogConnector, TrackLogOptions
from infrastress.events import TrackPoint
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.contract import ConnectorContract, read_all, total


def events(count: int) -> bytes:
    return b"\n".join(
        b"<event version='2.0' uid='T%d' type='a-u-A-M-H-Q' time='2026-03-02T00:00:%02d.5Z'>"
        b"<point lat='%s' lon='11.9'/></event>" % (i % 3, i % 60, b"x" if i == 7 else b"41.%02d" % i)
        for i in range(count)
    )


def sentence(second: int, latitude: float) -> bytes:
    from pyais.encode import encode_dict

    fields = {"type": 1, "mmsi": 247000001, "lat": latitude, "lon": 11.9, "second": second}
    block = b"c:%d" % (1_772_409_600 + second)
    check = 0
    for byte in block:
        check ^= byte
    head = b"\\" + block + b"*%02X\\" % check
    parts = encode_dict(fields)
    if second % 5 == 0:
        parts += encode_dict({"type": 5, "mmsi": 247000001, "shipname": "A"})
    return b"\n".join(head + part.encode() for part in parts)


class TestCot(ConnectorContract):
    @pytest.fixture(autouse=True, params=[1, 3])
    def file(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        self.path = tmp_path / "drones.xml"
        self.path.write_bytes(events(40))
        self.batch = request.param

    def make(self) -> Callable[[], Connector]:
        options = TrackLogOptions(path=self.path, batch_rows=self.batch)
        return lambda: CotLogConnector(small_site(), Source(id="radar", kind="access"), options)

    def test_all_is_read(self) -> None:
        balance = total(read_all(self.make()()))
        assert (balance.accepted, dict(balance.quarantined)) == (39, {"no-position": 1})


class TestAis(TestCot):
    @pytest.fixture(autouse=True, params=[1, 3])
    def file(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        self.path = tmp_path / "port.nmea.gz"
        self.path.write_bytes(gzip.compress(b"\n".join(sentence(i, 41 + i / 100) for i in range(20)) + b"\nrubbish\n"))
        self.batch = request.param

    def make(self) -> Callable[[], Connector]:
        options = TrackLogOptions(path=self.path, batch_rows=self.batch)
        return lambda: AisLogConnector(small_site(), Source(id="ais", kind="access"), options)

    def test_all_is_read(self) -> None:
        deliveries = read_all(self.make()())
        balance = total(deliveries)
        assert (balance.accepted, dict(balance.quarantined), dict(balance.dropped)) == (
            20,
            {"no-ais": 1},
            {"no-track": 8},
        )
        found = [event.body for delivery in deliveries for event in delivery.events]
        assert [round(one.latitude, 4) for one in found if isinstance(one, TrackPoint)] == [
            round(41 + i / 100, 4) for i in range(20)
        ]


def test_a_recording_is_told_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(events(3))
    (tmp_path / "b.txt").write_bytes(sentence(1, 41.0) + b"\n")
    site = small_site()
    for name, kind in (("a.txt", CotLogConnector), ("b.txt", AisLogConnector)):
        (connector,) = open_recording(site, tmp_path / name)
        assert isinstance(connector, kind)
        assert connector.source.kind == "access"
        assert total(read_all(connector)).accepted
        assert open_recording(site, tmp_path / name, exclude_kinds=("access",)) == []


def test_a_damaged_file_gives_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(events(2_000))[:-30])
    connector = CotLogConnector(small_site(), Source(id="radar", kind="access"), TrackLogOptions(path=path))
    balance = total(read_all(connector))
    assert balance.accepted > 1_000
    assert balance.quarantined["file-damaged"] == 1
