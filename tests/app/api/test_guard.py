"""Who may call what, from where, how often: every route by every role, forged requests, strange hosts."""

import json
import socket
from dataclasses import replace
from pathlib import Path

import httpx
import msgspec
import pytest

from infrastress.app.accounts.permissions import ROLES
from infrastress.app.api.deployment import may_listen
from infrastress.client import ApiError, Client
from infrastress.connectors.reports.records import Boxes, Record
from infrastress.core.errors import ConfigurationError
from infrastress.core.ids import content_hash
from tests.app.api.running import copy_store, running

GOOD = "four dull green lamps"
ALL = {"admin", "operator", "security", "reporter-liaison"}
PLANT = {"admin", "operator", "security"}
WHO_MAY = {
    "GET /api/v1/session": ALL,
    "GET /api/v1/site": ALL,
    "GET /api/v1/assets": ALL,
    "GET /api/v1/assets/{asset}": ALL,
    "GET /api/v1/assets/{asset}/relations": ALL,
    "GET /api/v1/site/graph": ALL,
    "GET /api/v1/barriers": ALL,
    "GET /api/v1/services": ALL,
    "GET /api/v1/security-zones": ALL,
    "GET /api/v1/site/check": PLANT,
    "GET /api/v1/site/changes": PLANT,
    "GET /api/v1/accounts": {"admin"},
    "GET /api/v1/health/service": ALL,
    **{f"GET /api/v1/inventory{path}": PLANT for path in ("", "/conversations", "/differences", "/corrections")},
    "POST /api/v1/inventory/corrections": {"admin", "security"},
    "GET /api/v1/rules": ALL,
    "GET /api/v1/rules/{rule}": ALL,
    "GET /api/v1/signals": PLANT,
    "GET /api/v1/signals/{signal}": PLANT,
    "GET /api/v1/signals/{signal}/expected": PLANT,
    "GET /api/v1/signals/{signal}/spans": PLANT,
    "GET /api/v1/history": PLANT,
    "GET /api/v1/past": ALL,
    "GET /api/v1/alarms": ALL,
    "GET /api/v1/alarms/{alarm}": ALL,
    "POST /api/v1/alarms/{alarm}/acknowledge": {"operator", "security"},
    "POST /api/v1/alarms/{alarm}/shelve": {"operator", "security"},
    "POST /api/v1/alarms/{alarm}/unshelve": {"operator", "security"},
    "POST /api/v1/alarms/{alarm}/assign": {"operator", "security"},
    "POST /api/v1/alarms/acts": {"operator", "security"},
    "GET /api/v1/incidents": ALL,
    "GET /api/v1/incidents/{incident}": ALL,
    "GET /api/v1/incidents/{incident}/why": ALL,
    **{
        f"POST /api/v1/incidents/{{incident}}/{what}": {"operator", "security"}
        for what in ("assign", "notes", "tasks", "tasks/{task}", "close", "reopen")
    },
    "POST /api/v1/incidents/{incident}/answer": ALL - {"admin"},
    **{f"GET /api/v1/reports{path}": ALL - {"admin"} for path in ("", "/clusters", "/{number}", "/{number}/photo")},
    **{f"POST /api/v1/reports/{{number}}/{what}": ALL - {"admin"} for what in ("seen", "answer", "verdict", "label")},
    "DELETE /api/v1/reports/{number}/reporter": ALL - {"admin"},
    "GET /api/v1/people": ALL,
    "GET /api/v1/notifications": ALL,
    "GET /api/v1/evidence/{id}": ALL,
    "GET /api/v1/blobs/{digest}": PLANT,
    "GET /api/v1/health": ALL,
    "GET /api/v1/health/sources/{source}": ALL,
    "GET /api/v1/quarantine": PLANT,
    "GET /api/v1/quarantine/messages": PLANT,
    "GET /api/v1/quarantine/reingest": PLANT,
    "POST /api/v1/quarantine/reingest": {"admin", "operator"},
    "GET /api/v1/quarantine/reingest/{order}": PLANT,
    "GET /api/v1/storage": ALL,
    "GET /api/v1/decisions": PLANT,
    "GET /api/v1/stream": ALL,
    "GET /metrics": {"admin"},
}
OPEN = {"GET /api/v1/health/live", "GET /api/v1/health/ready", "POST /api/v1/session"}
OF_SESSIONS = {"DELETE /api/v1/session", "POST /api/v1/session/password"}


