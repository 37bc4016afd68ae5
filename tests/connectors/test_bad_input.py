"""Bad input: each row of docs/bad-input.md that a file can hold. Nothing raises but what can't be read at all."""

import gzip
import lzma
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infrastress.connectors.files import ColumnMap, Mapping, RecordMap, TimeMap, load_mapping, parquet, transposed
from infrastress.connectors.files.content import looks_like
from infrastress.connectors.files.sniff import sniff
from infrastress.core.errors import InputError, MappingError
from infrastress.core.time import SECOND, to_iso
from infrastress.events.delivery import Balance, Delivery
from tests.connectors.conftest import connector, small_site
from tests.connectors.contract import read_all, rows_of, total

HEAD = "time,LT1,FT1,S1\n"


def stamp(i: int) -> str:
    return to_iso(i * 60 * SECOND)


def read(
    tmp_path: Path, text: str | bytes, mapping: Mapping | None = None, zone: str = "UTC"
) -> tuple[list[Delivery], Balance]:
    path = tmp_path / "a.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    deliveries = read_all(connector(path, mapping, small_site(zone)))
    balance = total(deliveries)
    assert balance.balances
    return deliveries, balance


def test_wrong_columns(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="no column is a signal"):
        read(tmp_path, f"time,A,B\n{stamp(0)},1,2\n")
    with pytest.raises(MappingError, match="time column 'time' is not in the file; did you mean 'Time'"):
        read(tmp_path, f"Time,LT1\n{stamp(0)},1\n")
    with pytest.raises(MappingError, match="did you mean 'LT1'"):
        read(tmp_path, f"time,LT1\n{stamp(0)},1\n", Mapping(columns={"LT1": ColumnMap(signal="LT01")}))
    with pytest.raises(MappingError, match="can't be turned into"):
        read(tmp_path, f"time,LT1\n{stamp(0)},1\n", Mapping(columns={"LT1": ColumnMap(signal="LT1", unit="m3/h")}))


def test_text_in_numbers(tmp_path: Path) -> None:
    deliveries, balance = read(tmp_path, f"{HEAD}{stamp(0)},1,2,0\n{stamp(1)},Bad Input,2,1\n{stamp(2)},3,4,1\n")
    assert balance.accepted == 3
    assert balance.cells_refused == {"text-in-number": 1}
    assert rows_of(deliveries)[1][2] == (("FT1", pytest.approx(2 / 3600)), ("S1", 1.0))
    assert deliveries[0].refusals[0] == ("text-in-number", "line 3, column 'LT1'", "Bad Input")


def test_nan_and_infinite(tmp_path: Path) -> None:
    _, balance = read(tmp_path, f"{HEAD}{stamp(0)},NaN,inf,1\n{stamp(1)},1e999,-Infinity,nan\n")
    assert balance.cells_refused == {"nan": 2, "infinite": 3}
    assert (balance.accepted, balance.cells_accepted) == (2, 1)


def test_empty_cells(tmp_path: Path) -> None:
    _, balance = read(tmp_path, f"{HEAD}{stamp(0)},,NA,1\n{stamp(1)},  ,null,\n")
    assert (balance.accepted, balance.cells_empty, balance.cells_accepted) == (2, 5, 1)
    assert not balance.cells_refused


def test_wrong_field_count(tmp_path: Path) -> None:
    deliveries, balance = read(
        tmp_path, f"{HEAD}{stamp(0)},1,2,0\n{stamp(1)},1,2\n{stamp(2)},1,2,3,4\n\n{stamp(3)},1,2,1"
    )
    assert (balance.read, balance.accepted) == (5, 2)
    assert balance.quarantined == {"field-count": 2}
    assert balance.dropped == {"blank": 1}
    assert [refusal.where for refusal in deliveries[0].refusals] == ["line 3", "line 4"]


def test_unreadable_time(tmp_path: Path) -> None:
    lines = [
        "yesterday",
        "2026-02-30T00:00:00Z",
        "",
        "2026-01-01T25:00:00Z",
        "2026-01-01T00:00:00+99:00",
        "9999-01-01T00:00:00Z",
    ]
    _, balance = read(tmp_path, HEAD + "".join(f"{line},1,2,0\n" for line in [*lines, stamp(0)]))
    assert balance.accepted == 1
    assert balance.quarantined == {"time-unreadable": 5, "time-empty": 1}


