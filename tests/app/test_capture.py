import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from infrastress.app.cli import cli
from tests.connectors.pcap.packets import mbap, pcap, talk
from tests.connectors.pcap.test_deep import PACKETS

WHOLE = pcap(talk(("c", mbap(7, bytes.fromhex("0300640002"))), ("s", mbap(7, bytes.fromhex("8302")))))


def test_show_counts_by_function_and_balances(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(WHOLE)
    result = CliRunner().invoke(cli, ["capture", "show", str(path), "--json"])
    assert result.exit_code == 0
    shown = json.loads(result.stdout)
    assert shown["balance"]["packets"] == 6
    assert shown["balance"]["balances"]
    assert {
        "protocol": "modbus",
        "kind": "transaction",
        "function_name": "read holding registers",
        "action": "read",
        "error": "illegal data address",
        "count": 1,
    } in shown["said"]


def test_a_capture_that_breaks_off_is_shown_and_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(WHOLE[:-3])
    result = CliRunner(env={"COLUMNS": "120"}).invoke(cli, ["capture", "show", str(path)])
    assert result.exit_code == 1
    assert f"Capture truncated within a record, at byte {len(WHOLE) - 3}" in result.stdout
    assert "read holding registers" in result.stdout


def test_tshark_is_asked_for_the_rest_or_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(PACKETS))
    if shutil.which("tshark") is not None:
        shown = CliRunner(env={"COLUMNS": "120"}).invoke(cli, ["capture", "show", str(path), "--tshark"])
        assert shown.exit_code == 0
        assert "by tshark" in shown.stdout
        assert "controller data read" in shown.stdout
    monkeypatch.setenv("PATH", str(tmp_path))
    missed = CliRunner().invoke(cli, ["capture", "show", str(path), "--tshark"])
    assert missed.exit_code == 2
    assert "isn't installed" in missed.output
