from pathlib import Path

import pytest

from tests.connectors.pcap.packets import CLIENT, ethernet, pcap, read, talk, udp

TCP = {
    "mqtt": bytes.fromhex("100c00044d5154540402003c0000"),
    "unknown": b"something else altogether",
}
UDP = {"snmp": (161, b"\x30" + bytes(20)), "ntp": (123, b"\x23" + bytes(47))}


@pytest.mark.parametrize("name", TCP)
def test_a_connection_is_named(tmp_path: Path, name: str) -> None:
    rows, reader = read(tmp_path, pcap(talk(("c", TCP[name]), server=("10.0.0.2", 7777))))
    assert [(row.kind, row.protocol) for row in rows] == [("connection", name)]
    assert reader.balance.total("not decoded") == reader.balance.packets == 5


@pytest.mark.parametrize("name", UDP)
def test_a_datagram_is_named(tmp_path: Path, name: str) -> None:
    port, data = UDP[name]
    rows, _ = read(tmp_path, pcap([ethernet(udp(CLIENT, ("10.0.0.2", port), data))]))
    assert [(row.kind, row.protocol) for row in rows] == [("connection", name)]
