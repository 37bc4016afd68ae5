"""OPC UA servers on loopback, asyncua's own, each a process of its own that can be killed.

Making an address space takes seconds, so a template process makes one and forks a server whenever one is started.
`python -m tests.peers.opcua` is the template: it reads one line of JSON a server and answers with its process id.
A server takes lines of JSON at its control socket: what a node has now, several at once.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

__all__ = ["URI", "OpcUaServer", "Setting"]

URI = "urn:plant"
ROOT = Path(__file__).resolve().parents[2]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_template: "subprocess.Popen[bytes] | None" = None


@dataclass
class Setting:
    """How a server is.

    Attributes:
        nodes: names in the namespace URI, and what they first hold (an integer is an Int32).
        security: name of an `asyncua.ua.SecurityPolicyType`.
        certificate, key: its own, DER and PEM.
        trusted: folder of client certificates it takes; empty takes all.
        users: passwords by name, or a DER certificate's file in place of a password; empty lets anybody in.
        items_a_call: most monitored items that it takes in one call; 0 says nothing.
        padding: further namespaces before the plant's, so that its index moves.
    """

    nodes: dict[str, Any] = field(default_factory=dict)
    security: str = "NoSecurity"
    certificate: str = ""
    key: str = ""
    trusted: str = ""
    users: dict[str, str] = field(default_factory=dict)
    padding: int = 0
    items_a_call: int = 0


class OpcUaServer:
    """A server at a port; started, killed, started again."""

    def __init__(self, port: int, folder: Path, setting: Setting) -> None:
        self.port, self.setting = port, setting
        self.url = f"opc.tcp://127.0.0.1:{port}/plant"
        self._control = folder / f"control-{port}"
        self._pid = 0
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def start(self) -> None:
        """Start it and wait until it serves."""
        self._control.unlink(missing_ok=True)
        order = {"port": self.port, "control": str(self._control), **asdict(self.setting)}
        self._pid = await asyncio.to_thread(_order, order)
        for _ in range(2000):
            with suppress(OSError):
                self._streams = await asyncio.open_unix_connection(str(self._control), limit=2**26)
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the server doesn't start")

    async def kill(self) -> None:
        """As a crash does."""
        if self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            self._pid = 0
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
            await asyncio.sleep(0.02)

    async def forget(self) -> None:
        """Drop every subscription, as servers do that are short of memory."""
        await self.tell({"forget": True})

    def pause(self) -> None:
        """It hangs: connections stay, nothing is answered."""
        os.kill(self._pid, signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on."""
        os.kill(self._pid, signal.SIGCONT)

    async def tell(self, *values: dict[str, Any]) -> None:
        """Nodes have values now: `node`, `value`, and maybe `status` (code) and `source`, `server` (ns, None for none).

        Returns when the server has them.
        """
        assert self._streams is not None
        reader, writer = self._streams
        writer.write(json.dumps(values).encode() + b"\n")
        assert await reader.readline() == b"ok\n"


def _order(order: dict[str, Any]) -> int:
    global _template  # noqa: PLW0603 - one for all tests of a process
    if _template is None or _template.poll() is not None:
        _template = subprocess.Popen(
            [sys.executable, "-m", "tests.peers.opcua"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    assert _template.stdin is not None
    assert _template.stdout is not None
    _template.stdin.write(json.dumps(order).encode() + b"\n")
    _template.stdin.flush()
    return int(_template.stdout.readline())


async def _serve(server: Any, order: dict[str, Any]) -> None:
    """Be a server until killed."""
    from asyncua import ua
    from asyncua.crypto.truststore import TrustStore
    from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions

    server.set_endpoint(f"opc.tcp://127.0.0.1:{order['port']}/plant")
    server.set_security_policy([ua.SecurityPolicyType[order["security"]]])
    if order["certificate"]:
        await server.load_certificate(order["certificate"], "der")
        await server.load_private_key(order["key"], None, "pem")
    if order["trusted"]:
        store = TrustStore([Path(order["trusted"])], [])
        await store.load()
        server.set_certificate_validator(CertificateValidator(CertificateValidatorOptions.TRUSTED_VALIDATION, store))
    if order["users"]:
        server.iserver.user_manager = _Users(order["users"])
    for number in range(order["padding"]):
        await server.register_namespace(f"urn:padding:{number}")
    index = await server.register_namespace(URI)
    nodes = {}
    for name, first in order["nodes"].items():
        kind = {int: ua.VariantType.Int32, str: ua.VariantType.String}.get(type(first), ua.VariantType.Double)
        nodes[name] = await server.nodes.objects.add_variable(ua.NodeId(name, index), name, first, kind)
    if order["items_a_call"]:
        limit = ua.NodeId(ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall)
        value = ua.Variant(order["items_a_call"], ua.VariantType.UInt32)
        await server.write_attribute_value(limit, ua.DataValue(value))
    await server.start()

    async def told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            values = json.loads(line)
            now = datetime.now(UTC)
            if values[0].get("forget"):
                service = server.iserver.subscription_service
                await service.delete_subscriptions(list(service.subscriptions))
                values = []
            for one in values:
                await server.write_attribute_value(nodes[one["node"]].nodeid, _value(ua, one, now))
            writer.write(b"ok\n")
        os._exit(0)  # whoever started it is gone

    await asyncio.start_unix_server(told, order["control"], limit=2**26)
    await asyncio.Event().wait()


def _value(ua: Any, one: dict[str, Any], now: datetime) -> Any:
    def moment(name: str) -> datetime | None:
        if name not in one:
            return now
        return None if one[name] is None else _EPOCH + timedelta(microseconds=one[name] // 1000)

    value = one["value"]
    variant = ua.Variant(value, ua.VariantType.Int32) if isinstance(value, int) else ua.Variant(value)
    return ua.DataValue(
        variant, ua.StatusCode(one.get("status", 0)), SourceTimestamp=moment("source"), ServerTimestamp=moment("server")
    )


class _Users:
    def __init__(self, passwords: dict[str, str]) -> None:
        self._passwords = passwords

    def get_user(
        self, iserver: Any, username: str | None = None, password: str | None = None, certificate: Any = None
    ) -> Any:
        from asyncua.crypto.permission_rules import User, UserRole

        if username is not None:
            known = self._passwords.get(username) == password
        else:
            known = any(Path(p).is_file() and Path(p).read_bytes() == certificate for p in self._passwords.values())
        return User(role=UserRole.User) if known else None


def main() -> None:
    """Make the address space, then fork a server a line."""
    import logging

    from asyncua import Server

    logging.disable(logging.CRITICAL)
    server = Server()
    asyncio.run(server.init())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            devnull = os.open(os.devnull, os.O_RDWR)
            os.dup2(devnull, 0)
            os.dup2(devnull, 1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asyncio.run(_serve(server, json.loads(line)))
            os._exit(1)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
