"""Node ids by namespace URI: an index may be another after every restart of a server, a URI never is."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from asyncua import ua
from asyncua.ua.uaerrors import UaError

__all__ = ["NoSuchNamespace", "NodeName"]

_TEXT = re.compile(r"(?:nsu=(?P<uri>[^;]+);)?(?P<kind>[isgb])=(?P<identifier>.+)", re.DOTALL)


class NoSuchNamespace(Exception):  # noqa: N818 - the server's answer
    """The server has no such namespace."""


class NodeName(NamedTuple):
    """A node as options name it: namespace URI (empty for OPC UA's own), kind (i, s, g, b) and identifier."""

    uri: str
    kind: str
    identifier: str

    @classmethod
    def parse(cls, text: str) -> "NodeName":
        """Read `nsu=URI;s=NAME`, `nsu=URI;i=NUMBER`, or `i=NUMBER` in OPC UA's own namespace (Part 6, 5.3.1.11).

        Raises:
            ValueError: it is no node id, or has a namespace index.
        """
        if re.match(r"ns=\d+;", text):
            raise ValueError(f"{text!r}: indexes change when a server restarts; name the namespace: nsu=URI;s=...")
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no node id; write nsu=URI;s=NAME or nsu=URI;i=NUMBER")
        uri = (match["uri"] or "").replace("%3B", ";").replace("%25", "%")
        try:
            ua.NodeId.from_string(f"{match['kind']}={match['identifier']}")
        except (UaError, ValueError):
            raise ValueError(f"{text!r}: no identifier of kind {match['kind']}") from None
        return cls(uri, match["kind"], match["identifier"])

    def on(self, namespaces: Sequence[str]) -> ua.NodeId:
        """The node on a server whose namespaces are these, by index.

        Raises:
            NoSuchNamespace: it isn't among them.
        """
        if self.uri and self.uri not in namespaces:
            raise NoSuchNamespace(self.uri)
        index = namespaces.index(self.uri) if self.uri else 0
        return ua.NodeId.from_string(f"ns={index};{self.kind}={self.identifier}")
