"""OPC UA: the highest rate of changes at which 99 of 100 values are durable within a second, beside the bare library.

A server (asyncua's, a process of its own) changes the values of its nodes at a rate that doubles from step to step,
each stamped with its time. Contenders, one after the other at the same rates, each a process of its own:

- `bare`: an asyncua subscription whose handler counts, as the library's documentation shows it: the floor;
- `infrastress`: the connector with default options (queue of 10, messages every 250 ms), but without `hold`, whose
  repeated values would be counted too, through the intake into a durable SQLite store; a value is done when its commit
  is. Beside it detection works on the same store in a third process; there a value is done when detection has it.

A step counts when 99 of 100 values took at most a second and at least 98 of 100 arrived. The server itself
ends the series where it can't keep the rate (it and its clients share the machine's cores). Goal: 2,000/s.
"""

import argparse
import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import circumstances, print_result, table
from benchmarks.live import Delays, Part, free_port, serve_words
from infrastress.site import Site

MODULE = "benchmarks.opcua_live"
URI = "urn:benchmark"
GOAL = 2000
_TICK_S = 0.05


def plant(nodes: int) -> Site:
    """A site of so many signals."""
    signals = [{"id": f"S{n}", "asset": "T1", "kind": "other", "source": "scada"} for n in range(nodes)]
    return Site.model_validate(
        {
            "id": "plant",
            "assets": [{"id": "T1", "type": "tank", "height_m": 10, "diameter_m": 8}],
            "signals": signals,
            "sources": [{"id": "scada", "kind": "telemetry", "cadence_s": 1.0}],
            "runtime": {"frame_s": 1.0},
        }
    )


def url_of(port: int) -> str:
    """Where the server is."""
    return f"opc.tcp://127.0.0.1:{port}/benchmark"


async def serve(port: int, nodes: int) -> None:
    """Be the server: each line `RATE SECONDS` changes values at that rate, then answers how many were changed."""
    import logging

    from asyncua import Server, ua

    logging.disable(logging.CRITICAL)
    server = Server()
    await server.init()
    server.set_endpoint(url_of(port))
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace(URI)
    ids = [ua.NodeId(f"S{n}", index) for n in range(nodes)]
    for number, node in enumerate(ids):
        await server.nodes.objects.add_variable(node, f"S{number}", 0.0, ua.VariantType.Double)
    await server.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    value = 0.0
    while line := await lines.readline():
        rate, seconds = map(float, line.split())
        began, done = time.monotonic(), 0
        while (passed := time.monotonic() - began) < seconds:
            for number in range(done, min(int(passed * rate), done + int(rate * _TICK_S * 2) + 1)):
                value, now = value + 1.0, datetime.now(UTC)
                changed = ua.DataValue(
                    ua.Variant(value, ua.VariantType.Double), SourceTimestamp=now, ServerTimestamp=now
                )
                await server.write_attribute_value(ids[number % nodes], changed)
                done = number + 1
            await asyncio.sleep(_TICK_S - (time.monotonic() - began) % _TICK_S)
        sys.stdout.write(f"{done}\n")
        sys.stdout.flush()


async def bare(port: int, nodes: int, delays: Delays) -> None:
    """The library's subscription, counting."""
    from asyncua import Client

    class Handler:
        def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
            moment = data.monitored_item.Value.SourceTimestamp
            ns = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1e9)
            delays.add(np.array([ns]), np.array([1]))

    async with Client(url_of(port)) as client:
        index = await client.get_namespace_index(URI)
        subscription = await client.create_subscription(250, Handler())
        known = [client.get_node(f"ns={index};s=S{n}") for n in range(nodes)]
        for start in range(0, nodes, 500):
            await subscription.subscribe_data_change(known[start : start + 500], queuesize=10)
        threading.Thread(target=serve_words, args=(delays,), daemon=True).start()
        await asyncio.Event().wait()


async def ours(port: int, nodes: int, delays: Delays, store: Path) -> None:
    """The connector through the intake into a store."""
    from infrastress.connectors.base import LiveContext
    from infrastress.connectors.opcua import OpcUaConnector, OpcUaOptions
    from infrastress.core.clock import SteadyClock
    from infrastress.runtime import Intake
    from infrastress.store import open_store

    site, clock = plant(nodes), SteadyClock()
    given = {
        "url": url_of(port),
        "security": "none",
        "hold": False,
        "nodes": {f"S{n}": f"nsu={URI};s=S{n}" for n in range(nodes)},
    }
    context = LiveContext(clock=clock, folder=store)
    connector = OpcUaConnector(site, site.sources[0], OpcUaOptions.model_validate(given), context)

    class Timed:
        source = connector.source

        def __init__(self, sink: Any = None) -> None:
            self._sink = sink

        async def run(self, sink: Any, after: bytes | None) -> None:
            await connector.run(Timed(sink), after)

        def report(self, link: Any) -> None:
            self._sink.report(link)

        async def deliver(self, delivery: Any) -> None:
            await self._sink.deliver(delivery)
            delays.delivery(delivery)

    with open_store(store) as opened:
        intake = Intake(opened, site, [Timed()], clock=clock)
        running = asyncio.create_task(intake.run())
        while ("scada", "") not in intake.links or intake.links["scada", ""][0] != "up":
            await asyncio.sleep(0.05)
        threading.Thread(target=serve_words, args=(delays,), daemon=True).start()
        await running


