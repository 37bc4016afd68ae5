"""The examples of docs/api.md and docs/sign-in.md do what they say."""

import io
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from infrastress.app.accounts.permissions import ROLES, Identity, may
from infrastress.app.cli import main
from tests.app.api.running import copy_store, running

DOCS = Path(__file__).resolve().parents[3] / "docs"
ADDRESS = "http://127.0.0.1:8470"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), flags=re.MULTILINE | re.DOTALL)


def test_the_python_example(site_folder, recorded, tmp_path, capsys):
    (code,) = blocks("api.md", "python")
    with running(site_folder, copy_store(recorded, tmp_path), tmp_path / "state") as api:
        exec(compile(code.replace(ADDRESS, api.address), "api.md", "exec"), {})  # noqa: S102 - our own page
    told = capsys.readouterr().out
    assert "local True" in told
    assert "404 GET /api/v1/alarms/no" in told


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl isn't installed")
def test_the_curl_examples(api):
    commands = [line[2:] for block in blocks("api.md", "console") for line in block.splitlines()]
    assert len(commands) > 4
    for command in commands:
        done = subprocess.run(
            [*shlex.split(command.replace(ADDRESS, api.address)), "--fail"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (command, done.stderr)
        assert done.stdout.startswith(("{", "signal,time", "# HELP")), command


def test_the_commands_of_sign_in(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-site").mkdir()
    for line in (line for block in blocks("sign-in.md", "console") for line in block.splitlines()):
        typed, _, command = line.removeprefix("$ ").rpartition(" | ")
        monkeypatch.setattr("sys.stdin", io.StringIO(shlex.split(typed)[1] + "\n" if typed else ""))
        assert main(shlex.split(command)[1:]) == 0, command
    assert "ada  operator" in capsys.readouterr().out


def test_the_table_of_roles_is_the_code():
    rows = {
        "site, assets": ("see.site", "see.alarms", "see.health"),
        "signals and": ("see.process", "see.quarantine", "see.decisions"),
        "raw events": ("see.evidence",),
        "what people": ("see.reports",),
        "acknowledge": ("act.alarms",),
        "what is on": ("see.inventory",),
        "say what a device": ("act.inventory",),
    }
    text = (DOCS / "sign-in.md").read_text()
    for start, permissions in rows.items():
        cells = [cell.strip() for cell in re.search(rf"^\| {start}.*$", text, re.M)[0].strip("|").split("|")][1:]
        for role, cell in zip((*ROLES, "local"), cells, strict=True):
            for permission in permissions:
                assert may(Identity("x", role, "token"), permission) is (cell == "yes"), (role, permission)
