"""Spans that teach nothing."""

import pytest

from infrastress.app.reading import open_recordings
from infrastress.app.training import Exclusion, parse_span, read_exclusions
from infrastress.app.training.exclusions import labelled
from infrastress.core.errors import InputError
from infrastress.core.time import HOUR, from_iso
from tests.detectors.plant import tank_site

A, B = "2026-03-01T00:00:00Z", "2026-03-01T06:00:00+01:00"


def test_a_span(tmp_path):
    span = parse_span(f"{A}/{B}")
    assert (span.began, span.ended) == (from_iso(A), from_iso(B))


@pytest.mark.parametrize("text", ["yesterday", A, f"{B}/{A}", f"{A}/{A}", "2026-03-01/2026-03-02"])
def test_no_span(text):
    with pytest.raises(InputError):
        parse_span(text)


LOGS = {
    "log.csv": f"began,ended,reason\n{A},{B},pump swap\n{A},{B},\n",
    "german.csv": f"began;ended;reason\n{A};{B};pump swap\n{A};{B};\n",
    "bom.csv": f"\ufeffbegan, ended, reason\n{A}, {B}, pump swap\n{A}, {B},\n",
    "log.yaml": f"- {{began: {A}, ended: {B}, reason: pump swap}}\n- began: {A}\n  ended: '{B}'\n",
}


@pytest.mark.parametrize("name", LOGS)
def test_a_maintenance_log(tmp_path, name):
    (tmp_path / name).write_text(LOGS[name], encoding="utf-8")
    assert read_exclusions(tmp_path / name) == [
        Exclusion(from_iso(A), from_iso(B), "pump swap"), Exclusion(from_iso(A), from_iso(B)),
    ]  # fmt: skip


WRONG = {
    "columns.csv": ("from,to\n1,2\n", "began and ended"),
    "time.csv": (f"began,ended\n{A},{B}\n{A},noon\n", "line 3"),
    "order.csv": (f"began,ended\n{B},{A}\n", "line 2"),
    "missing.csv": (f"began,ended\n{A},\n", "no ended"),
    "entry.yaml": (f"- began: {A}\n", "entry 1"),
    "text.yaml": ("maintenance\n", "no list of spans"),
    "broken.yaml": ("- [\n", "no YAML"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_log_is_told_with_its_line(tmp_path, name):
    text, needle = WRONG[name]
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as caught:
        read_exclusions(tmp_path / name)
    assert needle in str(caught.value)
    assert name in str(caught.value)


def test_a_missing_log(tmp_path):
    with pytest.raises(InputError, match="no list of spans"):
        read_exclusions(tmp_path / "none.csv")


def test_labelled_rows_are_spans_where_the_mapping_names_their_column(tmp_path):
    start = from_iso(A)
    rows = [f"2026-03-01T{hour:02d}:00:00Z,{hour / 10},{int(3 <= hour < 7)}" for hour in range(24)]
    file = tmp_path / "recording.csv"
    file.write_text("\n".join(["time,L1,fault", *rows]) + "\n")
    mapping = tmp_path / "recording.csv.mapping.yaml"
    mapping.write_text("columns: {L1: L1}\nlabel: fault\n")
    ((span, count),) = labelled(tank_site(), open_recordings(tank_site(), tmp_path, [file]))
    assert (span.began, span.ended, count) == (start + 3 * HOUR, start + 7 * HOUR, 4)
    assert "fault" in span.reason
    assert "recording.csv" in span.reason
    mapping.write_text("columns: {L1: L1}\n")
    assert labelled(tank_site(), open_recordings(tank_site(), tmp_path, [file])) == []
    mapping.write_text("columns: {L1: L1}\nlabel: other\n")
    assert labelled(tank_site(), open_recordings(tank_site(), tmp_path, [file])) == []
