"""Modbus transactions of a generated capture: our CPU time beside tshark's fields and scapy's, equal output first.

    python benchmarks/capture.py [PACKETS] [SEED]

Counts CPU seconds (user and system), not wall time, so that other work on the machine disturbs little.
"""

import os
import random
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path


def packets(count: int, seed: int) -> Iterator[bytes]:
    """Polls and writes between 4 clients and 20 servers, one acknowledgement a transaction."""
    chance = random.Random(seed)  # noqa: S311  # repeatable on purpose
    links = [(c, s, [1000, 5000], [0]) for c in range(1, 5) for s in range(100, 120)]
    made = 0
    while made < count:
        client, server, at, number = chance.choice(links)
        number[0] = (number[0] + 1) & 0xFFFF
        address, quantity = chance.randrange(1000), chance.randrange(1, 20)
        if chance.random() < 0.9:
            ask = struct.pack(">BHH", 3, address, quantity)
            values = [chance.randrange(65_536) for _ in range(quantity)]
            reply = struct.pack(f">BB{quantity}H", 3, 2 * quantity, *values)
        else:
            ask = reply = struct.pack(">BHH", 6, address, chance.randrange(65_536))
        for side, pdu in ((0, ask), (1, reply), (0, b"")):
            data = struct.pack(">HHHB", number[0], 0, len(pdu) + 1, 1) + pdu if pdu else b""
            ends = [(client, 40_000 + client), (server, 502)][:: 1 if side == 0 else -1]
            head = struct.pack(">HHIIBBHHH", ends[0][1], ends[1][1], at[side], at[1 - side], 0x50, 24, 8192, 0, 0)
            size = 20 + len(head) + len(data)
            addresses = bytes([10, 0, 0, ends[0][0], 10, 0, 0, ends[1][0]])
            yield (
                bytes(12) + b"\x08\0" + struct.pack(">BBHHHBBH", 69, 0, size, 0, 0, 64, 6, 0) + addresses + head + data
            )
            at[side] = (at[side] + len(data)) & 0xFFFF_FFFF
            made += 1


def write(path: Path, count: int, seed: int) -> int:
    """A capture, 1 ms a packet; packets written."""
    n = 0
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
        for n, packet in enumerate(packets(count, seed), 1):
            file.write(struct.pack("<IIII", n // 1000, n % 1000 * 1000, len(packet), len(packet)) + packet)
    return n


def ours(path: Path) -> list[tuple[int, int, int, int]]:
    """(packet, transaction, function, address) of requests."""
    from infrastress.connectors.pcap.reader import CaptureReader

    found = []
    for records in CaptureReader(path):
        kinds, words = records.words("kind")
        wanted = kinds == words.index("transaction") if "transaction" in words else kinds < -1
        columns = [records.integers(name)[wanted].tolist() for name in ("packet", "transaction", "function", "address")]
        found += list(zip(*columns, strict=True))
    return sorted(found)


def tshark(path: Path) -> list[tuple[int, int, int, int]]:
    """The same by tshark's fields; responses are told by their port."""
    names = ["frame.number", "tcp.dstport", "mbtcp.trans_id", "modbus.func_code", "modbus.reference_num"]
    command = ["tshark", "-n", "-r", str(path), "-Y", "modbus", "-T", "fields", *(f"-e{name}" for name in names)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in text.splitlines()]
    return [(int(n), int(t), int(f), int(a)) for n, port, t, f, a in rows if port == "502"]


def scapy(path: Path) -> list[tuple[int, int, int, int]]:
    """The same by scapy's layers, without its reassembly."""
    from scapy.contrib.modbus import ModbusADURequest
    from scapy.utils import PcapReader

    found = []
    with PcapReader(str(path)) as reader:
        for n, packet in enumerate(reader, 1):
            if ModbusADURequest in packet:
                layer = packet[ModbusADURequest]
                pdu = layer.payload
                address = pdu.startAddr if hasattr(pdu, "startAddr") else pdu.registerAddr
                found.append((n, layer.transId, pdu.funcCode, address))
    return found


def measure(read: object, path: Path) -> tuple[float, object]:
    """CPU seconds of this process and its children, and what was read."""
    before = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    result = read(path)
    after = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime for a, b in zip(before, after, strict=True)), result


def main() -> None:
    """Print one line a reader."""
    count, seed = (int(text) for text in [*sys.argv[1:], *("400002", "1")[len(sys.argv) - 1 :]])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "generated.pcap"
        n = write(path, count, seed)
        size = path.stat().st_size / 1e6
        print(f"{n} packets, {size:.1f} MB, seed {seed}, load {os.getloadavg()[0]:.1f}, {time.ctime()}")
        ours_cpu, expected = measure(ours, path)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        speed = f"{ours_cpu:7.2f} CPU s {n / ours_cpu:9,.0f} packets/s"
        print(f"infrastress {speed}  {len(expected)} transactions, {peak:.0f} MB")
        rivals = [tshark] if shutil.which("tshark") else []
        try:
            import_module("scapy.contrib.modbus")

            rivals.append(scapy)
        except ImportError:
            print("scapy isn't installed")
        for rival in rivals:
            cpu, found = measure(rival, path)
            verdict = "equal" if found == expected else f"DIFFERS ({len(found)})"
            speed = f"{cpu:7.2f} CPU s {n / cpu:9,.0f} packets/s"
            print(f"{rival.__name__:11} {speed}  {verdict}, {cpu / ours_cpu:.1f} times ours")


if __name__ == "__main__":
    main()
