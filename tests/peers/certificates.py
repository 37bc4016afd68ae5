"""Certificates of the tests' own authority."""

from dataclasses import dataclass
from pathlib import Path

import trustme

__all__ = ["Certificates", "make_certificates"]


@dataclass(frozen=True)
class Certificates:
    """Files in PEM: the authority, a server's key and chain for localhost and 127.0.0.1, a client's.

    Attributes:
        stranger: another authority, which signed none of them.
    """

    authority: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path
    stranger: Path


def make_certificates(folder: Path, client: str = "infrastress") -> Certificates:
    """Make them in a folder."""
    authority = trustme.CA()
    files = Certificates(
        *(folder / f"{name}.pem" for name in ("ca", "server", "server-key", "client", "client-key", "stranger"))
    )
    authority.cert_pem.write_to_path(str(files.authority))
    trustme.CA().cert_pem.write_to_path(str(files.stranger))
    server, user = authority.issue_cert("localhost", "127.0.0.1"), authority.issue_cert(common_name=client)
    for certificate, chain, key in ((server, files.server, files.server_key), (user, files.client, files.client_key)):
        chain.unlink(missing_ok=True)
        for part in certificate.cert_chain_pems:
            part.write_to_path(str(chain), append=True)
        certificate.private_key_pem.write_to_path(str(key))
        key.chmod(0o600)
    return files
