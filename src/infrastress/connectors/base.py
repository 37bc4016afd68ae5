"""The connector family: one base, found by entry point, held to `tests/connectors/contract.py`."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import BaseModel

from infrastress.events.delivery import Delivery
from infrastress.site import Site
from infrastress.site.sources import Source

__all__ = ["Connector"]


class Connector(ABC):
    """Reads one source. Malformed input is refused with its reason and counted, never raised.

    Args:
        site: the site model.
        source: the source it reads.
        options: an instance of `Options`.
    """

    name: ClassVar[str]
    Options: ClassVar[type[BaseModel]]

    def __init__(self, site: Site, source: Source, options: Any) -> None:
        self.site = site
        self.source = source
        self.options = options

    @abstractmethod
    def deliveries(self, after: bytes | None = None) -> Iterator[Delivery]:
        """Deliveries behind a position, in the source's order; ends where the source ends.

        Raises:
            InputError: the source can't be read at all.
            MappingError: its mapping doesn't fit.
        """
