"""A TCP connection as packets: handshake, requests with responses, delayed acknowledgements, goodbye, silence."""

from collections.abc import Callable

from infrastress.simulators.traffic.frames import ACK, FIN, PSH, RST, SYN, End, tcp

__all__ = ["Conversation", "Put"]

Put = Callable[[int, bytes], None]
"""Takes a packet with its time, ns."""

MILLISECOND = 1_000_000
_TRIP = MILLISECOND // 4
_DELAYED = 40 * MILLISECOND
"""After which a stack acknowledges what nothing else has acknowledged by then."""
_AGAIN = (1000, 3000, 7000)
"""When a SYN is sent again that nobody answers, ms after the first."""
_RETRANSMITTED = (210, 630, 1470)


class Conversation:
    """One connection of a client to a server; times are ns and rise from call to call.

    Args:
        client, server: the ends, with ports.
        vlan: in which it is seen.
        first: initial sequence numbers of both.
        put: takes the packets, each with its time.
    """

    def __init__(self, client: End, server: End, vlan: int | None, first: tuple[int, int], put: Put) -> None:
        self.client, self.server, self._vlan, self._put = client, server, vlan, put
        self._next = [first[0], first[1]]
        self._owed: int | None = None
        self.open = False

    def connect(self, at: int) -> int:
        """The handshake; returns when it is done."""
        self._send(at, 0, SYN)
        self._next[0] += 1
        self._send(at + _TRIP, 1, SYN | ACK)
        self._next[1] += 1
        self._send(at + 2 * _TRIP, 0, ACK)
        self.open = True
        return at + 2 * _TRIP

    def ask(self, at: int, request: bytes, reply: bytes, took: int) -> int:
        """A request and its response after `took` ns; returns when that was."""
        self._acknowledge(at)
        self._send(at, 0, PSH | ACK, request)
        self._send(at + took, 1, PSH | ACK, reply)
        self._owed = at + took + _DELAYED
        return at + took

    def ask_in_vain(self, at: int, request: bytes) -> int:
        """A request that is not answered: sent again by TCP, then the connection is given up."""
        self._acknowledge(at)
        number = self._next[0]
        for wait in (0, *_RETRANSMITTED):
            self._next[0] = number
            self._send(at + wait * MILLISECOND, 0, PSH | ACK, request)
        return self.reset(at + (_RETRANSMITTED[-1] + 500) * MILLISECOND)

    def told(self, at: int, request: bytes) -> int:
        """A request that asks for no answer; the server's stack acknowledges it."""
        self._acknowledge(at)
        self._send(at, 0, PSH | ACK, request)
        self._send(at + _DELAYED, 1, ACK)
        return at + _DELAYED

    def settle(self) -> None:
        """Acknowledge what is left to be."""
        if self._owed is not None:
            self._send(self._owed, 0, ACK)
            self._owed = None

    def reset(self, at: int, *, by_server: bool = False) -> int:
        """Break it off."""
        self._owed = None
        self._send(at, int(by_server), RST | ACK)
        self.open = False
        return at

    def close(self, at: int) -> int:
        """The client says goodbye; returns when that is done."""
        self._acknowledge(at)
        self._send(at, 0, FIN | ACK)
        self._next[0] += 1
        self._send(at + _TRIP, 1, FIN | ACK)
        self._next[1] += 1
        self._send(at + 2 * _TRIP, 0, ACK)
        self.open = False
        return at + 2 * _TRIP

    def knock(self, at: int, *, refused: bool) -> int:
        """A SYN that is refused, or that nobody answers however often it is sent."""
        self._send(at, 0, SYN)
        if refused:
            self._next[0] += 1
            self._send(at + _TRIP, 1, RST | ACK)
            return at + _TRIP
        for wait in _AGAIN:
            self._send(at + wait * MILLISECOND, 0, SYN)
        return at + _AGAIN[-1] * MILLISECOND

    def _acknowledge(self, at: int) -> None:
        if self._owed is not None and self._owed < at:
            self.settle()
        self._owed = None

    def _send(self, at: int, side: int, flags: int, data: bytes = b"") -> None:
        source, target = (self.client, self.server) if side == 0 else (self.server, self.client)
        numbers = self._next[side] & 0xFFFF_FFFF, self._next[1 - side] & 0xFFFF_FFFF if flags & ACK else 0
        self._put(at, tcp(source, target, self._vlan, numbers, flags=flags, data=data))
        self._next[side] += len(data)
