"""Sessions: who shares one, and when it is over."""

import pytest

from infrastress.core.time import SECOND
from infrastress.detectors.alerts import Novelty, SessionOptions
from infrastress.detectors.alerts.novelty import Pace, QuietTime
from infrastress.detectors.alerts.sessions import Sessions

from .making import alert, quiet


def sessions(learned=None, **options):
    novelty = Novelty(learned or quiet())
    found = Sessions(SessionOptions(**options), novelty)

    def take(second, host="web", signature="new", family="fam", **more):
        one = alert(second, host, signature, family, **more)
        return found.take(one, novelty.surprise(host, signature))

    return found, take


def numbers(take, *seconds, **of):
    return [take(second, **of).number for second in seconds]


def test_patience_shrinks_as_a_session_grows():
    _, take = sessions(gap_s=60, gap_least_s=5)
    # 60 s after one, 30 after two, 20 after three, then 15.
    assert numbers(take, 0, 60, 90, 110, 126) == [1, 1, 1, 1, 2]
    _, take = sessions(gap_s=60, gap_least_s=5)
    assert numbers(take, *[0] * 100, 5, 11) == [1] * 101 + [2]


def test_patience_grows_with_the_pace_of_the_host_up_to_a_bound():
    learned = QuietTime(1, "", "", 24, (), (Pace("web", 100 * SECOND), Pace("db", 10_000 * SECOND)))
    _, take = sessions(learned, gap_s=60, pace=5, gap_most_s=3600)
    assert numbers(take, 0, 500, 751) == [1, 1, 2]
    assert numbers(take, 1000, 4601, host="db") == [3, 4]
    assert numbers(take, 5000, 5061, host="hmi") == [5, 6]


def test_unusual_alerts_of_a_host_share_a_session_whatever_their_family_and_usual_ones_do_not():
    _, take = sessions()
    assert take(0, family="web log").number == take(1, signature="other", family="audit").number == 1
    assert take(1, signature="daily", family="web log").number == 2
    assert take(2, signature="daily", family="audit").number == 3
    assert take(2, host="db").number == 4


def test_a_usual_session_ends_after_its_gap():
    _, take = sessions(usual_gap_s=60)
    assert numbers(take, 0, 60, 120, 181, signature="daily") == [1, 1, 1, 2]


def test_what_a_session_says():
    _, take = sessions()
    for _ in range(3):
        take(0)
    session = take(1, signature="other", severity="high")
    assert str(session) == "web: 4 alerts unusual there: new 3 times, other"
    assert (session.count, session.severity, session.surprise) == (4, "high", 2 * Novelty(quiet()).surprise("web", "x"))


def test_a_late_alert_joins_the_session_it_fits_or_has_one_of_its_own():
    found, take = sessions(gap_s=60)
    take(100)
    assert found.take_late(alert(50), 1).number == 1
    assert found.open["web", "\x00"].begin == alert(50).time
    assert found.take_late(alert(-100), 1).number == 2
    assert take(101).number == 1


def test_open_sessions_are_bounded():
    found, take = sessions(most_open=3)
    for number in range(10):
        take(number, host=f"host{number}")
    assert (len(found.open), found.evicted) == (3, 7)
    take(100_000, host="later")
    assert (len(found.open), found.evicted) == (1, 7), "what is over goes without being counted"


@pytest.mark.parametrize("field", ["gap_s", "gap_least_s", "usual_gap_s", "most_open", "gap_most_s"])
def test_options_name_the_field_that_is_wrong(field):
    with pytest.raises(ValueError, match=field):
        SessionOptions(**{field: 0})
