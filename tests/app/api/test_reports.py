"""Reports in the API, role by role: a concern about an insider is for security alone, wherever it could leave."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from infrastress.app.accounts import ROLES
from infrastress.app.keeping.backup import Place, make_backup
from infrastress.app.keeping.export import export_site
from infrastress.app.portal.submission import Sender, read_submission, record_of
from infrastress.connectors.reports.records import Boxes
from infrastress.core.time import SECOND
from infrastress.events import Report, encode_event, make_event
from infrastress.store.ports import Output
from tests.app.api.running import commit, copy_store, running

NOW = 1_773_000_000 * SECOND
TOLD = "he sells keys behind the canteen"


@pytest.fixture(scope="module")
def told(site_folder, recorded, tmp_path_factory):
    """An API with accounts, two reports by the form, and a concern that a stranger's source put into the log."""
    folder = tmp_path_factory.mktemp("reports")
    boxes = Boxes(folder / "inbox")
    with running(site_folder, copy_store(recorded, folder), folder / "state", rate=1e6, burst=1e6) as api:
        api.setup = replace(api.setup, reports=folder / "inbox")
        numbers = {}
        for lane, fields in (
            ("main", {"category": "smell", "text": "petrol", "contact": "me@example.org"}),
            ("insider", {"category": "insider", "text": TOLD}),
        ):
            submission = read_submission(fields, api.site, "en", NOW)
            reporter = boxes.vault.reporter(f"token of {lane}")
            record, _ = record_of(submission, Sender(reporter), boxes.vault, NOW)
            boxes.lanes[lane].append([msgspec.json.encode(record)], NOW)
            numbers[lane] = record.number
        body = Report(reporter="r", channel="phone", category="insider", text=TOLD)
        event = make_event(site=api.site.id, source="reports", sequence=77_000_001, occurred=NOW, body=body)
        commit(api.store, [Output(event.id, f"ingest/{api.site.id}/main:event", encode_event(event))])
        tokens = {role: api.token(role) for role in ROLES}
        yield api, numbers, event.id, tokens, folder


def ask(api, role_token, path, method="GET", **more):
    import httpx

    return httpx.request(
        method, f"{api.address}/api/v1{path}", headers={"Authorization": f"Bearer {role_token}"}, timeout=30, **more
    )


PATHS = (
    "/alarms", "/incidents", "/decisions", "/health", "/quarantine", "/quarantine/messages?source=reports", "/reports",
    "/notifications", "/site", "/storage", "/past?from=2026-03-08T19:00:00Z&to=2026-03-08T22:00:00Z",
)  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_no_answer_tells_a_concern_to_anybody_but_security(told, role):
    api, numbers, event, tokens, _ = told
    for path in (*PATHS, "/reports?insider=true", f"/reports/{numbers['insider']}", f"/evidence/{event}"):
        answer = ask(api, tokens[role], path)
        if role != "security":
            assert TOLD not in answer.text, path
        elif path in ("/reports?insider=true", f"/reports/{numbers['insider']}", f"/evidence/{event}"):
            assert TOLD in answer.text, path
    if role != "security":
        assert ask(api, tokens[role], "/reports?insider=true").status_code == 403
        assert ask(api, tokens[role], f"/evidence/{event}").status_code == 403
        assert ask(api, tokens[role], f"/reports/{numbers['insider']}").status_code in (403, 404)
        act = ask(api, tokens[role], f"/reports/{numbers['insider']}/answer", "POST", json={"text": "x"})
        assert act.status_code in (403, 404)


@pytest.mark.parametrize("role", ROLES)
def test_who_sees_reports_and_who_answers_them(told, role):
    api, numbers, _, tokens, _ = told
    allowed = role != "admin"
    assert ask(api, tokens[role], "/reports").status_code == (200 if allowed else 403)
    answer = ask(api, tokens[role], f"/reports/{numbers['main']}/answer", "POST", json={"text": "thank you"})
    assert answer.status_code == (200 if allowed else 403)
    if allowed:
        seen = ask(api, tokens[role], f"/reports/{numbers['main']}").json()
        assert seen["contact"] == "me@example.org"
        assert seen["answers"][-1]["text"] == "thank you"


def test_verdict_seen_and_erasure(told):
    api, numbers, _, tokens, _ = told
    number, token = numbers["main"], tokens["reporter-liaison"]
    assert "seen" in ask(api, token, f"/reports/{number}/seen", "POST").json()["states"]
    judged = ask(api, token, f"/reports/{number}/verdict", "POST", json={"verdict": "confirmed"})
    assert "confirmed" in judged.json()["states"]
    assert ask(api, token, f"/reports/{number}/verdict", "POST", json={"verdict": "x"}).status_code == 422
    for verdict in ("unfounded", "confirmed"):  # the last word counts
        judged = ask(api, token, f"/reports/{number}/verdict", "POST", json={"verdict": verdict})
        assert judged.json()["verdict"] == verdict
    assert ask(api, token, f"/reports/{number}/label", "POST", json={"category": "leak"}).json()["category"] == "leak"
    assert ask(api, token, f"/reports/{number}/label", "POST", json={"category": "gossip"}).status_code == 422
    assert ask(api, token, "/reports/ZZZZZZ").status_code == 404
    assert ask(api, token, f"/reports/{number}/photo").status_code == 404
    erased = ask(api, token, f"/reports/{number}/reporter", "DELETE").json()
    assert erased["erased"]
    assert (erased["contact"], erased["text"]) == ("", "petrol")
    assert ask(api, token, f"/reports/{number}/answer", "POST", json={"text": "late"}).json()["answered"] == []


def test_no_stream_carries_it(told):
    api, _, _, _, _ = told
    stream = api.app.state.stream
    assert TOLD.encode() not in b"".join(part for frame in stream._ring for part in frame.parts.values())


def test_no_export_carries_it_and_no_backup_carries_a_key(told, site_folder, tmp_path):
    api, _, _, _, folder = told
    site = tmp_path / "site"
    site.mkdir()
    (site / "site.yaml").write_bytes((site_folder / "site.yaml").read_bytes())
    boxes = Boxes(site / "state" / "reports")
    reporter = boxes.vault.reporter("a token")
    fields = {"category": "insider", "text": TOLD, "contact": "me@example.org"}
    record, _ = record_of(read_submission(fields, api.site, "en", NOW), Sender(reporter), boxes.vault, NOW)
    boxes.lanes["insider"].append([msgspec.json.encode(record)], NOW)
    place = Place.of(site, database=str(folder / "store"))
    export_site(place, tmp_path / "export")
    assert not _found(tmp_path / "export", TOLD.encode(), b"example.org", reporter.encode())
    make_backup(place, tmp_path / "backup", with_secrets=True)
    key = (boxes.folder / "keys" / f"{reporter}.secret").read_bytes()
    assert not _found(tmp_path / "backup", key, b"example.org")
    kept = Boxes(tmp_path / "backup" / "state" / "reports")
    (again,) = kept.records("insider")
    assert kept.vault.open(again.reporter, again.sealed, again.number) is None, "erased there as soon as erased here"
    assert boxes.vault.open(again.reporter, again.sealed, again.number) is not None


def _found(folder: Path, *words: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and any(word in path.read_bytes() for word in words)]
