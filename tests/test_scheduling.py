"""Which process takes which tests: a fixture that takes a minute must not be made in each of them."""

from pathlib import Path
from types import SimpleNamespace

from tests.scheduling import FIRST, TOGETHER, costly_first, unit_of

ROOT = Path(__file__).resolve().parents[1]


def test_what_shares_a_fixture_goes_to_one_process():
    assert {unit_of(file) for file, unit in TOGETHER.items() if unit == "demo"} == {"demo"}
    assert unit_of("tests/app/test_journey.py") == "tests/app/test_journey.py"  # its fixture is the module's
    assert unit_of("tests/app/service/test_serve.py") == ""


def test_what_is_named_is_there():
    assert all((ROOT / name).exists() for name in FIRST)


def test_the_costly_come_first_and_the_rest_stays_in_order():
    names = ["tests/a.py::x", "tests/console/test_site.py::x", "tests/a.py::a", "tests/test_wheel.py::x"]
    items = [SimpleNamespace(nodeid=name) for name in names]
    costly_first(items)
    assert [item.nodeid for item in items] == [names[3], names[1], names[0], names[2]]
