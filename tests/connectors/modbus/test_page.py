"""docs/connect-modbus.md: its example works, it has every option, and every reason it names is one."""

import re
from pathlib import Path

import yaml

from infrastress.connectors.base import LiveContext
from infrastress.connectors.modbus import DeviceOptions, ModbusConnector, ModbusOptions, TlsOptions, line
from infrastress.site import Site
from infrastress.site.connections import connections_of
from infrastress.site.process import Register
from tests.connectors.live_contract import run
from tests.connectors.modbus.test_polling import polled, served
from tests.peers.modbus import Memory, words_of
from tests.peers.sink import until

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "connect-modbus.md").read_text()


def test_the_example(tmp_path):
    model, connections = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    site = Site.model_validate(yaml.safe_load(model))
    memory = Memory()
    memory.put("input", 0, [*words_of("f", 7.25)[::-1], *words_of("h", 181)])
    memory.put("holding", 40, [0b1000])

    async def main() -> None:
        async with served({1: memory}) as server:
            (tmp_path / "connections.yaml").write_text(connections.replace("5020", str(server.port)))
            connection = connections_of(site, tmp_path / "connections.yaml")["scada"]
            assert connection.connector == "modbus"
            options = ModbusOptions.model_validate(connection.options)
            async with polled(ModbusConnector(site, site.sources[0], options, LiveContext())) as sink:
                await until(lambda: len(sink.readings) >= 3, "values")
            values = {tag: round(value, 6) for _, tag, value in sink.readings}
            assert values == {"LT-1": 7.25, "TT-1": round(273.15 + 18.1, 6), "LSHH-1": 1.0}

    run(main())


def test_every_option_is_told():
    for model in (ModbusOptions, DeviceOptions, TlsOptions, Register):
        missing = [name for name in model.model_fields if f"`{name}`" not in PAGE]
        assert not missing, model


def test_reasons_are_real():
    told = {reason.removeprefix("modbus") for reason in re.findall(r"`((?:modbus)?-[a-z-]+)`", PAGE)}
    real = {f"-{name}" for name in line._EXCEPTIONS.values()} | {"-timeout", "-lost", "-mismatch", "-garbage"}
    assert told == real
