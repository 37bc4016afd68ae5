"""What people do about incidents: durable, once, told to all; and the page of an incident in one answer."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from infrastress.client import ApiError
from infrastress.core.time import SECOND
from infrastress.core.units import scale_of
from infrastress.events import Incident, IncidentAction, decode_event, encode_event, make_event
from infrastress.store.ports import Output, read_all, type_of
from tests.app.api.running import commit, copy_store, running
from tests.app.service.serving import wait_for

GOOD = "four dull green lamps"


@pytest.fixture
def store(recorded, tmp_path):
    return copy_store(recorded, tmp_path)


def acts_in(api) -> list[IncidentAction]:
    records = read_all(api.store.log, "ingest/depot/main")
    return [decode_event(record.data).body for record in records if type_of(record.subject) == "action"]


def revision(api, of: str, **changed) -> None:
    """The incident's next revision, as fusion tells it."""
    event = decode_event(api.store.records.get("event", f"depot/{of}").data)
    body = event.body
    fields = {name: getattr(body, name) for name in body.__struct_fields__} | {"revision": body.revision + 1} | changed
    told = make_event(
        site="depot", source="fusion", sequence=fields["revision"], occurred=event.occurred, body=Incident(**fields),
        assets=event.assets,
    )  # fmt: skip
    commit(api.store, [Output(told.id, "result/depot:event", encode_event(told), f"depot/{fields['incident']}", 1)])


def raised_again(api, alarm: str) -> None:
    """One more episode of an alarm."""
    event = decode_event(api.store.records.get("event", f"depot/{alarm}").data)
    body = event.body
    fields = {name: getattr(body, name) for name in body.__struct_fields__} | {"count": body.count + 1}
    told = make_event(
        site="depot", source="fusion", sequence=event.sequence + 1, occurred=event.occurred + SECOND,
        body=type(body)(**fields), assets=event.assets,
    )  # fmt: skip
    commit(api.store, [Output(told.id, "result/depot:event", encode_event(told), f"depot/{alarm}", 1)])


def test_an_incident_is_handled_from_new_to_closed_and_is_so_after_a_restart(site_folder, store, tmp_path):
    with running(site_folder, store, tmp_path / "state") as api, api.client() as client:
        (incident,) = client.incidents(handling="new")
        assert (incident.handling.owner, incident.handling.changed) == (None, None)
        assert client.assign(incident.id).incident.handling.state == "in_hand"
        assert client.assign(incident.id).changed is False
        assert client.note(incident.id, "  on my way  ").act.text == "on my way"
        task = client.add_task(incident.id, "dip T-103").act.id
        assert client.settle_task(incident.id, task).changed is True
        assert client.settle_task(incident.id, task).changed is False
        closed = client.close_incident(incident.id, "drill", "it was announced").incident
        assert (closed.handling.state, closed.handling.closing.cause, closed.state) == (
            "closed",
            "drill",
            incident.state,
        )
        assert client.close_incident(incident.id, "drill", "it was announced").changed is False
        assert list(client.incidents(handling=["new", "in_hand"])) == []
    with running(site_folder, store, tmp_path / "state") as api, api.client() as client:
        (one,) = client.incidents(handling="closed", owner="local")
        assert list(client.incidents(owner="")) == []
        handling = client.incident(one.id).handling
        assert [(note.by, note.text) for note in handling.notes] == [("local", "on my way")]
        assert [(task.text, task.done, task.settled_by) for task in handling.tasks] == [("dip T-103", True, "local")]
        assert [act.action for act in handling.acts] == ["assign", "note", "task", "task_done", "close"]
        assert client.evidence(handling.acts[-1].id).event["body"]["cause"] == "drill"
        assert client.reopen_incident(one.id, "it was none").incident.handling.state == "in_hand"
        assert client.reopen_incident(one.id).changed is False
        assert client.incident(one.id).handling.reopening.comment == "it was none"
        assert client.assign(one.id, "").incident.handling.state == "new"
        assert len(acts_in(api)) == 7


def test_the_same_key_is_the_same_act(site_folder, store, tmp_path):
    with running(site_folder, store, tmp_path / "state") as api, api.client() as client:
        (incident,) = client.incidents()
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda _: client.note(incident.id, "seen", key="k"), range(16)))
        assert sum(result.changed for result in results) == 1
        assert len({result.act.id for result in results}) == 1
        assert len(acts_in(api)) == 1


def test_evidence_after_a_closing_opens_it_again_and_who_follows_is_told(site_folder, store, tmp_path):
    with running(site_folder, store, tmp_path / "state") as api, api.client() as client, api.client() as other:
        (incident,) = client.incidents()
        stream = other.follow("incidents")
        assert next(stream).kind == "start"
        client.close_incident(incident.id, "sensor_fault", "float stuck")
        (told,) = next(stream).update.incidents
        assert (told.id, told.handling.state) == (incident.id, "closed")
        raised_again(api, client.incident(incident.id).alarms[0].id)
        (told,) = next(stream).update.incidents
        assert (told.handling.state, told.handling.new_evidence) == ("new", True)
        assert told.handling.closing.cause == "sensor_fault"
        client.close_incident(incident.id, "attack", "it was no fault")
        (told,) = next(stream).update.incidents
        assert (told.handling.state, told.handling.new_evidence) == ("closed", False)


