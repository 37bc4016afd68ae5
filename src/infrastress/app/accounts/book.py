"""The book of accounts, sessions and tokens: one file that only its owner may read, changed whole under a lock.

Whoever changes it (the API, the command `accounts`) reads it anew within the lock; whoever reads it notices changes by
the file's own time and number. Of passwords, sessions and tokens only hashes are in it.
"""

import fcntl
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import TypeVar

import msgspec

from infrastress.app.accounts.passwords import check_password, hash_password, new_password, verify
from infrastress.app.accounts.permissions import ROLES, Identity, Role
from infrastress.app.files import make_folder, write_atomically
from infrastress.core.errors import ConfigurationError, InputError

__all__ = ["FILE", "Account", "Book", "Session", "SessionPolicy", "Token", "WrongPassword", "digest"]

FILE = "accounts.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_SESSIONS = 20
"""Sessions of one account; another one ends the oldest."""
T = TypeVar("T")


class WrongPassword(InputError):  # noqa: N818 - what happened, and counted
    """The current password is wrong."""


class SessionPolicy(msgspec.Struct, frozen=True):
    """How long a sign-in holds, in seconds: without use, at most, and that of a one-time password."""

    idle_s: float = 3600.0
    absolute_s: float = 12 * 3600.0
    one_time_s: float = 24 * 3600.0
    touch_s: float = 60.0


