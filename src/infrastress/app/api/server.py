"""The API as a process of the service, over the site model in force."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cache
from typing import Any

import msgspec
import structlog

from infrastress.app.accounts import Book
from infrastress.app.api.app import create_app
from infrastress.app.api.checking import check_folder
from infrastress.app.api.deployment import deployment_of, may_listen
from infrastress.app.api.opened import Opened
from infrastress.app.api.settings import STORY_VARIABLE, ApiSettings, InForce
from infrastress.app.keeping.backup import Place
from infrastress.app.reports.desk import reports_folder
from infrastress.app.service.models import detectors_of, site_in_force
from infrastress.app.service.status import read_status
from infrastress.core.clock import EventClock
from infrastress.core.errors import InfrastressError
from infrastress.site.check import check_site
from infrastress.store import open_store

__all__ = ["run"]

_STATUS_S = 5.0


def run(config: Any, link: Any, opened: Opened | None = None) -> None:
    """Serve until told to stop.

    Args:
        config: a `ServiceConfig`.
        link: a `Link` to the supervisor.
        opened: the door, where it is open already.

    Raises:
        ConfigurationError: accounts or api.yaml can't be used.
        StoreError: the store can't be opened, or no site model was put in force.
    """
    may_listen(config)
    deployment = deployment_of(config.site)
    opened = opened or Opened(config)
    with open_store(config.store) as store:
        served = _Served(config, store, lambda: site_in_force(store, config.site_id))
        link.on_site(lambda _: served.renew())
        settings = ApiSettings(
            host=config.host,
            hosts=deployment.hosts,
            tls=deployment.tls in ("here", "proxy"),
            story=os.environ.get(STORY_VARIABLE, ""),
        )
        app = create_app(
            store, lambda: served.now, book=Book(config.state), settings=settings, clock=EventClock.of_environment()
        )
        scheme = "https" if deployment.tls == "here" else "http"
        host = f"[{config.host}]" if ":" in config.host else config.host
        address = f"{scheme}://{host}:{opened.port}"
        link.on_stop(opened.stop.set)
        opened.beat = link.beat
        opened.admit(app)
        link.ready(address=address)
        opened.wait()


class _Served:
    """The model in force, kept until another one is."""

    def __init__(self, config: Any, store: Any, read: Callable[[], Any]) -> None:
        self._config, self._store, self._read = config, store, read
        self.now = self._load()

    def renew(self) -> None:
        """Another model is in force."""
        try:
            self.now = self._load()
        except InfrastressError as error:  # the older one is still good to be shown
            structlog.get_logger().error("the site model in force can't be read", error=str(error))

    def _load(self) -> InForce:
        setup, config, blobs = self._read(), self._config, self._store.blobs
        return InForce(
            setup.site,
            dict(setup.cards),
            tuple(self._faults()),
            self._status,
            cache(lambda: detectors_of(setup)),
            lambda: check_folder(
                config.site, config.state, config.connections, setup.site, lambda: blobs.get(setup.digest)
            ),
            {source: one.connector for source, one in setup.connections.items()},
            dict(setup.detectors),
            dict(setup.contents),
            config.live,
            dict(setup.learned),
            reports_folder(config.site, setup.connections),
            Place(config.site, config.state, config.store),
        )

    def _faults(self) -> Iterator[dict[str, Any]]:
        for fault in check_site(self._config.site).faults:
            yield asdict(fault)

    def _status(self) -> dict[str, Any] | None:
        """What the supervisor writes, and why it isn't content."""
        status = read_status(self._config.live)
        if status is None:
            return None
        told: dict[str, Any] = msgspec.to_builtins(status)
        reasons = [
            f"process {name} is {child.state}" + (f": {child.last_error}" if child.last_error else "")
            for name, child in status.children.items()
            if child.state != "ready"
        ]
        if (time.time_ns() - status.written) / 1e9 > _STATUS_S:
            reasons = ["the supervisor has not told anything lately"]
        elif not status.ready and not reasons:
            reasons = ["the supervisor says: not ready"]
        return {**told, "reasons": reasons}
