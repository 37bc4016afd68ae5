"""TLS contexts of live connectors, from files and names of secrets; at least TLS 1.2, the peer always checked."""

import ssl
from pathlib import Path

from infrastress.connectors.base import LiveContext
from infrastress.core.errors import ConfigurationError

__all__ = ["client_tls", "server_tls"]


def client_tls(
    context: LiveContext, ca_file: Path | None, cert_file: Path | None, key_file: Path | None, password: str | None
) -> ssl.SSLContext:
    """For a client: the server has to be signed by `ca_file`, or by one of the system's authorities.

    Args:
        context: where relative paths start, and secrets.
        ca_file: PEM of authorities.
        cert_file: our own certificate, where the server asks for one.
        key_file: its key.
        password: name of the secret that opens the key.

    Raises:
        ConfigurationError: a file is missing or holds something else.
    """
    text = _text(context.folder / ca_file) if ca_file is not None else None
    try:
        made = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cadata=text)
    except ssl.SSLError as error:
        raise ConfigurationError(f"no certificate: {error.reason}", where=str(ca_file)) from None
    return _with_key(made, context, cert_file, key_file, password)


def server_tls(
    context: LiveContext, ca_file: Path | None, cert_file: Path, key_file: Path, password: str | None
) -> ssl.SSLContext:
    """For a server: with `ca_file` clients have to show a certificate that it signed.

    Raises:
        ConfigurationError: a file is missing or holds something else.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        made.verify_mode = ssl.CERT_REQUIRED
        try:
            made.load_verify_locations(cadata=_text(context.folder / ca_file))
        except ssl.SSLError as error:
            raise ConfigurationError(f"no certificate: {error.reason}", where=str(ca_file)) from None
    return _with_key(made, context, cert_file, key_file, password)


def _text(file: Path) -> str:
    try:
        text = file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the certificate can't be read: {error}", where=str(file)) from None
    if "BEGIN CERTIFICATE" not in text:
        raise ConfigurationError("holds no certificate in PEM", where=str(file))
    return text


def _with_key(
    made: ssl.SSLContext, context: LiveContext, cert_file: Path | None, key_file: Path | None, password: str | None
) -> ssl.SSLContext:
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if cert_file is None:
        return made
    word = context.secrets.get(password) if password is not None else ""
    try:
        made.load_cert_chain(context.folder / cert_file, context.folder / key_file if key_file else None, word)
    except (OSError, ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        raise ConfigurationError(
            f"certificate or key can't be used: {reason}",
            where=f"{cert_file}, {key_file}",
            remedy="give PEM files that belong together, and key_password_secret where the key is encrypted",
        ) from None
    return made
