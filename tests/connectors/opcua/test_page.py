"""docs/connect-opcua.md: its example works, and it has every option."""

import re
from pathlib import Path

import yaml

from infrastress.connectors.base import LiveContext
from infrastress.connectors.opcua import NodeOptions, OpcUaConnector, OpcUaOptions
from infrastress.site import Site
from infrastress.site.connections import connections_of
from tests.connectors.live_contract import run
from tests.connectors.opcua.listening import listened, served
from tests.peers.sink import until

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "connect-opcua.md").read_text()
SITE = """
id: plant
assets: [{id: T-1, type: tank, height_m: 12, diameter_m: 10}, {id: XV-1, type: valve}]
signals:
  - {id: LT-1, asset: T-1, kind: level, unit: m}
  - {id: FT-1, asset: T-1, kind: flow, unit: m3/h}
  - {id: XV-1.state, asset: XV-1, kind: state}
sources: [{id: scada, kind: telemetry, cadence_s: 1}]
"""


def test_the_example(tmp_path):
    (connections,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    site = Site.model_validate(yaml.safe_load(SITE))
    nodes = {"Tank1.Level": 7.25, "Tank1.Flow": 3.0, "Tank1.Valve": "OPEN"}

    async def main() -> None:
        async with served(tmp_path, nodes) as server:
            (tmp_path / "connections.yaml").write_text(
                connections.replace("10.20.20.11:4840", f"127.0.0.1:{server.port}")
            )
            connection = connections_of(site, tmp_path / "connections.yaml")["scada"]
            options = OpcUaOptions.model_validate(connection.options | {"security": "none"})
            made = OpcUaConnector(site, site.sources[0], options, LiveContext(folder=tmp_path))
            async with listened(made) as sink:
                await until(lambda: len({tag for _, tag, _ in sink.readings}) == 3, "values")
            values = {tag: round(value, 6) for _, tag, value in sink.readings}
            assert values == {"LT-1": 7.25, "FT-1": 0.003, "XV-1.state": 1.0}

    run(main())


def test_every_option_is_told():
    for model in (OpcUaOptions, NodeOptions):
        missing = [name for name in model.model_fields if f"`{name}`" not in PAGE]
        assert not missing, model
