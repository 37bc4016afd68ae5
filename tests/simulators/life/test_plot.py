"""Deeds that a scenario tells for certain: at their moments and places, each by somebody else, each with its truth."""

import pytest

from infrastress.app.scenarios import play
from infrastress.core.errors import SimulationError
from infrastress.core.time import HOUR, MINUTE, from_iso
from infrastress.events import AccessAttempt, DoorState, GasReading, LoginAttempt, Report, SwitchState, TrackPoint
from infrastress.simulators.base import Realisation, Scenario
from infrastress.site.load import load_site
from tests.conftest import ROOT

SITE = load_site(ROOT / "examples" / "depot")
START = "2026-03-12T18:00:00+01:00"
T0 = from_iso(START)
DEEDS = [
    ({"what": "foothold", "at_h": 7.0, "lasts_s": 1800}, LoginAttempt, True),
    ({"what": "remote_support", "at_h": 5.0, "lasts_s": 3000}, LoginAttempt, False),
    ({"what": "forced_door", "at_h": 8.0, "zone": "farm-petrol"}, DoorState, True),
    ({"what": "fence_climb", "at_h": 8.2, "zone": "pumps", "device": "F-10"}, SwitchState, True),
    ({"what": "alarm_disabled", "at_h": 6.5, "zone": "substation"}, DoorState, True),
    ({"what": "insider", "at_h": 7.5, "zone": "server-room"}, AccessAttempt, True),
    ({"what": "hostile_track", "at_h": 9.0, "device": "T-103", "variant": "drone"}, TrackPoint, True),
    ({"what": "gas_inhibited", "at_h": 6.0, "device": "GD-01"}, SwitchState, True),
    ({"what": "gas", "at_h": 8.5, "device": "T-103", "count": 3, "lasts_s": 2000}, GasReading, False),
    ({"what": "head_fault", "at_h": 9.5, "zone": "farm-diesel", "count": 2, "lasts_s": 3600}, GasReading, False),
    ({"what": "callout", "at_h": 9.5, "zone": "pumps", "lasts_s": 1800}, AccessAttempt, False),
    ({"what": "overtime", "at_h": 9.5, "zone": "server-room", "lasts_s": 1800}, AccessAttempt, False),
    ({"what": "chatter", "at_h": 10.0, "zone": "jetty", "count": 4}, DoorState, False),
    ({"what": "wind", "at_h": 10.0, "count": 12, "lasts_s": 3600}, SwitchState, False),
    ({"what": "smoke", "at_h": 11.0, "zone": "server-room"}, SwitchState, False),
    ({"what": "drill", "at_h": 11.5, "count": 2, "lasts_s": 900}, SwitchState, False),
    ({"what": "own_drone", "at_h": 12.0, "device": "T-101"}, TrackPoint, False),
    ({"what": "ghost", "at_h": 12.0, "device": "T-101"}, TrackPoint, False),
    ({"what": "voices", "at_h": 9.0, "topic": "release", "category": "smell", "count": 6}, Report, False),
    ({"what": "fakes", "at_h": 9.0, "category": "smell", "count": 50, "device": "T-108"}, Report, True),
]


def told(*plot: dict, seed: int = 2, **options: object) -> Realisation:
    scenario = Scenario(
        name="plot", simulator="life", start=START, duration_h=14,
        options={"plot": [{"event": "main", **deed} for deed in plot], **options},
    )  # fmt: skip
    return play(SITE, scenario, seed)


@pytest.mark.parametrize(("deed", "body", "malicious"), DEEDS, ids=[deed["what"] for deed, *_ in DEEDS])
def test_a_deed_is_told_when_it_says_and_adds_to_the_night(deed: dict, body: type, malicious: bool):
    real, plain = told(deed, oddities=False), told(oddities=False)
    [span] = [span for span in real.truth if span.event]
    assert span.event == "main"
    assert span.malicious is malicious
    assert abs(span.began - T0 - deed["at_h"] * HOUR) <= 3 * MINUTE
    before = {(event.occurred, event.kind, event.assets) for event in plain.events}
    new = [one for one in real.events if (one.occurred, one.kind, one.assets) not in before]
    mine = [one for one in new if isinstance(one.body, body)]
    assert mine
    assert all(span.began - 3 * MINUTE <= one.occurred <= span.ended + 2 * HOUR for one in mine)
    if "count" in deed and body is Report:
        assert len(mine) == deed["count"]
    assert [one for one in plain.truth if not one.malicious] == [one for one in real.truth if not one.event]


def test_whoever_plays_a_part_plays_no_other():
    at_once = [{"what": "overtime", "at_h": 9.0, "zone": "server-room", "lasts_s": 1800}] * 3
    real = told(*at_once, {"what": "foothold", "at_h": 9.0, "lasts_s": 1800})
    people = [span.people[0] for span in real.truth if span.event]
    assert len(people) == len(set(people)) == 4
    with pytest.raises(SimulationError, match="nobody and nothing fits overtime"):
        told(*at_once * 3)


def test_a_deed_is_the_same_whatever_else_is_told():
    deed = {"what": "forced_door", "at_h": 8.0, "zone": "pumps"}
    alone, among = told(deed), told({"what": "forced_door", "at_h": 5.0, "zone": "jetty", "event": "beside"}, deed)
    assert [s for s in alone.truth if s.event == "main"] == [s for s in among.truth if s.event == "main"]


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ({"what": "forced_door", "at_h": 8.0, "zone": "attic"}, "no door leads to a zone 'attic'"),
        ({"what": "gas", "at_h": 8.0, "device": "T-999"}, "no asset 'T-999'"),
        ({"what": "dance", "at_h": 8.0}, "plot"),
        ({"what": "own_drone", "at_h": 8.0}, "nobody and nothing fits own_drone"),
        ({"what": "smoke", "at_h": 8.0, "zone": "jetty"}, "nobody and nothing fits smoke"),
    ],
)
def test_what_does_not_fit_is_told(deed: dict, said: str):
    with pytest.raises(SimulationError, match=said):
        told(deed)
