"""A Modbus client's connection to a controller: numbered requests, answers out of the controller's memory."""

import numpy as np

from infrastress.simulators.traffic.conversation import MILLISECOND, Conversation, Put
from infrastress.simulators.traffic.modbus import framed, respond
from infrastress.simulators.traffic.plant import Device, Node

__all__ = ["Talk", "conversation"]

_TOOK_MS = 3.0


def conversation(client: Node, device: Device, draws: np.random.Generator, put: Put) -> Conversation:
    """A connection with a port and sequence numbers of its own, not yet open."""
    first = (int(draws.integers(1 << 32)), int(draws.integers(1 << 32)))
    return Conversation(*device.ends(client, int(draws.integers(49_152, 65_536))), device.vlan, first, put)


class Talk:
    """One client and one controller.

    Args:
        client, device: who speaks with whom.
        draws: ports, sequence numbers, times of answers.
        put: takes the packets.
    """

    def __init__(self, client: Node, device: Device, draws: np.random.Generator, put: Put) -> None:
        self.client, self.device, self._draws, self._put = client, device, draws, put
        self.line = conversation(client, device, draws, put)
        self._transaction = 0

    def connect(self, at: int) -> int:
        """Open a new connection; returns when it is open."""
        self.line = conversation(self.client, self.device, self._draws, self._put)
        self._transaction = 0
        return self.line.connect(at)

    def request(self, pdu: bytes) -> bytes:
        """The next request."""
        self._transaction += 1
        return framed(self._transaction, self.device.unit, pdu)

    def say(self, at: int, pdu: bytes) -> int:
        """Ask, and be answered; returns when."""
        request = self.request(pdu)
        reply = framed(self._transaction, self.device.unit, respond(self.device.memory, pdu, self.device.node.asset))
        return self.line.ask(at, request, reply, self.took())

    def took(self) -> int:
        """How long a controller takes to answer, ns."""
        return round(_TOOK_MS * MILLISECOND * float(self._draws.lognormal(0.0, 0.25)))

    def all(self, at: int, pdus: list[bytes], pause_ms: float = 1.0) -> int:
        """Ask for one thing after another; returns when the last was answered."""
        for pdu in pdus:
            at = self.say(at, pdu) + round(pause_ms * MILLISECOND)
        self.line.settle()
        return at

    def session(self, at: int, pdus: list[bytes], pause_ms: float = 1.0) -> int:
        """Connect, ask, say goodbye; returns when that is done."""
        done = self.all(self.connect(at), pdus, pause_ms)
        return self.line.close(done + 50 * MILLISECOND)
