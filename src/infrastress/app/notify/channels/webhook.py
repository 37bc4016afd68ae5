"""Webhooks: a POST of JSON, signed by the Standard Webhooks scheme; redirects and proxies are not followed."""

import base64
import binascii
import hmac
import time
from hashlib import sha256

import httpx

from infrastress.app.notify.channels.base import Channel, DeliveryError, as_json, tls_context
from infrastress.app.notify.outbox import Message
from infrastress.app.notify.settings import WebhookSettings
from infrastress.core.errors import ConfigurationError
from infrastress.core.ids import canonical_json
from infrastress.core.secrets import Secrets

__all__ = ["WebhookChannel", "signature"]

_PREFIX = "whsec_"


def signature(key: bytes, id_: str, timestamp: int, body: bytes) -> str:
    """Value of the header `webhook-signature`: v1 and HMAC-SHA256 over "id.timestamp.body" (Standard Webhooks 1.0)."""
    digest = hmac.new(key, f"{id_}.{timestamp}.".encode() + body, sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def key_of(secret: str) -> bytes:
    """The signing key of a secret: what follows "whsec_" in base64, else its characters.

    Raises:
        ConfigurationError: no base64 follows.
    """
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ConfigurationError("a webhook's secret begins with whsec_, but no base64 follows") from None


class WebhookChannel(Channel):
    """One address.

    Args:
        settings: see there.
        secrets: holds the signing secret.

    Raises:
        ConfigurationError: the secret or the file of certificates is missing.
    """

    def __init__(self, settings: WebhookSettings, secrets: Secrets) -> None:
        self._settings = settings
        self._key = key_of(secrets.get(settings.key_secret))
        self._context = tls_context(settings.ca_file)

    def send(self, message: Message) -> str:
        """One POST; any answer but 2xx is a failure. The answer's body is not read."""
        body = canonical_json(as_json(message))
        now = int(time.time())
        headers = {
            "content-type": "application/json",
            "user-agent": "infrastress",
            "webhook-id": message.id,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(self._key, message.id, now, body),
        }
        try:
            with (
                httpx.Client(
                    verify=self._context, timeout=self._settings.timeout_s, follow_redirects=False, trust_env=False
                ) as client,
                client.stream("POST", self._settings.url, content=body, headers=headers) as answer,
            ):
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            raise DeliveryError(f"{type(error).__name__}: {str(error)[:200]}") from None
        if 300 <= status < 400:
            raise DeliveryError(f"the receiver answered {status}: redirects are not followed")
        if not 200 <= status < 300:
            raise DeliveryError(f"the receiver answered {status}")
        return ""
