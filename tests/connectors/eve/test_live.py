"""EVE as it is written, under the contract of followers."""

from infrastress.connectors.eve import EveConnector
from tests.connectors.eve.lines import modbus_write
from tests.connectors.nids.contract import FollowerContract


class TestEve(FollowerContract):
    connector = EveConnector
    path = log = "suricata/eve.json"
    line = staticmethod(modbus_write)