def reported(folder: Path) -> str:
    """A report with a photo; its number."""
    boxes = Boxes(folder)
    reporter = boxes.vault.reporter("a token of a device")
    sealed = boxes.vault.seal(reporter, b"picture", "photo")
    boxes.photos.mkdir()
    (boxes.photos / content_hash(sealed)).write_bytes(sealed)
    record = Record(
        number="ABCDEF", mark="", received=1, occurred=1, category="smell", reporter=reporter,
        photo=content_hash(sealed),
        sealed=boxes.vault.seal(reporter, b"{}", "ABCDEF"),
    )  # fmt: skip
    boxes.lanes["main"].append([msgspec.json.encode(record)], 1)
    return record.number


@pytest.fixture(scope="module")
def guarded(site_folder, recorded, tmp_path_factory):
    """An API as other machines see it: with accounts, bound (as it believes) to an address that isn't loopback."""
    folder = tmp_path_factory.mktemp("guarded")
    limits = {"host": "192.0.2.7", "rate": 1e6, "burst": 1e6}
    with running(site_folder, copy_store(recorded, folder), folder / "state", **limits) as api:
        api.book.add("ada", "operator", GOOD)
        api.tokens = {role: api.token(role) for role in ROLES}
        api.setup = replace(api.setup, reports=folder / "reports")
        api.number = reported(folder / "reports")
        yield api


@pytest.fixture(scope="module")
def names(guarded):
    with guarded.client(guarded.tokens["security"]) as client:
        alarm = next(client.alarms())
        digest = guarded.store.blobs.put(b"x")
        with guarded.client(guarded.tokens["operator"]) as operator:
            order = operator.reingest("scada", dry_run=True)
        return {
            "alarm": alarm.id, "incident": next(client.incidents()).id, "id": alarm.evidence, "asset": "T-103",
            "signal": "LT-103", "source": "scada", "rule": alarm.rule, "digest": digest, "task": "none",
            "number": guarded.number, "order": order.id,
        }  # fmt: skip


def ask(api, route: str, names: dict, headers: dict, http: httpx.Client) -> int:
    method, path = route.split(" ")
    spanned = path.endswith(("/history", "/expected", "/spans", "/past"))
    span = {"signal": "LT-103", "from": "2026-03-13T00:00:00Z", "to": "2026-03-13T00:10:00Z"}
    params = span if spanned else {}
    bodies = {
        "shelve": {"until": "2026-03-13T00:00:00Z"}, "notes": {"text": "x"}, "tasks": {"text": "x"},
        "{task}": {"done": True}, "close": {"cause": "drill", "comment": "x"},
        "answer": {"text": "x"}, "verdict": {"verdict": "confirmed"}, "label": {"category": "leak"},
        "reingest": {"source": "scada", "dry_run": True}, "corrections": {"device": "none", "why": "x", "role": "hmi"},
    }  # fmt: skip
    asked = bodies.get(path.rpartition("/")[2])
    body = {"json": asked} if asked else {}
    if path.endswith("/graph"):
        params = {"kind": "process"}
    with http.stream(method, api.address + path.format(**names), params=params, headers=headers, **body) as response:
        return response.status_code


def test_the_table_holds_every_route():
    document = json.loads((Path(__file__).resolve().parents[3] / "docs" / "openapi.json").read_text())
    routes = {f"{method.upper()} {path}" for path, operations in document["paths"].items() for method in operations}
    assert routes == set(WHO_MAY) | OPEN | OF_SESSIONS


def test_every_route_by_every_role(guarded, names):
    with httpx.Client(timeout=30) as http:
        for route, roles in WHO_MAY.items():
            assert ask(guarded, route, names, {}, http) == 401, route
            assert ask(guarded, route, names, {"Authorization": "Bearer wrong"}, http) == 401, route
            for role in ROLES:
                status = ask(guarded, route, names, {"Authorization": f"Bearer {guarded.tokens[role]}"}, http)
                if role in roles:
                    needing = {"shelve": 422, "{task}": 404, "corrections": 404}  # `until` is past
                    expected = needing.get(route.rpartition("/")[2], 200) if route.startswith("POST") else 200
                    if route == "POST /api/v1/quarantine/reingest":
                        expected = 202
                    if route.endswith(("alarm}/assign", "/acts")):
                        expected = 422
                    assert status == expected, (route, role, status)
                else:
                    assert status == 403, (route, role, status)
        for route in OPEN - {"POST /api/v1/session"}:
            assert ask(guarded, route, names, {}, http) in (200, 503)


