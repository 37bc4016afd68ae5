"""The master polls every controller, and what it meets when one is restarted, deaf, out of reach or spoken for."""

from typing import Literal, NamedTuple

import numpy as np

from infrastress.core.time import SECOND
from infrastress.simulators.traffic.conversation import MILLISECOND, Put
from infrastress.simulators.traffic.frames import arp
from infrastress.simulators.traffic.modbus import read
from infrastress.simulators.traffic.plant import Device, Plant
from infrastress.simulators.traffic.talk import Talk

__all__ = ["Poller", "Trouble"]

_ARP_EVERY = 1200 * SECOND


class Trouble(NamedTuple):
    """What is wrong with a controller from `began` to `ended`, ns.

    `down` refuses connections, `deaf` takes requests and answers none, `away` isn't reached at all, and of `forged`
    replies a stranger with MAC address `mac` repeats what it showed when that began.
    """

    how: Literal["down", "deaf", "away", "forged"]
    began: int
    ended: int
    mac: bytes = b""


class Poller:
    """Polls.

    Args:
        plant: who is polled, by whom.
        draws: small differences in time.
        put: takes the packets.
    """

    def __init__(self, plant: Plant, draws: np.random.Generator, put: Put) -> None:
        self._plant, self._draws, self._put = plant, draws, put
        self._talks = {name: Talk(plant.master, device, draws, put) for name, device in plant.devices.items()}
        self._requests = {name: [read(*span) for span in one.spans] for name, one in plant.devices.items()}
        self._troubles: dict[str, list[Trouble]] = {name: [] for name in plant.devices}
        self._frozen: dict[str, dict[str, list[int]]] = {}
        self._arp = -1

    def trouble(self, name: str, trouble: Trouble) -> None:
        """Note what a controller will be like."""
        self._troubles[name].append(trouble)

    def poll(self, at: int) -> None:
        """Read all there is of every controller; the first time connect."""
        for number, (name, talk) in enumerate(self._talks.items()):
            jitter = float(self._draws.uniform(1.0, 8.0))
            begin = at + round((number * 40 + jitter) * MILLISECOND)
            now = [one for one in self._troubles[name] if one.began <= begin < one.ended]
            how = now[0].how if now else ""
            if how == "forged":
                self._forged(name, talk, begin, now[0].mac)
                continue
            if name in self._frozen:
                self._ends(name, talk, b"")
            if how in ("away", "down"):
                self._missed(talk, begin, refused=how == "down")
            elif how == "deaf" and talk.line.open:
                talk.line.told(begin, talk.request(self._requests[name][0]))
            else:
                self._ask(name, talk, begin)
        if at // _ARP_EVERY != self._arp:
            self._arp = at // _ARP_EVERY
            for device in self._plant.devices.values():
                self._resolve(device, at + 400 * MILLISECOND)

    def _ask(self, name: str, talk: Talk, at: int) -> None:
        if not talk.line.open:
            at = talk.connect(at) + MILLISECOND
        talk.all(at, self._requests[name])

    def _missed(self, talk: Talk, at: int, *, refused: bool) -> None:
        if talk.line.open and refused:
            talk.line.reset(at, by_server=True)
        elif talk.line.open:
            talk.line.ask_in_vain(at, talk.request(read(*talk.device.spans[0])))
        else:
            fresh = Talk(talk.client, talk.device, self._draws, self._put)
            fresh.line.knock(at, refused=refused)

    def _forged(self, name: str, talk: Talk, at: int, mac: bytes) -> None:
        """The connection goes on, through somebody else."""
        if name not in self._frozen:
            self._frozen[name] = {table: list(words) for table, words in talk.device.memory.tables.items()}
            self._ends(name, talk, mac)
        true = talk.device.memory.tables
        talk.device.memory.tables = self._frozen[name]
        self._ask(name, talk, at)
        talk.device.memory.tables = true

    def _ends(self, name: str, talk: Talk, mac: bytes) -> None:
        if not mac:
            del self._frozen[name]
        talk.line.server = talk.line.server._replace(mac=mac or talk.device.node.mac)

    def _resolve(self, device: Device, at: int) -> None:
        """The router asks for the controller's MAC address, as it does when its entry has grown old."""
        (asking, asked) = (device.router, device.node)
        router, node = device.ends(asking, 0)
        self._put(at, arp(router, node, device.vlan, reply=False, to=asked.mac))
        self._put(at + MILLISECOND // 5, arp(node, router, device.vlan, reply=True, to=asking.mac))
