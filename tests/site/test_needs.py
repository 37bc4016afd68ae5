"""What is lost with an asset: needs of all and any, buffers, loops; against a slow reckoning by rounds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.site.model import Site
from infrastress.site.needs import Needs


def site_of(*needs: tuple[str, tuple[str, ...], str, float]) -> Site:
    names = {name for of, on, *_ in needs for name in (of, *on)} - {"s"}
    return Site.model_validate(
        {
            "id": "x",
            "assets": [{"id": name, "type": "other"} for name in sorted(names)],
            "services": [{"id": "s"}],
            "dependencies": [
                {"id": f"d{i}", "of": of, "on": on, "logic": logic, "buffer_h": buffer}
                for i, (of, on, logic, buffer) in enumerate(needs)
            ],
        }
    )


PLANT = site_of(
    ("s", ("tank-1", "tank-2"), "any", 2.0),
    ("s", ("pump",), "all", 0.0),
    ("pump", ("mains", "generator"), "any", 0.5),
    ("pump", ("plc",), "all", 1.0),
)


@pytest.mark.parametrize(
    ("lost", "after"),
    [
        (["pump"], {"s": 0.0}),
        (["plc"], {"pump": 1.0, "s": 1.0}),
        (["tank-1"], {}),
        (["tank-1", "tank-2"], {"s": 2.0}),
        (["mains"], {}),
        (["mains", "generator"], {"pump": 0.5, "s": 0.5}),
        (["s"], {}),
    ],
)
def test_buffers_add_up_and_an_alternative_holds(lost, after):
    assert Needs(PLANT).lost_with(lost) == after


def test_single_points_are_what_stops_it_alone():
    needs = Needs(PLANT)
    assert needs.relied_on("s") == ["generator", "mains", "plc", "pump", "tank-1", "tank-2"]
    assert needs.single_points("s") == {"pump": 0.0, "plc": 1.0}
    assert needs.single_points("mains") == {}


def test_a_loop_with_buffers_ends():
    loop = Needs(site_of(("a", ("b",), "all", 1.0), ("b", ("a",), "all", 1.0), ("s", ("a",), "all", 0.0)))
    assert loop.lost_with(["b"]) == {"a": 1.0, "s": 1.0}
    assert loop.relied_on("a") == ["b"]


names = st.sampled_from(["a", "b", "c", "d", "s"])
need = st.tuples(
    names, st.lists(names, min_size=1, max_size=3).map(tuple), st.sampled_from(["all", "any"]), st.integers(0, 3)
)


@given(st.lists(need, min_size=1, max_size=8), st.sets(names, min_size=1, max_size=2))
@settings(max_examples=200)
def test_it_is_what_rounds_of_reckoning_come_to(needs, lost):
    hours = dict.fromkeys(lost, 0.0)
    for _ in range(50):
        for of, on, logic, buffer in needs:
            pick = min if logic == "all" else max
            after = buffer + pick(hours.get(other, float("inf")) for other in on)
            if after < hours.get(of, float("inf")):
                hours[of] = after
    assert Needs(site_of(*needs)).lost_with(lost) == {k: v for k, v in hours.items() if k not in lost}