def test_a_follower_of_incidents_that_was_cut_off_learns_of_acts_too(site_folder, store, tmp_path):
    with running(site_folder, store, tmp_path / "state") as api, api.client() as client:
        (incident,) = client.incidents()
        before = client.position()
    with running(site_folder, store, tmp_path / "state") as api, api.client() as client:
        client.assign(incident.id)
    with running(site_folder, store, tmp_path / "state") as api, api.client() as client:
        (told,) = next(client.follow("incidents", after=before)).update.incidents
        assert (told.id, told.handling.owner) == (incident.id, "local")


def test_acts_go_with_an_incident_that_became_part_of_another(site_folder, store, tmp_path):
    with running(site_folder, store, tmp_path / "state") as api, api.client() as client:
        (incident,) = client.incidents()
        client.note(incident.id, "before")
        revision(api, incident.id, incident="inc-0000000000000000", aliases=(incident.id,))
        revision(api, incident.id, state="closed", superseded_by="inc-0000000000000000")
        wait_for(lambda: client.incident(incident.id).superseded_by is not None, 10)
        result = client.note(incident.id, "from a page that is out of date")
        assert result.incident.id == "inc-0000000000000000"
        assert [note.text for note in client.incident("inc-0000000000000000").handling.notes] == [
            "before", "from a page that is out of date",
        ]  # fmt: skip


def test_what_cannot_be_is_refused(site_folder, store, tmp_path):
    with running(site_folder, store, tmp_path / "state") as api, api.client() as client:
        (incident,) = client.incidents()
        for attempt, status in (
            (lambda: client.note(incident.id, "   "), 422),
            (lambda: client.note(incident.id, "x" * 2001), 422),
            (lambda: client.close_incident(incident.id, "gremlins", "x"), 422),
            (lambda: client.close_incident(incident.id, "other", ""), 422),
            (lambda: client.assign(incident.id, "nobody-known"), 422),
            (lambda: client.settle_task(incident.id, "0" * 32), 404),
            (lambda: client.note("inc-nothing", "x"), 404),
        ):
            with pytest.raises(ApiError) as caught:
                attempt()
            assert caught.value.status == status
        assert acts_in(api) == []


def test_people_who_may_act_can_be_given_it(site_folder, store, tmp_path):
    with running(site_folder, store, tmp_path / "state", host="192.0.2.7") as api:
        for name, role in (("ada", "operator"), ("bo", "admin"), ("cy", "security")):
            api.book.add(name, role, GOOD)
        api.book.disable("cy")
        with api.client() as client:
            client.sign_in("ada", GOOD)
            (incident,) = client.incidents()
            assert [person.id for person in client.people()] == ["ada", "role:operator", "role:security"]
            assert client.assign(incident.id, "role:security").incident.handling.owner == "role:security"
            assert client.assign(incident.id).incident.handling.owner == "ada"
            with pytest.raises(ApiError, match="nobody who may act"):
                client.assign(incident.id, "bo")


def test_the_page_of_an_incident_comes_in_one_answer(api):
    with api.client() as client:
        (incident,) = client.incidents()
        page = client.incident(incident.id)
        assert page.sure == "almost certain"
        assert "T-103" in page.first
        assert len(page.alarms) == page.alarms_total == len(page.findings)
        by_id = {alarm.id: alarm for alarm in page.alarms}
        for finding in page.findings:
            assert by_id[finding.alarm].evidence == finding.id
            body = client.evidence(finding.id).event["body"]
            assert (finding.sentence, finding.rule) == (body["sentence"], body["rule"])
            for part, told in zip(finding.parts, body.get("contributions", []), strict=True):
                signal = api.site.signal_by_id[part.signal]
                scale = scale_of(signal.unit)
                assert part.unit == signal.unit
                if part.seen is not None:
                    assert part.seen * scale.factor + scale.offset == pytest.approx(told["seen"])
        assert any(finding.parts for finding in page.findings)
        assert {check.rule for check in page.checks} == {alarm.rule for alarm in page.alarms}
        assert sum(check.alarms for check in page.checks) == page.alarms_total
        kinds = {line.source_kind: line for line in page.timeline if line.raw}
        assert set(kinds) == {"access", "network", "reports"} & set(page.source_kinds)
        for line in kinds.values():
            raw = client.evidence(line.raw[0].id)
            assert (raw.kind, raw.partition) == (line.raw[0].kind, "ingest/depot/main")
        assert all(line.signals for line in page.timeline if line.source_kind == "telemetry")
