"""Which source of a site the portal belongs to."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from infrastress.core.errors import ConfigurationError
from infrastress.site.connections import Connection

if TYPE_CHECKING:  # sites without a portal need not load it
    from infrastress.connectors.reports.options import ReportsOptions

__all__ = ["CONNECTOR", "options_of"]

CONNECTOR = "reports"


def options_of(connections: Mapping[str, Connection]) -> "ReportsOptions | None":
    """Options of the source that the form belongs to; None where a site has none.

    Raises:
        ConfigurationError: there are several, or its options have faults.
    """
    found = {source: one for source, one in connections.items() if one.connector == CONNECTOR}
    if not found:
        return None
    if len(found) > 1:
        raise ConfigurationError(
            f"several sources have the connector {CONNECTOR}: {', '.join(sorted(found))}", remedy="leave it to one"
        )
    from pydantic import ValidationError

    from infrastress.connectors.reports.options import ReportsOptions

    try:
        return next((ReportsOptions.model_validate(one.options) for one in found.values()), None)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigurationError(f"options of {CONNECTOR!r}: {told}", where="connections") from None
