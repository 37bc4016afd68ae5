"""Clusters of reports in the API: the detector's newest word of each, its reports, and what confirms it apart."""

import shutil

import pytest

from infrastress.app.api.clusters import Clusters
from infrastress.core.time import MINUTE, SECOND
from infrastress.events import Detection, Event, encode_event, make_event
from infrastress.store import open_store
from tests.console.consoles import ApiConsole
from tests.console.reporting import CAMPAIGN
from tests.console.scenes import make_scene

T0 = 1_773_000_000 * SECOND


def told(episode: str, minute: int, sentence: str, *, evidence: tuple[str, ...] = (), **more: str) -> Event:
    body = Detection(
        detector="reports", detector_version="1", rule=more.get("rule", "report.danger"), episode=episode,
        phase=more.get("phase", "raised"), source_kind="reports", severity="low", score=1.0, sentence=sentence,
        began=T0, until=T0, evidence=evidence,
    )  # fmt: skip
    at = T0 + minute * MINUTE
    return make_event(site="s", source="reports", sequence=minute, occurred=at, body=body)


def put(store, *events: Event) -> None:
    store.log.append("fusion/s:event", [(event.id, encode_event(event)) for event in events])


def test_the_newest_word_counts_whatever_its_severity_and_all_reports_are_kept():
    with open_store("memory://") as store:
        clusters = Clusters(store.log, "s")
        assert clusters.all() == []
        put(store, told("a", 1, "unconfirmed: one person", evidence=("r1",)))
        assert [one.credibility for one in clusters.all()] == ["unconfirmed"]
        put(store, told("a", 3, "probable: 2 people", evidence=("r1", "r2")), told("a", 2, "unconfirmed: late"))
        put(store, told("b", 4, "possible campaign: 12 reports", rule="report.campaign"))
        b, a = clusters.all()
        assert (a.credibility, list(a.evidence), b.credibility) == ("probable", ["r1", "r2"], "campaign")
        put(store, told("a", 9, "nothing more was reported", phase="cleared"))
        assert [one.cleared for one in clusters.all()] == [0, T0 + 9 * MINUTE]
        assert clusters.all()[1].credibility == "probable"
        put(store, told("a", 11, "corroborated: 3 people"))
        assert clusters.all()[0].credibility == "corroborated"


def test_what_is_over_is_forgotten_from_the_oldest_on():
    with open_store("memory://") as store:
        clusters = Clusters(store.log, "s", kept=2)
        for number, name in enumerate("abcd"):
            put(store, told(name, 2 * number, "probable: x"))
            if name != "a":
                put(store, told(name, 2 * number + 1, "over", phase="cleared"))
        assert [one.body.episode for one in clusters.all()] == ["a", "d", "c"]


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reported")
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if base.name.startswith("popen-") else base) / "scenes"
    console = ApiConsole(make_scene("reported", shared).copy(folder / "scene"), frozen=True).start()
    yield console
    console.stop()
    shutil.rmtree(folder)


def ask(console, path, **more):
    import httpx

    with httpx.Client(base_url=f"{console.address}/api/v1", timeout=30) as http:
        headers = {"X-CSRF-Token": http.get("/session").json()["csrf"]} if more else {}
        answer = http.request("POST" if more else "GET", path, headers=headers, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_neighbours_and_a_campaign_stand_side_by_side_each_with_its_reports(reported):
    clusters = {one["credibility"]: one for one in ask(reported, "/reports/clusters")["items"] if not one["cleared"]}
    assert set(clusters) == {"probable", "campaign", "corroborated"}
    assert clusters["campaign"]["voices"] == 1
    assert len(clusters["campaign"]["numbers"]) == CAMPAIGN  # told at the twelfth, and how many by now
    assert (clusters["probable"]["voices"], clusters["probable"]["confirmed_by"]) == (4, [])
    assert clusters["corroborated"]["confirmed_by"] == ["sensor"]
    known = {one["number"] for one in ask(reported, "/reports?limit=500")["items"]}
    for one in clusters.values():
        assert set(one["numbers"]) <= known
        assert one["incident"]


def test_an_operators_word_is_a_confirmation_of_its_own(reported):
    probable = next(c for c in ask(reported, "/reports/clusters")["items"] if c["credibility"] == "probable")
    number = probable["numbers"][0]
    for verdict, by in (("confirmed", ["operator"]), ("unfounded", [])):
        ask(reported, f"/reports/{number}/verdict", json={"verdict": verdict})
        again = next(c for c in ask(reported, "/reports/clusters")["items"] if c["id"] == probable["id"])
        assert again["confirmed_by"] == by
