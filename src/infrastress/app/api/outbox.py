"""The notifier's out-box, as far as it is shown: messages of the last thirty days."""

from infrastress.app.api.plant import Plant
from infrastress.app.notify.outbox import KIND, Message, decode_message
from infrastress.core.errors import DecodeError
from infrastress.core.time import DAY

__all__ = ["read_messages"]

_KEPT = 30 * DAY
_PAGE = 1000


def read_messages(plant: Plant) -> list[Message]:
    """Messages by the time at which they were made; read anew only when the out-box has changed."""
    end = plant.store.log.end(f"notify/{plant.id}")
    if plant.messages is not None and plant.messages[0] == end:
        return plant.messages[1]
    found: list[Message] = []
    after: tuple[int, str] = (plant.clock.now() - _KEPT, "")
    while rows := plant.store.records.list(KIND, after=after, limit=_PAGE):
        after = (rows[-1].sort, rows[-1].key)
        for row in rows:
            if row.key.startswith(f"{plant.id}/"):
                try:
                    found.append(decode_message(row.data))
                except DecodeError:  # of another version: the notifier itself says so
                    continue
    plant.messages = (end, found)
    return found