def test_unknown_tags(tmp_path: Path) -> None:
    text = f"time,LT1,XX,YY\n{stamp(0)},1,2,3\n{stamp(1)},1,2,3\n"
    deliveries, balance = read(tmp_path, text)
    assert balance.cells_refused == {"unknown-tag": 4}
    assert [(one.reason, one.what) for one in deliveries[0].refusals] == [("unknown-tag", "XX"), ("unknown-tag", "YY")]
    with pytest.raises(MappingError, match="columns that no signal explains: 'XX', 'YY'"):
        read(tmp_path, text, Mapping(unknown="refuse"))
    _, balance = read(tmp_path, text, Mapping(ignore=("XX", "YY")))
    assert not balance.cells_refused


def test_duplicate_columns(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="'LT1' is there more than once"):
        read(tmp_path, f"time,LT1,LT1\n{stamp(0)},1,2\n")
    _, balance = read(tmp_path, f"time,LT1,X,X\n{stamp(0)},1,2,3\n")
    assert balance.cells_accepted == 1


def test_wrong_encoding(tmp_path: Path) -> None:
    body = f"{stamp(0)},1,2,0\n{stamp(1)},1\xb5,2,1\n{stamp(2)},3,2,1\n"
    _, balance = read(tmp_path, (HEAD + body).encode("latin-1"))
    assert balance.quarantined == {"encoding": 1}
    assert balance.accepted == 2
    with pytest.raises(InputError, match="the header is not UTF-8"):
        read(tmp_path, f"time,LT1,Temp\xe9\n{stamp(0)},1,2\n".encode("latin-1"))
    _, balance = read(tmp_path, f"time,LT1,Temp\xe9\n{stamp(0)},1,2\n".encode("latin-1"), Mapping(encoding="latin-1"))
    assert balance.accepted == 1
    with pytest.raises(InputError, match="UTF-16"):
        read(tmp_path, (HEAD + body).encode("utf-16"))
    _, balance = read(tmp_path, (HEAD + f"{stamp(0)},1,2,0\n").encode("utf-16"), Mapping(encoding="utf-16"))
    assert balance.cells_accepted == 3
    _, balance = read(tmp_path, b"\xef\xbb\xbf" + (HEAD + f"{stamp(0)},1,2,0\n").encode())
    assert balance.cells_accepted == 3


def test_truncated_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    times = pa.array([i * SECOND for i in range(3000)], pa.timestamp("ns", "UTC"))
    levels = np.random.default_rng(1).random(3000)
    pq.write_table(pa.table({"time": times, "LT1": levels}), path, row_group_size=1000, compression="none")
    whole = path.read_bytes()
    assert total(read_all(connector(path))).accepted == 3000
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="cut short or damaged"):
        read_all(connector(path))
    meta = pq.read_metadata(pa.BufferReader(whole)).row_group(1).column(1)
    begin = meta.dictionary_page_offset or meta.data_page_offset
    path.write_bytes(whole[:begin] + bytes(255 for _ in range(60)) + whole[begin + 60 :])
    balance = total(read_all(connector(path)))
    assert balance.balances
    assert balance.read == 3000
    assert balance.quarantined == {"unreadable": 1000}
    assert balance.accepted == 2000


def test_counted_times_begin_with_the_first_row(tmp_path: Path) -> None:
    counted = TimeMap(column=None, start=stamp(5), step_s=60.0)
    expected = [5 * 60 * SECOND, 6 * 60 * SECOND]
    deliveries, _ = read(tmp_path, "# a\n\nLT1,FT1\n1,2\n3,4\n", Mapping(skip_lines=1, time=counted))
    assert [row[1] for row in rows_of(deliveries)] == expected
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"LT1": [1.0, 3.0]}), path)
    assert [row[1] for row in rows_of(read_all(connector(path, Mapping(time=counted))))] == expected


