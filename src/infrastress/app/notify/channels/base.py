"""What every way of telling people has in common."""

import ssl
from abc import ABC, abstractmethod
from typing import Any

from infrastress.app.notify.outbox import Message
from infrastress.core.errors import ConfigurationError, InfrastressError
from infrastress.core.time import to_iso

__all__ = ["Channel", "DeliveryError", "as_json", "tls_context"]

FORMAT = 1


class DeliveryError(InfrastressError):
    """A message didn't get through; the text is for people and holds no secret."""


class Channel(ABC):
    """One configured way."""

    @abstractmethod
    def send(self, message: Message) -> str:
        """Deliver a message; blocks, within a time limit on each wait.

        Returns:
            What of it did not get through although the rest did; "" when all did.

        Raises:
            DeliveryError: it didn't get through; whether it arrived may be unknown, so it is sent again by the same id.
        """


def tls_context(ca_file: str) -> ssl.SSLContext:
    """A context that checks certificates and names, by the system's authorities or a file's.

    Raises:
        ConfigurationError: the file can't be read.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"the certificates can't be read: {error}", where=ca_file) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def as_json(message: Message) -> dict[str, Any]:
    """A message as webhooks and commands get it."""
    return {
        "format": FORMAT,
        "id": message.id,
        "site": message.site,
        "kind": message.kind,
        "severity": message.severity,
        "title": message.title,
        "text": message.text,
        "subjects": list(message.subjects),
        "more": message.more,
        "step": message.step,
        "created": to_iso(message.created),
    }
