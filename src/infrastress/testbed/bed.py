"""A testbed: servers, gateway and clock of one simulated run, and what a platform needs to connect to them."""

import asyncio
import os
import secrets
import shutil
import socket
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from infrastress.core.clock import CLOCK_VARIABLE, EventClock
from infrastress.core.errors import ConfigurationError, InputError
from infrastress.core.time import SECOND, to_iso
from infrastress.simulators.base import Realisation
from infrastress.simulators.telemetry import Telemetry
from infrastress.site import Site
from infrastress.site.registers import cells_of, with_registers
from infrastress.site.sources import Source
from infrastress.testbed.gateway import Gateway
from infrastress.testbed.modbus import ModbusPlant
from infrastress.testbed.opcua import OpcUaPlant, namespace_of
from infrastress.testbed.pacing import queues
from infrastress.testbed.syslog import RULES, SyslogSender

__all__ = ["PROTOCOLS", "Protocol", "Testbed", "Wiring", "read_every_s", "write_model"]

Protocol = Literal["modbus", "opcua"]
PROTOCOLS: tuple[Protocol, ...] = ("modbus", "opcua")
HOST = "127.0.0.1"
TOKEN_NAME = "testbed"  # noqa: S105 - the name of a secret
LEAST_POLL_S = 0.1
"""Wall time between polls; at a higher speed some readings are passed over."""


@dataclass(frozen=True)
class Wiring:
    """What a platform needs.

    Attributes:
        site: the site folder to be served; the plant's own, or a copy with registers written out.
        connections: file for `--connections`.
        secrets: file for `--secrets`.
        clock: text for the environment variable `INFRASTRESS_CLOCK`.
    """

    site: Path
    connections: Path
    secrets: Path
    clock: str

    @property
    def command(self) -> str:
        """How a platform is started against the testbed."""
        return (
            f"{CLOCK_VARIABLE}={self.clock} infrastress serve {self.site} "
            f"--connections {self.connections} --secrets {self.secrets}"
        )


