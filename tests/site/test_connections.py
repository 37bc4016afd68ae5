"""Connections: of the site file, and of a file beside it that speaks for the sources it names."""

from pathlib import Path

import pytest

from infrastress.core.errors import ConfigurationError
from infrastress.site import Site
from infrastress.site.connections import connections_of

SITE = Site.model_validate(
    {
        "id": "plant",
        "sources": [
            {"id": "scada", "connector": "mqtt", "kind": "telemetry", "options": {"host": "broker"}},
            {"id": "doors", "kind": "access"},
        ],
    }
)


def test_recorded_sources_have_none() -> None:
    assert list(connections_of(SITE)) == ["scada"]


def test_a_file_speaks_for_the_sources_it_names(tmp_path: Path) -> None:
    file = tmp_path / "here.yaml"
    file.write_text("doors: {connector: syslog, options: {port: 5514}}\n")
    found = connections_of(SITE, file)
    assert found["doors"].options == {"port": 5514}
    assert found["scada"].connector == "mqtt"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gates: {connector: mqtt}", "no source"),
        ("doors: {options: {}}", "connector"),
        ("doors: mqtt", "doors"),
        ("a: b: c", "no YAML"),
        ("- 1", "dict"),
    ],
)
def test_faults_are_told(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "here.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        connections_of(SITE, file)
