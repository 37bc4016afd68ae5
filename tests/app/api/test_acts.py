"""What people do about alarms: once, durably, by name; and metrics and TLS of the same server."""

import ssl
from concurrent.futures import ThreadPoolExecutor

import pytest
import trustme

from infrastress.app.api.deployment import Deployment
from infrastress.app.notify.outbox import KIND, encode_message, message_key, message_of
from infrastress.client import ApiError, Client
from infrastress.core.time import HOUR, to_iso
from infrastress.events import AlarmAction, decode_event
from infrastress.store.ports import Output, read_all, type_of
from tests.app.api.running import commit, copy_store, raise_alarms, running
from tests.app.service.serving import wait_for

GOOD = "four dull green lamps"


@pytest.fixture
def store(recorded, tmp_path):
    return copy_store(recorded, tmp_path)


def acts_in(api) -> list[AlarmAction]:
    records = read_all(api.store.log, "ingest/depot/main")
    return [decode_event(record.data).body for record in records if type_of(record.subject) == "action"]


def test_an_act_is_in_the_log_once_however_often_it_is_sent(site_folder, store, tmp_path):
    with running(site_folder, store, tmp_path / "state") as api, api.client() as client:
        alarm = next(client.alarms(state="unacknowledged"))
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda _: client.acknowledge(alarm.id, "seen", key="k"), range(16)))
        assert sum(result.changed for result in results) == 1
        assert len({result.act.id for result in results}) == 1
        assert [(act.action, act.by, act.comment) for act in acts_in(api)] == [("acknowledge", "local", "seen")]
        assert client.acknowledge(alarm.id).changed is False  # it is asked for already
        assert [act.taken for act in client.alarm(alarm.id).pending] == [False]
        assert client.acknowledge(alarm.id, key="another").changed is True
    with running(site_folder, store, tmp_path / "state") as api, api.client() as client:  # also over a restart
        assert client.acknowledge(alarm.id, key="k").changed is False
        assert len(acts_in(api)) == 2
        assert len(client.alarm(alarm.id).acts) == 2
        assert [decision.what for decision in client.decisions(kind="action")] == ["acknowledge", "acknowledge"]


def test_shelving_has_an_end_that_lies_ahead_and_near(site_folder, store, tmp_path):
    with running(site_folder, store, tmp_path / "state") as api, api.client() as client:
        alarm = next(client.alarms())
        now = api.clock.now()
        for until in (now - 1, now + 8 * 24 * HOUR):
            with pytest.raises(ApiError, match="within 7 days"):
                client.shelve(alarm.id, to_iso(until))
        until = to_iso(now + HOUR)
        assert client.shelve(alarm.id, until, "head is being cleaned").act.until == until
        assert client.shelve(alarm.id, until).changed is False
        assert client.unshelve(alarm.id).changed is True
        assert client.unshelve(alarm.id).changed is False
        assert [act.action for act in acts_in(api)] == ["shelve", "unshelve"]
        with pytest.raises(ApiError, match="there is no alarm"):
            client.acknowledge("alm-of-nobody")


def test_an_act_is_told_on_the_stream(site_folder, store, tmp_path):
    with running(site_folder, store, tmp_path / "state") as api, api.client() as client, api.client() as other:
        stream = other.follow("decisions")
        assert next(stream).kind == "start"
        client.acknowledge(next(client.alarms()).id, "on my way")
        (decision,) = next(stream).update.decisions
        assert (decision.what, decision.content["body"]["comment"]) == ("acknowledge", "on my way")


def test_what_was_not_delivered_is_shown(site_folder, store, tmp_path):
    with running(site_folder, store, tmp_path / "state") as api, api.client() as client:
        assert list(client.notifications()) == []
        for number, state, reason in ((0, "sent", ""), (1, "given_up", "no route to host"), (2, "queued", "")):
            fields = {
                "site": "depot",
                "channel": "duty",
                "kind": "alarm",
                "severity": "high",
                "title": "t",
                "text": "x",
            }
            message = message_of(number, **fields, created=api.clock.now() + number, state=state, reason=reason)
            subject = f"notify/depot:{KIND}"
            commit(
                api.store, [Output(message.id, subject, encode_message(message), message_key(message), message.created)]
            )
        assert [one.state for one in client.notifications(limit=1)] == ["queued", "given_up", "sent"]
        (lost,) = client.notifications(undelivered=True)
        assert (lost.channel, lost.reason) == ("duty", "no route to host")
        assert "infrastress_notifications_undelivered 1.0" in client.metrics()


def test_metrics_say_what_the_store_holds(site_folder, store, tmp_path):
    status = {
        "children": {"judge": {"state": "ready", "restarts": 2}, "intake": {"state": "hung"}},
        "disk": {"free": 10, "total": 20},
        "reasons": ["process intake is hung"],
    }
    with running(site_folder, store, tmp_path / "state", status=status) as api, api.client() as client:
        raise_alarms(api.store, range(3))
        wait_for(lambda: len(list(client.alarms(severity="low"))) >= 3, 10)
        lines = dict(line.rsplit(" ", 1) for line in client.metrics().splitlines() if not line.startswith("#"))
        books = {source.source: source.balance for source in client.health().sources if source.balance}
        for source, balance in books.items():
            assert float(lines[f'infrastress_rows_total{{outcome="accepted",source="{source}"}}']) == balance.accepted
        opened = [alarm for alarm in client.alarms() if alarm.state != "closed"]
        for severity in ("low", "high"):
            count = sum(alarm.severity == severity for alarm in opened)
            assert float(lines[f'infrastress_alarms_open{{severity="{severity}"}}']) == count
        assert lines['infrastress_process_up{process="judge"}'] == "1.0"
        assert lines['infrastress_process_up{process="intake"}'] == "0.0"
        assert lines['infrastress_process_restarts_total{process="judge"}'] == "2.0"
        assert lines["infrastress_disk_free_bytes"] == "10.0"
        assert lines["infrastress_pulse_fresh"] == "0.0"
        assert "process intake is hung" in client.ready().reasons


def test_over_tls_the_cookie_is_for_tls_alone(site_folder, store, tmp_path):
    authority = trustme.CA()
    made = authority.issue_cert("127.0.0.1")
    made.private_key_pem.write_to_path(tmp_path / "key.pem")
    for part in made.cert_chain_pems:
        part.write_to_path(tmp_path / "certificate.pem", append=True)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    deployment = Deployment(tls="here", certificate=tmp_path / "certificate.pem", key=tmp_path / "key.pem")
    with running(site_folder, store, tmp_path / "state", deployment=deployment, host="192.0.2.7", tls=True) as api:
        api.book.add("ada", "operator", GOOD)
        with Client(api.address, verify=ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))) as client:
            client.sign_in("ada", GOOD)
            (cookie,) = client._http.cookies.jar
            assert (cookie.name, cookie.secure, cookie.path) == ("__Host-infrastress", True, "/")
