"""The harness itself: scenes are real, consoles live, pages forgive nothing."""

import pytest

from tests.app.service.serving import wait_for
from tests.console.browsing import listening


def test_scenes_are_what_they_say(quiet, attacked, flooded):
    with quiet.client() as api:
        assert list(api.alarms()) == []
        assert {one.state for one in api.health().sources if one.source == "scada"} == {"live"}
    with attacked.client() as api:
        (incident,) = (one for one in api.incidents() if one.title.endswith("T-103"))
        assert incident.hypothesis.startswith("overfill")
        assert 20 < len(list(api.alarms())) < 60
    with flooded.client() as api:
        assert len(list(api.alarms(limit=500))) > 9_000


def test_what_people_do_shows_at_once(make_console):
    console = make_console("attacked")
    with console.client() as api:
        assert api.health().pulse.fresh
        alarm = next(api.alarms(state="unacknowledged", sort="priority"))
        api.acknowledge(alarm.id, "seen")
        wait_for(lambda: api.alarm(alarm.id).state == "acknowledged", 10, lambda: str(api.alarm(alarm.id)))
        before = len(list(api.alarms()))
        console.raise_alarms(3)
        wait_for(lambda: len(list(api.alarms())) == before + 3, 10)


def test_a_page_that_reaches_out_or_fails_is_found(browser, attacked, open_page):
    page = listening(open_page(attacked))
    assert page.troubles.found == []
    with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://example.com/")
    assert any("example.com" in one for one in page.troubles.found)
    page.troubles.expect("example.com")


def test_a_page_shows_what_its_role_may_see(make_console, open_page):
    console = make_console("quiet", accounts=True)
    page = listening(open_page(console, role="operator"))
    assert page.get_by_role("navigation").count() == 1
    stranger = open_page(console, signed_in=False)
    stranger.locator("#root > *").first.wait_for()
    assert stranger.get_by_role("navigation").count() == 0


def test_a_service_goes_on_where_the_scene_ended(make_served):
    console = make_served("attacked", accounts=True)
    with console.client("security") as api:
        assert len(list(api.alarms(limit=500))) >= 25
        assert api.health().pulse.fresh
