"""The plant's data server over OPC UA: a variable a signal below its asset, source timestamps in event time."""

import asyncio
import contextlib
import logging
import socket
from datetime import UTC, datetime, timedelta
from math import isnan
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager
from asyncua.ua.status_codes import StatusCodes
from cryptography.x509.oid import ExtendedKeyUsageOID

from infrastress.core.clock import EventClock
from infrastress.core.time import SECOND
from infrastress.simulators.telemetry import Telemetry
from infrastress.site import Site
from infrastress.site.process import Signal

__all__ = ["OpcUaPlant", "namespace_of"]

HOST = "127.0.0.1"
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_SECURITY = [
    ua.SecurityPolicyType.NoSecurity,
    ua.SecurityPolicyType.Basic256Sha256_Sign,
    ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
]
_GOOD = ua.StatusCode(ua.UInt32(StatusCodes.Good))
_NONE = ua.StatusCode(ua.UInt32(StatusCodes.BadNoCommunication))


def namespace_of(site: Site) -> str:
    """Namespace of the plant's nodes; their identifiers are the signals' ids."""
    return f"urn:infrastress:testbed:{site.id}"


class _Readers(UserManager):
    """Everybody may read and nobody may write."""

    def get_user(self, *_: object, **__: object) -> User:
        return User(role=UserRole.User)


class OpcUaPlant:
    """One server for a site: endpoints without security, signed, and signed and encrypted by Basic256Sha256.

    Args:
        site, telemetry, clock: the plant.
        folder: where its certificate is, or is made.
        port: of loopback; 0 for any.
    """

    def __init__(self, site: Site, telemetry: Telemetry, clock: EventClock, folder: Path, port: int = 0) -> None:
        logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # what it would log is every goodbye of a client
        self.port = port
        self.certificate = folder / "certificate.der"
        self._key = folder / "private-key.pem"
        self._site, self._telemetry, self._clock = site, telemetry, clock
        self._server: Server | None = None
        self._showing: asyncio.Task[None] | None = None
        self._nodes: list[tuple[ua.NodeId, bool]] = []

    @property
    def url(self) -> str:
        """Where it is, once started."""
        return f"opc.tcp://{HOST}:{self.port}/testbed"

    async def start(self) -> None:
        """Serve; also again after `stop`, on the same port."""
        self.port = self.port or _free_port()
        uri = namespace_of(self._site)
        server = Server(user_manager=_Readers())
        await server.init()
        await server.set_application_uri(uri)
        server.set_server_name(f"Simulated plant: {self._site.name or self._site.id}")
        server.set_endpoint(self.url)
        server.set_security_policy(_SECURITY)
        self._key.parent.mkdir(parents=True, exist_ok=True)
        await setup_self_signed_certificate(
            self._key, self.certificate, uri, HOST, [ExtendedKeyUsageOID.SERVER_AUTH], {}
        )
        self._key.chmod(0o600)
        await server.load_certificate(self.certificate)
        await server.load_private_key(self._key)
        index = await server.register_namespace(uri)
        folders: dict[str, ua.NodeId] = {}
        self._nodes = []
        for tag in self._telemetry.tags:
            signal = self._site.signal_by_id[tag]
            if signal.asset not in folders:
                folder = await server.nodes.objects.add_object(_name(f"asset {signal.asset}", index), signal.asset)
                folders[signal.asset] = folder.nodeid
            bit = _is_bit(signal)
            node = await server.get_node(folders[signal.asset]).add_variable(
                _name(tag, index),
                tag,
                False if bit else 0.0,
                ua.VariantType.Boolean if bit else ua.VariantType.Double,
            )
            self._nodes.append((node.nodeid, bit))
        self._server = server
        await self._show(server, self._telemetry.row(self._clock.now()))
        await server.start()
        self._showing = asyncio.create_task(self._run(server), name="OPC UA values")

    async def stop(self) -> None:
        """Close every connection and the port."""
        showing, self._showing = self._showing, None
        if showing is not None:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(Exception):  # a client that is half gone
                await server.stop()

    async def _run(self, server: Server) -> None:
        """Show every row at its time; rows that passed while the machine was busy are shown one after the other."""
        times = self._telemetry.times
        row = self._telemetry.row(self._clock.now())
        while row + 1 < len(times):
            row += 1
            await asyncio.sleep(max(0.0, self._clock.wall_s((int(times[row]) - self._clock.now()) / SECOND)))
            await self._show(server, row)

    async def _show(self, server: Server, row: int) -> None:
        """Write one row: every value with the time of the reading."""
        stamp: Any = _FIRST + timedelta(microseconds=int(self._telemetry.times[row]) // 1000)
        for (node, bit), value in zip(self._nodes, self._telemetry.shown[row].tolist(), strict=True):
            good = not isnan(value)
            variant = (
                ua.Variant(bool(good and value), ua.VariantType.Boolean)
                if bit
                else ua.Variant(value if good else 0.0, ua.VariantType.Double)
            )
            await server.write_attribute_value(
                node, ua.DataValue(variant, _GOOD if good else _NONE, SourceTimestamp=stamp, ServerTimestamp=stamp)
            )


def _name(text: str, index: int) -> ua.NodeId:
    return ua.NodeId(ua.String(text), ua.Int16(index))


def _is_bit(signal: Signal) -> bool:
    return signal.kind in ("switch", "state") and signal.resolution == 1


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
