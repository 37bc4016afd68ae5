"""Modbus transactions of a generated capture: our CPU time beside Suricata's EVE, tshark's fields and scapy's.

    python -m benchmarks capture [--packets 400002] [--seed 1] [--gigabytes 10] [--json]

Equal output first: the same transactions with unit, function, address and values. CPU seconds (user and system, with
children) count, not wall time, so that other work on the machine disturbs little. scapy, which reassembles nothing,
reads the first tenth. With `--gigabytes` a capture of that size is read by us alone, for its memory.
"""

import argparse
import json
import random
import re
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import circumstances, print_result, table

Transaction = tuple[str, str, int, int, int, int, tuple[int, ...]]
"""Client, server, transaction identifier, unit, function, address, register values read or written."""
_SURICATA = """%YAML 1.1
---
outputs:
  - eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [modbus]}
app-layer: {protocols: {modbus: {enabled: yes, detection-ports: {dp: 502}, stream-depth: 0}}}
stream: {midstream: true, checksum-validation: no}
"""


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


def repeat(path: Path, long: Path, size: float) -> int:
    """A capture of so many bytes that says the same again and again, in conversations that go on; packets written."""
    content = path.read_bytes()
    data, starts = np.frombuffer(content, np.uint8)[24:], [0]
    while starts[-1] < len(data):
        at = starts[-1]
        starts.append(at + 16 + int.from_bytes(data[at + 8 : at + 12].tobytes(), "little"))
    start, sent = np.array(starts[:-1]), np.diff(starts) - 16 - 54
    ends = data[start[:, None] + np.arange(42, 54)]
    turned = ends[:, [4, 5, 6, 7, 0, 1, 2, 3, 10, 11, 8, 9]]
    names = np.unique(np.vstack([ends, turned]), axis=0, return_inverse=True)[1].ravel()
    moved = np.bincount(names[: len(start)], sent, minlength=names.max() + 1).astype(np.int64)
    steps = {54: moved[names[: len(start)]], 58: moved[names[len(start) :]]}  # sequence number, acknowledgement
    seconds, rounds, four = len(start) // 1000 + 1, 0, start[:, None] + np.arange(4)
    with long.open("wb") as file:
        file.write(content[:24])
        while file.tell() < size:
            block = data.copy()
            _add(block, four, "<u4", rounds * seconds)
            for offset, step in steps.items():
                _add(block, four + offset, ">u4", rounds * step)
            file.write(block.tobytes())
            rounds += 1
    return rounds * len(start)


def _add(block: Any, places: Any, kind: str, more: Any) -> None:
    numbers = np.ascontiguousarray(block[places]).view(kind).ravel().astype(np.int64)
    block[places] = ((numbers + more) & 0xFFFF_FFFF).astype(kind).view(np.uint8).reshape(-1, 4)


def ours(path: Path) -> list[Transaction]:
    """By the capture reader."""
    from infrastress.connectors.pcap.reader import CaptureReader

    found: list[Transaction] = []
    for records in CaptureReader(path):
        for row in records.rows():
            if row.kind == "transaction":
                values = row.values or [row.value]
                found.append(
                    (
                        row.client,
                        row.server,
                        row.transaction,
                        row.unit,
                        row.function,
                        row.address,
                        tuple(map(int, values)),
                    )
                )
    return sorted(found)


def read_through(path: Path) -> int:
    """By the capture reader, as columns, which is what every detector gets; transactions."""
    from infrastress.connectors.pcap.reader import CaptureReader

    found = 0
    for records in CaptureReader(path):
        kinds, words = records.words("kind")
        found += int((kinds == words.index("transaction")).sum()) if "transaction" in words else 0
    return found


def suricata(path: Path) -> list[Transaction]:
    """By Suricata's EVE log of Modbus, no rules."""
    folder = path.parent / "suricata"
    folder.mkdir(exist_ok=True)
    (folder / "s.yaml").write_text(_SURICATA)
    command = ["suricata", "-c", str(folder / "s.yaml"), "-r", str(path), "-l", str(folder), "-k", "none"]
    subprocess.run([*command, "--runmode", "single", "-S", "/dev/null"], capture_output=True, check=True)
    found: list[Transaction] = []
    for line in (folder / "eve.json").open():
        event = json.loads(line)
        modbus = event["modbus"]
        if "response" not in modbus:
            continue
        ask, reply = modbus["request"], modbus["response"]
        told = ask.get("read") or ask["write"]
        if "read" in ask:
            octets = re.sub(
                rb"\\x([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), reply["read"]["data"].encode()
            )
            values = struct.unpack(f">{len(octets) // 2}H", octets)
        else:
            values = (told["data"],)
        where = event["src_ip"], event["dest_ip"], ask["transaction_id"], ask["unit_id"], ask["function_raw"]
        found.append((*where, told["address"], values))
    return sorted(found)


