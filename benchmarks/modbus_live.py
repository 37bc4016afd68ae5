"""Modbus/TCP: 1,000 registers of 20 devices once a second: what is asked of the plant, against a register a request.

The devices (pymodbus' servers in one process) hold 50 registers each, every tenth address unused. Contenders, each a
process of its own for the same time: the connector (joined reads, one connection a device) into a sink that counts,
and pymodbus asked for one register a request, device by device side by side, as a first script would.
"""

import argparse
import asyncio
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.common import circumstances, print_result, table
from benchmarks.live import Delays, Part, free_port, serve_words
from infrastress.site import Site

MODULE = "benchmarks.modbus_live"
DEVICES, REGISTERS = 20, 50


def addresses() -> list[int]:
    """Of one device."""
    return [n + n // 9 for n in range(REGISTERS)]


def plant() -> Site:
    """A site of these devices."""
    signals = [
        {
            "id": f"D{d}-{a}", "asset": "T1", "kind": "other", "source": "scada",
            "register": {"controller": f"D{d}", "table": "input", "address": a, "data_type": "int16"},
        }
        for d in range(DEVICES)
        for a in addresses()
    ]  # fmt: skip
    assets = [{"id": f"D{d}", "type": "controller"} for d in range(DEVICES)]
    return Site.model_validate(
        {
            "id": "plant",
            "assets": [{"id": "T1", "type": "tank", "height_m": 10, "diameter_m": 8}, *assets],
            "signals": signals,
            "sources": [{"id": "scada", "kind": "telemetry", "cadence_s": 1.0}],
        }
    )


async def serve(ports: list[int]) -> None:
    """Be the devices; each line is answered with the requests since the last."""
    from pymodbus.server import ModbusTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    requests = 0

    async def count(function: int, start: int, address: int, length: int, *rest: Any) -> None:
        nonlocal requests
        requests += 1

    for port in ports:
        bits = SimData(0, values=[False] * 16, datatype=DataType.BITS)
        words = SimData(0, values=list(range(100)), datatype=DataType.REGISTERS)
        device = SimDevice(1, simdata=([bits], [bits], [words], [words]), action=count)
        assert await ModbusTcpServer(device, address=("127.0.0.1", port)).listen()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline():
        sys.stdout.write(f"{requests}\n")
        sys.stdout.flush()
        requests = 0


async def ours(ports: list[int], delays: Delays) -> None:
    """The connector."""
    from infrastress.connectors.base import LiveContext
    from infrastress.connectors.modbus import ModbusConnector, ModbusOptions

    site = plant()
    devices = {f"D{d}": {"host": "127.0.0.1", "port": port} for d, port in enumerate(ports)}
    connector = ModbusConnector(
        site, site.sources[0], ModbusOptions.model_validate({"devices": devices}), LiveContext()
    )

    class Counting:
        async def deliver(self, delivery: Any) -> None:
            delays.delivery(delivery)

        def report(self, link: Any) -> None:
            """Not measured."""

    threading.Thread(target=serve_words, args=(delays,), daemon=True).start()
    await connector.run(Counting(), None)


async def one_by_one(ports: list[int], delays: Delays) -> None:
    """A register a request."""
    from pymodbus.client import AsyncModbusTcpClient

    clients = [AsyncModbusTcpClient("127.0.0.1", port=port) for port in ports]
    await asyncio.gather(*(client.connect() for client in clients))
    threading.Thread(target=serve_words, args=(delays,), daemon=True).start()

    async def poll(client: AsyncModbusTcpClient) -> None:
        for address in addresses():
            began = time.time_ns()
            answer = await client.read_input_registers(address, count=1)
            assert not answer.isError()
            delays.add(np.array([began]), np.array([1]))

    while True:
        began = time.monotonic()
        await asyncio.gather(*map(poll, clients))
        await asyncio.sleep(max(0.0, 1.0 - (time.monotonic() - began)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure both, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--part", choices=["serve", "ours", "one_by_one"], help=argparse.SUPPRESS)
    parser.add_argument("--ports", type=str, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.part:
        ports, delays = [int(port) for port in options.ports.split(",")], Delays()
        if options.part == "serve":
            asyncio.run(serve(ports))
        else:
            asyncio.run(ours(ports, delays) if options.part == "ours" else one_by_one(ports, delays))
        return
    seconds = 10.0 if options.quick else 60.0
    found: set[int] = set()
    while len(found) < DEVICES:
        found.add(free_port())
    ports = sorted(found)
    given = ("--ports", ",".join(map(str, ports)))
    server = Part(MODULE, "--part", "serve", *given)
    results: dict[str, dict[str, Any]] = {}
    for name in ("ours", "one_by_one"):
        part = Part(MODULE, "--part", name, *given)
        time.sleep(2.0)
        server.ask("count")
        part.ask("begin")
        time.sleep(seconds)
        results[name] = {**part.ask("end"), "requests": server.ask("count")}
        part.end()
    server.end()
    labels = {"ours": "infrastress", "one_by_one": "pymodbus, a register a request"}
    rows = [
        (labels[name], r["values"] / seconds, r["requests"] / seconds, r["cpu_s"] / seconds, r["p99_s"])
        for name, r in results.items()
    ]
    text = table(["contender", "values/s", "requests/s to the plant", "CPU s/s", "p99 s, asked to had"], rows)
    fewer = results["one_by_one"]["requests"] / max(1, results["ours"]["requests"])
    result = {"circumstances": circumstances("pymodbus"), "seconds": seconds, "contenders": results, "fewer": fewer}
    print_result(result, f"{text}\n\nrequests saved: {fewer:.0f} to 1", as_json=options.json)


if __name__ == "__main__":
    main()
