from pathlib import Path

import pytest

from tests.connectors.pcap.packets import CLIENT, ethernet, pcap, read, talk, udp

TCP = {
    "tls": b"\x16\x03\x01\x00\x05\x01\0\0\x01\0",
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n",
    "http": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "smb": b"\0\0\0\x40\xfeSMB" + bytes(60),
    "vnc": b"RFB 003.008\n" + bytes(20),
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
