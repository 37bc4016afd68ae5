"""Telling someone who isn't looking: mail, webhook, siren, by severity, with escalation, out of a durable out-box."""

from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag
from typing import Protocol

__all__ = ["Config", "Link", "run"]


class Config(Protocol):
    """What `run` needs of the service's configuration."""

    @property
    def site(self) -> Path:
        """The site's folder, or its file: holds notifications.yaml."""

    @property
    def site_id(self) -> str:
        """The site's id."""

    @property
    def store(self) -> str:
        """Folder or URL of the store."""

    @property
    def secrets(self) -> Path | None:
        """The secrets file."""


class Link(Protocol):
    """What `run` needs of whoever started it."""

    stopping: Flag

    def ready(self, **told: object) -> None:
        """It works."""

    def beat(self, **told: object) -> None:
        """It is alive."""

    def on_site(self, callback: Callable[[str], None]) -> None:
        """Call back when another site model is in force."""


def run(config: Config, link: Link) -> None:
    """Notify for a site until `link.stopping` is set.

    Raises:
        InfrastressError: the store can't be opened, no site model is in force, or another took the notifier's place.
    """
    import time

    import structlog

    from infrastress.app.notify.notifier import Notifier
    from infrastress.app.service.models import site_in_force
    from infrastress.core.clock import EventClock
    from infrastress.core.secrets import Secrets
    from infrastress.store import open_store

    log = structlog.get_logger()
    folder = config.site.parent if config.site.is_file() else config.site
    changed = Flag()
    link.on_site(lambda _: changed.set())
    with open_store(config.store, upgrade=False) as store:
        setup = site_in_force(store, config.site_id)  # not the folder's model: an edit there may have faults
        notifier = Notifier(
            store,
            setup.site,
            folder,
            lambda: Secrets(config.secrets),
            cards=setup.cards,
            clock=EventClock.of_environment(),
            log=lambda text: log.warning("notify", detail=text),
        )
        notifier.start()
        link.ready(**notifier.counts())
        beat = 0.0
        while not link.stopping.is_set():
            if changed.is_set():
                changed.clear()
                setup = site_in_force(store, config.site_id)
                notifier.use_site(setup.site, setup.cards)
            notifier.step()
            if time.monotonic() >= beat:
                beat = time.monotonic() + 1.0
                link.beat(**notifier.counts(), settings_fault=notifier.settings_fault, store_fault=notifier.store_fault)
        notifier.finish(3.0)