def test_what_people_reported_is_for_those_who_deal_with_them(guarded):
    with (
        guarded.client(guarded.tokens["reporter-liaison"]) as liaison,
        guarded.client(guarded.tokens["admin"]) as admin,
    ):
        alarm = next(a for a in liaison.alarms() if a.source_kind == "reports")
        report = next(iter(liaison.evidence(alarm.evidence).rests_on))
        assert liaison.evidence(report).event["body"]["reporter"]
        with pytest.raises(ApiError, match=r"see\.reports"):
            admin.evidence(report)
        badge = next(a for a in liaison.alarms() if a.source_kind == "access" and liaison.evidence(a.evidence).rests_on)
        raw = next(iter(liaison.evidence(badge.evidence).rests_on))
        assert admin.evidence(raw).kind in ("access", "gas")
        with pytest.raises(ApiError, match=r"see\.evidence"):
            liaison.evidence(raw)


def test_signing_in_and_out(guarded, names):
    with guarded.client() as client:
        with pytest.raises(ApiError) as caught:
            client.sign_in("ada", "not the password")
        assert (caught.value.status, "ada" in str(caught.value)) == (401, False)
        info = client.sign_in("ada", GOOD)
        assert (info.name, info.role, info.kind) == ("ada", "operator", "session")
        assert client.acknowledge(names["alarm"]).act.by == "ada"
        (cookie,) = client._http.cookies.jar
        assert cookie._rest.keys() >= {"HttpOnly"}
        assert cookie._rest["SameSite"] == "strict"
        secret = cookie.value
        client.sign_out()
        client._http.cookies.set("infrastress-session", secret, domain="127.0.0.1")
        with pytest.raises(ApiError) as caught:
            client.session()
        assert caught.value.status == 401


def test_another_page_can_make_no_browser_act(guarded, names):
    with httpx.Client(base_url=guarded.address) as http:
        opened = http.post("/api/v1/session", json={"name": "ada", "password": GOOD})
        assert opened.status_code == 201
        csrf = opened.json()["csrf"]
        act = f"/api/v1/alarms/{names['alarm']}/acknowledge"
        good = {"X-CSRF-Token": csrf}
        for headers, status in (
            (good, 200),
            ({}, 403),
            ({"X-CSRF-Token": csrf[:-1] + "0" if csrf[-1] != "0" else csrf[:-1] + "1"}, 403),
            ({**good, "Origin": guarded.address}, 200),
            ({**good, "Origin": "https://evil.example"}, 403),
            ({**good, "Origin": "null"}, 403),
            ({**good, "Origin": f"http://127.0.0.1:{guarded.port + 1}"}, 403),
            ({**good, "Sec-Fetch-Site": "same-origin"}, 200),
            ({**good, "Sec-Fetch-Site": "cross-site"}, 403),
            ({**good, "Sec-Fetch-Site": "same-site"}, 403),
        ):
            assert http.post(act, headers=headers).status_code == status, headers
        forged = http.post(
            "/api/v1/session",
            json={"name": "ada", "password": GOOD},
            headers={**good, "Origin": "https://evil.example"},
        )
        assert forged.status_code == 403
        assert (
            "access-control-allow-origin" not in http.options(act, headers={"Origin": "https://evil.example"}).headers
        )


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("LOCALHOST:99", 200),
        ("localhost.", 200),
        ("[::1]:80", 200),
        ("192.0.2.7", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("evil.example:80@127.0.0.1", 421),
        ("", 421),
    ],
)
def test_it_answers_to_its_own_names_alone(guarded, host, status):
    assert httpx.get(guarded.address + "/api/v1/health/live", headers={"Host": host}).status_code == status


def test_two_hosts_are_none(guarded):
    with socket.create_connection(("127.0.0.1", guarded.port)) as sock:
        sock.sendall(
            b"GET /api/v1/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
        )
        assert sock.recv(100).split(b" ")[1] in (b"400", b"421")


