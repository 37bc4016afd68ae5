"""A local program, such as one that sounds a siren or lights a lamp: no shell, a time limit, the message on stdin."""

import os
import signal
import subprocess
from contextlib import suppress

from infrastress.app.notify.channels.base import Channel, DeliveryError, as_json
from infrastress.app.notify.outbox import Message
from infrastress.app.notify.settings import CommandSettings
from infrastress.core.ids import canonical_json

__all__ = ["CommandChannel"]

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PREFIX = "INFRASTRESS_MESSAGE_"


class CommandChannel(Channel):
    """One program with its fixed words. It gets none of our environment, so none of our secrets.

    Args:
        settings: see there.
    """

    def __init__(self, settings: CommandSettings) -> None:
        self._settings = settings

    def send(self, message: Message) -> str:
        """Run it to its end; a status but 0 is a failure. Beyond the time limit it and its children are killed."""
        fields = as_json(message)
        names = ("id", "site", "kind", "severity", "title", "step")
        environment = {"PATH": _PATH, "LANG": "C.UTF-8"} | {
            f"{_PREFIX}{name.upper()}": str(fields[name]).replace("\0", " ") for name in names
        }
        try:
            process = subprocess.Popen(  # noqa: S603 - words of the settings alone
                self._settings.argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise DeliveryError(f"{self._settings.argv[0]} can't be run: {error.strerror}") from None
        try:
            process.communicate(canonical_json(fields), timeout=self._settings.timeout_s)
        except subprocess.TimeoutExpired:
            raise DeliveryError(f"{self._settings.argv[0]} ran longer than {self._settings.timeout_s:g} s") from None
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process.returncode != 0:
            raise DeliveryError(f"{self._settings.argv[0]} ended with status {process.returncode}")
        return ""
