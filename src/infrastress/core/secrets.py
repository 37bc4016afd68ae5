"""Secrets by name: from the environment or from a file that nobody else may read; never from `site.yaml`."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import yaml

from infrastress.core.errors import ConfigurationError

__all__ = ["Secrets"]

_PREFIX = "INFRASTRESS_SECRET_"
_MAX_BYTES = 1_000_000


class Secrets:
    """Looks secrets up by the name that an option gives, such as `password_secret: broker`.

    The environment comes first (`INFRASTRESS_SECRET_BROKER` for "broker": upper case, other characters as _), then the
    file: YAML, name: value, readable by its owner alone.

    Args:
        file: a secrets file, or None.

    Raises:
        ConfigurationError: the file can't be read, is no such file, or others may read it.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._values: dict[str, str] = {}
        if file is not None:
            self._values = _read(file)

    def get(self, name: str) -> str:
        """A secret.

        Raises:
            ConfigurationError: there is none of this name; the message holds no secret.
        """
        variable = _PREFIX + "".join(c if c.isalnum() else "_" for c in name.upper())
        value = os.environ.get(variable)
        if value is None:
            value = self._values.get(name)
        if value is None:
            file = f" or add it to {self._file}" if self._file is not None else " or name a file with --secrets"
            raise ConfigurationError(f"there is no secret {name!r}", remedy=f"set {variable}{file}")
        return value

    def __repr__(self) -> str:
        return f"Secrets({sorted(self._values)})"


def _read(file: Path) -> dict[str, str]:
    where = str(file)
    try:
        with file.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise ConfigurationError("others may read the secrets", where=where, remedy=f"chmod 600 {file}")
            if status.st_uid not in (os.geteuid(), 0):
                raise ConfigurationError(
                    "the secrets belong to another user", where=where, remedy=f"chown it to {os.geteuid()}"
                )
            content = yaml.safe_load(stream.read(_MAX_BYTES)) or {}
    except OSError as error:
        raise ConfigurationError(f"the secrets can't be read: {error.strerror}", where=where) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ConfigurationError("no YAML", where=where, remedy="write one line a secret, name: value") from None
    if not isinstance(content, Mapping) or not all(isinstance(item, str | int | float) for item in content.values()):
        raise ConfigurationError(
            "no mapping of names to values", where=where, remedy="write one line a secret, name: value"
        )
    return {str(name): str(value) for name, value in content.items()}