def tshark(path: Path) -> list[Transaction]:
    """By tshark's fields; a response is tied to its request by conversation and transaction identifier."""
    names = ["ip.src", "ip.dst", "tcp.dstport", "mbtcp.trans_id", "mbtcp.unit_id", "modbus.func_code"]
    names += ["modbus.reference_num", "modbus.regval_uint16", "modbus.data"]
    command = ["tshark", "-n", "-r", str(path), "-Y", "modbus", "-T", "fields", *(f"-e{name}" for name in names)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    asked: dict[tuple[str, str, str], tuple[str, str]] = {}
    found: list[Transaction] = []
    for line in text.splitlines():
        source, target, port, transaction, unit, function, address, read, written = line.split("\t")
        if port == "502":
            asked[source, target, transaction] = address, written
            continue
        address, written = asked.pop((target, source, transaction))
        values = tuple(map(int, read.split(","))) if read else (int(written.replace(":", ""), 16),)
        found.append((target, source, int(transaction), int(unit), int(function), int(address), values))
    return sorted(found)


def scapy(path: Path) -> list[Transaction]:
    """By scapy's layers, without its reassembly."""
    from scapy.contrib.modbus import ModbusADURequest, ModbusADUResponse
    from scapy.layers.inet import IP
    from scapy.utils import PcapReader

    asked: dict[tuple[str, str, int], Any] = {}
    found: list[Transaction] = []
    with PcapReader(str(path)) as reader:
        for packet in reader:
            if ModbusADURequest in packet:
                layer = packet[ModbusADURequest]
                asked[packet[IP].src, packet[IP].dst, layer.transId] = layer
            elif ModbusADUResponse in packet:
                layer = packet[ModbusADUResponse]
                client, server, ask = packet[IP].dst, packet[IP].src, None
                ask = asked.pop((client, server, layer.transId)).payload
                read = hasattr(ask, "startAddr")
                where = client, server, layer.transId, layer.unitId, ask.funcCode
                values = tuple(layer.payload.registerVal) if read else (ask.registerValue,)
                found.append((*where, ask.startAddr if read else ask.registerAddr, values))
    return sorted(found)


def measure(read: Callable[[Path], Any], path: Path) -> tuple[float, Any]:
    """CPU seconds of this process and its children, and what was read."""
    before = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    result = read(path)
    after = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime for a, b in zip(before, after, strict=True)), result


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row a reader."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, default=400_002)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--gigabytes", type=float, default=0.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    result: dict[str, Any] = {"circumstances": circumstances("scapy"), "seed": options.seed}
    with tempfile.TemporaryDirectory() as folder:
        path, part = Path(folder) / "generated.pcap", Path(folder) / "part.pcap"
        n, tenth = write(path, options.packets, options.seed), write(part, options.packets // 30 * 3, options.seed)
        cpu, transactions = measure(read_through, path)
        result |= {"packets": n, "transactions": transactions, "bytes": path.stat().st_size}
        readers = {"infrastress": {"cpu_s": cpu, "packets_s": n / cpu, "equal": "", "times": 1.0}}
        expected = {path: ours(path), part: ours(part)}
        rivals = [(name, read) for name, read in (("suricata", suricata), ("tshark", tshark)) if shutil.which(name)]
        try:
            import_module("scapy.contrib.modbus")
            rivals.append(("scapy", scapy))
        except ImportError:
            pass
        for name, read in rivals:
            file, count = (part, tenth) if name == "scapy" else (path, n)
            spent, found = measure(read, file)
            readers[name] = {
                "cpu_s": spent,
                "packets_s": count / spent,
                "equal": found == expected[file],
                "times": (n / cpu) / (count / spent),
            }
        result["readers"] = readers
        if options.gigabytes:
            long = Path(folder) / "long.pcap"
            many = repeat(path, long, options.gigabytes * 1e9)
            del expected
            command = [sys.executable, "-c", _ALONE, str(long)]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            result["long"] = {"packets": many, "bytes": long.stat().st_size, **json.loads(said)}
    rows = [(name, one["cpu_s"], round(one["packets_s"]), one["equal"], one["times"]) for name, one in readers.items()]
    text = table(["reader", "CPU s", "packets/s", "same transactions", "times slower than ours"], rows)
    text += f"\n\n{n:,} packets, {transactions:,} transactions"
    if "long" in result:
        text += "\n\n{packets:,} packets, {bytes:,} bytes: {transactions:,} transactions, {cpu_s:.0f} CPU s, ".format(
            **result["long"]
        ) + "peak {peak_mb:.0f} MB, {early_mb:.0f} MB after the first hundredth".format(**result["long"])
    print_result(result, text, as_json=options.json)


_ALONE = """
import json, sys, time
from pathlib import Path
from benchmarks.common import peak_mb
from infrastress.connectors.pcap.reader import CaptureReader
path, found, early, balance = Path(sys.argv[1]), 0, 0.0, 0
reader = CaptureReader(path)
for records in reader:
    found += records.words("kind")[1].count("transaction") and len(records)
    if not early and reader.balance.packets * 9000 > path.stat().st_size:
        early = peak_mb()
print(json.dumps({"transactions": found, "cpu_s": time.process_time(), "peak_mb": peak_mb(), "early_mb": early}))
"""


if __name__ == "__main__":
    main()
