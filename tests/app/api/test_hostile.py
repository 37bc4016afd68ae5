"""Every route under generated requests, well-formed and hostile: no 5xx, and what is answered is what was promised."""

import random
from pathlib import Path
from urllib.parse import quote

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from infrastress.client.models import Alarms
from infrastress.core.time import to_iso

ROOT = Path(__file__).resolve().parents[3]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
QUIET = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


schema = schemathesis.openapi.from_path(ROOT / "docs" / "openapi.json").exclude(path="/api/v1/stream")


@schema.parametrize()
@QUIET
def test_generated_requests(case, api):
    case.headers = {**(case.headers or {}), "X-CSRF-Token": _csrf(api)}
    without = [not_a_server_error] if case.path.endswith("/ready") else []  # nobody watches a replayed store: 503
    case.call_and_validate(base_url=api.address, checks=CHECKS, excluded_checks=without, timeout=30)


def _csrf(api) -> str:
    if not hasattr(api, "csrf"):
        with api.client() as client:
            api.csrf = client.session().csrf
    return api.csrf


hostile = st.sampled_from(
    [
        "",
        " ",
        "..",
        "../../etc/passwd",
        "%00",
        "\0",
        "a" * 3000,
        "'; DROP TABLE log_record; --",
        "𝔸",
        "\ud7ff",
        "-1",
        "9" * 40,
        "null",
        "[]",
        "{}",
        "alm-0000000000000000",
        "NaN",
        "1e309",
        "\r\nX: y",
        "${jndi:x}",
        "<script>",
    ]
)
odd_times = st.one_of(
    st.sampled_from(
        [
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "2026-02-30T00:00:00Z",
            "2026-03-13T02:30:00",
            "now",
            "1970-01-01T00:00:00+24:00",
            "2026-03-13T02:30:00.123456789123Z",
            "2262-04-11T23:47:16Z",
            "2026-03-13T25:00:00Z",
            "1969-12-31T23:59:59Z",
        ]
    ),
    st.integers(-(2**62), 2**63).map(lambda ns: to_iso(max(-(10**18), min(ns, 9 * 10**18)))),
    st.integers(1_773_300_000, 1_773_400_000).map(lambda s: to_iso(s * 10**9)),
)


def _ids(api) -> dict[str, list[str]]:
    if not hasattr(api, "ids"):
        with api.client() as client:
            alarms = list(client.alarms())
            api.ids = {
                "alarm": [alarm.id for alarm in alarms],
                "incident": [one.id for one in client.incidents(superseded=True)],
                "evidence": [alarm.evidence for alarm in alarms],
                "asset": [one.id for one in client.assets()],
                "signal": [one.id for one in client.signals()],
                "source": [one.source for one in client.health().sources],
                "rule": [card.rule for card in client.rules()],
                "blob": ["0" * 64],
            }
    return api.ids


PATHS = [
    "/alarms/{alarm}",
    "/incidents/{incident}",
    "/evidence/{evidence}",
    "/assets/{asset}",
    "/signals/{signal}",
    "/health/sources/{source}",
    "/rules/{rule}",
    "/blobs/{blob}",
    "/alarms",
    "/incidents",
    "/assets",
    "/signals",
    "/history",
    "/quarantine",
    "/quarantine/messages",
    "/quarantine/reingest",
    "/quarantine/reingest/{alarm}",
    "/storage",
    "/decisions",
    "/site",
    "/health",
    "/alarms/{alarm}/acknowledge",
    "/alarms/{alarm}/shelve",
    "/alarms/{alarm}/unshelve",
    "/session",
    "/nowhere",
]
METHODS = ["GET", "GET", "GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"]


def some_requests(api):
    """Requests that know the domain: real ids mixed with hostile ones, odd times, tampered cursors."""
    ids = _ids(api)
    any_id = st.one_of(hostile, st.sampled_from([name for names in ids.values() for name in names]))
    cursor = st.one_of(hostile, st.builds(_tampered, st.just(_cursor(api)), st.integers(0, 2**32)))
    values = {
        "from": odd_times,
        "to": odd_times,
        "signal": any_id,
        "asset": any_id,
        "incident": any_id,
        "rule": any_id,
        "zone": any_id,
        "q": st.one_of(hostile, st.text(max_size=20)),
        "cursor": cursor,
        "source": any_id,
        "state": st.sampled_from(["unacknowledged", "closed", "open", "x"]),
        "width": st.sampled_from(["1", "1000", "0", "x"]),
        "limit": st.sampled_from(["1", "500", "0", "-1", "1e3", "99999999999999999999"]),
        "units": st.sampled_from(["si", "plant", "x"]),
        "sort": st.sampled_from(["newest", "severity", "x"]),
        "severity": st.sampled_from(["high", "x"]),
        "kind": st.sampled_from(["action", "level"]),
    }
    query = st.lists(
        st.sampled_from(sorted(values)).flatmap(lambda name: values[name].map(lambda value: (name, value))), max_size=6
    )
    parts = st.fixed_dictionaries(
        {name: st.one_of(st.sampled_from(known or ["x"]), hostile) for name, known in ids.items()}
    )
    body = st.one_of(
        st.none(),
        st.just({}),
        st.just([]),
        st.fixed_dictionaries({"until": odd_times}),
        hostile.map(lambda c: {"comment": c}),
        st.fixed_dictionaries({"name": hostile, "password": hostile}),
    )
    headers = st.dictionaries(
        st.sampled_from(["Accept", "If-None-Match", "Idempotency-Key", "Accept-Encoding", "Range"]),
        st.sampled_from(
            ["*/*", "text/csv", "text/csv;q=0.5, */*;q=x", "gzip", "\xff", 'W/"x"', "bytes=0-", "a" * 200, ""]
        ),
        max_size=2,
    )
    return st.tuples(st.sampled_from(METHODS), st.sampled_from(PATHS), parts, query, body, headers)


def _cursor(api) -> str:
    with api.client() as client:
        return client._get("/alarms", Alarms, {"limit": 1}).next


def _tampered(cursor: str, seed: int) -> str:
    chance, text = random.Random(seed), list(cursor)
    for _ in range(chance.randint(0, 3)):
        text[chance.randrange(len(text))] = chance.choice("abcdefABCDEF0123456789-_=.~")
    return "".join(text[: chance.choice([len(text), chance.randrange(len(text))])])


def test_requests_that_know_the_domain(api):
    csrf = _csrf(api)

    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(some_requests(api))
    def check(request):
        method, path, parts, query, body, headers = request
        url = api.address + "/api/v1" + path.format(**{k: quote(v, safe="") for k, v in parts.items()})
        more = {} if body is None else {"json": body}
        raw = {name: value.encode("latin-1") for name, value in headers.items()}
        response = http.request(method, url, params=query, headers={**raw, "X-CSRF-Token": csrf.encode()}, **more)
        assert response.status_code < 500, (method, url, query, response.text)
        if response.status_code >= 400 and method != "HEAD":
            assert response.headers["content-type"] == "application/problem+json"
            problem = response.json()
            assert problem["status"] == response.status_code
            assert problem["title"]
            assert "Traceback" not in response.text

    with httpx.Client(timeout=30) as http:
        check()
