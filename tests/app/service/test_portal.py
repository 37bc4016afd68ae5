"""The form as a process of the service: from a neighbour's telephone to an operator, and back to the neighbour."""

import json
import time

import httpx
import pytest

from infrastress.app.cli import main
from infrastress.core.clock import EventClock
from infrastress.core.time import DAY
from tests.app.service.serving import make_plant, serving, wait_for, write_model
from tests.peers.processes import free_port

SPEED = 60.0


@pytest.fixture
def plant(tmp_path):
    folder, port = make_plant(tmp_path / "plant"), free_port()
    sources = [{"id": "reports", "connector": "reports", "kind": "reports", "options": {"port": port}}]
    write_model(folder, {}, more={"sources": sources, "detectors": [{"detector": "reports"}]})
    return folder, f"http://127.0.0.1:{port}"


def test_a_report_reaches_the_operator_and_the_answer_its_reporter(plant):
    folder, form = plant
    clock = EventClock(origin=20_500 * DAY, wall=time.time_ns(), speed=SPEED)
    with serving(folder, clock, without=("--without", "notifier")) as service:
        service.ready()
        assert service.status.children["portal"].state == "ready"
        told = [
            httpx.post(f"{form}/api/reports", json={"category": "smoke", "text": text}).json()
            for text in ("black cloud over the tanks", "it burns somewhere, I can't see where")
        ]
        secret = httpx.post(f"{form}/api/reports", json={"category": "insider", "text": "she lends out her badge"})
        assert secret.status_code == 201
        with httpx.Client(base_url=f"{service.status.address}/api/v1") as api:
            csrf = {"X-CSRF-Token": api.get("/session").json()["csrf"]}
            wait_for(lambda: api.get("/alarms").json()["items"], 60, lambda: str(service.log[-5:]))
            (alarm,) = api.get("/alarms").json()["items"]
            assert alarm["rule"] == "report.danger"
            wait_for(lambda: api.get("/incidents").json()["items"], 60)
            incident = api.get("/incidents").json()["items"][0]["id"]
            wait_for(lambda: "2 people" in api.get(f"/incidents/{incident}").text, 60)
            answered = api.post(f"/incidents/{incident}/answer", json={"text": "A drill, thank you."}, headers=csrf)
            assert sorted(answered.json()["answered"]) == sorted(one["receipt"][:6] for one in told)
            paths = ("/alarms", "/incidents", f"/incidents/{incident}", "/decisions")
            everything = str([api.get(path).json() for path in paths])
            assert "badge" not in everything
            assert api.get("/reports").json()["total"] == 2

            def page():
                return httpx.get(f"{form}{told[0]['page']}").text

            assert "A drill, thank you." in page()
            wait_for(lambda: '<li class="done">Linked to an incident' in page(), 30, page)
            closing = {"cause": "drill", "comment": "announced"}
            assert api.post(f"/incidents/{incident}/close", json=closing, headers=csrf).status_code == 200
            wait_for(lambda: '<li class="done">Closed' in page(), 30, page)


def test_a_site_without_a_form_starts_no_portal(tmp_path):
    folder = make_plant(tmp_path / "plant")
    clock = EventClock(origin=20_500 * DAY, wall=time.time_ns(), speed=SPEED)
    with serving(folder, clock) as service:
        service.ready()
        assert "portal" not in service.status.children


def reloaded(folder, capfd):
    assert main(["serve", str(folder), "--reload", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["ok"], told
    return told


def answers(form):
    try:
        return httpx.get(form, timeout=2).text
    except httpx.TransportError:
        return ""


def test_a_reload_starts_the_form_starts_it_anew_and_stops_it(tmp_path, capfd):
    folder, first, second = make_plant(tmp_path / "plant"), free_port(), free_port()

    def site(port, **more):
        sources = [{"id": "reports", "connector": "reports", "kind": "reports", "options": {"port": port}}]
        write_model(
            folder, {}, more={"detectors": [{"detector": "reports"}], **({"sources": sources} if port else {}), **more}
        )

    site(0)
    clock = EventClock(origin=20_500 * DAY, wall=time.time_ns(), speed=SPEED)
    with serving(folder, clock, without=("--without", "notifier")) as service:
        service.ready()
        assert "portal" not in service.status.children
        site(first)
        assert "the form for reports is served" in reloaded(folder, capfd)["notes"]
        wait_for(lambda: answers(f"http://127.0.0.1:{first}"))
        pid = service.status.children["portal"].pid
        taken = httpx.post(f"http://127.0.0.1:{first}/api/reports", json={"category": "smoke", "text": "black cloud"})
        assert taken.status_code == 201
        with httpx.Client(base_url=f"{service.status.address}/api/v1") as api:
            wait_for(lambda: api.get("/reports").json()["total"] == 1, 60)

        site(first, description="another word")
        assert not any("form" in note for note in reloaded(folder, capfd)["notes"])
        assert service.status.children["portal"].pid == pid, "what it doesn't show disturbs nobody who writes"

        receptors = [{"id": "mill", "name": "The old mill", "kind": "workplace", "position": [10, 10]}]
        site(second, receptors=receptors)
        assert "the form for reports is served anew" in reloaded(folder, capfd)["notes"]
        wait_for(lambda: "The old mill" in answers(f"http://127.0.0.1:{second}"))
        assert not answers(f"http://127.0.0.1:{first}")
        page = httpx.get(f"http://127.0.0.1:{second}{taken.json()['page']}")
        assert page.status_code == 200, "a receipt holds"

        site(0)
        assert "the form for reports isn't served any more" in reloaded(folder, capfd)["notes"]
        assert not answers(f"http://127.0.0.1:{second}")
        assert "portal" not in service.status.children
        wait_for(lambda: service.status.ready)
        assert service.stop() == 0


def test_a_service_without_a_form_by_its_command_starts_none_at_a_reload(plant, capfd):
    folder, form = plant
    clock = EventClock(origin=20_500 * DAY, wall=time.time_ns(), speed=SPEED)
    with serving(folder, clock, without=("--without", "notifier", "--without", "portal")) as service:
        service.ready()
        write_model(folder, {}, more={
            "sources": [{"id": "reports", "connector": "reports", "kind": "reports", "options": {"port": free_port()}}],
            "detectors": [{"detector": "reports"}],
        })  # fmt: skip
        assert not any("form" in note for note in reloaded(folder, capfd)["notes"])
        assert "portal" not in service.status.children
        assert not answers(form)


def test_two_forms_for_one_site_are_refused(plant):
    from infrastress.app.portal.options import options_of
    from infrastress.core.errors import ConfigurationError
    from infrastress.site.connections import Connection

    one = Connection(connector="reports")
    with pytest.raises(ConfigurationError, match="several sources"):
        options_of({"a": one, "b": one})
    with pytest.raises(ConfigurationError, match="port"):
        options_of({"a": Connection(connector="reports", options={"port": -1})})
