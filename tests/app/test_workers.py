"""Replays on databases, alone and by workers that are killed, stopped and resumed: the same bytes as from a folder."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from infrastress.app.cli import main
from infrastress.store import open_store
from tests.postgres import Server
from tests.proofs import Proof

from .running import replay_words, results

LEASE_S = 5.0


@pytest.fixture(scope="session")
def sites(plant, tmp_path_factory) -> list[Path]:
    """The plant, and others like it under other names, each with recording and undisturbed results."""
    found = [plant]
    for number in (2, 3):
        other = tmp_path_factory.mktemp(f"site{number}")
        shutil.copytree(plant / "plant", other / "plant")
        shutil.copytree(plant / "attack", other / "attack")
        model, events = other / "plant" / "site.yaml", other / "attack" / "events.jsonl"
        model.write_text(model.read_text().replace("\nid: depot\n", f"\nid: depot-{number}\n"))
        events.write_text(events.read_text().replace('"site":"depot"', f'"site":"depot-{number}"'))
        assert main(replay_words(other, other / "calm")) == 0
        found.append(other)
    return found


@pytest.fixture
def database(postgres: Server) -> str:
    return postgres.new_database()


class TestOneReplay:
    @pytest.mark.parametrize("backend", ["postgresql", "sqlite"])
    def test_ends_with_the_same_bytes_as_in_a_folder(self, plant, tmp_path, request, backend, capfd):
        sqlite = f"sqlite:///{tmp_path}/shared.db"
        url = request.getfixturevalue("database") if backend == "postgresql" else sqlite
        assert main(replay_words(plant, tmp_path / "out", "--database", url)) == 0
        assert results(tmp_path / "out") == results(plant / "calm")
        assert not (tmp_path / "out" / "store").exists()
        assert main(replay_words(plant, tmp_path / "again", "--database", url)) == 0
        assert results(tmp_path / "again") == results(plant / "calm")
        capfd.readouterr()
        assert main(replay_words(plant, tmp_path / "other", "--database", url, "--without", "access")) == 1
        assert "holds another replay of site 'depot'" in capfd.readouterr().err
        assert main(replay_words(plant, tmp_path / "out", "--database", url, "--overwrite")) == 1
        assert "nothing is ever thrown away" in capfd.readouterr().err

    def test_killed_at_random_moments_ends_the_same(self, plant, tmp_path, database, monkeypatch):
        monkeypatch.setenv("INFRASTRESS_DATABASE", database)
        out, chance, kills = tmp_path / "out", random.Random(7), 0
        for _ in range(3):
            words = replay_words(plant, out, "--batch-rows", "50")
            process = subprocess.Popen([sys.executable, "-m", "infrastress", *words], stdout=subprocess.DEVNULL)
            with open_store(database) as store:
                while process.poll() is None and not store.log.end("ingest/depot/main"):
                    time.sleep(0.01)
            time.sleep(chance.random() * 0.5)
            process.kill()
            kills += process.wait(60) == -signal.SIGKILL
        assert kills >= 2
        assert main(replay_words(plant, out)) == 0
        assert results(out) == results(plant / "calm")

    def test_sites_share_a_database_and_keep_their_alarms_apart(self, sites, tmp_path, database):
        for number, site in enumerate(sites[:2]):
            assert main(replay_words(site, tmp_path / str(number), "--database", database)) == 0
            assert results(tmp_path / str(number)) == results(site / "calm")
        with open_store(database) as store:
            keys = [row.key for row in store.records.list("event", limit=9999)]
        told = [
            sum(1 for name in ("alarms", "incidents") for _ in (s / "calm" / f"{name}.jsonl").open()) for s in sites
        ]
        assert len(keys) == told[0] + told[1]

    def test_a_password_is_told_nowhere(self, plant, tmp_path, capfd):
        url = f"postgresql://postgres:sesame@/nowhere?host={tmp_path}"
        assert main(replay_words(plant, tmp_path / "out", "--database", url)) == 1
        told = capfd.readouterr()
        assert "no server answers" in told.err
        assert "sesame" not in told.err + told.out
        assert not any(b"sesame" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    def test_workers_need_a_database(self, plant, tmp_path, capfd, monkeypatch):
        monkeypatch.delenv("INFRASTRESS_DATABASE", raising=False)
        assert main(replay_words(plant, tmp_path / "out", "--by-workers")) == 2
        assert main(["work", str(plant / "plant")]) == 2
        assert "--database" in capfd.readouterr().err


class Worker:
    """A process of `infrastress work`, and what it said."""

    def __init__(self, folder: Path, database: str, sites: list[Path]) -> None:
        self.file = folder / f"worker{time.monotonic_ns()}"
        with self.file.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "infrastress", "work", *(str(site / "plant") for site in sites), "--lease",
                 str(LEASE_S)],
                stdout=out, stderr=subprocess.STDOUT, env={**os.environ, "INFRASTRESS_DATABASE": database},
            )  # fmt: skip

    def said(self) -> list[str]:
        return self.file.read_text().splitlines()

    def wait_for(self, *words: str, times: int = 1, seconds: float = 60.0) -> float:
        """Until lines with all these words came so often; returns how long it took."""
        began = time.monotonic()
        while sum(all(word in line for word in words) for line in self.said()) < times:
            assert time.monotonic() - began < seconds, "\n".join(self.said())
            time.sleep(0.02)
        return time.monotonic() - began


@contextmanager
def working(folder: Path, database: str, sites: list[Path], count: int) -> Iterator[list[Worker]]:
    workers = [Worker(folder, database, sites) for _ in range(count)]
    try:
        for worker in workers:
            worker.wait_for("is ready")
        yield workers
    finally:
        for worker in workers:
            worker.process.send_signal(signal.SIGCONT)
            worker.process.kill()
            worker.process.wait(30)


@contextmanager
def feeding(folder: Path, database: str, sites: list[Path], *more: str) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """`infrastress replay --by-workers` of each site."""
    with ExitStack() as stack:
        feeds = []
        for number, site in enumerate(sites):
            words = replay_words(site, folder / f"out{number}", "--by-workers", "--database", database, *more)
            with (folder / f"feed{number}").open("wb") as out:
                feed = subprocess.Popen([sys.executable, "-m", "infrastress", *words], stdout=out, stderr=out)
            stack.callback(feed.wait, 30)
            stack.callback(feed.kill)
            feeds.append(feed)
        yield feeds


class TestWorkers:
    def test_killed_stopped_and_resumed_they_end_with_the_same_bytes(self, sites, tmp_path, database):
        sites = sites[:2]
        with (
            working(tmp_path, database, sites, 2) as (one, two),
            feeding(tmp_path, database, sites, "--speed", "3500") as feeds,
        ):
            for worker in (one, two):
                worker.wait_for("took", times=2)
            one.process.send_signal(signal.SIGSTOP)
            two.wait_for("took", "after", times=2)
            one.process.send_signal(signal.SIGCONT)
            one.wait_for("lost", times=2)
            one.wait_for("took", times=4)  # it has a seat again, and its share
            two.process.kill()
            one.wait_for("took", "after", times=2)
            assert [feed.wait(120) for feed in feeds] == [0, 0]
            one.process.send_signal(signal.SIGTERM)
            assert one.process.wait(30) == 0
            assert "has stopped" in one.said()[-1]
            assert sum("released" in line for line in one.said()) >= 4
        for number, site in enumerate(sites):
            assert results(tmp_path / f"out{number}") == results(site / "calm")
        with open_store(database) as store:
            assert {
                beat.owner for beat in store.checkpoints.beats() if beat.partition.startswith(("ingest", "fusion"))
            } == {""}

    def test_one_that_stops_in_order_is_followed_at_once(self, sites, tmp_path, database):
        sites = sites[:2]
        with (
            working(tmp_path, database, sites, 2) as (one, two),
            feeding(tmp_path, database, sites, "--speed", "12000") as feeds,
        ):
            for worker in (one, two):
                worker.wait_for("took", times=2)
            one.process.send_signal(signal.SIGINT)
            two.wait_for("took", times=4)
            assert not any("after" in line for line in two.said())
            assert one.process.wait(30) == 0
            assert [feed.wait(120) for feed in feeds] == [0, 0]
        for number, site in enumerate(sites):
            assert results(tmp_path / f"out{number}") == results(site / "calm")

    def test_another_site_model_is_refused(self, plant, tmp_path, database, capfd):
        assert main(replay_words(plant, tmp_path / "out", "--database", database)) == 0
        shutil.copytree(plant / "plant", tmp_path / "plant")
        model = tmp_path / "plant" / "site.yaml"
        model.write_text(model.read_text().replace("name: Coastal oil depot", "name: Another"))
        capfd.readouterr()
        assert main(["work", str(tmp_path / "plant"), "--database", database]) == 1
        assert "site version" in capfd.readouterr().err

    @pytest.mark.prove
    def test_20_takeovers_within_two_lease_times(self, sites, tmp_path, postgres):
        proof = Proof("runtime on PostgreSQL: workers killed or stopped and resumed, with takeover", 20)
        longest = 0.0
        for step in proof.steps():
            folder, database = tmp_path / str(step), postgres.new_database()
            folder.mkdir()
            with (
                working(folder, database, sites, 2) as (one, two),
                feeding(folder, database, sites, "--speed", "4000") as feeds,
            ):
                for worker in (one, two):
                    worker.wait_for("took", times=3)
                time.sleep(random.Random(step).random() * 2)
                one.process.send_signal(signal.SIGKILL if step % 2 else signal.SIGSTOP)
                longest = max(longest, two.wait_for("took", "after", times=3))
                one.process.send_signal(signal.SIGCONT)
                assert [feed.wait(120) for feed in feeds] == [0] * len(sites)
            for number, site in enumerate(sites):
                assert results(folder / f"out{number}") == results(site / "calm")
            assert longest < 2 * LEASE_S, f"a takeover took {longest} s"
            shutil.rmtree(folder)
        proof.finish(f"longest takeover {longest:.1f} s of at most {2 * LEASE_S:.0f} s; results byte-identical")


def test_the_judge_sees_a_difference(plant, tmp_path):
    shutil.copytree(plant / "calm", tmp_path / "calm", ignore=shutil.ignore_patterns("store"))
    summary = json.loads((tmp_path / "calm" / "summary.json").read_text())
    summary["counts"]["alarms"] += 1
    (tmp_path / "calm" / "summary.json").write_text(json.dumps(summary))
    assert results(tmp_path / "calm") != results(plant / "calm")
