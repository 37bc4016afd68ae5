"""The form at the water works: its map, its places by name, and what becomes of a report about tap water."""

import math
import re
from pathlib import Path

from infrastress.detectors.reports import ReportDetector
from infrastress.events.frames import Block
from infrastress.site.geo import Georeference
from infrastress.site.load import load_site
from tests.app.portal.test_portal import Visit
from tests.detectors.reports.test_reports import frames, report

WATER = Path(__file__).resolve().parents[3] / "examples" / "water"


def test_a_report_at_the_water_works_has_a_place_by_the_map_and_by_a_name(tmp_path):
    site = load_site(WATER)
    earth = Georeference(site.location)
    visit = Visit(site, tmp_path)
    form = visit.call("GET", "/")
    assert "Tap water" in form.text
    assert "School on the hill" in form.text
    touched = visit.call("POST", "/place", data={"category": "tap_water", "map.x": "150", "map.y": "110"}).text
    latitude, longitude = (
        float(re.search(rf'name="{name}"[^>]*value="([\d.]+)"', touched)[1]) for name in ("latitude", "longitude")
    )
    x, y = earth.to_site(latitude, longitude)
    assert 3000 < x < 10200, "on the map, between the school and the far end"
    assert 2000 < y < 5200
    sent = visit.call("POST", "/", data={"category": "tap_water", "text": "brown", "near": "school", "key": "k" * 16})
    assert sent.status_code == 303
    (record,) = visit.records
    school = next(one for one in site.receptors if one.id == "school")
    assert math.dist(earth.to_site(record.latitude, record.longitude), school.position) < 2


def test_neighbours_without_water_are_one_cluster_and_those_miles_away_another():
    site = load_site(WATER)
    events = [
        report("tap_water", f"n{n}", 30.0 + 60 * n, depot=site, where=where, text=text, sequence=n)
        for n, (where, text) in enumerate(
            [
                ((10102, 2092), "no water since this morning"),
                ((10180, 2200), "nothing comes from the tap on the third floor"),
                ((3105, 5152), "brown water at the school"),
            ]
        )
    ]
    found = ReportDetector(site).update(Block(frames(10), tuple(events)))
    assert [f.body.sentence.split(":")[0] for f in found] == ["unconfirmed", "probable", "unconfirmed"]
    assert len({f.body.episode for f in found}) == 2
