"""Certificates: our own, made once, and those of the servers that somebody here has trusted.

`own/certificate.der` and `own/private-key.pem`; `trusted/` holds server certificates (DER or PEM); one that isn't there
is put into `rejected/` under its thumbprint, and moving it to `trusted/` is what trusts it.
"""

import os
import socket
import stat
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from asyncua.crypto.cert_gen import dump_private_key_as_pem, generate_private_key, generate_self_signed_app_certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from infrastress.core.errors import ConfigurationError

__all__ = ["Pki", "Untrusted", "first_certificate", "thumbprint"]

_DAYS = 3650
_MOST_REJECTED = 20


class Untrusted(Exception):  # noqa: N818 - an outcome, mended by moving a file
    """Nobody has trusted the server's certificate; the message says how to."""


def first_certificate(der: bytes) -> bytes:
    """The first certificate of a chain in DER; raises ValueError when there is none."""
    if len(der) < 4 or der[:2] != b"\x30\x82":
        raise ValueError("no certificate")
    first = der[: int.from_bytes(der[2:4], "big") + 4]
    x509.load_der_x509_certificate(first)
    return first


def thumbprint(der: bytes) -> str:
    """SHA-1 of a certificate in hex, as OPC UA and its tools name certificates."""
    return x509.load_der_x509_certificate(der).fingerprint(hashes.SHA1()).hex()  # noqa: S303 - a name, not a proof


class Pki:
    """The folder of certificates.

    Args:
        folder: see the module.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def own(self, application_uri: str) -> tuple[Path, Path]:
        """Paths of our certificate and key; made for ten years when they aren't there.

        Raises:
            ConfigurationError: only one of the two is there, others may read the key, the certificate is of another
                application, or the folder can't be written.
        """
        certificate, key = self.folder / "own" / "certificate.der", self.folder / "own" / "private-key.pem"
        try:
            if certificate.exists() != key.exists():
                raise ConfigurationError(
                    "a certificate and its key belong together",
                    where=str(certificate.parent),
                    remedy="put back what is missing, or remove both: then new ones are made, to be trusted again",
                )
            if not key.exists():
                self._make(certificate, key, application_uri)
            if key.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise ConfigurationError("others may read the private key", where=str(key), remedy=f"chmod 600 {key}")
            if application_uri not in _uris(certificate.read_bytes()):
                raise ConfigurationError(
                    f"the certificate isn't for {application_uri}",
                    where=str(certificate),
                    remedy="name its own as application_uri, or remove certificate and key: then new ones are made",
                )
        except OSError as error:
            raise ConfigurationError(
                f"certificates can't be kept here: {error.strerror}", where=str(error.filename or self.folder)
            ) from None
        return certificate, key

    def _make(self, certificate: Path, key: Path, application_uri: str) -> None:
        for folder in (self.folder, certificate.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret = generate_private_key()
        names: list[x509.GeneralName] = [
            x509.UniformResourceIdentifier(application_uri), x509.DNSName(socket.gethostname()),
        ]  # fmt: skip
        made = generate_self_signed_app_certificate(
            secret, "infrastress", {}, names, [ExtendedKeyUsageOID.CLIENT_AUTH], days=_DAYS
        )
        _write(certificate, made.public_bytes(Encoding.DER), 0o644)
        _write(key, dump_private_key_as_pem(secret), 0o600)

    def check(self, der: bytes, server: str) -> str:
        """Check a server's certificate; returns what is to be told of it, such as that it has expired.

        An expired certificate that was trusted stays trusted: it is known by itself, not by its date, and a plant that
        isn't seen any more is the worse fault.

        Raises:
            Untrusted: nobody has trusted it.
        """
        print_ = thumbprint(der)
        if der not in self._trusted():
            place = self.folder / "rejected" / f"{print_}.der"
            with suppress(OSError):  # then it is only named
                self._reject(place, der)
            raise Untrusted(
                f"{server} shows a certificate that nobody has trusted, thumbprint {print_}; compare it at the server, "
                f"then: mkdir -p {self.folder / 'trusted'} && mv {place} {self.folder / 'trusted'}/"
            )
        ends = x509.load_der_x509_certificate(der).not_valid_after_utc
        return f"the server's certificate expired on {ends:%Y-%m-%d}" if ends < datetime.now(UTC) else ""

    def _trusted(self) -> set[bytes]:
        found = set()
        for file in sorted((self.folder / "trusted").glob("*")):
            with suppress(OSError, ValueError):
                data = file.read_bytes()
                pem = data.lstrip().startswith(b"-----")
                certificate = x509.load_pem_x509_certificate(data) if pem else x509.load_der_x509_certificate(data)
                found.add(certificate.public_bytes(Encoding.DER))
        return found

    def _reject(self, place: Path, der: bytes) -> None:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not place.exists():
            _write(place, der, 0o644)
        newest_last = sorted(place.parent.glob("*.der"), key=lambda file: file.stat().st_mtime)
        for file in newest_last[:-_MOST_REJECTED]:
            file.unlink()


def _uris(der: bytes) -> list[str]:
    try:
        names = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return names.value.get_values_for_type(x509.UniformResourceIdentifier)
    except (ValueError, x509.ExtensionNotFound):
        return []


def _write(path: Path, data: bytes, mode: int) -> None:
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    part.touch(mode, exist_ok=False)
    part.write_bytes(data)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
