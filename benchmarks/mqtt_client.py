"""CPU of reading 10,000 MQTT messages a second: our session, aiomqtt and paho as they are, and a bare floor.

mosquitto on loopback, one value a message, QoS 1, a publisher in a process of its own that sends what a second holds in
a hundred bursts; each contender in a process of its own. Ours and the floor acknowledge what they took after each tenth
of a second, as if it had been made durable; aiomqtt and paho acknowledge by themselves. The floor cuts packets out of
the bytes and reads only the packet id: less can't be done in Python. Figures are CPU seconds for 100,000 messages.
"""

import argparse
import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.common import circumstances, print_result, table

ROOT = Path(__file__).resolve().parents[1]
TOPICS = 1_000
GATHER_S = 0.1
INFLIGHT = 2_000
LABELS = {
    "session": "infrastress: paho driven from the event loop, acknowledged when safe",
    "session311": "the same with version 3.1.1",
    "aiomqtt": "aiomqtt as it is",
    "paho": "paho as it is, in its thread",
    "floor": "bare floor: bytes cut into packets, acknowledged",
}


def _text(text: str) -> bytes:
    return len(text).to_bytes(2) + text.encode()


def _packet(head: int, body: bytes) -> bytes:
    assert len(body) < 128
    return bytes([head, len(body)]) + body


def _hello(name: str) -> bytes:
    properties = b"\x21" + INFLIGHT.to_bytes(2)
    return _packet(0x10, _text("MQTT") + b"\x05\x02\x00\x3c" + bytes([len(properties)]) + properties + _text(name))


