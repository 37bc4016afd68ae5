"""Who may push, how much, and when it is answered: over real HTTP on loopback."""

import asyncio
import gzip
import ssl
from pathlib import Path

import httpx
import pytest
import trustme

from infrastress.connectors.inbox import Inbox
from infrastress.core.errors import ConfigurationError
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.http_push.running import Shelf, drive, make, serving

READING = {"time": "2026-01-01T00:00:00Z", "LT1": 3.2}


def test_what_is_pushed_is_answered_when_it_is_durable(tmp_path: Path) -> None:
    async def story(http: httpx.AsyncClient, shelf: Shelf) -> None:
        shelf.door.clear()
        push = asyncio.create_task(http.post("/historian", json=READING))
        await asyncio.sleep(0.1)
        assert not push.done()
        shelf.door.set()
        answer = await push
        assert answer.status_code == 200
        assert answer.json()["accepted"] == 1
        assert len(shelf.deliveries) == 1

    drive(tmp_path, story)


def test_what_takes_too_long_is_to_come_again_and_counts_once(tmp_path: Path) -> None:
    async def story(http: httpx.AsyncClient, shelf: Shelf) -> None:
        shelf.door.clear()
        first = await http.post("/", json=READING, headers={"idempotency-key": "a"})
        assert first.status_code == 503
        assert int(first.headers["retry-after"]) > 0
        assert first.headers["content-type"] == "application/problem+json"
        shelf.door.set()
        again = await http.post("/", json=READING, headers={"idempotency-key": "a"})
        assert (again.status_code, again.json()["repeated"], again.json()["accepted"]) == (200, True, 1)
        other = await http.post("/", json=READING | {"LT1": 4}, headers={"idempotency-key": "a"})
        assert other.status_code == 422

    assert len(drive(tmp_path, story, durable_within_s=0.2).deliveries) == 1


def test_a_push_said_again_after_a_restart_counts_once(tmp_path: Path) -> None:
    async def run() -> None:
        shelf = Shelf()
        async with serving(make(tmp_path), shelf) as http:
            await http.post("/", json=READING)
            await http.post("/", json=READING | {"LT1": 9}, headers={"idempotency-key": "k"})
        again = Shelf()
        async with serving(make(tmp_path), again, shelf.deliveries[-1].position) as http:
            for _ in range(2):
                answer = await http.post("/", json=READING)
                assert (answer.status_code, answer.json()["repeated"]) == (200, True)
            answer = await http.post("/", json=READING | {"LT1": 9}, headers={"idempotency-key": "k"})
            assert answer.json()["repeated"]
            await http.post("/", json=READING | {"LT1": 10})
        assert [delivery.samples[0].sequence for delivery in again.deliveries] == [2]

    asyncio.run(run())


def test_pushes_at_once_are_taken_one_after_the_other(tmp_path: Path) -> None:
    async def story(http: httpx.AsyncClient, shelf: Shelf) -> None:
        bodies = [[{"time": f"2026-01-01T00:{i:02}:00Z", "LT1": i}] for i in range(40)]
        answers = await asyncio.gather(*(http.post("/", json=body) for body in bodies))
        assert {answer.status_code for answer in answers} == {200}

    shelf = drive(tmp_path, story, rate_per_s=1000)
    numbers = [delivery.samples[0].sequence for delivery in shelf.deliveries]
    assert numbers == list(range(40))
    inbox = Inbox(small_site(), Source(id="historian", kind="telemetry"), shelf.deliveries[-1].position)
    assert len(inbox.cursor) == 40 * 32