def judge(nodes: int, delays: Delays, store: Path) -> None:
    """Detection on the same store."""
    from infrastress.app.detecting import build_detectors, choose_detectors
    from infrastress.events import Samples
    from infrastress.runtime import DetectionUnit, Duty, Shift
    from infrastress.store import open_store
    from infrastress.store.ports import Output, Record, type_of

    site = plant(nodes)

    class Timed(DetectionUnit):
        def update(self, record: Record) -> list[Output]:
            outputs = super().update(record)
            if type_of(record.subject) == "samples":
                samples = Samples.decode(record.data)
                delays.add(samples.times, np.isfinite(samples.values).sum(axis=1))
            return outputs

    chosen = choose_detectors(site)
    with open_store(store) as opened:
        unit = Timed(site, build_detectors(site, chosen, {}))
        threading.Thread(target=serve_words, args=(delays,), daemon=True).start()
        Shift(opened.log, opened.checkpoints, [Duty("ingest/plant/main", lambda: unit)]).run(lambda: False)


def series(name: str, server: Part, parts: list[Part], rates: Sequence[int], seconds: float) -> list[dict[str, Any]]:
    """One contender through the rates, until it or the server falls behind; the last part is the one that counts."""
    steps = []
    for rate in rates:
        for part in parts:
            part.ask("begin")
        written = server.ask(f"{rate} {seconds}")
        time.sleep(1.5)
        first, *others = (part.ask("end") for part in parts)
        step = {"contender": name, "rate": rate, "written_per_s": written / seconds, **first}
        step["arrived"] = first["values"] / max(written, 1)
        step["good"] = bool(first["p99_s"] <= 1.0 and step["arrived"] >= 0.98)
        step["detection_p99_s"] = others[0]["p99_s"] if others else None
        steps.append(step)
        if not step["good"] or written < 0.95 * rate * seconds:
            break
    return steps


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each contender, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--nodes", type=int, default=2000)
    parser.add_argument("--part", choices=["serve", "bare", "ours", "judge"], help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    delays = Delays()
    if options.part == "serve":
        asyncio.run(serve(options.port, options.nodes))
    elif options.part == "bare":
        asyncio.run(bare(options.port, options.nodes, delays))
    elif options.part == "ours":
        asyncio.run(ours(options.port, options.nodes, delays, options.store))
    elif options.part == "judge":
        judge(options.nodes, delays, options.store)
    if options.part:
        return
    rates = [1000, 2000, 4000] if options.quick else [1000, 2000, 3000, 4000, 6000, 8000, 12_000, 16_000]
    seconds = 5.0 if options.quick else 15.0
    steps: list[dict[str, Any]] = []
    for name in ("bare", "infrastress"):
        port = free_port()
        common = ("--port", str(port), "--nodes", str(options.nodes))
        with tempfile.TemporaryDirectory() as folder:
            parts = [Part(MODULE, "--part", "serve", *common)]
            if name == "bare":
                parts.append(Part(MODULE, "--part", "bare", *common))
            else:
                place = ("--store", str(Path(folder) / "store"))
                parts.append(Part(MODULE, "--part", "ours", *common, *place))
                parts.append(Part(MODULE, "--part", "judge", *common, *place))
            time.sleep(3.0)
            steps += series(name, parts[0], parts[1:], rates, seconds)
            for part in parts:
                part.end()
    best = {
        name: max((s["written_per_s"] for s in steps if s["contender"] == name and s["good"]), default=0.0)
        for name in ("bare", "infrastress")
    }
    head = [
        "contender",
        "changes/s asked",
        "written/s",
        "arrived %",
        "p50 s",
        "p99 s",
        "in detection, p99 s",
        "CPU us a change",
    ]
    rows = [
        (
            s["contender"], s["rate"], s["written_per_s"], 100 * s["arrived"], s["p50_s"], s["p99_s"],
            "" if s["detection_p99_s"] is None else s["detection_p99_s"], 1e6 * s["cpu_s"] / max(s["values"], 1),
        )
        for s in steps
    ]  # fmt: skip
    result = {"circumstances": circumstances("asyncua"), "nodes": options.nodes, "steps": steps, "best": best}
    note = (
        f"highest rate at p99 <= 1 s: infrastress {best['infrastress']:.0f}/s, bare library {best['bare']:.0f}/s; "
        f"goal {GOAL}/s"
    )
    print_result(result, f"{table(head, rows)}\n\n{note}", as_json=options.json)


if __name__ == "__main__":
    main()
