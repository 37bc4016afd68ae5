"""Suricata's EVE log as a source: recorded, and as it is written."""

from typing import ClassVar

from infrastress.connectors.eve.reading import EveReading
from infrastress.connectors.nids.live import LogFollower
from infrastress.connectors.nids.reading import Reading
from infrastress.connectors.nids.recorded import LogConnector

__all__ = ["EveConnector", "EveLogConnector"]


class EveLogConnector(LogConnector):
    """Reads one recorded EVE log."""

    name: ClassVar[str] = "eve_log"
    reading: ClassVar[type[Reading]] = EveReading


class EveConnector(LogFollower):
    """Follows one EVE log: `path` is the file that Suricata writes; its rotations lie beside it."""

    name: ClassVar[str] = "eve"
    reading: ClassVar[type[Reading]] = EveReading
