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
        """The site's folder, or its file."""

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
        InfrastressError: the store can't be opened, or another took the notifier's place.
    """
    import time

    import structlog

    from infrastress.app.detecting import cards_of, choose_detectors
    from infrastress.app.notify.notifier import Notifier
    from infrastress.core.clock import EventClock
    from infrastress.core.secrets import Secrets
    from infrastress.site.load import load_site
    from infrastress.store import open_store

    log = structlog.get_logger()
    folder = config.site.parent if config.site.is_file() else config.site
    changed = Flag()
    link.on_site(lambda _: changed.set())
    with open_store(config.store, upgrade=False) as store:
        site = load_site(config.site)
        notifier = Notifier(
            store,
            site,
            folder,
            lambda: Secrets(config.secrets),
            cards=cards_of(choose_detectors(site)),
            clock=EventClock.of_environment(),
            log=lambda text: log.warning("notify", detail=text),
        )
        notifier.start()
        link.ready(**notifier.counts())
        beat = 0.0
        while not link.stopping.is_set():
            if changed.is_set():
                changed.clear()
                site = load_site(config.site)
                notifier.use_site(site, cards_of(choose_detectors(site)))
            notifier.step()
            if time.monotonic() >= beat:
                beat = time.monotonic() + 1.0
                link.beat(**notifier.counts(), settings_fault=notifier.settings_fault)
        notifier.finish(3.0)