class Account(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A person who may sign in; times are Unix seconds. A one-time password is good until `one_time`, 0: lasting."""

    name: str
    role: Role
    password: str
    created: float
    disabled: bool = False
    one_time: float = 0.0


class Session(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A sign-in, under the hash of its secret. `limited`: with a one-time password."""

    name: str
    created: float
    used: float
    address: str = ""
    limited: bool = False


class Token(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A machine's way in, under the hash of its secret."""

    name: str
    role: Role
    created: float
    expires: float


class _Content(msgspec.Struct, kw_only=True):
    format: int = 1
    accounts: dict[str, Account] = msgspec.field(default_factory=dict)
    sessions: dict[str, Session] = msgspec.field(default_factory=dict)
    tokens: dict[str, Token] = msgspec.field(default_factory=dict)


def digest(secret: str) -> str:
    """What is kept of a secret of 256 random bits: its SHA-256."""
    return sha256(secret.encode()).hexdigest()


class Book:
    """Accounts, sessions and tokens in a folder.

    Args:
        folder: the state folder of the site.
        policy: how long a sign-in holds.
        clock: wall clock, Unix seconds.
    """

    def __init__(
        self, folder: Path, policy: SessionPolicy | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.file = folder / FILE
        self.policy = policy or SessionPolicy()
        self._clock = clock
        self._lock = RLock()
        self._seen: tuple[int, int, int] | None = None
        self._content = _Content()

    @property
    def accounts(self) -> list[Account]:
        """All accounts by name."""
        return [account for _, account in sorted(self._read().accounts.items())]

    @property
    def can_sign_in(self) -> bool:
        """Whether there is an account that isn't disabled."""
        return any(not account.disabled for account in self._read().accounts.values())

    @property
    def sessions(self) -> list[tuple[str, Session]]:
        """Sessions that still hold, by their id."""
        now = self._clock()
        return [(key[:12], s) for key, s in self._read().sessions.items() if not self._over(s, now)]

    @property
    def tokens(self) -> list[Token]:
        """All tokens by name."""
        return sorted(self._read().tokens.values(), key=lambda token: token.name)

    def add(self, name: str, role: str, password: str | None) -> str | None:
        """Make an account; without a password returns a new one-time password, to be told once.

        Raises:
            InputError: the name, role or password can't be, or the name is taken.
        """
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r} is no name of an account", remedy="letters, digits, . _ @ - and at most 64")
        one_time, hashed = self._first(password, name)

        def change(content: _Content) -> None:
            if name.lower() in {known.lower() for known in content.accounts}:
                raise InputError(f"there is an account {name!r}", remedy="reset its password, or take another name")
            content.accounts[name] = self._account(name, _role(role), hashed, one_time)

        self._change(change)
        return one_time

    def reset(self, name: str, password: str | None) -> str | None:
        """Give an account another password and end its sessions; without one returns a new one-time password.

        Raises:
            InputError: there is no such account, or the password can't be.
        """
        self._account_of(self._read(), name)
        one_time, hashed = self._first(password, name)

        def change(content: _Content) -> None:
            known = self._account_of(content, name)
            content.accounts[name] = self._account(name, known.role, hashed, one_time, disabled=known.disabled)
            _end_sessions(content, name)

        self._change(change)
        return one_time

    def choose(self, name: str, current: str, password: str, *, keep: str = "") -> None:
        """An account chooses another password; its other sessions end.

        Raises:
            WrongPassword: the current one is wrong.
            InputError: the new one can't be.
        """
        known = self._read().accounts.get(name)
        check_password(password, name=name)  # before the current one is tried: bad form is no wrong guess
        if not verify(known.password if known else None, current):
            raise WrongPassword("the current password is wrong")
        if current == password:
            raise InputError("the new password is the old one")
        hashed = hash_password(password)

        def change(content: _Content) -> None:
            account = self._account_of(content, name)
            account.password, account.one_time = hashed, 0.0
            _end_sessions(content, name, keep=keep)
            if keep in content.sessions:
                content.sessions[keep].limited = False

        self._change(change)

    def disable(self, name: str, *, disabled: bool = True) -> None:
        """Bar an account and end its sessions, or let it in again; raises InputError where there is none."""

        def change(content: _Content) -> None:
            self._account_of(content, name).disabled = disabled
            _end_sessions(content, name)

        self._change(change)

    def sign_in(self, name: str, password: str, address: str = "") -> tuple[str, Session] | None:
        """A new session's secret and the session, or None: the answer and its time don't tell why not."""
        account = self._read().accounts.get(name)
        fits = verify(account.password if account else None, password)
        now = self._clock()
        if account is None or not fits or account.disabled or 0 < account.one_time < now:
            return None
        secret = secrets.token_urlsafe(32)
        session = Session(name=name, created=now, used=now, address=address, limited=account.one_time > 0)

        def change(content: _Content) -> None:
            if (kept := content.accounts.get(name)) is None or kept.password != account.password or kept.disabled:
                return
            content.sessions = {key: s for key, s in content.sessions.items() if not self._over(s, now)}
            mine = sorted((s.used, key) for key, s in content.sessions.items() if s.name == name)
            for _, key in mine[: max(0, len(mine) - _SESSIONS + 1)]:
                del content.sessions[key]
            content.sessions[digest(secret)] = session

        self._change(change)
        return (secret, session) if digest(secret) in self._content.sessions else None

    def session(self, secret: str) -> Identity | None:
        """Who a session's secret stands for; its use is noted. None where it has ended."""
        key, now = digest(secret), self._clock()
        content = self._read()
        session = content.sessions.get(key)
        account = content.accounts.get(session.name) if session else None
        if session is None or account is None or account.disabled or self._over(session, now):
            return None
        self._touch(key, session, now)
        return Identity(account.name, account.role, "session", key, session.limited)

    def ends(self, key: str) -> float | None:
        """When a session ends at the latest, Unix seconds; None where there is none of that id."""
        session = self._read().sessions.get(key)
        return session.created + self.policy.absolute_s if session else None

    def sign_out(self, key: str) -> None:
        """End a session, by the hash of its secret or the beginning of that."""
        self._change(
            lambda content: [content.sessions.pop(k) for k in list(content.sessions) if k.startswith(key or "-")]
        )

    def add_token(self, name: str, role: str, days: float) -> str:
        """A new token's secret, to be told once.

        Raises:
            InputError: the name, role or number of days can't be, or the name is taken.
        """
        if not _NAME.fullmatch(name) or not 0 < days <= 3660:
            raise InputError("a token needs a name, and at most 3660 days", remedy="letters, digits, . _ @ -")
        secret, now = f"ist_{secrets.token_urlsafe(32)}", self._clock()

        def change(content: _Content) -> None:
            if any(token.name == name for token in content.tokens.values()):
                raise InputError(f"there is a token {name!r}", remedy="revoke it first, or take another name")
            token = Token(name=name, role=_role(role), created=now, expires=now + days * 86_400)
            content.tokens[digest(secret)] = token

        self._change(change)
        return secret

    def revoke_token(self, name: str) -> None:
        """Raises InputError where there is none of that name."""

        def change(content: _Content) -> None:
            keys = [key for key, token in content.tokens.items() if token.name == name]
            if not keys:
                raise InputError(f"there is no token {name!r}")
            del content.tokens[keys[0]]

        self._change(change)

    def token(self, secret: str) -> Identity | None:
        """Who a token stands for; None where it is unknown or has expired."""
        key = digest(secret)
        token = self._read().tokens.get(key)
        if token is None or token.expires <= self._clock():
            return None
        return Identity(token.name, token.role, "token", key)

    def holds(self, identity: Identity) -> bool:
        """Whether a session or token that was good still is; an open stream is use, for a screen shows it."""
        content, now = self._read(), self._clock()
        if identity.kind == "local":
            return not any(not account.disabled for account in content.accounts.values())
        if identity.kind == "token":
            token = content.tokens.get(identity.key)
            return token is not None and token.expires > now
        session, account = content.sessions.get(identity.key), content.accounts.get(identity.name)
        if session is None or account is None or account.disabled or self._over(session, now):
            return False
        self._touch(identity.key, session, now)
        return True

    def _touch(self, key: str, session: Session, now: float) -> None:
        """Note a use, not more often than once a minute."""
        if now - session.used <= self.policy.touch_s:
            return

        def change(content: _Content) -> None:
            if key in content.sessions:
                content.sessions[key].used = now

        with suppress(OSError):  # a full disk signs nobody out
            self._change(change)

    def _over(self, session: Session, now: float) -> bool:
        policy = self.policy
        return (
            now - session.used > policy.idle_s
            or now - session.created > policy.absolute_s
            or now < session.created - 60
        )

    def _first(self, password: str | None, name: str) -> tuple[str | None, str]:
        if password is None:
            one_time = new_password()
            return one_time, hash_password(one_time)
        check_password(password, name=name)
        return None, hash_password(password)

    def _account(self, name: str, role: Role, hashed: str, one_time: str | None, *, disabled: bool = False) -> Account:
        now = self._clock()
        until = now + self.policy.one_time_s if one_time else 0.0
        return Account(name=name, role=role, password=hashed, created=now, disabled=disabled, one_time=until)

    def _account_of(self, content: _Content, name: str) -> Account:
        if name not in content.accounts:
            raise InputError(
                f"there is no account {name!r}", remedy=f"there are: {', '.join(content.accounts) or 'none'}"
            )
        return content.accounts[name]

    def _read(self) -> _Content:
        with self._lock:
            try:
                status = os.stat(self.file)
            except FileNotFoundError:
                self._seen, self._content = None, _Content()
                return self._content
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if seen != self._seen:
                if status.st_mode & 0o077:
                    raise ConfigurationError(
                        "others may read the accounts", where=str(self.file), remedy=f"chmod 600 {self.file}"
                    )
                self._content, self._seen = self._decode(), seen
            return self._content

    def _decode(self) -> _Content:
        try:
            return msgspec.json.decode(self.file.read_bytes(), type=_Content)
        except msgspec.MsgspecError as error:
            raise ConfigurationError(
                f"the accounts are damaged: {error}", where=str(self.file), remedy="restore them from the last backup"
            ) from None

    def _change(self, change: Callable[[_Content], T]) -> T:
        with self._lock, self._alone():
            content = self._decode() if self.file.exists() else _Content()
            done = change(content)
            write_atomically(self.file, msgspec.json.format(msgspec.json.encode(content)) + b"\n", mode=0o600)
            self._seen = None
            self._read()
            return done

    @contextmanager
    def _alone(self) -> Iterator[None]:
        make_folder(self.file.parent)
        handle = os.open(self.file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)  # falls with the process
            yield
        finally:
            os.close(handle)


def _role(role: str) -> Role:
    for known in ROLES:
        if role == known:
            return known
    raise InputError(f"there is no role {role!r}", remedy=f"take one of {', '.join(ROLES)}")


def _end_sessions(content: _Content, name: str, *, keep: str = "") -> None:
    content.sessions = {key: s for key, s in content.sessions.items() if s.name != name or key == keep}
