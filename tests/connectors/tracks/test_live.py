"""The connectors `cot` and `ais` under the live contract, over UDP, TCP and a multicast group."""

import asyncio
import socket
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from infrastress.connectors.base import LiveConnector, LiveContext
from infrastress.connectors.tracks import AisConnector, CotConnector
from infrastress.connectors.tracks.connectors import TrackOptions
from infrastress.events import TrackPoint
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.live_contract import Peer, WireContract, run
from tests.connectors.syslog.test_live import Sender, listening
from tests.peers.sink import MemorySink, until


def make(
    kind: type[CotConnector] | type[AisConnector] = CotConnector, context: LiveContext | None = None, **options: Any
) -> Any:
    fields = {"gather_s": 0.02, "retry_max_s": 0.2, "sensor": "RADAR-1", **options}
    source = Source(id="radar", kind="access")
    return kind(small_site(), source, TrackOptions.model_validate(fields), context or LiveContext())


def event(latitude: float | str, uid: str = "T1") -> bytes:
    now = datetime.now(UTC).isoformat()[:26] + "Z"
    return (
        f"<event version='2.0' uid='{uid}' type='a-u-A-M-H-Q' time='{now}'>"
        f"<point lat='{latitude}' lon='11.9' hae='30' ce='5' le='9'/></event>"
    ).encode()


class Radar(Sender):
    """Sends events, whole, one behind the other."""

    async def _send(self, message: bytes) -> None:
        if self._lost is not None and self._lost.done():
            await self._drop()
        if self._up and self._writer is None:
            try:
                reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                return
            self._lost = asyncio.create_task(reader.read())
        if self._writer is not None:
            self._writer.write(message)

    async def say(self, value: float) -> None:
        await self._send(event(f"{value / 1e6:.7f}"))

    async def nonsense(self) -> None:
        await self._send(b"<event type='a-u-A'>&lol;</event>")


class TestCot(WireContract):
    listens = True
    keeps = False

    def make_peer(self, port: int) -> Peer:
        return Radar(port)

    def make_connector(self, port: int, context: LiveContext) -> LiveConnector:
        return make(context=context, tcp_port=port)  # type: ignore[no-any-return]

    def told(self, sink: MemorySink) -> list[tuple[int, float]]:
        return [
            (one.occurred, round(one.body.latitude * 1e6)) for one in sink.events if isinstance(one.body, TrackPoint)
        ]


def test_a_multicast_group_is_joined() -> None:
    async def main() -> None:
        sink = MemorySink()
        async with listening(make(udp_port=0, host="0.0.0.0", group="239.2.3.1"), sink) as connector:  # noqa: S104
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
                sock.sendto(event(41.2), ("239.2.3.1", connector.udp_address[1]))
                sock.sendto(b"<!DOCTYPE a><event/>", ("127.0.0.1", connector.udp_address[1]))
            await until(lambda: sink.balance.read == 2, lambda: f"{sink.balance}")
        assert [one.body.latitude for one in sink.events if isinstance(one.body, TrackPoint)] == [41.2]
        assert dict(sink.balance.quarantined) == {"xml-doctype": 1}

    run(main())


def test_vessels_over_udp() -> None:
    from pyais.encode import encode_dict

    async def main() -> None:
        sink = MemorySink()
        async with listening(make(AisConnector, udp_port=0), sink) as connector:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                for kind in (1, 5):
                    fields = {"type": kind, "mmsi": 247000001, "lat": 41.2, "lon": 11.9, "speed": 5.0, "shipname": "A"}
                    for part in encode_dict(fields):
                        sock.sendto(part.encode() + b"\r\n", connector.udp_address)
            await until(lambda: sink.balance.read == 3, lambda: f"{sink.balance}")
        (found,) = sink.events
        assert isinstance(found.body, TrackPoint)
        assert (found.body.track, found.body.sensor, found.body.what) == ("247000001", "RADAR-1", "vessel")
        assert dict(sink.balance.dropped) == {"no-track": 2}

    run(main())


def test_options_that_cannot_work() -> None:
    with pytest.raises(ValidationError, match="multicast"):
        make(tcp_port=0, group="239.2.3.1")
    with pytest.raises(ValidationError, match="multicast"):
        make(udp_port=0, group="10.0.0.1")
    with pytest.raises(ValidationError, match="neither"):
        make()