def test_a_parquet_file_is_closed_when_reading_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[parquet.ParquetRows] = []

    class Noted(parquet.ParquetRows):
        def __init__(self, *args: object) -> None:
            super().__init__(*args)
            opened.append(self)

    monkeypatch.setattr(parquet, "ParquetRows", Noted)
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"time": [stamp(i) for i in range(10)], "LT1": [1.0] * 10}), path)
    deliveries = connector(path, batch_rows=2).deliveries()
    next(deliveries)
    assert [rows._file.closed for rows in opened] == [False]
    deliveries.close()
    assert [rows._file.closed for rows in opened] == [True]


def test_a_long_layout_needs_a_time_column(tmp_path: Path) -> None:
    path = tmp_path / "a.mapping.yaml"
    path.write_text("layout: long\ntime: {column: null, start: '2026-01-01T00:00:00Z', step_s: 60}\n")
    with pytest.raises(MappingError, match="time column"):
        load_mapping(path)


def test_a_number_that_is_none_makes_no_event(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f'{{"when": "{stamp(i)}", "lel": "{lel}"}}\n' for i, lel in enumerate(("0.1", "nan"))))
    records = RecordMap(kind="gas", time="when", fields={"level_lel": "lel"}, constants={"detector": "G1"})
    balance = total(read_all(connector(path, Mapping(records=records))))
    assert (balance.accepted, balance.quarantined) == (1, {"wrong-fields": 1})


