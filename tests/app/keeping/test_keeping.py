"""Backup, restore, upgrade and export by their commands: same answers elsewhere, kills, damage, full disks."""

import json
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from infrastress.app.cli import main
from infrastress.app.keeping import upgrade as upgrading
from infrastress.app.keeping.backup import Place, make_backup, verify_backup
from infrastress.app.keeping.manifest import MANIFEST, content_faults, read_manifest
from infrastress.app.keeping.readable import unreadable
from infrastress.app.keeping.restore import _place_of, restore_backup
from infrastress.core.errors import ConfigurationError, InfrastressError, InputError, SchemaMismatch, StoreError
from infrastress.core.ids import canonical_json, content_hash
from infrastress.events import Samples
from infrastress.store import open_store
from infrastress.store.copying import schema_at
from infrastress.store.ports import Output, Store, read_all
from infrastress.store.postgres import PostgresStore
from infrastress.store.sqlite import Paths, SqliteStore
from tests.postgres import Server
from tests.proofs import Proof
from tests.store.test_copying import EVENT, check_carried, old_store
from tests.store.test_sqlite import files_no_longer_than
from tests.victims import Victims

LIVE = Path("state") / "live" / "store"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, plant: Path) -> Path:
    """A site that was served for a while: the store of a replay, telemetry half compacted, blobs, accounts, secrets."""
    site = tmp_path_factory.mktemp("served") / "plant"
    shutil.copytree(plant / "plant", site)
    (site / LIVE).parent.mkdir(parents=True)
    shutil.copytree(plant / "calm" / "store", site / LIVE)
    with open_store(site / LIVE) as store:
        partition = "ingest/depot/main"
        telemetry = [r.offset for r in read_all(store.log, partition) if r.subject.endswith(":samples")]
        store.history.compact(partition, up_to=telemetry[len(telemetry) // 2])
        for i in range(3):
            store.blobs.put(b"picture %d" % i)
    (site / "state" / "accounts.json").write_text("{}")
    (site / "state" / "accounts.json").chmod(0o600)
    (site / "secrets.yaml").write_text("broker: hunter2\n")
    (site / "secrets.yaml").chmod(0o600)
    (site / "client.pem").write_text("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n")
    (site / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n")
    return site


@pytest.fixture
def site(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "plant")
    return tmp_path / "plant"


def answers(store: Store) -> dict[str, Any]:
    """All that a store answers, through its ports."""
    tags = sorted({tag for table in store.history.rows() for tag in table["tag"].unique().to_pylist()})
    return {
        "log": {name: list(read_all(store.log, name)) for name in store.log.partitions()},
        "newest": {kind: list(store.records.list(kind, limit=10**6)) for kind in store.records.kinds()},
        "leases": store.checkpoints.beats(),
        "states": {beat.partition: store.checkpoints.state(beat.partition) for beat in store.checkpoints.beats()},
        "offsets": {beat.partition: store.checkpoints.offset(beat.partition) for beat in store.checkpoints.beats()},
        "history": store.history.read(tags, 0, 1 << 62),
        "blobs": {digest: store.blobs.get(digest) for digest in store.blobs.all()},
    }


def answers_of(folder: Path) -> dict[str, Any]:
    with open_store(folder / LIVE, upgrade=False) as store:
        return answers(store)


class TestBackupAndRestore:
    def test_a_restored_site_gives_the_same_answers_wherever_it_lies(
        self, site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = answers_of(site)
        assert before["history"].num_rows > 1000
        assert before["newest"]["event"]
        with open_store(site / LIVE):  # as `serve` has it open
            assert main(["backup", str(site), str(tmp_path / "far" / "backup")]) == 0
        assert "Backed up and verified: site depot" in capsys.readouterr().out
        (tmp_path / "far").rename(tmp_path / "moved")
        assert main(["backup", str(tmp_path / "moved" / "backup"), "--verify"]) == 0
        shutil.rmtree(site)
        assert main(["restore", str(tmp_path / "moved" / "backup"), str(tmp_path / "other" / "plant")]) == 0
        there = tmp_path / "other" / "plant"
        assert answers_of(there) == before
        assert (there / "site.yaml").is_file()
        assert stat.S_IMODE((there / "state" / "accounts.json").stat().st_mode) == 0o600
        there.rename(tmp_path / "again")
        assert answers_of(tmp_path / "again") == before
        assert verify_backup(tmp_path / "moved" / "backup") == []

    def test_a_restored_site_goes_on(self, site: Path, tmp_path: Path) -> None:
        before = answers_of(site)
        make_backup(Place.of(site), tmp_path / "backup")
        assert main(["restore", str(tmp_path / "backup"), str(tmp_path / "there")]) == 0
        with open_store(tmp_path / "there" / LIVE) as store:
            name = "fusion/depot"
            lease = store.checkpoints.acquire(name, store.checkpoints.observe(name), "next")
            assert lease.state == before["states"][name]
            lease.commit(lease.offset, lease.state, [])

    def test_secrets_stay_unless_asked_for(self, site: Path, tmp_path: Path) -> None:
        manifest = make_backup(Place.of(site), tmp_path / "without")
        assert set(manifest.left_out) == {"site/secrets.yaml", "site/client.pem"}
        assert b"hunter2" not in b"".join(p.read_bytes() for p in (tmp_path / "without").rglob("*") if p.is_file())
        assert (tmp_path / "without" / "state" / "accounts.json").is_file()
        assert (tmp_path / "without" / "site" / "ca.pem").is_file()
        assert main(["backup", str(site), str(tmp_path / "with"), "--with-secrets"]) == 0
        assert main(["restore", str(tmp_path / "with"), str(tmp_path / "there")]) == 0
        assert stat.S_IMODE((tmp_path / "there" / "secrets.yaml").stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "with").stat().st_mode) == 0o700

    def test_parts_that_lie_elsewhere_come_together(self, site: Path, tmp_path: Path) -> None:
        before = answers_of(site)
        (tmp_path / "db").mkdir()
        for old, new in (("store.db", "plant.db"), ("blobs", "plant.blobs"), ("history", "plant.history")):
            (site / LIVE / old).rename(tmp_path / "db" / new)
        (site / "state").rename(tmp_path / "elsewhere")
        (site / "state").mkdir()
        (site / "state" / "stale").write_text("x")
        words = ["--state", str(tmp_path / "elsewhere"), "--database", f"sqlite:///{tmp_path}/db/plant.db"]
        assert main(["backup", str(site), str(tmp_path / "backup"), *words]) == 0
        assert main(["restore", str(tmp_path / "backup"), str(tmp_path / "there")]) == 0
        assert answers_of(tmp_path / "there") == before
        assert (tmp_path / "there" / "state" / "accounts.json").is_file()
        assert not (tmp_path / "there" / "state" / "stale").exists()

    def test_a_site_without_a_store_and_with_faults_is_backed_up(self, tmp_path: Path) -> None:
        (tmp_path / "plant").mkdir()
        (tmp_path / "plant" / "site.yaml").write_text("id: [broken\n")
        assert main(["backup", str(tmp_path / "plant"), str(tmp_path / "backup")]) == 0
        assert main(["restore", str(tmp_path / "backup"), str(tmp_path / "there")]) == 0
        assert (tmp_path / "there" / "site.yaml").read_text() == "id: [broken\n"

    def test_every_damage_is_found_and_nothing_damaged_is_restored(self, site: Path, tmp_path: Path) -> None:
        backup = tmp_path / "backup"
        make_backup(Place.of(site), backup)
        chance = np.random.default_rng(0)
        for path in sorted(path for path in backup.rglob("*") if path.is_file()):
            whole = path.read_bytes()
            place = int(chance.integers(len(whole)))
            for wrong in (whole[:place] + bytes([whole[place] ^ 1 << int(chance.integers(8))]) + whole[place + 1 :],
                          whole[:place], None):  # fmt: skip
                path.unlink()
                if wrong is not None:
                    path.write_bytes(wrong)
                try:
                    found = content_faults(backup, read_manifest(backup))
                except InputError as error:
                    found = [str(error)]
                assert found, f"{path} {place}"
                path.write_bytes(whole)
        (backup / "site" / "stranger").write_text("x")
        assert main(["backup", str(backup), "--verify"]) == 1
        assert main(["restore", str(backup), str(tmp_path / "there")]) == 1
        assert not (tmp_path / "there").exists()

    def test_damage_of_the_store_itself_is_no_backup(self, site: Path, tmp_path: Path) -> None:
        (parquet, *_) = (site / LIVE / "history").glob("*/*.parquet")
        parquet.write_bytes(parquet.read_bytes()[:-1])
        with pytest.raises(StoreError, match="damaged"):
            make_backup(Place.of(site), tmp_path / "backup")
        assert not (tmp_path / "backup").exists()
        assert [path.name for path in tmp_path.iterdir()] == ["plant"]

    def test_a_newer_one_is_refused(self, site: Path, tmp_path: Path) -> None:
        make_backup(Place.of(site), tmp_path / "backup")
        for field, value in (("schema", "9999"), ("format", 2)):
            manifest = json.loads((tmp_path / "backup" / MANIFEST).read_text())["manifest"] | {field: value}
            sealed = {"manifest": manifest, "digest": content_hash(canonical_json(manifest))}
            shutil.copytree(tmp_path / "backup", tmp_path / field)
            (tmp_path / field / MANIFEST).write_text(json.dumps(sealed))
            with pytest.raises((SchemaMismatch, InputError), match="this version"):
                restore_backup(tmp_path / field, tmp_path / "there")

    def test_what_is_there_is_only_replaced_when_asked_and_unused(self, site: Path, tmp_path: Path) -> None:
        backup, there = str(tmp_path / "backup"), tmp_path / "there"
        assert main(["backup", str(site), backup]) == 0
        assert main(["backup", str(site), backup]) == 1
        assert main(["restore", backup, str(there)]) == 0
        (there / "mine").write_text("x")
        (there / "secrets.yaml").write_text("broker: mine\n")
        assert main(["restore", backup, str(there)]) == 1
        with open_store(there / LIVE) as store:
            assert store.log.partitions()
            assert main(["restore", backup, str(there), "--overwrite"]) == 1
        assert (there / "mine").exists()
        assert main(["restore", backup, str(there), "--overwrite"]) == 0
        assert not (there / "mine").exists()
        assert (there / "secrets.yaml").read_text() == "broker: mine\n"  # no backup of it: it stays
        assert answers_of(there) == answers_of(site)

    def test_a_backup_into_the_site_itself_is_refused(self, site: Path) -> None:
        with pytest.raises(ConfigurationError, match="backup of"):
            make_backup(Place.of(site), site / "backup")

    def test_a_server_is_left_to_its_own_tools(self, site: Path, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="PostgreSQL") as caught:
            make_backup(Place.of(site, database="postgresql://u@h/d"), tmp_path / "backup")
        assert "pg_dump" in str(caught.value)

    def test_a_manifest_that_leads_elsewhere_is_refused(self, site: Path, tmp_path: Path) -> None:
        for path in ("site/../../x", "/etc/passwd", "else/x", "site/", "state//etc/passwd"):
            with pytest.raises(InputError):
                _place_of(path)

    @pytest.mark.parametrize("limit", [1000, 60_000, 2_000_000])
    def test_a_full_disk_is_told_and_leaves_nothing_that_looks_whole(
        self, site: Path, tmp_path: Path, limit: int
    ) -> None:
        before = answers_of(site)
        with files_no_longer_than(limit), pytest.raises(StoreError) as caught:
            make_backup(Place.of(site), tmp_path / "backup")
        assert caught.value.remedy
        assert sorted(path.name for path in tmp_path.iterdir()) == ["plant"]
        assert answers_of(site) == before


class TestUpgrade:
    @pytest.fixture
    def old(self, tmp_path: Path) -> Path:
        (tmp_path / "plant").mkdir()
        (tmp_path / "plant" / "site.yaml").write_text("id: site\n")
        old_store(tmp_path / "plant" / LIVE)
        return tmp_path / "plant"

    def test_an_old_store_is_carried_up_behind_a_backup(
        self, old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["upgrade", str(old), "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["before"], told["now"]) == ("0001", "0002")
        check_carried(old / LIVE)
        assert verify_backup(Path(told["backup"])) == []
        assert read_manifest(Path(told["backup"])).schema == "0001"
        assert main(["upgrade", str(old)]) == 0
        assert "Nothing to do" in capsys.readouterr().out
        assert main(["restore", told["backup"], str(tmp_path / "back")]) == 0
        assert schema_at(Paths.of(tmp_path / "back" / LIVE)) == "0001"
        assert main(["upgrade", str(tmp_path / "back")]) == 0
        check_carried(tmp_path / "back" / LIVE)

    def test_what_uses_it_must_stop_first(self, old: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with SqliteStore(old / LIVE, frozen=False, upgrade=True) as store:
            store.log.partitions()
            with store.database.engine.connect().execution_options(write=True) as connection, connection.begin():
                connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
                connection.exec_driver_sql("DROP TABLE blob")
            assert main(["upgrade", str(old)]) == 1
            assert "infrastress serve" in capsys.readouterr().err
        assert main(["upgrade", str(old)]) == 0
        check_carried(old / LIVE)

    def test_a_trial_that_fails_leaves_the_store_as_it_was(
        self, old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(upgrading, "unreadable", lambda *_: ["result/site record 2: no event"])
        assert main(["upgrade", str(old)]) == 1
        told = capsys.readouterr().err
        assert "the store was left as it is" in told
        assert "no event" in told
        assert schema_at(Paths.of(old / LIVE)) == "0001"
        assert sorted(path.name for path in (old / LIVE).iterdir() if path.name.startswith(".")) == []
        monkeypatch.undo()
        assert main(["upgrade", str(old), "--backup", str(tmp_path / "second")]) == 0
        check_carried(old / LIVE)

    def test_records_that_cannot_be_read_are_found(self, old: Path) -> None:
        with open_store(old / LIVE) as store:
            assert unreadable(store) == []
            for subject in ("result/site:event", "ingest/site/main:samples", "quarantine/site:refusal"):
                store.log.append(subject, [("bad", b"{")])
            assert len(unreadable(store)) == 3

    def test_no_store_and_a_newer_one_are_told(self, tmp_path: Path, site: Path) -> None:
        (tmp_path / "empty").mkdir()
        assert main(["upgrade", str(tmp_path / "empty")]) == 0
        assert not (tmp_path / "empty" / "state").exists()
        with sqlite3.connect(site / LIVE / "store.db") as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.close()
        with pytest.raises(SchemaMismatch):
            upgrading.upgrade_site(Place.of(site))


class TestServers:
    """A store in PostgreSQL."""

    def test_an_upgrade_is_done_once_its_owner_has_dumped_it(
        self, postgres: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "plant").mkdir()
        url = postgres.new_database()
        with open_store(url) as store:
            assert isinstance(store, PostgresStore)
            store.log.append("result/site:event", [("a", EVENT)])
            with store.database.engine.connect() as connection, connection.begin():
                connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
                connection.exec_driver_sql("DROP TABLE blob")
        with pytest.raises(SchemaMismatch, match="run infrastress upgrade"):
            open_store(url, upgrade=False)
        words = ["upgrade", str(tmp_path / "plant"), "--database", url]
        assert main(words) == 1
        assert "pg_dump" in capsys.readouterr().err
        assert main([*words, "--dumped"]) == 0
        with open_store(url, upgrade=False) as store:
            assert store.log.end("result/site") == 1
        assert main([*words, "--dumped"]) == 0
        assert "Nothing to do" in capsys.readouterr().out

    def test_an_export_holds_the_same_records(self, site: Path, postgres: Server, tmp_path: Path) -> None:
        url = f"{postgres.new_database()}&folder={tmp_path}/history"
        with open_store(site / LIVE) as here, open_store(url) as there:
            lease = there.checkpoints.acquire("copy", there.checkpoints.observe("copy"), "test")
            outputs = [
                Output(r.id, r.subject, r.data) for name in here.log.partitions() for r in read_all(here.log, name)
            ]
            lease.commit(1, None, outputs)
            there.history.compact("ingest/depot/main", up_to=there.log.end("ingest/depot/main") // 2)
        assert main(["export", str(site), str(tmp_path / "one")]) == 0
        assert main(["export", str(site), str(tmp_path / "two"), "--database", url]) == 0
        for file in (tmp_path / "one" / "records").iterdir():
            assert (tmp_path / "two" / "records" / file.name).read_bytes() == file.read_bytes()
        order = [("tag", "ascending"), ("time", "ascending")]
        one, two = (pq.read_table(tmp_path / name / "telemetry").sort_by(order) for name in ("one", "two"))
        assert one.equals(two)


def lines(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text().splitlines()]


class TestExport:
    def test_everything_is_read_back_with_json_and_arrow_alone(self, site: Path, tmp_path: Path) -> None:
        before = answers_of(site)
        with open_store(site / LIVE):
            assert main(["export", str(site), str(tmp_path / "out"), "--csv"]) == 0
        out = tmp_path / "out"
        manifest = json.loads((out / MANIFEST).read_text())["manifest"]
        files = {entry["path"]: entry for entry in manifest["files"]}
        assert set(files) | {MANIFEST} == {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
        for name, entry in files.items():
            assert entry["sha256"] == content_hash((out / name).read_bytes())
        records = {file.stem: lines(file) for file in (out / "records").iterdir()}
        kept = [record for name in before["log"] for record in before["log"][name]]
        telemetry = [record for record in kept if record.subject.endswith(":samples")]
        assert sum(map(len, records.values())) == len(kept) - len(telemetry)
        detections = [r for r in before["log"]["fusion/depot"] if b'"kind":"detection"' in r.data]
        assert [one["id"] for one in records["detections"]] == [json.loads(r.data)["id"] for r in detections]
        assert {"events", "detections", "alarms", "incidents"} <= set(records)
        newest = {one["key"]: one["record"]["id"] for one in lines(out / "newest" / "event.jsonl")}
        assert newest == {row.key: json.loads(row.data)["id"] for row in before["newest"]["event"]}
        table = pa.concat_tables(pq.read_table(file) for file in sorted((out / "telemetry").glob("*.parquet")))
        table = table.sort_by([("tag", "ascending"), ("time", "ascending")])
        assert table.equals(before["history"])
        assert sum(pc.read_csv(file).num_rows for file in (out / "telemetry").glob("*.csv")) == table.num_rows
        assert {f.name: f.read_bytes() for f in (out / "blobs").iterdir()} == before["blobs"]
        assert json.loads((out / "schema" / "event.json").read_text())["$defs"]
        assert (out / "site" / "site.yaml").is_file()
        assert not list(out.rglob("*secret*")) + list(out.rglob("accounts*")) + list(out.rglob("client.pem"))
        assert telemetry
        assert len(Samples.decode(telemetry[0].data))

    def test_a_site_that_was_never_served_is_exported_without_a_store(self, plant: Path, tmp_path: Path) -> None:
        assert main(["export", str(plant / "plant"), str(tmp_path / "out")]) == 0
        assert (tmp_path / "out" / "site" / "site.yaml").is_file()
        assert not (plant / "plant" / LIVE).exists()

    def test_an_export_can_be_replayed(self, site: Path, tmp_path: Path, plant: Path) -> None:
        assert main(["export", str(site), str(tmp_path / "out")]) == 0
        (tmp_path / "recording").mkdir()
        shutil.copy(tmp_path / "out" / "records" / "events.jsonl", tmp_path / "recording" / "events.jsonl")
        assert main(["replay", str(plant / "plant"), str(tmp_path / "recording"), "--out", str(tmp_path / "re")]) == 0
        summary = json.loads((tmp_path / "re" / "summary.json").read_text())
        assert sum(one["accepted"] for one in summary["balances"].values()) == len(
            (tmp_path / "recording" / "events.jsonl").read_text().splitlines()
        )


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    one = Victims("tests.app.keeping.victim")
    yield one
    one.close()


def small(folder: Path) -> Path:
    """A small site with a store of the old schema, and two sizes of file."""
    site = folder / "plant"
    site.mkdir(parents=True)
    (site / "site.yaml").write_text("id: site\n")
    (site / "notes.txt").write_text("x" * 100_000)
    old_store(site / LIVE)
    return site


def run(victims: Victims, root: Path, args: list[str], nth: int) -> bool:
    """Run a command; whether it was killed. Otherwise it has done its work."""
    answer = victims.run({"args": args, "nth": nth, "root": str(root), "point": "files"})
    assert answer["killed"] or answer["acknowledged"] == ["ended 0"]
    return bool(answer["killed"])


def backup_killed(victims: Victims, folder: Path, nth: int) -> bool:
    site, target = small(folder), folder / "backup"
    killed = run(victims, folder, ["backup", str(site), str(target)], nth)
    if target.exists():
        assert verify_backup(target) == []
    assert schema_at(Paths.of(site / LIVE)) == "0001"
    make_backup(Place.of(site), folder / "second")
    assert verify_backup(folder / "second") == []
    assert {path.name for path in folder.iterdir()} <= {"plant", "backup", "second"}  # what was left is swept
    return killed


def restore_killed(victims: Victims, folder: Path, nth: int) -> bool:
    site, there = small(folder), folder / "there"
    make_backup(Place.of(site), folder / "backup")
    shutil.copytree(site, there)
    (there / "notes.txt").write_text("old")
    killed = run(victims, folder, ["restore", str(folder / "backup"), str(there), "--overwrite"], nth)
    assert (there / "notes.txt").read_text() in ("old", "x" * 100_000)
    assert schema_at(Paths.of(there / LIVE)) == "0001"
    assert main(["restore", str(folder / "backup"), str(there), "--overwrite"]) == 0
    assert (there / "notes.txt").read_text() == "x" * 100_000
    assert {path.name for path in folder.iterdir()} == {"plant", "backup", "there"}
    return killed


def upgrade_killed(victims: Victims, folder: Path, nth: int) -> bool:
    site = small(folder)
    killed = run(victims, folder, ["upgrade", str(site), "--backup", str(folder / f"backup{nth}")], nth)
    assert schema_at(Paths.of(site / LIVE)) in ("0001", "0002")
    assert main(["upgrade", str(site), "--backup", str(folder / "second")]) == 0
    check_carried(site / LIVE)
    assert [path for path in (site / LIVE).iterdir() if path.name.startswith(".")] == []
    return killed


ALL = {"backup": backup_killed, "restore": restore_killed, "upgrade": upgrade_killed}


@pytest.mark.parametrize("name", ALL)
def test_killed_anywhere_a_working_system_is_left(victims: Victims, tmp_path: Path, name: str) -> None:
    """Every eleventh step; `make prove` takes all."""
    nth = 0
    while ALL[name](victims, tmp_path / str(nth), nth):
        nth += 11
    assert nth > 20


@pytest.mark.prove
def test_killed_at_every_step_a_working_system_is_left(victims: Victims, tmp_path: Path) -> None:
    proof = Proof("backup, restore, upgrade: killed at each step on files", 3 * 125)
    for step in proof.steps():
        name = list(ALL)[step % 3]
        killed = ALL[name](victims, tmp_path / str(step), step // 3)
        assert not (killed and step >= proof.total - 3), "there are more steps than were tried"
    proof.finish("a backup is whole or absent, a site old or new, a store of the old schema or the new; all go on")


def test_an_error_is_one_of_ours(tmp_path: Path) -> None:
    with pytest.raises(InfrastressError):
        Place.of(tmp_path / "nowhere")