def test_each_answer_carries_what_browsers_must_know(guarded):
    for path in ("/api/v1/health/live", "/api/v1/site", "/nowhere"):
        headers = httpx.get(guarded.address + path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers


def test_too_much_and_too_often(site_folder, recorded, tmp_path):
    with (
        running(site_folder, recorded, tmp_path, rate=1.0, burst=5.0) as api,
        httpx.Client(base_url=api.address) as http,
    ):
        answers = [http.get("/api/v1/rules") for _ in range(7)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert http.get("/api/v1/health/live").status_code == 200
    with running(site_folder, recorded, tmp_path, max_body=1000) as api, httpx.Client(base_url=api.address) as http:
        big = {"name": "a", "password": "x" * 2000}
        assert http.post("/api/v1/session", json=big).status_code in (403, 413)
        csrf = {"X-CSRF-Token": http.get("/api/v1/session").json()["csrf"]}
        assert http.post("/api/v1/session", json=big, headers=csrf).status_code == 413
        parts = (b"x" * 100 for _ in range(100))
        answer = http.post("/api/v1/session", content=parts, headers={**csrf, "Content-Type": "application/json"})
        assert answer.status_code == 413
        assert http.get("/api/v1/rules", params={"x": "y" * 9000}).status_code == 414


def test_guessing_passwords_becomes_slow(site_folder, recorded, tmp_path):
    with running(site_folder, recorded, tmp_path, host="192.0.2.7") as api, httpx.Client(base_url=api.address) as http:
        api.book.add("ada", "operator", GOOD)
        wrong = [http.post("/api/v1/session", json={"name": "ada", "password": f"wrong {i}"}) for i in range(6)]
        assert [answer.status_code for answer in wrong] == [401] * 5 + [429]
        held = http.post("/api/v1/session", json={"name": "ada", "password": GOOD})
        assert held.status_code == 429
        assert "retry-after" in held.headers


def test_local_users_are_let_in_until_there_is_an_account(site_folder, recorded, tmp_path):
    with running(site_folder, recorded, tmp_path) as api, api.client() as client:
        assert (client.session().name, client.session().role) == ("local", "local")
        assert "infrastress_up 1.0" in client.metrics()
        api.book.add("ada", "operator", GOOD)
        with pytest.raises(ApiError, match="sign in"):
            next(client.alarms())
        assert "infrastress_up 1.0" in client.metrics()


def test_another_address_needs_accounts_and_a_word_on_tls(tmp_path):
    from infrastress.app.service.config import ServiceConfig

    (tmp_path / "site.yaml").write_text("id: x")
    config = ServiceConfig(tmp_path, "x", "memory://", tmp_path / "state", tmp_path / "live", host="0.0.0.0")  # noqa: S104
    may_listen(ServiceConfig(tmp_path, "x", "memory://", tmp_path / "state", tmp_path / "live"))
    with pytest.raises(ConfigurationError, match="no account"):
        may_listen(config)
    from infrastress.app.accounts import Book

    Book(tmp_path / "state").add("ada", "admin", GOOD)
    with pytest.raises(ConfigurationError, match="nothing is said of TLS"):
        may_listen(config)
    for text, fault in (
        ("tls: none", None),
        ("tls: proxy\nhosts: [plant.example]", None),
        ("tls: here", "needs a certificate"),
        ("tls: maybe", "Input should be"),
        ("port: 1", "Extra inputs"),
        ("[", "no YAML"),
    ):
        (tmp_path / "api.yaml").write_text(text)
        if fault is None:
            may_listen(config)
        else:
            with pytest.raises(ConfigurationError, match=fault):
                may_listen(config)


def test_nobody_signs_in_with_a_one_time_password_and_stays(guarded):
    one_time = guarded.book.add("new", "operator", None)
    with Client(guarded.address) as client:
        assert client.sign_in("new", one_time).must_change_password
        with pytest.raises(ApiError, match="good for one sign-in"):
            next(client.alarms())
        with pytest.raises(ApiError, match="characters"):
            client.choose_password(one_time, "short")
        client.choose_password(one_time, "nine loud iron doors")
        assert next(client.alarms()).id
