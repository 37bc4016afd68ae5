"""Hostile and broken files: faults, never a traceback, in bounded time and memory; mutated sites; includes."""

import time
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.core.units import scale_of
from infrastress.site.check import check_site
from infrastress.site.document import MAX_BYTES, read_document
from infrastress.site.quantities import COMMON_UNITS
from infrastress.site.schema import site_json_schema

# ruff: noqa: E501 - an entry of a list is a line

SEED = """\
id: plant
time_zone: Europe/Rome
zones:
  - {id: north, polygon: [[0, 0], [9, 0], [9, 9], [0, 9]]}
networks: [{id: lan, cidr: 10.1.0.0/24}]
assets:
  - {id: T1, type: tank, zone: north, diameter_m: 5.5, height_m: 10, controller: PLC}
  - {id: P1, type: pump, curve: [[0, 50], [100, 30]]}
  - {id: PLC, type: controller, interfaces: [{network: lan, address: 10.1.0.9}]}
sources: [{id: scada, kind: telemetry, options: {}}]
signals:
  - {id: L1, asset: T1, kind: level, unit: m, source: scada, range: [0, 12], limits: {low: 1, high: 9}}
  - {id: S1, asset: P1, kind: state, source: scada}
connections: [{id: c, from: P1, to: T1}]
control_rules:
  - {id: r, when: {signal: L1, is: above, value: 9}, actuator: S1, switches: off}
  - {id: q, when: {all: [{any: [{signal: S1, is: unequal, value: 0}]}, {clock: {from: 06:00, to: 20:00}}, {elapsed_h: {to: 9}}]}, actuator: S1, sets: 0.5, otherwise: off}
  - {id: s, actuator: S1, schedule: [{at: 01:00, switches: on}]}
dependencies: [{id: d, of: T1, on: [P1]}]
people: [{id: p, role: operator, badge: "7", zones: [north], hosts: [PLC]}]
"""
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 500))


def _check(folder: Path, data: bytes) -> list[str]:
    (folder / "site.yaml").write_bytes(data)
    result = check_site(folder)
    assert result.site is None
    return [str(fault) for fault in result.errors]


def test_seed_is_sound(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SEED)
    assert check_site(tmp_path).faults == ()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (BOMB.encode(), "do aliases"),
        (CHAIN.encode(), "levels"),
        (b"id: " + b"[" * 200_000, "levels"),
        (b"id: " + b"{a: " * 200_000, "levels"),
        (b"- " * 200_000, "levels"),
        ("id: è".encode("latin-1"), "UTF-8"),
        ("id: a\nname: caffè\n".encode("cp1252"), "site.yaml:2"),
        ("id: a\n".encode("utf-16"), "UTF-16"),
        (b"id: a\x00", "control character"),
        (bytes(range(256)), "UTF-8"),
        (b"#" * (MAX_BYTES + 1), "larger"),
        (b"id: " + b"9" * 5000, "expected"),
        (b"id: a\nassets: [{id: T, type: tank, height_m: " + b"9" * 390 + b"}]", "expected"),
        (b"%YAML 9.9\n---\nid: a", "YAML"),
        (b"id: a\n<<: {name: b}\n", "unknown field"),
    ],
)
def test_hostile_file_is_a_fault(tmp_path: Path, data: bytes, said: str) -> None:
    began = time.process_time()
    faults = _check(tmp_path, data)
    assert any(said in fault for fault in faults), faults
    assert all(len(fault) < 500 for fault in faults)
    assert time.process_time() - began < 20, "a bound, not a measurement: without one a bomb runs for hours"


def test_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_bytes(b"\xef\xbb\xbfid: a\n")
    assert check_site(tmp_path).faults == ()


def test_missing_folder_is_a_fault(tmp_path: Path) -> None:
    result = check_site(tmp_path / "nowhere")
    assert result.site is None
    assert "there is no such file" in str(result.faults[0])


def test_every_fault_at_once(tmp_path: Path) -> None:
    text = SEED.replace("Europe/Rome", "Mars").replace("asset: T1, kind", "asset: T2, kind").replace("to: T1", "to: T3")
    faults = _check(tmp_path, text.replace("height_m: 10", "height_m: -10").encode())
    assert len(faults) == 4, "time zone, height, signal's asset, connection's end; nothing because T1 is faulty itself"


