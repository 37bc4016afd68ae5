"""A small site, and files to read."""

from pathlib import Path

import pytest

from infrastress.connectors.files import FilesConnector, FilesOptions, Mapping
from infrastress.site import Site
from infrastress.site.sources import Source


def small_site(time_zone: str = "UTC") -> Site:
    return Site.model_validate(
        {
            "id": "plant",
            "time_zone": time_zone,
            "assets": [{"id": "T1", "type": "tank", "height_m": 10, "diameter_m": 8}, {"id": "P1", "type": "pump"}],
            "signals": [
                {"id": "LT1", "asset": "T1", "kind": "level", "unit": "m"},
                {"id": "FT1", "asset": "P1", "kind": "flow", "unit": "m3/h"},
                {"id": "S1", "asset": "P1", "kind": "state", "source": "ot"},
            ],
            "sources": [
                {"id": "historian", "kind": "telemetry"},
                {"id": "ot", "kind": "network"},
                {"id": "doors", "kind": "access"},
            ],
        }
    )


def connector(
    path: Path, mapping: Mapping | None = None, site: Site | None = None, **options: object
) -> FilesConnector:
    used = FilesOptions.model_validate({"path": path, "mapping": mapping, **options})
    return FilesConnector(site or small_site(), Source(id="historian", kind="telemetry"), used)


@pytest.fixture
def site() -> Site:
    return small_site()
