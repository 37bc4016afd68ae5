"""Metres and degrees: published lengths of a degree, there and back, turned sites."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastress.site.geo import Georeference
from infrastress.site.model import Location

# Length of one degree of latitude and of longitude, km: WGS 84, as tabulated in textbooks of geodesy.
DEGREES = [
    (0.0, 110.574, 111.320),
    (15.0, 110.649, 107.550),
    (30.0, 110.852, 96.486),
    (45.0, 111.132, 78.847),
    (60.0, 111.412, 55.800),
]


@pytest.mark.parametrize(("latitude", "north_km", "east_km"), DEGREES)
def test_a_degree_is_as_long_as_published(latitude: float, north_km: float, east_km: float) -> None:
    geo = Georeference(Location(latitude=latitude, longitude=10.0))
    assert geo.to_site(latitude + 0.001, 10.0)[1] == pytest.approx(north_km, abs=0.002)  # 1/1000 of 1000 m
    assert geo.to_site(latitude, 10.001)[0] == pytest.approx(east_km, abs=0.002)


@given(st.integers(0, 2**32))
def test_there_and_back(seed: int) -> None:
    draw = random.Random(seed)
    where = Location(
        latitude=draw.uniform(-80, 80), longitude=draw.uniform(-180, 180), rotation_deg=draw.uniform(-180, 180)
    )
    geo = Georeference(where)
    point = (draw.uniform(-2e4, 2e4), draw.uniform(-2e4, 2e4))
    assert geo.to_site(*geo.to_earth(point)) == pytest.approx(point, abs=1e-4)
    course = draw.uniform(0, 360)
    assert math.cos(math.radians(geo.bearing((0.0, 0.0), geo.along(course, 5.0)) - course)) == pytest.approx(1.0)


def test_a_turned_site_and_a_bearing() -> None:
    geo = Georeference(Location(latitude=45.0, longitude=179.9999, rotation_deg=90.0))
    latitude, longitude = geo.to_earth((100.0, 0.0))  # turned by 90 degrees, x points north
    assert latitude > 45.0
    assert longitude == pytest.approx(179.9999)
    assert geo.bearing((0.0, 0.0), (100.0, 0.0)) == pytest.approx(0.0)
    assert geo.bearing((0.0, 0.0), (0.0, -10.0)) == pytest.approx(90.0)
    assert geo.to_site(45.0, -179.9999)[1] == pytest.approx(-15.77, abs=0.05)  # over the date line


def test_a_site_without_a_place_says_so() -> None:
    geo = Georeference(Location())
    assert not geo.known
    with pytest.raises(ValueError, match="latitude"):
        geo.to_site(1.0, 2.0)
