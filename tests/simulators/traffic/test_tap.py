"""Captures of a simulated run tell what its telemetry and its truth tell, at the same times."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from infrastress.connectors.pcap.balance import Outcome
from infrastress.core.errors import SimulationError
from infrastress.core.time import SECOND
from infrastress.events.network import NetworkRow
from infrastress.events.network_terms import Action, Kind
from infrastress.simulators.traffic import TALES
from infrastress.simulators.traffic.plant import Plant
from infrastress.site.registers import FUNCTIONS, cells_of, number_of, width_of
from tests.simulators.traffic.runs import Run, run, site_of, tap


def reads(found: Run, device: str, table: str) -> list[NetworkRow]:
    plant = Plant(found.site, found.telemetry.tags)
    address = ".".join(map(str, plant.devices[device].node.address))
    return [
        row
        for row in found.rows
        if row.server == address and row.function == FUNCTIONS[table] and row.kind == Kind.TRANSACTION
    ]


@pytest.mark.parametrize("name", ["depot", "water"])
def test_replies_hold_what_the_instruments_show_at_that_time(name: str):
    found = run(name)
    checked = 0
    for device, cells in cells_of(found.site).items():
        if device not in Plant(found.site, found.telemetry.tags).devices:
            continue
        for cell in cells:
            column = found.telemetry.tags.index(cell.signal)
            for row in reads(found, device, cell.register.table):
                if row.client != ("10.20.20.11" if name == "depot" else "10.30.20.11"):
                    continue
                assert row.address is not None
                first = cell.register.address - row.address
                words = [int(word) for word in (row.values or [row.value])[first : first + width_of(cell.register)]]
                shown = found.telemetry.shown[found.telemetry.row(row.time), column]
                assert number_of(cell.register, words) == pytest.approx(shown, rel=1e-6, abs=1e-9, nan_ok=True)
                checked += 1
    assert checked > 5 * 60 * len(found.telemetry.tags) / 2


def test_each_controller_is_polled_as_often_as_asked():
    found = run("depot")
    for device in Plant(found.site, found.telemetry.tags).devices:
        table = "discrete"
        times = np.array([row.time for row in reads(found, device, table) if row.client == "10.20.20.11"])
        assert len(times) == 5 * 60 + 1
        assert np.allclose(np.diff(times), 60 * SECOND, atol=SECOND / 50)


def test_every_packet_is_understood_and_none_is_out_of_order():
    for name in ("depot", "water"):
        for balance in run(name).balances:
            assert balance.balances
            assert not balance.signs, balance.signs
            assert {(protocol, outcome) for protocol, outcome, _ in balance.counts} == {
                ("modbus", Outcome.DECODED),
                ("arp", Outcome.DECODED),
            }


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_tshark_finds_no_fault_in_quiet_traffic():
    """Checksums, sequence numbers, acknowledgements, addresses: what an independent reader complains of."""
    faults = (
        "tcp.analysis.flags or tcp.checksum.status == 0 or ip.checksum.status == 0 or arp.duplicate-address-detected"
    )
    checked = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
    for path in sorted(run("depot").folder.glob("*.pcap")):
        command = ["tshark", "-n", "-r", str(path), *checked, "-Y", faults]
        found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        assert not found.stdout


def test_operators_give_the_commands_that_the_process_shows():
    """Each opening of a valve follows a coil written from the console on duty; no coil is written without one."""
    found = run("depot", hours=20.0)
    plant = Plant(found.site, found.telemetry.tags)
    opened = 0
    for device in plant.devices.values():
        address = ".".join(map(str, device.node.address))
        for signal, coil in device.coils.items():
            state = found.telemetry.shown[:, found.telemetry.tags.index(signal)]
            told = [
                row.time
                for row in found.rows
                if row.server == address and row.function == 5 and row.address == coil and row.value == 1.0
            ]
            begins = found.telemetry.times[np.flatnonzero(np.diff(state) > 0.5) + 1]
            assert len(told) == len(begins), signal
            assert all(0 < begin - at <= 10 * SECOND for at, begin in zip(told, begins.tolist(), strict=True))
            opened += len(told)
    assert opened > 4
    writers = {row.client for row in found.rows if row.action in (Action.WRITE, Action.OPERATE)}
    assert writers == {"10.20.20.21", "10.20.20.22"}, "duty changes with the shift"


def test_pumps_that_controllers_switch_by_themselves_are_switched_by_nobody():
    found = run("water", hours=20.0)
    states = found.telemetry.shown[:, [found.telemetry.tags.index(tag) for tag in ("ZS-335", "ZS-10")]]
    assert np.abs(np.diff(states, axis=0)).sum() >= 2
    assert not [row for row in found.rows if row.function == 5]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path):
    for part in ("a", "b"):
        tap("water", tmp_path / part, ("rogue-master", 2.0), hours=4.0)
    files = sorted((tmp_path / "a").glob("*.pcap"))
    assert files
    for file in files:
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_a_file_a_day_is_named_in_the_facts():
    found = run("depot", hours=30.0, poll_s=300.0)
    told = found.played.facts["captures"]
    assert [one["file"] for one in told] == sorted(path.name for path in found.folder.glob("*.pcap"))
    assert len(told) == 3, "the run begins at midnight in Rome, which is another day of UTC"
    assert sum(one["packets"] for one in told) == sum(balance.packets for balance in found.balances)


@pytest.mark.parametrize("story", sorted(TALES))
def test_every_story_is_in_the_truth_and_leaves_its_mark(story: str):
    name = "water"
    hours, at_h = (9.0, 2.0) if story in ("new-hmi", "dhcp-change") else (5.0, 2.0)
    found, plain = run(name, (story, at_h), hours=hours, poll_s=300.0), run(name, hours=hours, poll_s=300.0)
    span = next(one for one in found.played.truth if one.kind == story)
    assert span.malicious == bool(span.techniques)
    assert span.began == found.telemetry.began + round(at_h * 3600 * SECOND)
    assert span.ended > span.began
    assert all(balance.balances and not balance.total(Outcome.MALFORMED) for balance in found.balances)

    def said(rows: list[NetworkRow]) -> set[tuple[object, ...]]:
        return {
            (row.kind, row.client, row.server, row.server_mac, row.function, row.address, row.time // (5 * SECOND))
            for row in rows
        }

    news = said(found.rows) ^ said(plain.rows)
    assert news
    first = min(int(one[-1]) * 5 * SECOND for one in news if isinstance(one[-1], int))
    assert span.began - 5 * SECOND <= first <= span.began + 600 * SECOND, "nothing of it comes before it begins"


def test_forged_replies_come_from_elsewhere_and_stand_still():
    found = run("depot", ("forged-replies", 2.0), poll_s=60.0)
    span = next(one for one in found.played.truth if one.kind == "forged-replies")
    server = ".".join(map(str, Plant(found.site, found.telemetry.tags).devices[span.assets[0]].node.address))
    macs = {row.server_mac for row in found.rows if row.server == server and span.began < row.time < span.ended}
    assert len(macs) == 2
    within = [
        row
        for row in found.rows
        if row.server == server and row.function in (2, 4) and span.began + 60 * SECOND < row.time < span.ended
    ]
    assert {(row.function, str(row.values), row.value) for row in within if row.function} <= {
        (row.function, str(row.values), row.value) for row in within[:2]
    }


def test_a_story_that_is_none_is_told(tmp_path: Path):
    with pytest.raises(SimulationError, match="did you mean 'rogue-master'"):
        tap("water", tmp_path, ("rouge-master", 2.0))
    with pytest.raises(SimulationError, match="the run ends before"):
        tap("water", tmp_path, ("new-hmi", 2.0))


def test_a_site_without_addresses_has_no_traffic():
    site = site_of("water")
    bare = site.model_copy(update={"assets": tuple(one.model_copy(update={"interfaces": ()}) for one in site.assets)})
    with pytest.raises(SimulationError, match="no controller has a modbus interface"):
        Plant(bare, ())
