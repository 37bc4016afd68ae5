"""Roles of devices in public captures whose devices are documented, beside two trivial rivals; and what it costs.

    python -m benchmarks asset_roles [--packets N]

Truth is what the captures' authors say of their set-ups: the Modbus sandbox has one master and six RTUs; in the
EtherNet/IP scenarios an engineering station acts on a ControlLogix. Other hosts in them are documented nowhere, and not
scored. The rules were written with these captures at hand: it is no test on unseen plants.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.capture import write
from benchmarks.common import circumstances, cpu_seconds, peak_mb, print_result, table
from benchmarks.public import data_folder
from infrastress.app.inventory import judged, read_capture
from infrastress.connectors.pcap.reader import CaptureReader
from infrastress.inventory.devices import Device
from infrastress.inventory.facts import CONTROL
from infrastress.inventory.heard import Heard
from infrastress.site import Site

MASTER = {"192.168.1.100": "hmi"} | {f"192.168.1.{n}": "controller" for n in range(101, 107)}
TRUTH = {
    "lemay-modbus/send_a_fake_command_modbus_6RTU_with_operate.pcap": MASTER,
    "lemay-modbus/CnC_uploading_exe_modbus_6RTU_with_operate.pcap": MASTER,
    "quickdraw-enip/qd_Control_Protocol_Change_Attempt.pcap": {
        "192.168.10.105": "engineering",
        "192.168.10.120": "controller",
    },
    "quickdraw-enip/qd_Remote_Mode_Change_Attempt.pcap": {
        "192.168.10.105": "engineering",
        "192.168.10.121": "controller",
    },
    "quickdraw-enip/qd_Software_Upload.pcap": {"192.168.10.105": "engineering", "192.168.10.120": "controller"},
}


def ports(device: Device) -> str:
    """The rival that a port list is: who answers a control protocol is a controller, who asks one an HMI."""
    return "controller" if CONTROL & set(device.facts.answers) else "hmi" if device.facts.asks else "unknown"


def scored() -> Iterator[tuple[str, str, str, str, float, str]]:
    """Capture, address, truth, ours, how sure, the ports' rival."""
    for name, truth in TRUTH.items():
        heard, _ = read_capture(data_folder("ot-pcaps") / name, lambda _: None)
        found = {device.id: device for device in judged(Site(id="nowhere"), heard).devices}
        for address, role in truth.items():
            device = found[address]
            yield Path(name).stem, address, role, str(device.role.value), device.role.confidence, ports(device)


def cost(packets: int) -> dict[str, float]:
    """CPU seconds of reading a generated capture, and of reading it into the inventory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "generated.pcap"
        write(path, packets, 1)
        before = peak_mb()
        reading, _, _ = cpu_seconds(lambda: sum(len(records) for records in CaptureReader(path)))
        taking, _, (heard, _) = cpu_seconds(lambda: read_capture(path, lambda _: None))
        return {
            "packets": packets, "read_s": reading, "inventory_s": taking, "peak_mb_before": before,
            "peak_mb": peak_mb(), "nodes": len(heard.nodes), "kept_bytes": len(Heard.encode(heard)),
        }  # fmt: skip


def main(args: list[str] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packets", type=int, default=400_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(args)
    rows = list(scored())
    ours = sum(row[2] == row[3] for row in rows)
    rival = sum(row[2] == row[5] for row in rows)
    always = sum(row[2] == "controller" for row in rows)
    spent = cost(options.packets)
    result = {
        "circumstances": circumstances("netaddr"), "devices": len(rows), "right": ours, "right_by_ports": rival,
        "right_always_controller": always, "wrong": [row[:4] for row in rows if row[2] != row[3]], "cost": spent,
    }  # fmt: skip
    head = ["rule", "right", "of"]
    lines = [("ours", ours, len(rows)), ("who answers, who asks", rival, len(rows)), ("always", always, len(rows))]
    wrong = table(["capture", "device", "truth", "ours", "sure"], [row[:5] for row in rows if row[2] != row[3]])
    print_result(
        result,
        "\n\n".join([table(head, lines), wrong, table(list(spent), [list(spent.values())])]),
        as_json=options.json,
    )


if __name__ == "__main__":
    main()