def publish(port: int, rate: int, count: int) -> None:
    """Send `count` messages at a rate, with QoS 1."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(_hello("publisher"))
    sock.recv(1000)
    sock.setblocking(False)
    sent, began, burst = 0, time.monotonic(), max(1, rate // 100)
    open_bytes = heard = 0
    while heard < count * 4:
        data = bytearray()
        due = min(count, int((time.monotonic() - began) * rate) + burst, sent + burst)
        for i in range(sent, due):
            body = _text(f"plant/area/signal{i % TOPICS:05d}") + (i % 65_535 + 1).to_bytes(2) + b"\0" + b"%.3f" % i
            data += _packet(0x32, body)
        sent, open_bytes = due, len(data)
        while open_bytes:
            try:
                open_bytes -= sock.send(data[len(data) - open_bytes :])
            except BlockingIOError:
                time.sleep(0.001)
        try:
            heard += len(sock.recv(1 << 20))
        except BlockingIOError:
            time.sleep(0.002)


class Meter:
    """Counts messages and CPU from the first one on."""

    def __init__(self, count: int) -> None:
        self._count, self.got = count, 0
        self._cpu = self._wall = 0.0
        self.result: dict[str, Any] = {}

    def take(self, payload: bytes) -> None:
        """A message."""
        if not self.got:
            self._cpu, self._wall = time.process_time(), time.perf_counter()
        float(payload)
        self.got += 1
        if self.got == self._count:
            cpu, wall = time.process_time() - self._cpu, time.perf_counter() - self._wall
            self.result = {"cpu_s": cpu * 100_000 / self._count, "rate": self._count / wall}


def _ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


async def session(port: int, meter: Meter, version: str = "5") -> None:
    """Our session."""
    from infrastress.connectors.mqtt.message import Publish
    from infrastress.connectors.mqtt.options import MqttOptions
    from infrastress.connectors.mqtt.session import Session

    fields = {
        "host": "127.0.0.1",
        "port": port,
        "tls": False,
        "receive_maximum": INFLIGHT,
        "session_s": 0,
        "version": version,
    }
    options = MqttOptions.model_validate({**fields, "topics": [{"filter": "plant/#", "payload": "number"}]})
    taken: list[int] = []

    def take(messages: list[Publish]) -> None:
        for message in messages:
            taken.append(message.packet)
            meter.take(message.payload)

    made = Session(options, "bench", (None, None), None, take)
    await made.open()
    await made.subscribe()
    _ready()
    while not meter.result and not made.lost.done():
        await asyncio.sleep(GATHER_S)
        made.acknowledge(taken)
        taken.clear()
    made.close()


async def floor(port: int, meter: Meter) -> None:
    """As little as can be done."""
    taken: list[bytes] = []

    class Reader(asyncio.Protocol):
        rest = b""

        def data_received(self, data: bytes) -> None:
            data, at = self.rest + data, 0
            while len(data) - at > 2 and len(data) >= at + 2 + data[at + 1]:
                end = at + 2 + data[at + 1]
                if data[at] & 0xF0 == 0x30:
                    packet = at + 4 + data[at + 3]
                    taken.append(data[packet : packet + 2])
                    meter.take(data[packet + 3 + data[packet + 2] : end])
                at = end
            self.rest = data[at:]

    transport, _ = await asyncio.get_running_loop().create_connection(Reader, "127.0.0.1", port)
    transport.write(_hello("bench") + _packet(0x82, b"\x00\x01\x00" + _text("plant/#") + b"\x01"))
    await asyncio.sleep(0.5)
    _ready()
    while not meter.result:
        await asyncio.sleep(GATHER_S)
        transport.write(b"".join([b"\x40\x02" + packet for packet in taken]))
        taken.clear()
    transport.close()


async def aio(port: int, meter: Meter) -> None:
    """aiomqtt, as its own documentation has it."""
    import aiomqtt

    async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        await client.subscribe("plant/#", qos=1)
        _ready()
        async for message in client.messages:
            meter.take(message.payload)
            if meter.result:
                return


async def paho(port: int, meter: Meter) -> None:
    """paho, as its own documentation has it."""
    from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5

    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.on_message = lambda client, data, message: meter.take(message.payload)
    client.on_connect = lambda client, *_: client.subscribe("plant/#", qos=1)
    client.on_subscribe = lambda *_: _ready()
    client.connect("127.0.0.1", port)
    client.loop_start()
    while not meter.result:
        await asyncio.sleep(GATHER_S)
    client.loop_stop()


CONTENDERS: dict[str, Callable[[int, Meter], Any]] = {
    "session": session,
    "session311": partial(session, version="3.1.1"),
    "aiomqtt": aio,
    "paho": paho,
    "floor": floor,
}


def measure(name: str, port: int, rate: int, count: int) -> dict[str, Any]:
    """Run a contender and a publisher."""
    command = [sys.executable, "-m", "benchmarks.mqtt_client", "--port", str(port), "--rate", str(rate)]
    command += ["--count", str(count), "--part"]
    with subprocess.Popen([*command, name], cwd=ROOT, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        with subprocess.Popen([*command, "publish"], cwd=ROOT) as writer:
            line = reader.stdout.readline()
            writer.wait(30)
    if not line:
        raise SystemExit(f"{name} failed")
    result: dict[str, Any] = json.loads(line)
    return result


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each contender and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rate", type=int, default=10_000, help="messages a second")
    parser.add_argument("--count", type=int, help="messages in all")
    parser.add_argument("--part", choices=[*CONTENDERS, "publish"], help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    count = options.count or (30_000 if options.quick else 200_000)
    if options.part == "publish":
        publish(options.port, options.rate, count)
        return
    if options.part:
        meter = Meter(count)
        asyncio.run(CONTENDERS[options.part](options.port, meter))
        sys.stdout.write(json.dumps(meter.result) + "\n")
        return
    from tests.peers.mosquitto import Broker
    from tests.peers.processes import free_port

    results = {}
    with tempfile.TemporaryDirectory() as folder:
        lines = ["max_queued_messages 0", "max_inflight_messages 0", "autosave_on_changes false"]
        broker = Broker(Path(folder), free_port(), lines=lines)
        broker.start()
        try:
            for name in CONTENDERS:
                results[name] = measure(name, broker.port, options.rate, count)
        finally:
            broker.stop()
    rows = [(LABELS.get(name, name), one["cpu_s"], one["rate"]) for name, one in results.items()]
    text = table(["contender", "CPU s a 100,000 messages", "messages/s got"], rows)
    result = {
        "circumstances": circumstances("paho-mqtt", "aiomqtt"),
        "rate": options.rate,
        "count": count,
        "contenders": results,
    }
    print_result(result, text, as_json=options.json)


if __name__ == "__main__":
    main()