class Testbed:
    """One run behind servers.

    Args:
        site: the site model, loaded from its folder.
        played: the run; its samples are used up.
        folder: where files for the platform go.
        speed: event seconds a second of wall time.
        protocol: how telemetry is served.
        start_at: event time to begin at, ns; the run's first reading without it.

    Raises:
        SimulationError: the run has no telemetry.
        InputError: `start_at` lies outside of the run.
        ConfigurationError: the site was not loaded from a folder.
    """

    __test__ = False  # not a test, for all its name

    def __init__(
        self,
        site: Site,
        played: Realisation,
        folder: Path,
        *,
        speed: float = 1.0,
        protocol: Protocol = "modbus",
        start_at: int | None = None,
    ) -> None:
        if site.folder is None:  # the platform is to be started on it
            raise ConfigurationError("a testbed needs a site loaded from its folder")
        self.site, self.folder, self.speed, self.protocol = site, folder, speed, protocol
        self._own = site.folder
        self.telemetry = Telemetry(site, played.samples)
        origin = self.telemetry.began if start_at is None else start_at
        if not self.telemetry.began <= origin < self.telemetry.ended:
            told = f"the run goes from {to_iso(self.telemetry.began)} to {to_iso(self.telemetry.ended)}"
            raise InputError(f"the testbed can't begin at {to_iso(origin)}: {told}")
        self._origin = origin
        self._events = played.events
        self._token = secrets.token_hex(32)
        self._telling: list[asyncio.Task[None]] = []
        self._serving = False
        self.clock = EventClock(origin)
        self.ended = self.telemetry.ended
        self.server: ModbusPlant | OpcUaPlant
        self.gateway: Gateway
        self.computers: list[SyslogSender] = []

    async def start(self) -> Wiring:
        """Serve, start the clock, write the files, begin to push."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.clock = EventClock(self._origin, time.time_ns(), self.speed)
        if self.protocol == "modbus":
            self.server = ModbusPlant(self.site, self.telemetry, self.clock)
        else:
            self.server = OpcUaPlant(self.site, self.telemetry, self.clock, self.folder / "server")
        self._serving = True
        await self.server.start()
        logs = {one.id: _free_port() for one in self.site.sources if one.kind == "network"}
        pushed = {one.id: _free_port() for one in self.site.sources if one.kind in ("access", "reports")}
        events = queues(self._events, self._origin)
        urls = {source: f"http://{HOST}:{port}/{source}" for source, port in pushed.items()}
        self.gateway = Gateway(events, urls, self._token, self.clock)
        self.computers = [SyslogSender(events.get(source, deque()), port, self.clock) for source, port in logs.items()]
        connections = self._telemetry_connections()
        connections |= {source: _pushed(port) for source, port in pushed.items()}
        connections |= {source: _logged(port) for source, port in logs.items()}
        wiring = self._write(connections)
        self._telling = [asyncio.create_task(self.gateway.run())]
        self._telling += [asyncio.create_task(computer.run()) for computer in self.computers]
        return wiring

    async def run(self) -> None:
        """Return when the run has ended and everything was told."""
        while (left := self.ended - self.clock.now()) > 0:
            await asyncio.sleep(min(1.0, self.clock.wall_s(left / SECOND) + 0.01))
            for telling in self._telling:
                if telling.done():
                    telling.result()
        await asyncio.wait(self._telling, timeout=10.0)

    async def stop(self) -> None:
        """Stop everything."""
        for telling in self._telling:
            telling.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)
        if self._serving:
            await self.server.stop()

    @property
    def writes(self) -> int:
        """How often somebody tried to write to a controller; Modbus alone counts it."""
        return (
            sum(one.writes for one in self.server.controllers.values()) if isinstance(self.server, ModbusPlant) else 0
        )

    @property
    def told(self) -> str:
        """What was told up to now, for people."""
        logins = sum(one.sent for one in self.computers)
        told = f"{self.gateway.stored} events were stored, {logins} logins sent, {self.gateway.left} events not taken"
        return f"{told}; {self.writes} writes were refused." if self.writes else f"{told}."

    def _telemetry_connections(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for source in self.site.sources:
            tags = {signal.id for signal in self.site.signals if signal.source == source.id} & set(self.telemetry.tags)
            if not tags:
                continue
            cadence_s = read_every_s(source, self.speed)
            if isinstance(self.server, OpcUaPlant):
                nodes = {tag: f"nsu={namespace_of(self.site)};s={tag}" for tag in self.telemetry.tags if tag in tags}
                found[source.id] = {
                    "connector": "opcua",
                    "options": {
                        "url": self.server.url, "nodes": nodes, "pki": str(self.folder / "pki"),
                        "publishing_ms": 50.0, "queue_size": 100, "cadence_s": cadence_s,
                    },
                }  # fmt: skip
                continue
            used = {name for name, cells in cells_of(self.site).items() if any(cell.signal in tags for cell in cells)}
            devices = {
                name: {"host": HOST, "port": controller.port, "unit": controller.unit}
                for name, controller in self.server.controllers.items()
                if name in used
            }
            found[source.id] = {
                "connector": "modbus",
                "options": {
                    "devices": devices, "cadence_s": cadence_s, "min_gap_ms": 0, "max_requests_per_s": 1000,
                },
            }  # fmt: skip
        return found

    def _write(self, connections: dict[str, Any]) -> Wiring:
        place = self.folder / "connections.yaml"
        place.write_text("# Of a testbed; valid while it runs.\n" + yaml.safe_dump(connections, sort_keys=False))
        hidden = self.folder / "secrets.yaml"
        hidden.unlink(missing_ok=True)
        with os.fdopen(os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{TOKEN_NAME}: {self._token}\n")
        (self.folder / "clock").write_text(f"{CLOCK_VARIABLE}={self.clock.text}\n")
        if isinstance(self.server, OpcUaPlant):
            trusted = self.folder / "pki" / "trusted"
            trusted.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.server.certificate, trusted / "testbed.der")
        return Wiring(self._served_site(), place, hidden, self.clock.text)

    def _served_site(self) -> Path:
        """The site's own folder, or a copy with registers where the platform needs them and the site has none."""
        own = self._own
        shown = set(self.telemetry.tags)
        lacking = any(signal.register_ is None for signal in self.site.signals if signal.id in shown)
        if self.protocol != "modbus" or not lacking:
            return own.resolve()
        copy = self.folder / "site"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for name in ("network", "mappings"):
            if (own / name).is_dir():
                shutil.copytree(own / name, copy / name)
        write_model(with_registers(self.site), copy / "site.yaml", "a testbed")
        return copy


def write_model(site: Site, file: Path, what: str) -> None:
    """Write a site that was made for `what` of another; nothing but the model is kept, no comment."""
    fields = site.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    file.write_text(
        f"# Site {site.id} with a register for every signal, for {what}.\n"
        + yaml.safe_dump(fields, sort_keys=False, allow_unicode=True)
    )


def read_every_s(source: Source, speed: float) -> float:
    """How often a telemetry source is read at a speed, event time in s: its cadence, or a multiple of it."""
    cadence_s = source.cadence_s or 1.0
    return max(1, -int(-LEAST_POLL_S * speed // cadence_s)) * cadence_s


def _pushed(port: int) -> dict[str, Any]:
    options = {"port": port, "token_secret": TOKEN_NAME, "rate_per_s": 1000}
    return {"connector": "http_push", "options": options}


def _logged(port: int) -> dict[str, Any]:
    return {"connector": "syslog", "options": {"tcp_port": port, "gather_s": 0.02, "rules": RULES}}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
