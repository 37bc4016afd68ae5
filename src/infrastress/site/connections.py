"""Connections: how each source is reached when the site is live.

They may stand in `site.yaml` with the sources. Addresses that differ from machine to machine stand apart, in
`SITE/connections.yaml` or a file named with `--connections`, by source:

    scada: {connector: modbus, options: {...}}

A file speaks for the sources it names; the site model keeps the rest. Neither holds a secret: options name them.
"""

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from infrastress.core.errors import ConfigurationError
from infrastress.site.base import Id, Model, Options
from infrastress.site.model import Site

__all__ = ["FILE", "Connection", "connections_of"]

FILE = "connections.yaml"
_MAX_BYTES = 20_000_000
_RECORDED = "files"
"""The connector of sources that are only ever replayed."""


class Connection(Model):
    """A connector and its options."""

    connector: str
    options: Options = Field(default_factory=dict)


_ALL = TypeAdapter(dict[Id, Connection])


def connections_of(site: Site, file: Path | None = None) -> dict[str, Connection]:
    """The live connection of each source that has one, by source id.

    Args:
        site: the site model.
        file: a file of connections; without it `connections.yaml` in the site's folder, where there is one.

    Raises:
        ConfigurationError: the file can't be read, has faults, or speaks of sources that the site doesn't have.
    """
    if file is None and site.folder is not None and (site.folder / FILE).is_file():
        file = site.folder / FILE
    found = {
        s.id: Connection(connector=s.connector, options=s.options) for s in site.sources if s.connector != _RECORDED
    }
    if file is not None:
        found.update(_read(site, file))
    return found


def _read(site: Site, file: Path) -> Mapping[str, Connection]:
    where = str(file)
    try:
        with file.open("rb") as stream:
            connections = _ALL.validate_python(yaml.safe_load(stream.read(_MAX_BYTES)) or {})
    except OSError as error:
        raise ConfigurationError(f"the connections can't be read: {error.strerror}", where=where) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"no YAML: {error}", where=where) from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigurationError(faults, where=where, remedy="write one line a source: {connector, options}") from None
    strange = sorted(connections.keys() - site.source_by_id.keys())
    if strange:
        raise ConfigurationError(
            f"no source of site {site.id!r}: {', '.join(strange)}",
            where=where,
            remedy=f"it has {', '.join(site.source_by_id)}",
        )
    return connections
