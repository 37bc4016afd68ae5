"""The demo that ends at the console: signed in by the printed password, the incident comes, and all of it ends."""

import os
import signal
import time
from contextlib import closing

import psutil
import pytest

from infrastress.core.time import from_iso
from infrastress.store import open_store
from infrastress.store.ports import read_all, type_of
from tests.demoing import live_demo

pytestmark = pytest.mark.timeout(900)


def incidents(api, seconds=150.0):
    """The incidents at the API, once there is one of weight."""
    limit = time.monotonic() + seconds
    while True:
        found = api.get("/api/v1/incidents").json()["items"]
        if any(one["severity"] in ("high", "critical") for one in found):
            return found
        assert time.monotonic() < limit, found
        time.sleep(0.5)


def check_story(demo, site):
    """Sign in; the past is there; the incident comes; nobody else can use the password, and it is told nowhere."""
    told = demo.told
    assert told["site"] == site
    assert [one["in_s"] for one in told["expected"]] == sorted(one["in_s"] for one in told["expected"])
    with closing(demo.client()) as api:
        who = api.get("/api/v1/session").json()
        assert who["demonstration"]["speed"] == told["speed"]
        assert who["demonstration"]["story"] in ("attack-overfill", "overflow")
        signal_id = api.get("/api/v1/signals", params={"limit": 1}).json()["items"][0]["id"]
        span = {"signal": signal_id, "from": _before(told["began"], 5), "to": told["began"], "width": 200}
        assert len(api.get("/api/v1/history", params=span).json()["series"][0]["times_ms"]) > 20
        first = incidents(api)[0]
        assert from_iso(first["began"]) > from_iso(told["began"])
        again = api.post("/api/v1/session", json={"name": told["account"], "password": told["password"]})
        assert again.status_code == 401
    secret = told["password"].encode()
    for one in demo.family():
        assert told["password"] not in " ".join(one.cmdline()) + " ".join(one.environ().values())
    for file in (demo.notes, demo.out / "serve.log"):
        assert secret not in file.read_bytes()


def _before(moment, hours):
    from infrastress.core.time import HOUR, to_iso

    return to_iso(from_iso(moment) - hours * HOUR)


def test_a_live_demo(tmp_path):
    """Two runs in one folder: the second goes by what the first learned."""
    out = tmp_path / "out"
    with live_demo(out, "--speed", "450", "--port", "0") as demo:
        check_story(demo, "depot")
        api = next(one for one in demo.family() if one.cmdline()[2:4] == ["infrastress.app.service.child", "api"])
        api.kill()  # the service starts it again, the demo goes on
        with pytest.raises(AssertionError, match="another demo"), live_demo(out):
            pass
        assert demo.process.poll() is None
        assert demo.end(signal.SIGINT) == 0
    with open_store(out / "site" / "state" / "live" / "store") as store:
        kinds = {type_of(record.subject) for record in read_all(store.log, "ingest/depot/main")}
    assert {"samples", "event", "tick", "decision"} <= kinds
    with live_demo(out, "--speed", "450", "--port", "0") as demo:
        learned = out / "site" / "state" / "baselines"
        assert [one.name for one in learned.glob("v*")] == ["v0001"]
        own = psutil.Process(demo.process.pid)
        (serve,) = [one for one in own.children() if "serve" in one.cmdline()]
        family = demo.family()
        os.kill(serve.pid, signal.SIGKILL)  # then nothing is left to be shown
        assert demo.process.wait(60) == 1
        assert "has ended by itself" in demo.notes.read_text()
        assert not psutil.wait_procs(family[1:], timeout=10)[1]


@pytest.mark.prove
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_behind(signum, tmp_path_factory):
    """However it ends, also killed at once; one folder, so that it learns once."""
    out = tmp_path_factory.getbasetemp() / "ended"
    with live_demo(out, "--speed", "450", "--port", "0") as demo:
        assert demo.end(signum) == (-signum if signum == signal.SIGKILL else 0)


@pytest.mark.prove
def test_where_nobody_sits_it_ends_by_itself(tmp_path):
    with live_demo(tmp_path / "out", "--speed", "450", "--port", "0", env={"CI": "true"}) as demo:
        assert demo.process.wait(200) == 0


@pytest.mark.prove
def test_the_water_utility(tmp_path):
    with live_demo(tmp_path / "out", "--site", "water", "--speed", "1000", "--port", "0") as demo:
        check_story(demo, "water")
        assert demo.end() == 0
