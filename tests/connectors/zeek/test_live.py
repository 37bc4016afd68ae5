"""Zeek's logs as they are written, under the contract of followers; several logs in one folder."""

import json
import time
from pathlib import Path

from infrastress.connectors.zeek import ZeekConnector
from tests.connectors.nids.contract import FollowerContract, Writer, rows_in
from tests.connectors.zeek.lines import line, modbus_write
from tests.peers.sink import MemorySink


class TestZeek(FollowerContract):
    connector = ZeekConnector
    path = "current"
    log = "current/modbus_detailed.log"
    line = staticmethod(modbus_write)

    def test_logs_of_a_folder_are_followed_side_by_side(self) -> None:
        writer, sink = self._writer(), MemorySink()
        writer.write(0)
        (writer.path.parent / "loaded_scripts.log").write_text('{"name": "x"}\n')
        conn = Writer(writer.path.with_name("conn.log"), lambda at, value: line(at / 1e9, proto="tcp", orig_pkts=value))
        conn.write(1)
        modbus = Writer(writer.path.with_name("modbus.log"), lambda at, value: line(at / 1e9, func="READ_COILS"))
        modbus.write(1)
        self._read(sink, lambda: any(link.detail.startswith("follows 3 logs of Zeek") for link in sink.links))
        assert len(rows_in(sink)) == 2
        conn.path.rename(conn.path.with_name("conn.2026-01-01-00-00-00.log"))
        conn.write(3)
        writer.write(1)
        self._read(sink, lambda: len(rows_in(sink)) == 4)
        assert [row.quantity for row in rows_in(sink) if row.kind == "connection"] == [1, 3]
        assert sink.balance.dropped["modbus: modbus_detailed tells it"] == 1

    def test_logs_that_the_streaming_package_writes(self) -> None:
        folder, sink = self.folder / self.path, MemorySink()
        folder.mkdir()
        for turn, name in enumerate(("json_streaming_modbus_detailed.1.log", "json_streaming_modbus_detailed.log")):
            said = {"_path": "modbus_detailed", "_write_ts": "2026-01-01T00:00:00.0Z"}
            (folder / name).write_text(json.dumps({**modbus_write(time.time_ns(), turn), **said}) + "\n")
        self._read(sink, lambda: self._values(sink))
        assert self._values(sink) == [1.0]


def test_names_of_files(tmp_path: Path) -> None:
    from infrastress.connectors.nids.names import log_of, rotated

    for name in ("conn.log", "conn.log.1", "conn.00:00:00-01:00:00.log.gz", "json_streaming_conn.1.log"):
        assert log_of(name) == "conn"
    assert log_of("eve-20261127.json.gz") == "eve"
    for name in ("eve.json.1", "eve.json-20261127.gz", "eve-2026-11-27-13:00.json", "eve.json"):
        assert rotated("eve.json").fullmatch(name)
    for name in ("eve-tls.json", "eve.json.part", "xeve.json"):
        assert not rotated("eve.json").fullmatch(name)
