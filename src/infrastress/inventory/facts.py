"""What a device did, added up over its conversations: what it answers, what it asks, whom."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from infrastress.events.network_terms import Action, Protocol
from infrastress.inventory.heard import Heard, Way, add_way

__all__ = ["CONTROL", "IT", "Conversation", "Facts", "conversations"]

CONTROL: Final = frozenset(
    {
        Protocol.MODBUS, Protocol.IEC104, Protocol.DNP3, Protocol.S7COMM, Protocol.S7COMM_PLUS, Protocol.ENIP,
        Protocol.CIP, Protocol.BACNET, Protocol.MMS,
    }
)  # fmt: skip
"""Protocols whose server is a controller, a field device or something that stands for one."""
IT: Final = frozenset(
    {
        Protocol.SMB, Protocol.RDP, Protocol.VNC, Protocol.HTTP, Protocol.TLS, Protocol.FTP, Protocol.SSH,
        Protocol.TELNET, Protocol.DNS, Protocol.DHCP, Protocol.NTP, Protocol.SNMP, Protocol.MQTT,
    }
)  # fmt: skip


class Conversation(NamedTuple):
    """A way with its ends."""

    client: str
    server: str
    protocol: str
    way: Way


def conversations(heard: Heard) -> Iterator[Conversation]:
    """All, by client, server and protocol."""
    for key in sorted({*heard.ways, *heard.tried}):
        way = Way()
        for table in (heard.ways, heard.tried):
            if key in table:
                add_way(way, table[key])
        client, server, protocol = key.split("\t")
        yield Conversation(client, server, protocol, way)


@dataclass
class Facts:
    """What one device did.

    Attributes:
        answers: protocol -> requests it answered. asked_by: protocol -> who asked.
        serves: protocols of connections that it accepted.
        asks: protocol -> requests of it that were answered. asked: protocol -> whom.
        did: as a client, of control protocols: action -> how often answered. functions: the same by function.
        uses: protocols of which it was the client, answered or not.
        units: behind it, that answered: protocol -> units.
        itself: rows in which it talked to itself.
        rows, packets, payload: of all its conversations; bytes of single messages where no connection ended yet.
    """

    answers: Counter[str] = field(default_factory=Counter)
    asked_by: dict[str, set[str]] = field(default_factory=dict)
    serves: dict[str, set[str]] = field(default_factory=dict)
    asks: Counter[str] = field(default_factory=Counter)
    asked: dict[str, set[str]] = field(default_factory=dict)
    did: Counter[str] = field(default_factory=Counter)
    functions: Counter[tuple[str, str]] = field(default_factory=Counter)
    uses: Counter[str] = field(default_factory=Counter)
    units: dict[str, set[int]] = field(default_factory=dict)
    itself: int = 0
    rows: int = 0
    packets: int = 0
    payload: int = 0

    @property
    def commanded(self) -> int:
        """Writes and commands that it gave and that were answered."""
        return self.did[Action.WRITE] + self.did[Action.OPERATE]

    def polled(self, protocols: frozenset[Protocol]) -> tuple[int, set[str]]:
        """How often it read values by these protocols, and from whom."""
        chosen = [name for name in self.asked if name in protocols]
        count = sum(n for (name, action), n in self._reads.items() if name in protocols and action in _READS)
        return count, set().union(*(self.asked[name] for name in chosen)) if chosen else set()

    _reads: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, talk: Conversation, *, as_client: bool, as_server: bool) -> None:
        """One more of its conversations."""
        way, protocol = talk.way, talk.protocol
        self.rows += way.heard.count
        self.packets += way.packets
        self.payload += max(way.payload, way.message_bytes)
        if protocol == Protocol.ARP:
            return
        if as_client and as_server:
            self.itself += way.heard.count
        if as_client:
            self.uses[protocol] += way.heard.count
            self._client(talk)
        if as_server:
            self._server(talk)

    def _client(self, talk: Conversation) -> None:
        for key, deed in talk.way.deeds.items():
            sender, action, function = key.split("\t")
            done = deed.answered + (deed.told if sender == "s" or talk.protocol in _UNANSWERED else 0)
            if not done:
                continue
            self.asks[talk.protocol] += done
            self.asked.setdefault(talk.protocol, set()).add(talk.server)
            self._reads[talk.protocol, action] += done
            if talk.protocol in CONTROL or talk.protocol == Protocol.OPCUA:
                self.did[action] += done if sender == "c" else 0
                self.functions[talk.protocol, function] += done

    def _server(self, talk: Conversation) -> None:
        way, protocol = talk.way, talk.protocol
        if not way.answered:
            return
        self.serves.setdefault(protocol, set()).add(talk.client)
        answers = sum(
            deed.answered + deed.refused + (deed.told if key[0] == "s" else 0) for key, deed in way.deeds.items()
        )
        if answers:
            self.answers[protocol] += answers
            self.asked_by.setdefault(protocol, set()).add(talk.client)
            self.units.setdefault(protocol, set()).update(map(int, way.units))


_READS: Final = frozenset({Action.READ, Action.SUBSCRIBE, Action.REPORT})
_UNANSWERED: Final = frozenset({Protocol.IEC104})
"""Of these a command is a message, and its answer another one."""
