"""A line's head and messages become a row, as in captures."""

from typing import Any

from infrastress.connectors.pcap.protocols.base import Message
from infrastress.events.network import NetworkRow
from infrastress.events.network_terms import Kind, Protocol, Sender

__all__ = ["row_of"]


def row_of(
    head: dict[str, Any],
    protocol: Protocol,
    kind: Kind,
    message: Message,
    *,
    reply: Message | None = None,
    from_client: bool = True,
) -> NetworkRow:
    """A row of one line's head and messages; what the reply says goes before what the request says."""
    m, r = message, reply or message
    values = m.values if r.values is None else r.values
    return NetworkRow(
        kind=kind,
        protocol=m.protocol or protocol,
        sender=Sender.CLIENT if from_client else Sender.SERVER,
        transaction=m.transaction,
        unit=m.unit,
        client_unit=m.client_unit,
        function=m.function,
        function_name=m.function_name,
        action=m.action,
        object=r.object if m.object is None else m.object,
        address=r.address if m.address is None else m.address,
        quantity=r.quantity if m.quantity is None else m.quantity,
        value=values[0] if values else None,
        values=values if values and len(values) > 1 else None,
        ok=r.ok,
        exception=r.exception,
        error=r.error or m.error,
        identity=r.identity or m.identity,
        bytes=(m.size + reply.size if reply is not None else m.size) or None,
        **head,
    )