def test_damaged_gzip_and_xz_are_told_by_what_comes_before_the_damage(tmp_path: Path) -> None:
    text = (HEAD + "".join(f"{stamp(i)},{i * 7919 % 1000},2,0\n" for i in range(60_000))).encode()
    for name, whole in (("a.csv.gz", gzip.compress(text)), ("a.csv.xz", lzma.compress(text))):
        path = tmp_path / name
        for at in (40, len(whole) // 2):
            path.write_bytes(whole[:at] + bytes(64) + whole[at + 64 :])
            for look in (looks_like, sniff):
                with suppress(InputError):
                    look(path)
        path.write_bytes(whole[: len(whole) // 2])
        assert looks_like(path) == "text"
        assert sniff(path).names == ("time", "LT1", "FT1", "S1")


def test_truncated_gzip_and_xz(tmp_path: Path) -> None:
    text = (HEAD + "".join(f"{stamp(i)},{i % 97},{i % 89},1\n" for i in range(20000))).encode()
    for name, data in (("a.csv.gz", gzip.compress(text)), ("a.csv.xz", lzma.compress(text))):
        path = tmp_path / name
        path.write_bytes(data[: len(data) * 2 // 3])
        balance = total(read_all(connector(path)))
        assert balance.balances
        assert 0 < balance.accepted < 20000
        assert balance.quarantined == {"file-damaged": 1}


def test_empty_file_and_header_only(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the file is empty"):
        read(tmp_path, b"")
    with pytest.raises(InputError, match="no header"):
        read(tmp_path, b"\n\n\n")
    assert read(tmp_path, HEAD) == ([], Balance())
    assert read(tmp_path, HEAD.strip()) == ([], Balance())


def test_endless_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEAD + f"{stamp(0)},1,2,0\n" + "x" * 3_000_000 + f"\n{stamp(1)},1,2,0\n")
    for size in (1000, 1 << 20):
        balance = total(read_all(connector(path, block_bytes=size)))
        assert balance.quarantined == {"line-too-long": 1}
        assert balance.accepted == 2


def test_stray_quotes_and_returns(tmp_path: Path) -> None:
    rows = [
        f"{stamp(0)},1,2,0",
        f'{stamp(1)},"1,2,0',
        f'{stamp(2)},"3","4",1',
        f"{stamp(3)},1\r,2,0",  # a lone return
        f'{stamp(4)},1"2,3,0',
    ]
    deliveries, balance = read(tmp_path, HEAD + "\n".join(rows) + "\n")
    assert balance.read == 5
    assert balance.quarantined == {"quoting": 1}
    assert [len(row[2]) for row in rows_of(deliveries)] == [3, 3, 3, 2]


def test_decimal_comma(tmp_path: Path) -> None:
    mapping = Mapping(delimiter=";", decimal=",")
    deliveries, balance = read(tmp_path, f"time;LT1;FT1\n{stamp(0)};1,5;3,6\n{stamp(1)};1.5;-7,2e3\n", mapping)
    assert balance.cells_refused == {"text-in-number": 1}
    assert rows_of(deliveries)[0][2] == (("FT1", pytest.approx(0.001)), ("LT1", 1.5))


def test_bad_values_and_words(tmp_path: Path) -> None:
    columns = {
        "LT1": ColumnMap(signal="LT1", unit="cm", bad_values=(-9999, "Bad")),
        "S1": ColumnMap(signal="S1", values={"OPEN": 1, "CLOSED": 0}),
    }
    deliveries, balance = read(
        tmp_path,
        f"{HEAD}{stamp(0)},150,x,open\n{stamp(1)},-9999,x,Closed\n{stamp(2)},Bad,x,half\n",
        Mapping(columns=columns),
    )
    assert balance.cells_refused == {"bad-value": 2, "text-in-number": 1, "unknown-tag": 3}
    assert [row[2] for row in rows_of(deliveries)] == [(("LT1", 1.5), ("S1", 1.0)), (("S1", 0.0),), ()]


def test_times_without_zone(tmp_path: Path) -> None:
    """Local times: the site's zone; a time skipped in spring is refused; a doubled one goes by the order of rows."""
    spring = ["2026-03-29 01:30", "2026-03-29 02:30", "2026-03-29 03:30"]
    autumn = ["2026-10-25 01:30", *["2026-10-25 02:00", "2026-10-25 02:30"] * 2, "2026-10-25 03:00"]
    texts = [*spring, *autumn]
    deliveries, balance = read(tmp_path, "time,LT1\n" + "".join(f"{text},1\n" for text in texts), zone="Europe/Rome")
    assert balance.quarantined == {"time-nonexistent": 1}
    assert [to_iso(row[1]) for row in rows_of(deliveries)] == [
        "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-10-24T23:30:00Z", "2026-10-25T00:00:00Z",
        "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z",
    ]  # fmt: skip


def test_hostile_mapping(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    bomb = "a: &a [x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)},*{chr(97 + i)}]\n" for i in range(20)
    )
    for text in (
        bomb,
        "columns: [",
        "time: {column: 3: 4}",
        "!!python/object/apply:os.system [ls]",
        "layout: sideways",
        "- a",
    ):
        path.write_text(text)
        with pytest.raises(MappingError):
            load_mapping(path)
    with pytest.raises(MappingError, match="no mapping"):
        load_mapping(tmp_path / "absent.yaml")


# One block's bad cell must not change its neighbours: all three ways of reading give the same cells.


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(
                ["1", "-2.5", " 3 ", "1e3", "+4", ".5", "6.", "", "NA", "NaN", "-inf", "1e400", "0", "-0.0"]
            ),
            st.sampled_from(["1", "0.1", "123456.789", "", "nan", "1e-320"]),
        ),
        min_size=1,
        max_size=12,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_three_ways_agree(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    body = [f"{stamp(i)},{a},{b},0" for i, (a, b) in enumerate(rows)]
    n = len(body)
    typed, one = read(tmp_path, HEAD + "\n".join(body) + "\n")
    texts, two = read(tmp_path, HEAD + "\n".join([*body, f"{stamp(n)},word,,"]) + "\n")
    lines, three = read(tmp_path, HEAD + "\n".join([*body, "broken"]) + "\n")
    assert rows_of(typed) == rows_of(texts)[:n] == rows_of(lines)
    assert one.cells_refused == two.cells_refused - Counter(**{"text-in-number": 1}) == three.cells_refused
    assert (one.cells_accepted, one.cells_empty) == (three.cells_accepted, three.cells_empty)
    assert (one.cells_accepted, one.cells_empty + 2) == (two.cells_accepted, two.cells_empty)


GOOD = (HEAD + "".join(f"{stamp(i)},{i}.5,{i},1\n" for i in range(12))).encode()


@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 6), st.binary(max_size=4)), min_size=1, max_size=8
    ),
    mapping=st.sampled_from(
        [
            Mapping(),
            Mapping(layout="long", tag_column="LT1", value_column="FT1"),
            Mapping(delimiter=";"),
            Mapping(time=TimeMap(format="%Y-%m-%dT%H:%M:%SZ"), time_zone="Europe/Rome"),
            Mapping(encoding="utf-16"),
            Mapping(
                layout="plain",
                time=TimeMap(column=None, start="2026-01-01T00:00:00Z", step_s=1),
                columns={"2": ColumnMap(signal="LT1")},
            ),
        ]
    ),
    size=st.sampled_from([64, 100, 1 << 20]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_mutations_never_break_the_balance(
    tmp_path: Path, edits: list[tuple[int, int, bytes]], mapping: Mapping, size: int
) -> None:
    data = bytearray(GOOD)
    for at, length, new in edits:
        data[min(at, len(data)) : min(at, len(data)) + length] = new
    path = tmp_path / "a.csv"
    path.write_bytes(bytes(data))
    try:
        deliveries = read_all(connector(path, mapping, block_bytes=size))
    except (InputError, MappingError):
        return
    assert all(delivery.balance.balances for delivery in deliveries)
    balance = total(deliveries)
    if mapping.layout != "long":
        assert balance.accepted == len(rows_of(deliveries))
    for i, delivery in enumerate(deliveries[:3]):
        rest = read_all(connector(path, mapping, block_bytes=size), delivery.position)
        assert rows_of(rest) == rows_of(deliveries[i + 1 :])


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    with suppress(InputError, MappingError):
        assert total(read_all(connector(path))).balances


def turned(**fields: object) -> Mapping:
    return Mapping.model_validate({"transposed": True, "time": {"column": "time", "format": "epoch_s"}, **fields})


def test_a_transposed_file_names_its_signals_in_the_first_column(tmp_path: Path) -> None:
    deliveries, balance = read(tmp_path, "# made by hand\ntime,0,60,120\n\nLT1,1,2,3\nFT1,7,8,\n", turned(skip_lines=1))
    assert (balance.read - balance.dropped.total(), balance.accepted, balance.cells_empty) == (3, 3, 1)
    assert [row[2][-1] for row in rows_of(deliveries)] == [("LT1", 1.0), ("LT1", 2.0), ("LT1", 3.0)]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("time,0,60\nLT1,1,2,3\n", "line 2 has 4 fields, the lines before it 3"),
        ("time,0,60\nLT1,1\n", "line 2 has 2 fields, the lines before it 3"),
        ("", "empty"),
        ("\n\n", "empty"),
        ('time,0\n"LT1,1\n', "line 2"),
        (b"time,0,60\nLT\xff,1,2\n", "encoding"),
        (gzip.compress(b"time,0,60\nLT1,1,2\n" * 900, mtime=0)[:-20], "can't be turned"),
    ],
)
def test_a_matrix_that_cannot_be_turned_is_refused(tmp_path: Path, text: str | bytes, what: str) -> None:
    with pytest.raises(InputError, match=what):
        read(tmp_path, text, turned())


def test_a_matrix_too_large_to_turn_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transposed, "MAX_BYTES", 20)
    with pytest.raises(InputError, match="too large to be turned"):
        read(tmp_path, "time,0,60,120\nLT1,1,2,3\n", turned())


def test_a_long_file_has_nothing_to_turn() -> None:
    with pytest.raises(ValueError, match="transposed"):
        Mapping(layout="long", transposed=True)


def test_a_plain_file_without_named_columns_holds_all_signals_in_order(tmp_path: Path) -> None:
    mapping = Mapping(layout="plain", time=TimeMap(column=None, start="2026-01-01T00:00:00Z", step_s=1))
    deliveries, _ = read(tmp_path, "1,3600,0\n2,7200,1\n", mapping)
    assert [dict(row[2]) for row in rows_of(deliveries)] == [
        {"LT1": 1.0, "FT1": 1.0, "S1": 0.0},
        {"LT1": 2.0, "FT1": 2.0, "S1": 1.0},
    ]
    with pytest.raises(MappingError, match="the file has 2 columns, the site 3 signals"):
        read(tmp_path, "1,2\n", mapping)
