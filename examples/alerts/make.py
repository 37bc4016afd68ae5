"""Writes what three tools tell of a small station: a quiet day, and a night on which somebody comes in.

Everything is made up by the seed: no row is anybody's. Lines have the form in which Wazuh 4, Suricata 7 and AMiner
write them.
"""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from infrastress.core.time import SECOND
from infrastress.events import DoorState, event_to_json, make_event

__all__ = ["ATTACK_DAY", "QUIET_DAY", "write"]

QUIET_DAY = datetime(2026, 3, 9, 0, 0, tzinfo=UTC)
ATTACK_DAY = QUIET_DAY + timedelta(days=1)
BREAK_IN = ATTACK_DAY + timedelta(hours=1, minutes=10)
PANEL, CONTROLLER, HISTORIAN, OFFICE = "10.9.20.21", "10.9.10.11", "10.9.40.11", "10.9.40.51"
HOSTS = {"HMI-1": ("001", "10.9.20.21"), "ENG-1": ("002", "10.9.20.31"), "HIST-1": ("003", "10.9.40.11"),
         "PC-1": ("004", "10.9.40.51")}  # fmt: skip
USUAL = (("506", 3, "agent_alive", 1), ("5501", 3, "pam", 4), ("533", 7, "ports", 2), ("19007", 5, "sca", 1))
"""Wazuh's rules on every quiet day: number, level, last group, how often an hour."""
Line = tuple[datetime, str, dict[str, Any]]
"""When, in which file, what."""


def write(out: Path, seed: int = 1) -> tuple[Path, Path]:
    """Write the two recordings; the folders of the quiet day and of the night."""
    rng = random.Random(seed)  # noqa: S311 - a recording that anybody can make again
    quiet, night = out / "quiet", out / "night"
    _write(quiet, list(_day(rng, QUIET_DAY, 24)))
    _write(night, [*_day(rng, ATTACK_DAY, 8), *_break_in(rng)])
    return quiet, night


def _write(folder: Path, lines: list[Line]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted({name for _, name, _ in lines}):
        mine = sorted(((at, record) for at, file, record in lines if file == name), key=lambda line: line[0])
        (folder / name).write_text("".join(json.dumps(record) + "\n" for _, record in mine))


def _day(rng: random.Random, begin: datetime, hours: int) -> Iterator[Line]:
    """The noise of a day: the same signatures on the same hosts, hour by hour."""
    for hour in range(hours):
        for host in HOSTS:
            for number, level, group, often in USUAL:
                for _ in range(often):
                    yield _wazuh(
                        begin + timedelta(hours=hour, seconds=rng.randrange(3600)), host, (number, level, group)
                    )
        for _ in range(6):
            at = begin + timedelta(hours=hour, seconds=rng.randrange(3600))
            yield _eve(at, (OFFICE, HISTORIAN), (9000002, "A packet of long ago", 3))
        yield _aminer(begin + timedelta(hours=hour, seconds=rng.randrange(3600)), "HIST-1", "New value in access log")


def _break_in(rng: random.Random) -> Iterator[Line]:
    """A forced door, guessed passwords at the panel behind it, a program on a stick, a write to the controller."""

    def after(minutes: float) -> datetime:
        return BREAK_IN + timedelta(minutes=minutes, seconds=rng.randrange(5))

    yield _door(BREAK_IN, "forced", 1)
    for i in range(7):
        yield _wazuh(after(3 + i / 6), "HMI-1", ("5710", 5, "invalid_login"), ("T1110.001",))
    yield _wazuh(after(5), "HMI-1", ("5715", 3, "authentication_success"))
    yield _wazuh(after(6), "HMI-1", ("60227", 8, "usb"), ("T0847",))
    yield _aminer(after(6.5), "HMI-1", "New program started")
    yield _wazuh(after(7), "HMI-1", ("92213", 12, "executable_dropped"), ("T0853",))
    for i in range(20):
        rule = (9000001, "Write to a register that is never written", 1)
        yield _eve(after(9 + i / 10), (PANEL, CONTROLLER), rule, ("T0855",))
    yield _wazuh(after(40), "PC-1", ("18154", 8, "update_failed"))  # has nothing to do with it


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def _wazuh(at: datetime, host: str, rule: tuple[str, int, str], mitre: tuple[str, ...] = ()) -> Line:
    """An alert on a host, by a rule's number, level and last group."""
    number, level, group = rule
    agent, address = HOSTS[host]
    said: dict[str, Any] = {
        "level": level,
        "id": number,
        "description": f"{group} on {host}",
        "groups": ["ours", group],
    }
    if mitre:
        said["mitre"] = {"id": list(mitre)}
    return (
        at,
        "alerts.json",
        {
            "timestamp": _stamp(at),
            "rule": said,
            "agent": {"id": agent, "name": host.lower(), "ip": address},
            "manager": {"name": "soc"},
            "id": f"{int(at.timestamp())}.{number}",
            "decoder": {"name": "ours"},
            "location": "journald",
        },
    )


def _eve(at: datetime, ends: tuple[str, str], rule: tuple[int, str, int], mitre: tuple[str, ...] = ()) -> Line:
    """An alert between a client and a server, by a rule's number, words and priority."""
    number, said, priority = rule
    alert: dict[str, Any] = {
        "action": "allowed", "gid": 1, "signature_id": number, "rev": 1, "signature": said, "category": "Ours",
        "severity": priority,
    }  # fmt: skip
    if mitre:
        alert["metadata"] = {"mitre_technique_id": list(mitre)}
    common = {
        "timestamp": _stamp(at),
        "flow_id": 1,
        "in_iface": "eth1",
        "event_type": "alert",
        "direction": "to_server",
    }
    spoke = {"src_ip": ends[0], "src_port": 40000, "dest_ip": ends[1], "dest_port": 502, "proto": "TCP"}
    return at, "eve.json", {**common, **spoke, "alert": alert}


def _aminer(at: datetime, host: str, name: str) -> Line:
    found = {"AnalysisComponentIdentifier": 1, "AnalysisComponentType": "NewMatchPathValueDetector",
             "AnalysisComponentName": name, "Message": "New value"}  # fmt: skip
    data = {"RawLogData": [""], "Timestamps": [at.timestamp()], "LogLinesCount": 1, "LogResources": ["/var/log/syslog"]}
    return at, "aminer.json", {"AnalysisComponent": found, "LogData": data, "AMiner": {"ID": host.lower()}}


def _door(at: datetime, state: str, number: int) -> Line:
    """An event of ours, as a recording has it; its id is worked out again when it is read."""
    body = DoorState(door="D-CONTROL", state=state)  # type: ignore[arg-type]
    event = make_event(
        site="station", source="doors", sequence=number, occurred=int(at.timestamp()) * SECOND, body=body,
        assets=("D-CONTROL",),
    )  # fmt: skip
    return at, "events.jsonl", json.loads(event_to_json(event))
