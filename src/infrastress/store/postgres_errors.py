"""PostgreSQL's errors in words: what, and what to do about it, by SQLSTATE, or by what libpq says while connecting."""

from typing import Any

from infrastress.core.errors import StoreError

__all__ = ["explain"]

Words = tuple[str, str]

_BY_STATE: dict[str, Words] = {  # SQLSTATE, or its class
    "08": ("the connection to the server is lost", "look whether the server runs and the network is up"),
    "0A": ("the server can't do this", "take a newer PostgreSQL"),
    "22": ("a value can't be stored", "report this"),
    "25006": (
        "the database is read-only",
        "connect to the primary server (several hosts: add target_session_attrs=read-write to the URL)",
    ),
    "25P03": (
        "the transaction stood idle and was ended by the server",
        "nothing to do if this program was stopped or the machine suspended; it starts again from its last commit",
    ),
    "28": ("the server doesn't let this user in", "look at the user's name and at the server's pg_hba.conf"),
    "3D000": ("no such database", "make it: createdb --encoding UTF8 --owner USER NAME"),
    "3F": ("no such schema", "look at search_path in the URL, and whether this user may use the schema"),
    "40": ("the transaction was given up in favour of another's", "try again"),
    "42501": (
        "this user has not the right",
        "make the user owner of the database: ALTER DATABASE NAME OWNER TO USER",
    ),
    "42": ("the tables aren't as they should be", "was the schema changed by hand? restore the last backup"),
    "53100": ("the disk is full", "free space on the server; nothing acknowledged was lost"),
    "53200": ("the server is out of memory", "give it more memory, or lower its settings"),
    "53300": ("the server has too many connections", "raise max_connections, or close other programs"),
    "53": ("the server lacks resources", "look at the server's log"),
    "55P03": (
        "another process held what is needed too long",
        "find it: SELECT * FROM pg_stat_activity WHERE wait_event_type = 'Lock' OR state LIKE 'idle in%'",
    ),
    "57014": ("a statement took too long", "look at the server's load; VACUUM ANALYZE may help"),
    "57P04": ("the database was dropped", "restore the last backup"),
    "57": ("the server stops, or isn't up yet", "start it, or wait"),
    "58": ("the server's disk can't be read or written", "look at the server's log and disk"),
    "XX": ("the database is damaged", "stop, keep the server's files, and restore the last backup"),
}
_BY_WORDS: dict[str, Words] = {  # while connecting there is no SQLSTATE
    "password authentication failed": (
        "the password is wrong",
        "set PGPASSWORD, or correct the password file (PGPASSFILE, ~/.pgpass)",
    ),
    "no password supplied": ("a password is needed", "set PGPASSWORD, or a password file (PGPASSFILE, ~/.pgpass)"),
    "does not exist": (
        "no such database or user",
        "make it: createuser USER; createdb --encoding UTF8 --owner USER NAME",
    ),
    "no pg_hba.conf entry": _BY_STATE["28"],
    "authentication failed": _BY_STATE["28"],
    "permission denied": ("this user may not connect", "GRANT CONNECT ON DATABASE NAME TO USER"),
    "too many": _BY_STATE["53300"],
    "remaining connection slots": _BY_STATE["53300"],
    "starting up": _BY_STATE["57"],
    "shutting down": _BY_STATE["57"],
    "recovery": _BY_STATE["57"],
    "refused": ("no server answers", "start it, or look at host and port in the URL"),
    "No such file": ("no server answers", "start it, or look at host and port in the URL"),
    "translate host": ("the host is unknown", "look at the host in the URL"),
    "resolve": ("the host is unknown", "look at the host in the URL"),
    "invalid connection option": ("the URL has an unknown option", "options are libpq's, and folder"),
    "invalid": ("the URL has a wrong value", "look at port and options in the URL"),
    "certificate": ("the server's certificate isn't accepted", "look at sslmode and sslrootcert in the URL"),
    "SSL": ("no encrypted connection", "look at sslmode and sslrootcert in the URL"),
    "timeout": ("the server doesn't answer", "look at host and port in the URL, the network, and firewalls"),
}
_LOST = ("the connection to the server is lost", "look whether the server runs and the network is up")


def explain(error: Any, where: str) -> StoreError:
    """The driver's error as ours.

    Args:
        error: what psycopg raised.
        where: names the database, without user and password.
    """
    state = getattr(error, "sqlstate", None)
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    said = " ".join((primary or str(error)).split())
    if state:
        found = [_BY_STATE[key] for key in (state, state[:2]) if key in _BY_STATE]
        what, remedy = found[0] if found else ("the server refused", "report this")
        return StoreError(f"{what}: {said} (SQLSTATE {state})", where=where, remedy=remedy)
    what, remedy = next((words for key, words in _BY_WORDS.items() if key in said), _LOST)
    return StoreError(f"{what}: {said}", where=where, remedy=remedy)
