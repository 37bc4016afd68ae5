"""The OPC UA server shows the simulated telemetry with its own times, Bad where there is none, and can only be read."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

from infrastress.core.clock import EventClock
from infrastress.core.time import SECOND
from infrastress.events import Samples
from infrastress.simulators.telemetry import Telemetry
from infrastress.testbed.opcua import OpcUaPlant, namespace_of
from tests.peers.sink import until
from tests.testbed.plants import plant, ticking


def ns(moment: object) -> int:
    return round(moment.timestamp() * 1e6) * 1000 if moment.tzinfo else -1


@pytest.mark.parametrize(("name", "speed"), [("depot", 20.0), ("water", 3000.0)])
def test_every_row_comes_with_its_time(name: str, speed: float, tmp_path: Path) -> None:
    site, telemetry = plant(name)
    tags = telemetry.tags[:12]
    seen: dict[str, list[tuple[int, float]]] = {tag: [] for tag in tags}

    class Listener:
        def datachange_notification(self, node: object, value: object, data: object) -> None:
            stamp = data.monitored_item.Value.SourceTimestamp
            seen[node.nodeid.Identifier].append((ns(stamp), float(value)))

    async def run() -> None:
        servers = OpcUaPlant(site, telemetry, ticking(telemetry, 0.4, speed), tmp_path)
        await servers.start()
        try:
            async with Client(servers.url) as client:
                index = await client.get_namespace_index(namespace_of(site))
                subscription = await client.create_subscription(50, Listener())
                nodes = [client.get_node(ua.NodeId(tag, index)) for tag in tags]
                await subscription.subscribe_data_change(nodes, queuesize=100)
                await until(lambda: len({time for rows in seen.values() for time, _ in rows}) >= 4, "four rows", 10)
        finally:
            await servers.stop()

    asyncio.run(asyncio.wait_for(run(), 90))
    for tag, readings in seen.items():
        for time, value in readings:
            row = telemetry.row(time + 1000)
            assert abs(int(telemetry.times[row]) - time) < 1000, "a reading has its own time"
            assert value == pytest.approx(telemetry.shown[row, telemetry.tags.index(tag)], abs=1e-9)


def test_encrypted_bad_values_and_no_writing(tmp_path: Path) -> None:
    site, _ = plant("depot")
    times = np.arange(0, 5) * SECOND
    values = np.array([[5.0, 1.0]] * 5)
    values[:, 0] = np.nan
    telemetry = Telemetry(site, [Samples("depot", "scada", 0, times, ("LT-101", "LSHH-101.trip"), values)])

    async def run() -> None:
        server = OpcUaPlant(site, telemetry, EventClock(10 * SECOND, 0, 1e-15), tmp_path / "server")
        await server.start()
        port = server.port
        await server.stop()
        await server.start()  # on the same port, with the same certificate
        assert server.port == port
        try:
            client = Client(server.url)
            client.application_uri = "urn:test"
            from asyncua.crypto.cert_gen import setup_self_signed_certificate
            from cryptography.x509.oid import ExtendedKeyUsageOID

            key, certificate = tmp_path / "key.pem", tmp_path / "certificate.der"
            await setup_self_signed_certificate(
                key, certificate, "urn:test", "localhost", [ExtendedKeyUsageOID.CLIENT_AUTH], {}
            )
            await client.set_security(
                SecurityPolicyBasic256Sha256, certificate, key, server_certificate=server.certificate
            )
            async with client:
                index = await client.get_namespace_index(namespace_of(site))
                level = client.get_node(ua.NodeId("LT-101", index))
                read = await level.read_data_value(raise_on_bad_status=False)
                assert read.StatusCode.value == ua.StatusCodes.BadNoCommunication
                trip = client.get_node(ua.NodeId("LSHH-101.trip", index))
                assert await trip.read_value() is True
                with pytest.raises(ua.UaStatusCodeError):
                    await trip.write_value(False)
                assert await trip.read_value() is True
                assert (await trip.get_parent()).nodeid.Identifier == "asset LSHH-101"
        finally:
            await server.stop()

    asyncio.run(asyncio.wait_for(run(), 90))