def test_faults_point_into_included_files(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "site.yaml").write_text("id: plant\ninclude: [parts/a.yaml, parts/b.yaml]\nzones: [{id: z1}]\n")
    (tmp_path / "parts" / "a.yaml").write_text("zones:\n  - {id: z2}\n  - {id: z1}\nname: no\n")
    (tmp_path / "parts" / "b.yaml").write_text("include: c.yaml\nzones: [{id: z3, acess: staff}]\n")
    (tmp_path / "parts" / "c.yaml").write_text(
        "assets:\n  - {id: P, type: pump, zone: z2}\n  - {id: Q, type: pump, zone: z9}\n"
    )
    said = [(fault.file, fault.line, fault.field) for fault in check_site(tmp_path).errors]
    assert said == [
        ("parts/a.yaml", 3, "zones[2].id"),
        ("parts/a.yaml", 4, "name"),
        ("parts/b.yaml", 2, "zones[3].acess"),
        ("parts/c.yaml", 3, "assets[1].zone"),
    ]


def test_includes_join_in_order(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("id: plant\ninclude: [b.yaml, a.yaml]\nzones: [{id: z1}]\n")
    (tmp_path / "a.yaml").write_text("zones: [{id: z3}]\nruntime: {frame_s: 10}\n")
    (tmp_path / "b.yaml").write_text("zones: [{id: z2}]\n")
    site = check_site(tmp_path).site
    assert site is not None
    assert [zone.id for zone in site.zones] == ["z1", "z2", "z3"]
    assert site.runtime.frame_s == 10


def test_symbolic_link_may_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("zones: [{id: z}]\n")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.yaml").symlink_to(tmp_path / "secret.yaml")
    (tmp_path / "site" / "site.yaml").write_text("id: plant\ninclude: a.yaml\n")
    assert "leads out" in str(check_site(tmp_path / "site").faults[0])


_PIECES = st.sampled_from(
    ["{", "}", "[", "]", ":", ",", "-", "&a ", "*a", "!", "|", ">", "\t", "\n", '"', "'", "#", "? ", "~", "9" * 400,
     ".nan", "-.inf", "1e999", "T1", "id", "type", "null", "true", "{}", "[]", "é", "\x00", "<<", "%", "@",
     "include: x\n"]
)  # fmt: skip


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(st.integers(0, len(SEED)), st.integers(0, 12), st.one_of(_PIECES, st.text(max_size=6))), max_size=4
    )
)
def test_mutated_site_never_raises(tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, str]]) -> None:
    text = SEED
    for start, length, piece in edits:
        text = text[:start] + piece + text[start + length :]
    folder = tmp_path_factory.mktemp("site", numbered=True)
    (folder / "site.yaml").write_text(text, encoding="utf-8", errors="surrogatepass")
    result = check_site(folder)
    assert (result.site is None) == bool(result.errors)
    assert all(fault.line >= 1 and fault.file and "\n" not in fault.found for fault in result.faults)


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes", numbered=True) / "any.yaml"
    path.write_bytes(data)
    value, faults = read_document(path, "any.yaml")
    assert value is None or not faults or all(fault.line >= 1 for fault in faults)


def test_ten_thousand_assets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["id: big", "sources: [{id: scada, kind: telemetry}]", "assets:"]
    lines += [f"  - {{id: P{n}, type: pump, rated_flow_m3h: 600, position: [{n}, 2.5]}}" for n in range(10_000)]
    lines += ["signals:"]
    lines += [f"  - {{id: F{n}, asset: P{n}, kind: flow, unit: m3/h, source: scada}}" for n in range(10_000)]
    (tmp_path / "site.yaml").write_text("\n".join(lines))
    began = time.perf_counter()
    result = check_site(tmp_path)
    with capsys.disabled():
        print(f"\ncheck of 10,000 assets and 10,000 signals: {time.perf_counter() - began:.2f} s")
    assert result.site is not None
    assert len(result.site.assets) == 10_000


def test_ten_thousand_dangling_references_are_all_reported(tmp_path: Path) -> None:
    lines = ["id: big", "sources: [{id: scada, kind: telemetry}]", "assets:"]
    lines += [f"  - {{id: P{n}, type: pump, zone: nowhere-{n}}}" for n in range(5_000)]
    lines += ["signals:"] + [f"  - {{id: F{n}, asset: Q{n}, kind: other, source: scada}}" for n in range(5_000)]
    (tmp_path / "site.yaml").write_text("\n".join(lines))
    assert len(check_site(tmp_path).errors) == 10_000


def test_common_units_have_the_dimension_of_the_unit_library() -> None:
    assert {unit: scale_of(unit).dimension for unit in COMMON_UNITS} == COMMON_UNITS


def test_schema_holds_the_example_and_refuses_a_fault(depot_folder: Path) -> None:
    schema = site_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    value, _ = read_document(depot_folder / "site.yaml", "site.yaml")
    assert list(validator.iter_errors(value)) == []
    value["assets"][0]["type"] = "tnak"
    assert list(validator.iter_errors(value)) != []
    assert list(validator.iter_errors({"include": ["a.yaml"]})) == []
