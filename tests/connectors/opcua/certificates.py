"""Certificates of servers and users, and a site that trusts a server."""

import shutil
import socket
from pathlib import Path

from asyncua.crypto.cert_gen import dump_private_key_as_pem, generate_private_key, generate_self_signed_app_certificate
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from infrastress.connectors.base import LiveContext

__all__ = ["certificate", "secured", "trusting"]

ENCRYPTED = "Basic256Sha256_SignAndEncrypt"


def certificate(folder: Path, name: str, uri: str, days: int = 10) -> tuple[Path, Path]:
    key = generate_private_key()
    names = [x509.UniformResourceIdentifier(uri), x509.DNSName(socket.gethostname())]
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    made = generate_self_signed_app_certificate(key, name, {}, names, uses, days=days)
    (folder / f"{name}.der").write_bytes(made.public_bytes(Encoding.DER))
    (folder / f"{name}.pem").write_bytes(dump_private_key_as_pem(key))
    return folder / f"{name}.der", folder / f"{name}.pem"


def secured(files: tuple[Path, Path], **more: object) -> dict[str, object]:
    return {"security": ENCRYPTED, "certificate": str(files[0]), "key": str(files[1]), **more}


def trusting(folder: Path, files: tuple[Path, Path]) -> LiveContext:
    trusted = folder / "state" / "pki" / "opcua" / "trusted"
    trusted.mkdir(parents=True)
    shutil.copy(files[0], trusted)
    return LiveContext(folder=folder)
