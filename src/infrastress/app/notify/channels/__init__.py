"""The ways a message leaves: mail, webhook, local command. Only what the settings name is ever called."""

from infrastress.app.notify.channels.base import Channel, DeliveryError
from infrastress.app.notify.channels.command import CommandChannel
from infrastress.app.notify.channels.smtp import SmtpChannel
from infrastress.app.notify.channels.webhook import WebhookChannel
from infrastress.app.notify.settings import ChannelSettings, CommandSettings, SmtpSettings
from infrastress.core.secrets import Secrets

__all__ = ["Channel", "DeliveryError", "make_channel"]


def make_channel(settings: ChannelSettings, secrets: Secrets) -> Channel:
    """A channel as its settings say.

    Raises:
        ConfigurationError: a secret or a file with certificates is missing.
    """
    if isinstance(settings, SmtpSettings):
        return SmtpChannel(settings, secrets)
    if isinstance(settings, CommandSettings):
        return CommandChannel(settings)
    return WebhookChannel(settings, secrets)
