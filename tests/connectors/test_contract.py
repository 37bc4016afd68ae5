"""The file connector under the contract, in each layout and format."""

import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infrastress.connectors.base import Connector
from infrastress.connectors.files import Mapping, RecordMap, TimeMap
from infrastress.core.time import SECOND, to_iso
from infrastress.events import AccessAttempt, event_to_json, make_event
from tests.connectors.conftest import connector
from tests.connectors.contract import ConnectorContract, read_all, rows_of, total

LONG = Mapping(layout="long", time=TimeMap(column="time"), quality_column="quality")


def wide_text(n: int = 60) -> str:
    lines = ["time,LT1,FT1,S1"]
    for i in range(n):
        line = f"{to_iso(i * 60 * SECOND)},{i / 10},{i % 7},{i % 2}"
        lines.append({10: "nonsense,1,2,3", 20: line + ",extra", 30: line.replace(",", ",x", 1), 40: ""}.get(i, line))
    return "\n".join(lines) + "\n"


def long_text(n: int = 40) -> str:
    lines = ["time,tag,value,quality"]
    for i in range(n):
        for tag in ("LT1", "FT1", "S1", "OTHER"):
            lines.append(f"{to_iso(i * 60 * SECOND)},{tag},{'bad' if i == 5 else i},{'Bad' if i == 7 else 'Good'}")
    return "\n".join(lines) + "\n"


