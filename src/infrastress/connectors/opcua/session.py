"""A session with a server: the secure channel to a certificate that was trusted, the user, and an end in any case."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import security_policies
from asyncua.crypto.uacrypto import CertProperties
from asyncua.ua.uaerrors import UaStatusCodeError

from infrastress.connectors.base import LiveContext
from infrastress.connectors.opcua.options import OpcUaOptions
from infrastress.connectors.opcua.pki import Pki, Untrusted, first_certificate
from infrastress.core.errors import ConfigurationError

__all__ = ["Access", "Opened", "explain", "session"]

_POLICIES: dict[str, Any] = {
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes128_Sha256_RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256_Sha256_RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}
_GOODBYE_S = 0.5
_SESSION_MS = 60_000
"""What a server keeps of us when we end without a goodbye."""


class Access(NamedTuple):
    """Who we are and whom we trust: our certificate and key (None without security), the user's, and the folder."""

    uri: str
    pki: Pki
    own: tuple[Path, Path] | None
    key_password: str | None
    password: str | None
    user: tuple[Path, Path] | None

    @classmethod
    def of(cls, options: OpcUaOptions, context: LiveContext, site: str) -> "Access":
        """As options say.

        Raises:
            ConfigurationError: a secret or a file is missing, or others may read the key.
        """
        uri = options.application_uri or f"urn:infrastress:{site}"
        pki = Pki((context.folder / options.pki).resolve())
        own = None
        if options.certificate is not None and options.private_key is not None:
            own = (_file(context.folder / options.certificate), _file(context.folder / options.private_key))
        elif options.security != "none":
            own = pki.own(uri)
        user = None
        if options.user_certificate is not None and options.user_key is not None:
            user = (_file(context.folder / options.user_certificate), _file(context.folder / options.user_key))
        key_secret, password_secret = options.private_key_secret, options.password_secret
        return cls(
            uri,
            pki,
            own,
            context.secrets.get(key_secret) if key_secret is not None else None,
            context.secrets.get(password_secret) if password_secret is not None else None,
            user,
        )


def _file(path: Path) -> Path:
    if not path.is_file():
        raise ConfigurationError("there is no such file", where=str(path))
    return path


class Opened(NamedTuple):
    """A session, and what is to be told of it."""

    client: Client
    note: str


@asynccontextmanager
async def session(options: OpcUaOptions, access: Access) -> AsyncIterator[Opened]:
    """Connect and activate a session; closed at the end, in at most half a second.

    Raises:
        Untrusted: nobody has trusted the server's certificate.
        ConnectionError: it doesn't offer the security asked for.
        Exception: what the library throws; `explain` puts it into words.
    """
    client = Client(options.url, timeout=options.timeout_s, watchdog_intervall=options.timeout_s)
    client.name = client.description = "infrastress"
    client.application_uri = access.uri
    client.session_timeout = _SESSION_MS
    note = ""
    try:
        if options.security != "none" and access.own is not None:
            note = await _secure(client, options, access, access.own)
        if options.user is not None and access.password is not None:
            client.set_user(options.user)
            client.set_password(access.password)
        if access.user is not None:
            await client.load_client_certificate(str(access.user[0]), _kind(access.user[0]))
            await client.load_private_key(access.user[1], None, _kind(access.user[1]))
        await client.connect()
        yield Opened(client, note)
    finally:
        try:
            with suppress(Exception):
                async with asyncio.timeout(_GOODBYE_S):
                    await client.disconnect()
        finally:
            client.disconnect_socket()


async def _secure(client: Client, options: OpcUaOptions, access: Access, own: tuple[Path, Path]) -> str:
    asker = Client(options.url, timeout=options.timeout_s)
    try:
        offered = await asker.connect_and_get_server_endpoints()
    finally:
        asker.disconnect_socket()
    policy, mode = _POLICIES[options.policy], ua.MessageSecurityMode[options.security]
    fitting = [one for one in offered if (one.SecurityPolicyUri, one.SecurityMode) == (policy.URI, mode)]
    if not fitting:
        said = sorted({f"{(e.SecurityPolicyUri or '').rpartition('#')[2]} {e.SecurityMode.name}" for e in offered})
        raise ConnectionError(f"the server doesn't offer {options.policy} {options.security}, but {', '.join(said)}")
    try:
        certificate = first_certificate(fitting[0].ServerCertificate or b"")
    except ValueError:
        raise Untrusted("the server shows no certificate that could be trusted") from None
    note = access.pki.check(certificate, options.url)
    await client.set_security(
        policy,
        CertProperties(own[0], _kind(own[0])),
        CertProperties(own[1], _kind(own[1]), access.key_password),
        server_certificate=CertProperties(certificate, "der"),
        mode=mode,
    )
    return note


def _kind(path: Path) -> str:
    """PEM or DER, by content."""
    return "pem" if path.read_bytes().lstrip().startswith(b"-----") else "der"


def explain(error: Exception, options: OpcUaOptions, access: Access) -> str:
    """What went wrong, for the person who has to mend it; no secret."""
    name = ua.status_codes.get_name_and_doc(error.code)[0] if isinstance(error, UaStatusCodeError) else ""
    if (
        name in ("BadSecurityChecksFailed", "BadCertificateUntrusted", "BadCertificateInvalid")
        and access.own is not None
    ):
        return f"{name}: the server doesn't trust our certificate; let it trust {access.own[0]}"
    if name in ("BadIdentityTokenRejected", "BadIdentityTokenInvalid", "BadUserAccessDenied"):
        return f"{name}: the server refuses {options.user or 'this user'}"
    if name:
        return name
    if isinstance(error, TimeoutError):
        return f"no answer in {options.timeout_s:g} s"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return str(error) or type(error).__name__
