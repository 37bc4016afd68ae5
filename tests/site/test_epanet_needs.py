"""Areas, stations and needs of hand-drawn networks, with their arithmetic."""

from pathlib import Path

import pytest

from infrastress.site.model import Site
from tests.site.test_epanet import EXAMPLES, made

# A river feeds, by two pumps side by side behind a common header, a valley with a floating tank T1. From there a pump
# and a non-return pipe lead up to a reservoir tank T2 that feeds the hill behind a reducing valve. A pipe kept shut
# joins hill and valley, a well brings water to the valley.
VALLEY = """\
[JUNCTIONS]
 suction 0 0
 delivery 0 0
 V1 10 10
 V2 12 20
 well 11 -5
 up 30 0
 H0 60 0
 H1 55 30
[RESERVOIRS]
 river 0
[TANKS]
 T1 40 2 1 5 20 0
 T2 80 2 0 4 10 0
[PIPES]
 a river suction 50 300 100 0 OPEN
 b delivery V1 500 300 100 0 OPEN
 c V1 V2 500 300 100 0 OPEN
 d V2 T1 500 300 100 0 OPEN
 e well V2 500 300 100 0 OPEN
 f up T2 500 300 100 0 CV
 g T2 H0 500 300 100 0 OPEN
 shut H1 V2 500 300 100 0 CLOSED
[PUMPS]
 P1 suction delivery POWER 5
 P2 suction delivery POWER 5
 P3 V2 up POWER 5
[VALVES]
 R H0 H1 100 PRV 20 0
[OPTIONS]
 UNITS CMH
 HEADLOSS H-W
[END]
"""


@pytest.fixture
def valley(tmp_path: Path) -> Site:
    (tmp_path / "valley.inp").write_text(VALLEY)
    return made(tmp_path, tmp_path / "valley.inp")


def test_what_is_kept(valley: Site) -> None:
    districts = {a.id: (a.demand_m3h, a.elevation_m) for a in valley.assets if a.type == "district"}
    assert districts == {"district-T1": (30, (0, 12)), "district-R": (30, (55, 55))}, "the well isn't a customer"
    assert {a.id: a.name for a in valley.assets if a.type == "station"} == {
        "station-P1": "Pumping station of P1 and P2"
    }
    ways = {(line.from_, line.through, line.to, line.two_way) for line in valley.connections}
    assert ways == {
        ("river", ("P1",), "district-T1", False),
        ("river", ("P2",), "district-T1", False),
        ("district-T1", (), "T1", True),
        ("district-T1", ("P3",), "up", False),
        ("up", (), "T2", False),
        ("T2", ("R",), "district-R", False),
        ("district-R", ("shut",), "district-T1", True),
        ("well", (), "district-T1", False),
    }
    assert valley.asset_by_id["shut"].normally == "closed"
    assert valley.asset_by_id["well"].type == "boundary"


def test_what_needs_what(valley: Site) -> None:
    needs: dict[str, set[tuple[str, ...]]] = {}
    for need in valley.dependencies:
        needs.setdefault(need.of, set()).add(tuple(sorted(need.on)))
        assert len(need.on) == 1 or need.logic == "any"
    assert needs == {
        "supply-district-T1": {("district-T1",)},
        "supply-district-R": {("district-R",)},
        "district-T1": {("T1", "station-P1", "well")},
        "station-P1": {("P1", "P2"), ("river",)},
        "T1": {("station-P1", "well")},
        "P3": {("district-T1",)},
        "up": {("P3",)},
        "T2": {("up",)},
        "R": {("T2",)},
        "district-R": {("R",)},
    }


def test_how_long_tanks_last(valley: Site) -> None:
    buffers = {need.of: need.buffer_h for need in valley.dependencies if need.buffer_h}
    pi = 3.141592653589793
    # T1 stands for the valley and, through P3, for the hill; T2 for the hill alone.
    assert buffers == {
        "T1": pytest.approx(pi / 4 * 20**2 * (5 - 1) / (30 + 30), rel=5e-3),
        "T2": pytest.approx(pi / 4 * 10**2 * 4 / 30, rel=5e-3),
    }


def test_pumps_far_apart_are_two_stations(tmp_path: Path) -> None:
    text = VALLEY.replace(" P2 suction delivery POWER 5", " P2 far V2 POWER 5").replace(
        " a river", " a2 river far 500 300 100 0 OPEN\n a river"
    )
    (tmp_path / "net.inp").write_text(text.replace(" suction 0 0", " suction 0 0\n far 0 0"))
    site = made(tmp_path, tmp_path / "net.inp")
    assert [a.id for a in site.assets if a.type == "station"] == []
    (tmp_path / "net.inp").write_text((tmp_path / "net.inp").read_text().replace("far 500", "far 100"))
    assert [a.id for a in made(tmp_path, tmp_path / "net.inp").assets if a.type == "station"] == ["station-P1"]


def test_an_opened_boundary_valve_joins_two_districts(tmp_path: Path) -> None:
    (tmp_path / "net.inp").write_text(VALLEY.replace("100 0 CLOSED", "100 0 OPEN"))
    site = made(tmp_path, tmp_path / "net.inp")
    assert [a.name for a in site.assets if a.type == "district"] == ["The whole network"]


def test_a_main_without_customers_is_a_junction_and_a_header_is_none(tmp_path: Path) -> None:
    text = VALLEY.replace(" V1 10 10", " V1 10 0").replace(" V2 12 20", " V2 12 0").replace(" well 11 -5", " well 11 0")
    (tmp_path / "net.inp").write_text(text.replace(" d V2 T1", " d2 suction T1 500 300 100 0 OPEN\n d V2 T1"))
    site = made(tmp_path, tmp_path / "net.inp")
    ways = {(line.from_, line.through, line.to) for line in site.connections}
    assert ("T1", ("P3",), "up") in ways, "the pipes between the stations are T1's"
    mains = {a.id for a in site.assets if a.type == "junction"}
    assert mains == {"suction", "up"}, "of two that plain pipes join to it, neither takes a main up"


@pytest.mark.data
def test_c_town_is_its_districts(public_data: Path, tmp_path: Path) -> None:
    inp = public_data / "batadal" / "ctown_map.inp.gz"
    site = made(tmp_path, inp, EXAMPLES / "batadal" / "signals.yaml")
    assert {a.id for a in site.assets if a.type == "district"} == {
        "district-T1", "district-T3", "district-T4", "district-T5", "district-T6",
        "district-v1", "district-V45", "district-V47",
    }  # fmt: skip
    assert len([a for a in site.assets if a.type == "station"]) == 5
    needs = {need.id: need for need in site.dependencies}
    assert set(needs["district-T6-water"].on) == {"station-PU10", "T6", "T7"}
    assert needs["station-PU4-water"].on == ("T2",), "T2 stands between the mains and the stations behind it"
    assert needs["T4-water"].buffer_h == pytest.approx(500.1 / 150.7, rel=5e-3)
