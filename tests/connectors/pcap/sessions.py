"""Sessions of office protocols for tests: TLS by OpenSSL itself, in memory, and the rest by hand."""

import ssl
import struct
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import trustme

__all__ = ["kexinit", "smb2", "tls_session"]

Turn = tuple[str, bytes]


@lru_cache
def _pem(own: bool) -> tuple[bytes, bytes]:
    """A certificate chain and key; `own` where it is signed by itself."""
    authority = trustme.CA(organization_name="Plant")
    if own:
        return authority.cert_pem.bytes(), authority.private_key_pem.bytes()
    issued = authority.issue_cert("plc.local")
    return issued.cert_chain_pems[0].bytes(), issued.private_key_pem.bytes()


def tls_session(newest: ssl.TLSVersion, *, own: bool = False, alpn: tuple[str, ...] = ("h2", "http/1.1")) -> list[Turn]:
    """A handshake and a little data between OpenSSL and itself."""
    client, server = ssl.create_default_context(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.maximum_version = server.maximum_version = newest
    client.set_alpn_protocols(list(alpn))
    server.set_alpn_protocols(["h2"])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pem"
        path.write_bytes(b"".join(reversed(_pem(own))))
        server.load_cert_chain(path)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = {
        "c": client.wrap_bio(down, up, server_hostname="plc.local"),
        "s": server.wrap_bio(up, down, server_side=True),
    }
    turns: list[Turn] = []
    done: set[str] = set()
    sent = {"c": up, "s": down}
    while len(done) < 2:
        for side, end in ends.items():
            try:
                end.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                pass
            turns += _moved(sent, side, ends)
    for side, end in ends.items():
        end.write(b"hello")
        turns += _moved(sent, side, ends)
    return turns


def _moved(sent: dict[str, ssl.MemoryBIO], side: str, ends: object) -> list[Turn]:
    """What a side has written, as a turn; it is put back for the other to read."""
    del ends
    data = sent[side].read()
    if data:
        sent[side].write(data)
    return [(side, data)] if data else []


def kexinit(*lists: str) -> bytes:
    """An SSH packet with ten lists of algorithms."""
    payload = b"\x14" + bytes(16) + b"".join(struct.pack(">I", len(one)) + one.encode() for one in lists) + bytes(5)
    pad = 8 - (len(payload) + 5) % 8 + 4
    return struct.pack(">IB", len(payload) + 1 + pad, pad) + payload + bytes(pad)


def smb2(command: int, number: int, body: bytes, *, response: bool = False, status: int = 0) -> bytes:
    """A message of SMB 2 with its length before it."""
    head = b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ", 64, 0, status, command, 1, int(response), 0, number, 0, 1, 2)
    data = head + bytes(16) + body
    return len(data).to_bytes(4, "big") + data
