"""The vault: what is personal lies sealed with a key of its reporter's own; without the key it is gone, everywhere.

KEYS/salt                  for pseudonyms
KEYS/<reporter>.secret     a reporter's key
KEYS/devices/<hash>        which reporter a device is
KEYS/day-YYYY-MM-DD        for pseudonyms of addresses; of today alone

The folder says by a file of its own that it is never backed up: a backup that held keys would undo erasure.
"""

import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from hmac import compare_digest
from ipaddress import ip_address
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infrastress.core.time import DAY, SECOND

__all__ = ["NEVER_BACKED_UP", "Vault"]

NEVER_BACKED_UP = ".never-back-up"
_NONCE, _KEY = 12, 32


class Vault:
    """Keys and pseudonyms.

    Args:
        folder: made with mode 700 where it isn't there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._devices = folder / "devices"
        self._devices.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        (folder / NEVER_BACKED_UP).touch(mode=0o600)
        self._salt = self._kept("salt")

    def reporter(self, token: str) -> str:
        """Pseudonym of whoever holds a device's token; a new one, with a key, for a token not seen before."""
        link = self._devices / self._hash(b"device", token.encode())
        with suppress(OSError):
            known = link.read_text()
            if self._key(known) is not None:
                return known
        reporter = f"r-{secrets.token_hex(8)}"
        _put(self._folder / f"{reporter}.secret", secrets.token_bytes(_KEY))
        _put(link, reporter.encode())
        return reporter

    def knows(self, token: str) -> bool:
        """Whether a device's token belongs to a reporter who wasn't erased."""
        with suppress(OSError):
            return self._key((self._devices / self._hash(b"device", token.encode())).read_text()) is not None
        return False

    def seal(self, reporter: str, data: bytes, about: str) -> bytes:
        """Seal data for a reporter (AES-256-GCM); it opens only for the same `about`.

        Raises:
            KeyError: the reporter was erased.
        """
        key = self._key(reporter)
        if key is None:
            raise KeyError(reporter)
        nonce = secrets.token_bytes(_NONCE)
        return nonce + AESGCM(key).encrypt(nonce, data, about.encode())

    def open(self, reporter: str, sealed: bytes, about: str) -> bytes | None:
        """What was sealed; None where the reporter was erased, or it was tampered with."""
        key = self._key(reporter)
        if key is None:
            return None
        try:
            return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())
        except (InvalidTag, ValueError):
            return None

    def erase(self, reporter: str) -> bool:
        """Delete a reporter's key and what ties a device to them; whether there was a key."""
        path = self._path(reporter)
        there = path is not None and path.exists()
        if path is not None and there:
            with path.open("r+b") as file:
                file.write(secrets.token_bytes(_KEY))
                os.fsync(file.fileno())
            path.unlink()
        for link in self._devices.iterdir():
            with suppress(OSError):
                if link.read_text() == reporter:
                    link.unlink()
        _sync(self._folder)
        _sync(self._devices)
        return there

    def mark(self, *parts: str) -> str:
        """A keyed hash, such as of a receipt's second part."""
        return self._hash(b"mark", "\0".join(parts).encode())

    def matches(self, mark: str, *parts: str) -> bool:
        """Whether a mark was made of these parts."""
        return compare_digest(mark, self.mark(*parts))

    def network(self, address: str, now: int) -> str:
        """Pseudonym of the addresses around one (/24, /48), of a day: its key is thrown away with the day."""
        try:
            ip = ip_address(address)
        except ValueError:
            return ""
        prefix = ip.packed[: 3 if ip.version == 4 else 6]
        today = f"day-{datetime.fromtimestamp(now / SECOND, UTC):%Y-%m-%d}"
        for old in self._folder.glob("day-*"):
            if old.name < today:
                old.unlink(missing_ok=True)
        return "n-" + blake2b(prefix, key=self._kept(today), digest_size=6).hexdigest()

    def retire(self, days: float, now: int) -> None:
        """Delete keys that were not used for so long."""
        for path in self._folder.glob("*.secret"):
            with suppress(OSError):
                if path.stat().st_mtime_ns < now - days * DAY:
                    self.erase(path.stem)

    def touch(self, reporter: str) -> None:
        """The reporter's key was used now."""
        path = self._path(reporter)
        with suppress(OSError):
            if path is not None:
                os.utime(path)

    def _path(self, reporter: str) -> Path | None:
        return self._folder / f"{reporter}.secret" if reporter.replace("-", "").isalnum() else None

    def _key(self, reporter: str) -> bytes | None:
        path = self._path(reporter)
        with suppress(OSError):
            if path is not None and len(key := path.read_bytes()) == _KEY:
                return key
        return None

    def _hash(self, what: bytes, data: bytes) -> str:
        return blake2b(data, key=self._salt, person=what, digest_size=16).hexdigest()

    def _kept(self, name: str) -> bytes:
        """A random value that stays the same; made where it isn't there."""
        path = self._folder / name
        if not path.exists():
            _put(path, secrets.token_bytes(_KEY))
        return path.read_bytes()


def _put(path: Path, data: bytes) -> None:
    """Write a small file for good, whole or not at all, readable by nobody else."""
    part = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)
    part.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
