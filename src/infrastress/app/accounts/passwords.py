"""Passwords: argon2id, and which are taken (NIST SP 800-63B: long, not common, no rules of composition)."""

import secrets
from base64 import b64encode
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.low_level import ARGON2_VERSION
from argon2.profiles import RFC_9106_LOW_MEMORY

from infrastress.core.errors import InputError

__all__ = ["LONGEST", "SHORTEST", "check_password", "hash_password", "new_password", "nobodys_hash", "verify"]

SHORTEST, LONGEST = 12, 256
_HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_AT_ONCE = BoundedSemaphore(2)
"""Each takes 64 MB and a core for a while: more at once would take the plant's machine from its pipeline."""

# Common ones of twelve characters or more, and words that a plant's people think of first.
_COMMON_ONES = """
    123456789012 1234567890123 12345678901234 123456789012345 1234567890123456 111111111111 000000000000
    1q2w3e4r5t6y qwertyuiopas qwertyuiop12 qwertyuiop123 q1w2e3r4t5y6 1qaz2wsx3edc 1qazxsw23edc zaq12wsxcde3
    passwordpassword password1234 password12345 password123456 password1234567 passw0rd1234 p@ssw0rd1234
    p@ssword1234 administrator administrator1 adminadminadmin admin1234567 admin12345678 welcome12345 welcome123456
    letmeinletmein letmein12345 iloveyou1234 iloveyouiloveyou changeme1234 changemechangeme changemenow1
    infrastress infrastress1 infrastress12 infrastress123 infrastress1234 infrastressinfrastress operator1234
    operatoroperator operator12345 securitysecurity security1234 controlroom1 controlroom12 controlroom123
    abcdefghijkl abcdefghijklm abcdefghijklmnop aaaaaaaaaaaa abc123abc123 abcd1234abcd test12345678 testtesttest
    default12345 defaultdefault supervisor12 supervisor123 maintenance1 maintenance123 schneider123 siemens12345
    summer2024summer winter2024winter correcthorsebatterystaple
"""
_COMMON = frozenset(_COMMON_ONES.split())


def check_password(password: str, *, name: str = "") -> None:
    """Whether a password may be chosen.

    Raises:
        InputError: too short, too long, common, of one repeated piece, or the account's own name.
    """
    remedy = "several words that don't belong together are easy to remember and hard to guess"
    if len(password) < SHORTEST:
        raise InputError(f"the password has {len(password)} characters, at least {SHORTEST} are needed", remedy=remedy)
    if len(password) > LONGEST:
        raise InputError(f"the password has more than {LONGEST} characters")
    low = password.lower()
    repeated = any(low == low[:size] * (len(low) // size) for size in range(1, 5) if len(low) % size == 0)
    if low in _COMMON or repeated or (name and name.lower() in (low, low[::-1], low[: len(low) // 2])):
        raise InputError("this password is among the first that are tried", remedy=remedy)


def hash_password(password: str) -> str:
    """The argon2id hash with its parameters, for keeping."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def nobodys_hash() -> str:
    """A hash of no password, made without hashing: whoever only imports this module waits for nothing."""
    salt, digest = secrets.token_bytes(_HASHER.salt_len), secrets.token_bytes(_HASHER.hash_len)
    costs = f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    words = (b64encode(part).decode().rstrip("=") for part in (salt, digest))
    return f"$argon2id$v={ARGON2_VERSION}${costs}${'$'.join(words)}"


_NOBODY = nobodys_hash()


def verify(kept: str | None, password: str) -> bool:
    """Whether a password belongs to a hash; takes as long where there is no account (None)."""
    with _AT_ONCE:
        try:
            return _HASHER.verify(kept or _NOBODY, password[: LONGEST + 1]) and kept is not None
        except (Argon2Error, InvalidHashError):
            return False


def new_password() -> str:
    """A one-time password: 100 bits in groups that can be read out."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(4))
