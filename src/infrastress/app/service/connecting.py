"""Live connectors of a site: built from its connections, every fault named by its source."""

from typing import Any

from pydantic import ValidationError

from infrastress.connectors.base import LiveConnector, LiveContext
from infrastress.core.clock import CLOCK_VARIABLE, EventClock, SteadyClock
from infrastress.core.errors import ConfigurationError, InfrastressError
from infrastress.core.ids import canonical_json, content_hash
from infrastress.core.plugins import load_plugin
from infrastress.site import Site
from infrastress.site.connections import Connection

__all__ = ["connectors_of", "fingerprints", "live_clock"]

_UNSEEN = {"limits", "max_rate_per_h", "accuracy", "name"}
"""Fields of a signal that no connector needs."""


def live_clock() -> EventClock:
    """The clock of the environment (a testbed's), else the machine's, whose steps are noticed."""
    import os

    return EventClock.of_environment() if os.environ.get(CLOCK_VARIABLE) else SteadyClock()


def connectors_of(
    site: Site, connections: dict[str, Connection], context: LiveContext, *, only: set[str] | None = None
) -> dict[str, LiveConnector]:
    """A connector for each connection, by source; of some sources where `only` names them.

    Raises:
        ConfigurationError: with all faults, by source.
    """
    built: dict[str, LiveConnector] = {}
    faults: list[str] = []
    for source, connection in sorted(connections.items()):
        if only is not None and source not in only:
            continue
        try:
            built[source] = _build(site, source, connection, context)
        except ValidationError as error:
            told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            faults.append(f"source {source!r}, options of {connection.connector!r}: {told}")
        except InfrastressError as error:
            faults.append(f"source {source!r}: {error}")
        except Exception as error:  # a stranger's constructor may throw anything
            faults.append(f"source {source!r}: connector {connection.connector!r} failed: {error!r}")
    if faults:
        raise ConfigurationError(
            "\n    ".join(faults), where="connections", remedy="mend the sources' connector or options"
        )
    return built


def _build(site: Site, source: str, connection: Connection, context: LiveContext) -> LiveConnector:
    plugin: Any = load_plugin("connectors", connection.connector)
    if not (isinstance(plugin, type) and issubclass(plugin, LiveConnector)):
        raise ConfigurationError(f"connector {connection.connector!r} reads what is recorded; it can't listen")
    options = plugin.Options.model_validate(connection.options)
    return plugin(site, site.source_by_id[source], options, context)


def fingerprints(site: Site, connections: dict[str, Connection]) -> dict[str, str]:
    """Of all that a connector depends on, by source: one that stays the same needs no new connector."""
    model = {
        "signals": [signal.model_dump(mode="json", exclude=_UNSEEN) for signal in site.signals],
        "assets": [(asset.id, asset.type, asset.zone) for asset in site.assets],
        "people": [person.model_dump(mode="json") for person in site.people],
        "time_zone": site.time_zone,
    }
    return {
        source: content_hash(
            canonical_json(
                [model, site.source_by_id[source].model_dump(mode="json"), connection.model_dump(mode="json")]
            )
        )
        for source, connection in connections.items()
    }
