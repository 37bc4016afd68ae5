"""The service as it tells of itself: processes, detectors, the folder checked, changes, accounts."""

import shutil
from pathlib import Path

import msgspec
import pytest

from infrastress.app.service.status import ChildStatus, Reload, Status
from infrastress.client import ApiError
from infrastress.core.time import to_iso
from infrastress.events.health import Health, Pulse
from infrastress.runtime.reloading import decision_output
from tests.app.api.running import commit, copy_store, running, tell
from tests.app.service.serving import wait_for

GOOD = "four dull green lamps"
NOW = 1_773_400_000_000_000_000


@pytest.fixture
def folder(site_folder, tmp_path) -> Path:
    """A site folder that may be edited."""
    return Path(shutil.copytree(site_folder, tmp_path / "plant"))


def edit(folder: Path, old: str, new: str) -> None:
    file = folder / "site.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_a_check_tells_what_the_folder_holds_now_and_changes_nothing(folder, recorded, tmp_path):
    with running(folder, recorded, tmp_path / "state") as api, api.client() as client:
        told = client.check()
        assert (told.ok, told.changed, told.version) == (True, [], api.site.version)
        assert any("Nothing was learned" in note for note in told.notes)
        edit(folder, "height_m: 14.5", "height_m: tall")
        told = client.check()
        assert (told.ok, told.version, told.in_force) == (False, None, api.site.version)
        (fault,) = [fault for fault in told.faults if fault.severity == "error"]
        assert (fault.file, fault.field, fault.found) == ("site.yaml", "assets[5].height_m", "'tall'")
        assert fault.line > 1
        assert fault.expected == "a number"
        assert "stays in force" in told.remedy
        assert client.site().version == api.site.version


@pytest.mark.parametrize(
    ("file", "text", "found"),
    [
        ("connections.yaml", "scada: {connector: modbus, options: {hots: 10.0.0.5}}", "Extra inputs"),
        ("connections.yaml", "scada: {connector: nosuch}", "nosuch"),
        ("connections.yaml", "nobody: {connector: modbus}", "no source of site"),
        ("connections.yaml", "[", "no YAML"),
        ("notifications.yaml", "routes: 3", "3"),
    ],
)
def test_what_stands_beside_the_model_is_checked_too(folder, recorded, file, text, found):
    (folder / file).write_text(text)
    with running(folder, recorded, folder / "state") as api, api.client() as client:
        told = client.check()
        assert not told.ok
        fault = next(fault for fault in told.faults if fault.severity == "error")
        assert fault.file == file
        assert found in fault.found


def test_another_id_is_another_site(folder, recorded, tmp_path):
    with running(folder, recorded, tmp_path / "state") as api, api.client() as client:
        edit(folder, "id: depot", "id: elsewhere")
        assert not client.check().ok
        assert client.check().faults[-1].field == "id"


def test_processes_detectors_and_what_was_put_in_force(folder, recorded, tmp_path):
    status = msgspec.to_builtins(
        Status(
            pid=1,
            started=NOW,
            written=NOW,
            children={"judge": ChildStatus(state="restarting", restarts=3, last_error="killed", since=NOW)},
            notes=("Nothing was learned.",),
            reload=Reload(id="r", at=NOW, by="anna", why="limits", faults=("site.yaml:3: no",)),
        )
    )
    store = copy_store(recorded, tmp_path)
    with running(folder, store, tmp_path / "state", status=status, pulse_s=1e9) as api, api.client() as client:
        now = api.clock.now()
        tell(api.store, Pulse(site="depot", clock=now, watermark=now, failed={"access": "ZeroDivisionError: 1/0"}))
        wait_for(lambda: bool(client.health().pulse.failed), 10)
        service = client.service()
        assert [(p.name, p.state, p.restarts, p.last_error) for p in service.processes] == [
            ("judge", "restarting", 3, "killed")
        ]
        assert {d.name: (d.on, d.why) for d in service.detectors} == {
            "process_invariants": (True, ""),
            "access": (False, "ZeroDivisionError: 1/0"),
            "perimeter": (True, ""),
            "reports": (True, ""),
            "tracks": (True, ""),
            "site_network": (True, ""),
            "network_baseline": (True, ""),
        }
        assert service.notes == ["Nothing was learned."]
        assert service.started == to_iso(NOW)
        for by, at in (("start", NOW), ("anna", NOW + 1)):
            fields = {"decision": "site", "setup": "ab" * 16, "site_version": "v", "changed": ["signals"],
                      "by": by, "why": "limits", "at": at}  # fmt: skip
            commit(api.store, [decision_output("depot", fields)], "serve/test")
        wait_for(lambda: len(client.changes().items) == 2, 10, lambda: str(client.changes()))
        changes = client.changes()
        assert [(one.by, one.why, one.changed) for one in changes.items] == [
            ("anna", "limits", ["signals"]),
            ("start", "limits", ["signals"]),
        ]
        assert (changes.latest.by, changes.latest.ok, changes.latest.faults) == ("anna", False, ["site.yaml:3: no"])


def test_a_source_tells_how_often_it_comes(site_folder, recorded, tmp_path):
    with (
        running(site_folder, copy_store(recorded, tmp_path), tmp_path / "state", pulse_s=1e9) as api,
        api.client() as client,
    ):
        now = api.clock.now()
        tell(api.store, Pulse(site="depot", clock=now, watermark=now))
        tell(api.store, Health(site="depot", source="scada", state="live", cadence_s=10.0, every_s=12.5))
        wait_for(lambda: client.source("scada").every_s == 12.5, 10)
        scada = client.source("scada")
        assert (scada.cadence_s, scada.connector, scada.state) == (10.0, None, "live")


def test_accounts_are_listed_without_what_is_secret(site_folder, recorded, tmp_path):
    with running(site_folder, recorded, tmp_path / "state") as api:
        api.book.add("ada", "operator", GOOD)
        api.book.add("bo", "admin", None)
        with api.client(api.token("admin")) as admin, api.client() as ada:
            before = ada.sign_in("ada", GOOD)
            assert before.ends is not None
            one, other = admin.accounts()
            assert (one.name, one.role, one.sessions, one.one_time_until) == ("ada", "operator", 1, None)
            assert one.last_used is not None
            assert (other.name, other.sessions, other.last_used) == ("bo", 0, None)
            assert other.one_time_until is not None
            with pytest.raises(ApiError, match=r"see\.accounts"):
                ada.accounts()


def test_a_password_of_bad_form_is_no_wrong_guess(site_folder, recorded, tmp_path):
    with running(site_folder, recorded, tmp_path / "state") as api, api.client() as client:
        one_time = api.book.add("ada", "operator", None)
        client.sign_in("ada", one_time)
        for _ in range(8):
            with pytest.raises(ApiError, match="characters") as caught:
                client.choose_password(one_time, "short")
            assert caught.value.status == 422
        for i in range(6):
            with pytest.raises(ApiError) as caught:
                client.choose_password(f"wrong {i}", GOOD)
        assert caught.value.status == 429
