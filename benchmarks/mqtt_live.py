"""10,000 signals at 1 Hz over MQTT: from publishing a sample to the commit of the detection that it causes.

A mosquitto broker on loopback (without TLS), a publisher, the intake (connector and admission into the durable SQLite
store) and the judge (detection and fusion) run as processes of their own, all on this machine's cores. Every second one
signal leaves its alarm limit for two samples; the second one completes the rule, and the time counts from its being
handed to the broker until its detection can be read from the store by another process. Two forms of message: one value
a message with QoS 1, and Sparkplug B with 100 metrics a message. In the same run the library aiomqtt
is given the first form, acknowledging at once and doing nothing else; `mqtt_client.py` compares more ways.
"""

import argparse
import asyncio
import atexit
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import circumstances, print_result, table

ROOT = Path(__file__).resolve().parents[1]
SIGNALS, A_NODE = 10_000, 100
TICKS = 20
"""Bursts a second in which the publisher sends."""
WARM_UP_S = 20
FORMS = ("value", "sparkplug")
LIMIT = 90.0
_SETTINGS = "listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nset_tcp_nodelay true\nuser root\n"


def plant(frame_s: float) -> Any:
    """A site of so many signals with an alarm limit each."""
    from infrastress.site import Site

    units = [f"unit{i:03}" for i in range(SIGNALS // A_NODE)]
    signals = [
        {
            "id": f"s{i:05}",
            "asset": units[i // A_NODE],
            "kind": "temperature",
            "unit": "degC",
            "source": "broker",
            "limits": {"high": LIMIT},
        }
        for i in range(SIGNALS)
    ]
    return Site.model_validate(
        {
            "id": "bench",
            "assets": [{"id": unit, "type": "other"} for unit in units],
            "signals": signals,
            "sources": [{"id": "broker", "kind": "telemetry", "cadence_s": 1.0}],
            "runtime": {"frame_s": frame_s},
        }
    )


def connector(site: Any, form: str, port: int, clock: Any) -> Any:
    """The MQTT connector for one form of message."""
    from infrastress.connectors.base import LiveContext
    from infrastress.connectors.mqtt import MqttConnector, MqttOptions

    columns = {f"bench/unit{i // A_NODE:03}/s{i:05}": f"s{i:05}" for i in range(SIGNALS)}
    routes = {
        "value": {"filter": "plant/+/+", "payload": "number", "name": "{2}"},
        "sparkplug": {"filter": "spBv1.0/bench/#", "payload": "sparkplug", "columns": columns},
    }
    options = {"host": "127.0.0.1", "port": port, "tls": False, "topics": [routes[form]], "receive_maximum": 10_000}
    more = {"resolution_s": 0.1, "gather_s": 0.05}
    made = MqttOptions.model_validate({**options, **more})
    return MqttConnector(site, site.source_by_id["broker"], made, LiveContext(clock=clock))


def intake(form: str, port: int, folder: Path, frame_s: float) -> None:
    """Take in until SIGTERM."""
    import uvloop

    from infrastress.core.clock import SteadyClock
    from infrastress.runtime import Intake
    from infrastress.store import open_store

    async def work() -> None:
        clock, site = SteadyClock(), plant(frame_s)
        with open_store(folder / "store") as store:
            one = Intake(store, site, [connector(site, form, port, clock)], clock=clock, owner="intake")
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, one.stop)
            await one.run()
            sys.stdout.write(json.dumps({name: balance.as_dict() for name, balance in one.balances.items()}))

    uvloop.run(work())


def judge(folder: Path, frame_s: float) -> None:
    """Judge until SIGTERM."""
    from infrastress.app.detecting import build_detectors, choose_detectors
    from infrastress.fusion import FusionUnit
    from infrastress.runtime.detection import DetectionUnit
    from infrastress.runtime.sharing import Duty, Shift
    from infrastress.runtime.worker import Policy
    from infrastress.store import open_store

    site, ended = plant(frame_s), []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    detectors = build_detectors(site, choose_detectors(site), {})
    with open_store(folder / "store") as store:
        duties = [
            Duty(f"ingest/{site.id}/main", lambda: DetectionUnit(site, detectors)),
            Duty(f"fusion/{site.id}", lambda: FusionUnit(site)),
        ]
        policy = Policy(rest_s=1.0)  # as the service has it
        Shift(store.log, store.checkpoints, duties, policy=policy, owner="judge").run(lambda: bool(ended))


def _packet(head: int, body: bytes) -> bytes:
    size, number = bytearray(), len(body)
    while True:
        number, part = divmod(number, 128)
        size.append(part | (128 if number else 0))
        if not number:
            return bytes([head]) + bytes(size) + body


def _varint(number: int) -> bytes:
    out = bytearray()
    while True:
        number, part = number >> 7, number & 127
        out.append(part | (128 if number else 0))
        if not number:
            return bytes(out)


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


class _Messages:
    """Packets of one form, made with as little work as can be."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._sent = 0
        self._seq = [0] * (SIGNALS // A_NODE)
        self._topics = [_text(f"plant/unit{i // A_NODE:03}/s{i:05}") for i in range(SIGNALS)]

    def birth(self) -> list[bytes]:
        """What edge nodes say first."""
        if self._form == "value":
            return []
        packets = []
        for node in range(SIGNALS // A_NODE):
            body = b"\x08" + _varint(time.time_ns() // 1_000_000) + b"\x18\x00"
            for i in range(A_NODE):
                name = f"s{node * A_NODE + i:05}".encode()
                metric = b"\x0a" + _varint(len(name)) + name + b"\x10" + _varint(i) + b"\x20\x0a"
                metric += b"\x69" + struct.pack("<d", 20.0)
                body += b"\x12" + _varint(len(metric)) + metric
            packets.append(_packet(0x30, _text(f"spBv1.0/bench/NBIRTH/unit{node:03}") + body))
        return packets

    def some(self, first: int, values: Any) -> list[bytes]:
        """Packets that tell these values of the signals from `first` on."""
        if self._form == "value":
            packets = []
            for i, value in enumerate(values.tolist(), first):
                self._sent = self._sent % 65_535 + 1
                packets.append(_packet(0x32, self._topics[i] + struct.pack(">H", self._sent) + b"%.3f" % value))
            return packets
        packets = []
        for node in range(first // A_NODE, (first + len(values)) // A_NODE):
            self._seq[node] = (self._seq[node] + 1) % 256
            body = b"\x08" + _varint(time.time_ns() // 1_000_000) + b"\x18" + _varint(self._seq[node])
            told = values[node * A_NODE - first : (node + 1) * A_NODE - first].tolist()
            body += b"".join(b"\x12\x0b\x10%c\x69%b" % (i, struct.pack("<d", value)) for i, value in enumerate(told))
            packets.append(_packet(0x30, _text(f"spBv1.0/bench/NDATA/unit{node:03}") + body))
        return packets


def publisher(form: str, port: int, seconds: int) -> None:
    """Publish in real time; prints when the sample that completes each violation was handed to the broker."""
    random, messages = np.random.default_rng(1), _Messages(form)
    planted: dict[str, int] = {}
    part = SIGNALS // TICKS
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(_packet(0x10, b"\0\4MQTT\4\2\0\0" + _text("publisher")))
        sock.recv(4)
        for packet in messages.birth():
            sock.sendall(packet)
        began = time.monotonic()
        late = 0.0
        for second in range(seconds):
            values = 50.0 + 20.0 * random.random(SIGNALS)
            out, again = (second * 37) % SIGNALS, ((second - 1) * 37) % SIGNALS
            if second >= WARM_UP_S:
                values[out] = LIMIT + 10.0
                values[again] = LIMIT + 10.0 if second > WARM_UP_S else values[again]
            for tick in range(TICKS):
                wait = began + second + tick / TICKS - time.monotonic()
                late = max(late, -wait)
                if wait > 0:
                    time.sleep(wait)
                first = tick * part
                if second > WARM_UP_S and first <= again < first + part:
                    planted[f"s{again:05}"] = time.time_ns()
                sock.sendall(b"".join(messages.some(first, values[first : first + part])))
                with suppress(BlockingIOError):
                    sock.recv(1 << 20, socket.MSG_DONTWAIT)
        sock.sendall(b"\xe0\x00")
    sys.stdout.write(json.dumps({"planted": planted, "latest_burst_s": late}))


def rival(port: int, seconds: int) -> None:
    """The library aiomqtt over paho, with one value a message: how many it takes in, and at what cost."""
    import aiomqtt

    async def listen() -> None:
        client = aiomqtt.Client("127.0.0.1", port, identifier="rival", protocol=aiomqtt.ProtocolVersion.V5)
        taken = 0
        async with client:
            await client.subscribe("plant/#", qos=1)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    async for _ in client.messages:
                        taken += 1
        sys.stdout.write(json.dumps({"messages": taken, "cpu_s": time.process_time()}))

    asyncio.run(listen())


def alone(form: str) -> None:
    """The connector without broker, library and store: messages to deliveries."""
    from infrastress.connectors.base import Link
    from infrastress.connectors.inbox import Inbox
    from infrastress.connectors.mqtt.desk import Desk
    from infrastress.connectors.mqtt.message import Publish
    from infrastress.core.clock import SteadyClock

    def _message(packet: bytes) -> Publish:
        at = next(i for i in range(1, 5) if packet[i] < 128) + 1
        end = at + 2 + (packet[at] << 8 | packet[at + 1])
        payload = packet[end + (2 if packet[0] & 6 else 0) :]
        return Publish(packet[at + 2 : end], payload, 0, again=False, retained=False, size=len(payload))

    seconds = 10
    clock, site = SteadyClock(), plant(1.0)
    one = connector(site, form, 1, clock)
    inbox = Inbox(site, one.source, None, resolution_s=0.1)
    desk = Desk(inbox, lambda link: Link(*link))
    messages, random = _Messages(form), np.random.default_rng(1)
    part = SIGNALS // TICKS
    bursts = [list(map(_message, messages.birth()))]
    for _ in range(seconds + 1):
        values = 50.0 + 20.0 * random.random(SIGNALS)
        told = [messages.some(i * part, values[i * part : (i + 1) * part]) for i in range(TICKS)]
        bursts += [list(map(_message, packets)) for packets in told]
    values_read, began = 0, 0.0
    for number, burst in enumerate(bursts):
        if number == TICKS + 1:  # every topic was seen once
            inbox.delivery()
            began = time.process_time()
        now = clock.now()
        for message in burst:
            one.handler(message.topic)(desk, message, now)
        if number > TICKS and number % 2 == 0:
            [nodes.dump() for nodes in one.nodes()]
            delivery = inbox.delivery()
            values_read += delivery.balance.cells_accepted if delivery is not None else 0
    sys.stdout.write(json.dumps({"values": values_read, "cpu_s": time.process_time() - began}))


def _start(part: str, *words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "benchmarks.mqtt_live", "--part", part, *words]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    atexit.register(process.kill)
    return process


def _broker(folder: Path) -> tuple["subprocess.Popen[bytes]", int]:
    from shutil import which

    program = which("mosquitto") or which("mosquitto", path="/usr/sbin")
    if program is None:
        raise SystemExit("mosquitto is not installed (Debian package mosquitto)")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = int(sock.getsockname()[1])
    settings = folder / f"{port}.conf"
    settings.write_text(_SETTINGS.format(port=port))
    log = (folder / "mosquitto.log").open("ab")
    process = subprocess.Popen([program, "-c", settings], stdout=log, stderr=log)
    atexit.register(process.kill)
    time.sleep(0.5)
    return process, port


class _Meter:
    """CPU and memory of processes over time."""

    def __init__(self, processes: dict[str, int]) -> None:
        import psutil

        self._processes = {name: psutil.Process(pid) for name, pid in processes.items()}
        self._first: dict[str, tuple[float, float]] = {}
        self.memory: dict[str, list[tuple[float, float]]] = {name: [] for name in processes}
        self.cpu: dict[str, float] = {}

    def read(self) -> None:
        now = time.monotonic()
        for name, process in self._processes.items():
            times = process.cpu_times()
            used = times.user + times.system
            first = self._first.setdefault(name, (now, used))
            if now > first[0]:
                self.cpu[name] = (used - first[1]) / (now - first[0])
            self.memory[name].append((now, process.memory_info().rss / 2**20))

    def slopes(self) -> dict[str, float]:
        """MB a minute over the second half."""
        found = {}
        for name, read in self.memory.items():
            half = np.array(read[len(read) // 2 :])
            found[name] = float(np.polyfit(half[:, 0] / 60, half[:, 1], 1)[0]) if len(half) > 2 else float("nan")
        return found


def run(form: str, seconds: int, frame_s: float) -> dict[str, Any]:
    """One form of message."""
    from infrastress.events import decode_event
    from infrastress.events.kinds import Detection
    from infrastress.store import open_store
    from infrastress.store.ports import type_of

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker, port = _broker(folder)
        words = ["--form", form, "--port", str(port), "--folder", name, "--frame-s", str(frame_s)]
        with open_store(folder / "store") as store:
            parts = {"intake": _start("intake", *words), "judge": _start("judge", *words)}
            time.sleep(8)
            speaker = _start("publisher", "--form", form, "--port", str(port), "--seconds", str(seconds))
            meter = _Meter({"broker": broker.pid, "publisher": speaker.pid, **{n: p.pid for n, p in parts.items()}})
            seen: dict[str, int] = {}
            after, next_read, loads = 0, time.monotonic() + WARM_UP_S, []
            until = time.monotonic() + seconds + 30
            while time.monotonic() < until and speaker.poll() is None:
                for record in store.log.read("fusion/bench", after, 500, 0.05):
                    after, now = record.offset, time.time_ns()
                    if type_of(record.subject) != "tick":
                        body = decode_event(record.data).body
                        if isinstance(body, Detection) and body.phase == "raised" and body.contributions:
                            seen.setdefault(body.contributions[0].signal, now)
                if time.monotonic() > next_read:
                    meter.read()
                    loads.append(os.getloadavg()[0])
                    next_read += 5
            time.sleep(3)
            for record in store.log.read("fusion/bench", after, 5000):
                body = decode_event(record.data).body
                if isinstance(body, Detection) and body.phase == "raised" and body.contributions:
                    seen.setdefault(body.contributions[0].signal, time.time_ns())
            told = json.loads(speaker.communicate(timeout=30)[0])
            for process in parts.values():
                process.terminate()
            balance = json.loads(parts["intake"].communicate(timeout=30)[0] or "{}")
            parts["judge"].communicate(timeout=30)
            broker.terminate()
            broker.wait(30)
            size = sum(file.stat().st_size for file in (folder / "store").rglob("*") if file.is_file())
    planted: dict[str, int] = told["planted"]
    waits = sorted((seen[one] - when) / 1e9 for one, when in planted.items() if one in seen)
    return {
        "planted": len(planted),
        "detected": len(waits),
        "p50_s": float(np.quantile(waits, 0.5)) if waits else None,
        "p99_s": float(np.quantile(waits, 0.99)) if waits else None,
        "longest_s": waits[-1] if waits else None,
        "others": sorted(set(seen) - set(planted))[:5],
        "latest_burst_s": told["latest_burst_s"],
        "balance": balance,
        "cores": meter.cpu,
        "memory_mb": {name: read[-1][1] for name, read in meter.memory.items() if read},
        "memory_slope_mb_min": meter.slopes(),
        "load_average": [min(loads, default=0.0), max(loads, default=0.0)],
        "store_mb": size / 2**20,
    }


def run_rival(seconds: int) -> dict[str, Any]:
    """Aiomqtt on the first form."""
    with tempfile.TemporaryDirectory() as name:
        broker, port = _broker(Path(name))
        listener = _start("rival", "--port", str(port), "--seconds", str(seconds))
        time.sleep(2)
        speaker = _start("publisher", "--form", "value", "--port", str(port), "--seconds", str(seconds - 5))
        found: dict[str, Any] = json.loads(listener.communicate(timeout=seconds + 60)[0])
        speaker.communicate(timeout=60)
        broker.terminate()
        broker.wait(30)
    return {**found, "published": SIGNALS * (seconds - 5)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure both forms and the rival, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--minutes", type=float, help="of each form")
    parser.add_argument("--frame-s", type=float, default=0.2, help="width of the frames in which is judged")
    parser.add_argument("--form", choices=FORMS)
    parser.add_argument("--part", choices=["alone", "intake", "judge", "publisher", "rival"], help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.part == "intake":
        return intake(options.form, options.port, options.folder, options.frame_s)
    if options.part == "judge":
        return judge(options.folder, options.frame_s)
    if options.part == "publisher":
        return publisher(options.form, options.port, options.seconds)
    if options.part == "alone":
        return alone(options.form)
    if options.part == "rival":
        return rival(options.port, options.seconds)
    seconds = round(60 * (options.minutes or (1 if options.quick else 10)))
    forms = {form: run(form, seconds, options.frame_s) for form in ([options.form] if options.form else FORMS)}
    costs = {}
    for form in FORMS:
        told = json.loads(_start("alone", "--form", form).communicate(timeout=600)[0])
        costs[form] = 1e6 * told["cpu_s"] / told["values"]
    other = run_rival(25)
    costs["aiomqtt"] = 1e6 * other["cpu_s"] / max(1, other["messages"])
    rows = [
        (
            {"value": "one value a message, QoS 1", "sparkplug": "Sparkplug B, 100 metrics a message"}[form],
            f"{one['detected']} of {one['planted']}",
            one["p50_s"],
            one["p99_s"],
            one["longest_s"],
            one["cores"].get("intake"),
            one["cores"].get("judge"),
            one["memory_mb"].get("intake"),
            one["memory_slope_mb_min"].get("intake"),
            one["memory_mb"].get("judge"),
            one["memory_slope_mb_min"].get("judge"),
        )
        for form, one in forms.items()
    ]
    head = ["form", "detected", "p50 s", "p99 s", "longest s", "intake cores", "judge cores", "intake MB", "MB/min"]
    text = table([*head, "judge MB", "MB/min"], rows)
    rate = other["messages"] / other["published"]
    text += (
        f"\n\nCPU microseconds a value, messages to deliveries: {costs['value']:.1f} of one value a message, "
        f"{costs['sparkplug']:.1f} of Sparkplug; aiomqtt {costs['aiomqtt']:.0f} to hand out and acknowledge one value "
        f"a message, of which it took {rate:.0%}"
    )
    result = {
        "circumstances": circumstances("aiomqtt", "paho-mqtt", "msgspec", "uvloop"),
        "signals": SIGNALS,
        "seconds": seconds,
        "frame_s": options.frame_s,
        "forms": forms,
        "aiomqtt": other,
        "cpu_us_a_value": costs,
    }
    print_result(result, text, as_json=options.json)
    return None


if __name__ == "__main__":
    main()