GZIPPED = {"content-type": "text/csv", "content-encoding": "gzip"}


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (401, {"headers": {"authorization": "Bearer wrong-wrong-wrong"}, "json": READING}),
        (401, {"headers": {"authorization": "Basic a-token-for-the-tests"}, "json": READING}),
        (404, {"url": "/other", "json": READING}),
        (405, {"method": "GET"}),
        (413, {"content": b"[" + b" " * 5000 + b"]", "headers": {"content-type": "application/json"}}),
        (413, {"content": gzip.compress(b" " * 1_000_000), "headers": GZIPPED}),
        (400, {"content": b"no gzip", "headers": GZIPPED}),
        (400, {"content": gzip.compress(b"time,LT1\n")[:-4], "headers": GZIPPED}),
        (400, {"content": b"", "headers": {"content-type": "text/csv"}}),
        (415, {"content": b"{}", "headers": {"content-type": "text/plain"}}),
        (415, {"content": b"{}", "headers": {"content-type": "text/csv", "content-encoding": "br"}}),
        (422, {"content": b"{broken", "headers": {"content-type": "application/json"}}),
        (422, {"json": {"time": "yesterday", "LT1": 1}}),
        (422, {"json": READING | {"LT1": "high"}}),
    ],
)  # fmt: skip
def test_what_may_not_be_is_told_as_a_problem(tmp_path: Path, status: int, request_: dict) -> None:
    async def story(http: httpx.AsyncClient, shelf: Shelf) -> None:
        answer = await http.request(request_.pop("method", "POST"), request_.pop("url", "/"), **request_)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
        good = await http.post("/", json=READING)  # and the rest goes on
        assert good.status_code == 200

    shelf = drive(tmp_path, story, max_bytes=4000)
    assert all(delivery.balance.balances for delivery in shelf.deliveries)
    assert sum(delivery.balance.accepted for delivery in shelf.deliveries) == 1


def test_a_body_without_end_is_cut_off(tmp_path: Path) -> None:
    async def story(http: httpx.AsyncClient, shelf: Shelf) -> None:
        async def endless():
            for _ in range(1000):
                yield b"x" * 1000

        try:
            answer = await http.post("/", content=endless(), headers={"content-type": "text/csv"})
            assert answer.status_code == 413
        except httpx.TransportError:
            pass  # closed in the middle of it

    assert drive(tmp_path, story, max_bytes=4000).deliveries == []


def test_too_many_pushes_are_told_to_slow_down(tmp_path: Path) -> None:
    async def story(http: httpx.AsyncClient, shelf: Shelf) -> None:
        statuses = [(await http.post("/", json=READING | {"LT1": i})).status_code for i in range(6)]
        assert statuses == [200, 200, 429, 429, 429, 429]

    drive(tmp_path, story, rate_per_s=1.0)


def test_without_a_token_browsers_are_kept_out(tmp_path: Path) -> None:
    async def story(http: httpx.AsyncClient, shelf: Shelf) -> None:
        page = await http.post("/", json=READING, headers={"origin": "https://example.org", "authorization": ""})
        assert page.status_code == 403
        script = await http.post("/", json=READING, headers={"authorization": ""})
        assert script.status_code == 200

    drive(tmp_path, story, token_secret=None)


def test_over_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    trust = ssl.create_default_context()
    authority.configure_trust(trust)

    async def run() -> None:
        shelf = Shelf()
        async with serving(make(tmp_path, certificate="server.pem"), shelf, verify=trust) as http:
            assert http.base_url.scheme == "https"
            assert (await http.post("/", json=READING)).status_code == 200
            plain = str(http.base_url).replace("https", "http")
            with pytest.raises(httpx.TransportError):
                await http.post(plain, json=READING)

    asyncio.run(run())


@pytest.mark.parametrize(
    "options",
    [
        {"host": "192.0.2.1", "token_secret": "gateway"},
        {"host": "localhost"},
        {"token_secret": "missing"},
        {"token_secret": "short"},
        {"certificate": "nowhere.pem"},
    ],
)
def test_what_cannot_work_is_refused_at_once(tmp_path: Path, options: dict) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make(tmp_path, **options)
    assert "abc" not in str(caught.value)


def test_a_port_in_use_is_reported_and_tried_again(tmp_path: Path) -> None:
    async def run() -> None:
        first, second = Shelf(), Shelf()
        async with serving(make(tmp_path), first) as http:
            port = http.base_url.port
            waiting = asyncio.create_task(make(tmp_path, port=port).run(second, None))
            while not second.links or second.links[-1].state != "down":
                await asyncio.sleep(0.02)
            assert "in use" in second.links[-1].detail
        await asyncio.wait_for(second.address(), 5)
        waiting.cancel()
        await asyncio.wait({waiting}, timeout=2)

    asyncio.run(run())
