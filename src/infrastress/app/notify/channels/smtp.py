"""Mail by SMTP: TLS unless the server is on this machine, certificate and name checked. Message-ID carries the id."""

import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime

from infrastress.app.notify.channels.base import Channel, DeliveryError, tls_context
from infrastress.app.notify.outbox import Message
from infrastress.app.notify.settings import SmtpSettings
from infrastress.core.secrets import Secrets

__all__ = ["SmtpChannel"]


class SmtpChannel(Channel):
    """A mail server.

    Args:
        settings: see there.
        secrets: holds the password.

    Raises:
        ConfigurationError: the password or the file of certificates is missing.
    """

    def __init__(self, settings: SmtpSettings, secrets: Secrets) -> None:
        self._settings = settings
        self._password = secrets.get(settings.password_secret) if settings.password_secret else ""
        self._context = tls_context(settings.ca_file) if settings.security != "none" else None

    def send(self, message: Message) -> str:
        """One mail to all recipients; which of them the server refused is returned."""
        try:
            with self._connect() as server:
                if self._settings.user:
                    server.login(self._settings.user, self._password)
                refused = server.send_message(self._mail(message))
        except smtplib.SMTPResponseException as error:
            told = error.smtp_error
            text = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
            raise DeliveryError(f"the mail server said {error.smtp_code} {text[:200]}") from None
        except smtplib.SMTPRecipientsRefused as error:
            raise DeliveryError(f"the mail server refused all {len(error.recipients)} recipients") from None
        except (smtplib.SMTPException, ssl.SSLError, OSError, EOFError, UnicodeError) as error:
            raise DeliveryError(f"{type(error).__name__}: {str(error)[:200]}") from None
        return f"refused by the mail server: {len(refused)} of the recipients" if refused else ""

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        if settings.security == "tls":
            return smtplib.SMTP_SSL(settings.host, settings.port, timeout=settings.timeout_s, context=self._context)
        server = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout_s)
        if settings.security == "starttls":
            try:
                server.starttls(context=self._context)  # raises where the server has none
            except BaseException:
                server.close()
                raise
        return server

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self._settings.sender
        mail["To"] = ", ".join(self._settings.to)
        mail["Subject"] = f"[{message.site}] {message.title}"
        mail["Date"] = format_datetime(localtime())
        mail["Message-ID"] = f"<{message.id}@{self._settings.sender.partition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["Importance"] = "high" if message.severity in ("critical", "high") else "normal"
        mail.set_content(f"{message.title}\n\n{message.text}\n")
        return mail
