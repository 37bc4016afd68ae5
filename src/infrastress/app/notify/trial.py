"""A test message by each channel, and a look into the out-box: what people do by hand."""

import time
from collections.abc import Callable
from pathlib import Path

from infrastress.app.keeping.backup import Place
from infrastress.app.notify.channels import DeliveryError, make_channel
from infrastress.app.notify.outbox import KIND, Message, decode_message, message_of
from infrastress.app.notify.settings import FILE, read_settings
from infrastress.core.errors import ConfigurationError
from infrastress.core.secrets import Secrets
from infrastress.site.load import load_site
from infrastress.store import open_store
from infrastress.store.ports import Store

__all__ = ["all_messages", "messages_of", "send_test"]


def send_test(
    site: Path,
    folder: Path,
    secrets: Path | None,
    only: str | None,
    *,
    advance: Callable[[float], None] = lambda _: None,
) -> dict[str, str]:
    """Send a test message; returns what went wrong by channel, "" where nothing did.

    Args:
        site: the site's folder or file.
        folder: holds notifications.yaml.
        secrets: the secrets file.
        only: one channel; None for all.
        advance: told of each channel.

    Raises:
        ConfigurationError: settings or secrets have faults, or there is no such channel.
    """
    model = load_site(site)
    settings = read_settings(model, folder)
    if not settings.channels or (only is not None and only not in settings.channels):
        raise ConfigurationError(
            f"there is no channel {only!r}" if only is not None else "no channel is set up",
            where=str(folder / FILE),
            remedy=f"it has {', '.join(settings.channels)}" if settings.channels else "see docs/notifications.md",
        )
    keys = Secrets(secrets)
    results = {}
    for name, one in settings.channels.items():
        if only in (None, name):
            message = message_of(
                time.time_ns(),
                site=model.id,
                channel=name,
                kind="test",
                severity="info",
                title="Test: nothing has happened",
                text=f"A test of notifications of {model.name or model.id}. Nobody has to do anything.",
                created=time.time_ns(),
            )
            try:
                results[name] = make_channel(one, keys).send(message)
            except DeliveryError as error:
                results[name] = error.what
            advance(1)
    return results


def messages_of(site: Path, database: str | None) -> list[Message]:
    """All messages of a site's out-box, oldest first; raises ConfigurationError where there is no store yet."""
    place = Place.of(site, database=database)
    if "://" not in place.store and not place.paths.database.is_file():
        raise ConfigurationError("the site was never served: there is no out-box yet", where=place.store)
    with open_store(place.store, upgrade=False) as store:
        return all_messages(store, load_site(site).id)


def all_messages(store: Store, site: str) -> list[Message]:
    """Newest version of every message, oldest first."""
    found: list[Message] = []
    after: tuple[int, str] | None = None
    while rows := store.records.list(KIND, after=after, limit=500):
        found += [decode_message(row.data) for row in rows if row.key.startswith(f"{site}/")]
        after = (rows[-1].sort, rows[-1].key)
    return found
