"""What is in force, and how it changes: checked first, then written to the log as a decision."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

import msgspec

from infrastress import __version__
from infrastress.app.service.config import ServiceConfig
from infrastress.app.service.connecting import connectors_of, live_clock
from infrastress.app.service.judge import owner_of
from infrastress.app.service.models import Prepared, changed_parts, prepare
from infrastress.connectors.base import LiveContext
from infrastress.core.clock import EventClock
from infrastress.core.errors import ConfigurationError, Fenced, OutcomeUnknown
from infrastress.core.secrets import Secrets
from infrastress.runtime.reloading import decision_output
from infrastress.store.ports import Lease, Store

__all__ = ["Force"]

_LEASE_S = 10.0
_LOOK_S = 0.25


class Force:
    """Puts site models in force, and writes what is decided about the service into the log.

    It holds the lease `serve/<site>`, so that of two services on one database the second is refused. Its methods may be
    called from any thread.

    Args:
        store: where log and blobs are.
        config: of the service.
        patience_s: how long a lease that belongs to another must stand still before it is taken.
        clock: of decisions; the environment's or machine's by default.

    Raises:
        ConfigurationError: another service works on this store.
    """

    def __init__(
        self, store: Store, config: ServiceConfig, *, patience_s: float = _LEASE_S, clock: EventClock | None = None
    ) -> None:
        self._store, self._config = store, config
        self._clock = clock or live_clock()
        self._lock = Lock()
        self._name = f"serve/{config.site_id}"
        self._owner = owner_of(config, "supervisor")
        self._lease: Lease = self._take(patience_s)
        row = store.records.get("decision", f"{config.site_id}/site")
        self.setup: str = msgspec.json.decode(row.data)["setup"] if row else ""
        """Content hash of the setup in force; empty before the first."""

    def check(self) -> Prepared:
        """Check the site folder and its connections as they are now.

        Raises:
            InfrastressError: what is wrong.
        """
        prepared = prepare(self._config.site, self._config.state, self._config.connections)
        if prepared.site.id != self._config.site_id:
            raise ConfigurationError(
                f"the site is now called {prepared.site.id!r}, it was {self._config.site_id!r}",
                where=str(self._config.site),
                remedy="stop the service and start it anew: another id is another site",
            )
        return prepared

    def check_connections(self, prepared: Prepared) -> None:
        """Build all live connectors, without starting one.

        Raises:
            ConfigurationError: with the faults, by source.
        """
        folder = self._config.site if self._config.site.is_dir() else self._config.site.parent
        context = LiveContext(self._clock, Secrets(self._config.secrets), folder)
        connectors_of(prepared.site, prepared.connections, context)

    def change(self, prepared: Prepared, *, by: str, why: str = "") -> tuple[str, ...]:
        """Put a checked folder in force; returns which parts that changes.

        Raises:
            StoreError: the store can't be written; nothing has changed.
        """
        blobs = self._store.blobs
        before = blobs.get(self.setup) if self.setup and blobs.has(self.setup) else None
        if before == prepared.data:
            return ()
        changed = changed_parts(before, prepared.data)
        digest = blobs.put(prepared.data)
        setup = msgspec.json.decode(prepared.data)
        self._decide(
            {
                "decision": "site",
                "setup": digest,
                "site_version": prepared.site.version,
                "detectors": setup["detectors"],
                "baselines": setup["contents"],
                "learned": setup["learned"],
                "changed": changed,
                "by": by,
                "why": why,
                "infrastress": __version__,
            }
        )
        self.setup = digest
        return changed

    def note_disk(self, level: str, free: int) -> None:
        """Write into the log that the disk's level has changed.

        Raises:
            StoreError: the store can't be written.
        """
        self._decide({"decision": "disk", "level": level, "free_bytes": free})

    def settle(self) -> None:
        """Have the store take no more room than it needs: on a full disk its write-ahead log may not grow."""
        settle: Callable[[], None] | None = getattr(self._store, "settle", None)
        if settle is not None:
            settle()

    def renew(self) -> None:
        """Say "alive".

        Raises:
            Fenced: another service has taken this store over.
            StoreError: the database is away.
        """
        with self._lock:
            self._lease.renew()

    def release(self) -> None:
        """Let another serve."""
        with self._lock:
            self._lease.release()

    def _decide(self, fields: dict[str, Any]) -> None:
        output = decision_output(self._config.site_id, {**fields, "at": self._clock.now()})
        with self._lock:
            step = self._lease.offset + 1
            try:
                self._lease.commit(step, None, [output])
            except OutcomeUnknown:  # a record with an id that is there already is kept once
                self._lease = self._take(0.0)
                if self._lease.offset < step:
                    self._lease.commit(step, None, [output])

    def _take(self, patience_s: float) -> Lease:
        """The lease, once nobody lives on it."""
        checkpoints = self._store.checkpoints
        first = checkpoints.observe(self._name)
        limit = time.monotonic() + patience_s
        while first.owner not in ("", self._owner) and time.monotonic() < limit:
            time.sleep(_LOOK_S)
            if checkpoints.observe(self._name) != first:
                raise ConfigurationError(
                    f"site {self._config.site_id!r} is served on this store already, by {first.owner}",
                    where=self._config.store.rpartition("@")[2],
                    remedy="stop that one first, or give this one another store with --database",
                )
        try:
            return checkpoints.acquire(self._name, first, self._owner)
        except Fenced as error:
            raise ConfigurationError(f"another service was quicker: {error}", remedy="stop one of them") from error