class TestWide(ConnectorContract):
    @pytest.fixture(autouse=True, params=[(256, None), (256, 1), (1 << 20, 7)])
    def file(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        self.path = tmp_path / "telemetry.csv"
        self.path.write_text(wide_text())
        self.size, self.batch = request.param

    def make(self) -> Callable[[], Connector]:
        return lambda: connector(self.path, block_bytes=self.size, batch_rows=self.batch)

    def test_rows_dont_depend_on_batches(self) -> None:
        assert rows_of(read_all(self.make()())) == rows_of(read_all(connector(self.path)))
        assert total(read_all(self.make()())).as_dict() == total(read_all(connector(self.path))).as_dict()


class TestWideCompressed(TestWide):
    @pytest.fixture(autouse=True, params=[(256, None), (1 << 20, 7)])
    def file(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        self.path = tmp_path / "telemetry.csv.gz"
        self.path.write_bytes(gzip.compress(wide_text().encode()))
        self.size, self.batch = request.param


class TestLong(ConnectorContract):
    @pytest.fixture(autouse=True, params=[(256, None), (700, 1), (1 << 20, 7)])
    def file(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        self.path = tmp_path / "telemetry.csv"
        self.path.write_text(long_text())
        self.size, self.batch = request.param

    def make(self) -> Callable[[], Connector]:
        return lambda: connector(self.path, LONG, block_bytes=self.size, batch_rows=self.batch)

    def test_rows_dont_depend_on_batches(self) -> None:
        assert rows_of(read_all(self.make()())) == rows_of(read_all(connector(self.path, LONG)))
        assert total(read_all(self.make()())).as_dict() == total(read_all(connector(self.path, LONG))).as_dict()


class TestParquet(ConnectorContract):
    @pytest.fixture(autouse=True)
    def file(self, tmp_path: Path) -> None:
        self.path = tmp_path / "telemetry.parquet"
        times = pa.array([None if i == 5 else i * 60 * SECOND for i in range(100)], pa.timestamp("ns", "UTC"))
        table = pa.table({"time": times, "LT1": [float(i) for i in range(100)], "FT1": [str(i) for i in range(100)]})
        pq.write_table(table, self.path, row_group_size=30)

    def make(self) -> Callable[[], Connector]:
        return lambda: connector(self.path, batch_rows=9)


class TestEvents(ConnectorContract):
    @pytest.fixture(autouse=True, params=[(300, None), (300, 1), (1 << 20, 3)])
    def file(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        self.path = tmp_path / "events.jsonl"
        lines = [
            event_to_json(
                make_event(
                    site="plant" if i != 9 else "elsewhere",
                    source="doors",
                    sequence=i,
                    occurred=i * SECOND,
                    body=AccessAttempt(person="p1", door="d1", zone="z1"),
                )
            )
            for i in range(20)
        ]
        lines[4] = b"{broken"
        lines[11] = b""
        lines[13] = b'{"id": "\xff"}'
        self.path.write_bytes(b"\n".join(lines))
        self.size, self.batch = request.param

    def make(self) -> Callable[[], Connector]:
        return lambda: connector(self.path, block_bytes=self.size, batch_rows=self.batch)

    def test_balance(self) -> None:
        balance = total(read_all(self.make()()))
        assert balance.read == 20
        assert balance.accepted == 16
        assert balance.quarantined == {"no-event": 1, "other-site": 1, "encoding": 1}
        assert balance.dropped == {"blank": 1}


class TestRecords(ConnectorContract):
    @pytest.fixture(autouse=True)
    def file(self, tmp_path: Path) -> None:
        self.path = tmp_path / "badges.jsonl"
        lines = [f'{{"when": "2026-01-01T00:00:{i:02}", "card": "c{i}", "gate": "d1"}}' for i in range(20)]
        lines[3] = '{"when": "yesterday", "card": "c", "gate": "d1"}'
        lines[5] = '{"when": "2026-01-01T00:00:05Z", "card": "c"}'
        self.path.write_text("\n".join(lines))

    def make(self) -> Callable[[], Connector]:
        fields = {"person": "card", "door": "gate"}
        records = RecordMap(kind="access", time="when", source="doors", fields=fields, constants={"zone": "z1"})
        return lambda: connector(self.path, Mapping(records=records), batch_rows=3)

    def test_reads_the_bodies(self) -> None:
        deliveries = read_all(self.make()())
        first = deliveries[0].events[0]
        assert first.body == AccessAttempt(person="c0", door="d1", zone="z1")
        assert first.source == "doors"
        assert total(deliveries).quarantined == {"time-unreadable": 1, "wrong-fields": 1}


MATRIX = Mapping(delimiter=" ", transposed=True, time=TimeMap(column="time", format="epoch_s"))
COUNTED = Mapping(
    layout="plain",
    delimiter=" ",
    time=TimeMap(column=None, start="1970-01-01T00:00:00Z", step_s=180),
    columns={"1": "LT1", "2": "FT1", "3": "S1"},
)


class TestTransposed(ConnectorContract):
    """A matrix whose lines are signals, cut by white space, in xz; a bad cell and a bad time."""

    cells = tuple((i / 10, i % 7, i % 2) for i in range(50))

    def lines(self) -> list[str]:
        return ["  ".join(f"{row[k]: .7e}" for row in self.cells) for k in range(3)]

    @pytest.fixture(autouse=True, params=[(256, None), (1 << 20, 7)])
    def file(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        times = " ".join("never" if i == 20 else str(180 * i) for i in range(50))
        named = [f"{name} {line}" for name, line in zip(("LT1", "FT1", "S1"), self.lines(), strict=True)]
        text = "\n".join([f"time {times}", *named]).replace("1.0000000e-01", "oops", 1)
        self.path = tmp_path / "matrix.dat.xz"
        self.path.write_bytes(lzma.compress(text.encode()))
        self.size, self.batch = request.param

    def make(self) -> Callable[[], Connector]:
        return lambda: connector(self.path, MATRIX, block_bytes=self.size, batch_rows=self.batch)

    def test_the_same_rows_as_the_matrix_upright_and_counted(self, tmp_path: Path) -> None:
        upright, turned = tmp_path / "upright.dat", tmp_path / "turned.dat"
        upright.write_text("\n".join(" ".join(map(str, row)) for row in self.cells) + "\n")
        turned.write_text("\n".join(self.lines()) + "\n")
        expected = read_all(connector(upright, COUNTED))
        counted = read_all(connector(turned, COUNTED.model_copy(update={"transposed": True})))
        assert rows_of(counted) == rows_of(expected)
        assert total(counted).as_dict() == total(expected).as_dict()
        assert total(expected).accepted == 50
        named = read_all(self.make()())
        whole = [row for i, row in enumerate(rows_of(expected)) if i not in (1, 20)]
        assert [row[1:] for i, row in enumerate(rows_of(named)) if i != 1] == [row[1:] for row in whole]
        assert (total(named).read, total(named).accepted) == (50, 49)
        assert total(named).cells_refused == {"text-in-number": 1}


class TestFirstRows(TestWide):
    """So many rows and no more, whatever the blocks and batches, and going on from any position."""

    @pytest.mark.parametrize("wanted", [1, 25, 57, 1000])
    def test_exactly_as_many_as_asked_for(self, wanted: int) -> None:
        some = read_all(connector(self.path, block_bytes=self.size, batch_rows=self.batch, first_rows=wanted))
        every = rows_of(read_all(connector(self.path)))
        assert rows_of(some) == every[:wanted]
        assert total(some).accepted == min(wanted, len(every))
        assert total(some).balances

    def make(self) -> Callable[[], Connector]:
        return lambda: connector(self.path, block_bytes=self.size, batch_rows=self.batch, first_rows=50)

    def test_rows_dont_depend_on_batches(self) -> None:
        whole = read_all(connector(self.path, first_rows=50))
        assert rows_of(read_all(self.make()())) == rows_of(whole)
        assert total(read_all(self.make()())).as_dict() == total(whole).as_dict()
