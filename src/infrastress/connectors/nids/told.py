"""What lines of a tool's log say, as what is handed over: network records and alerts, numbered on."""

from infrastress.connectors.nids.reading import Said
from infrastress.events import Event, NetworkRecords, make_event

__all__ = ["handed_over"]


def handed_over(
    said: Said, *, site: str, source: str, rows: int, alerts: int, progress: int | None
) -> tuple[NetworkRecords, tuple[Event, ...], int | None]:
    """Records, events and how far the source's time has come; the balance gets its cells.

    Args:
        said: by the lines.
        site: its id.
        source: its id.
        rows: handed over before.
        alerts: handed over before; one that has no number of its own is numbered on.
        progress: before.
    """
    records = NetworkRecords.from_rows(site, source, rows, said.rows)
    said.balance.cells_accepted = len(records)
    events = tuple(
        make_event(
            site=site,
            source=source,
            sequence=count if one.number is None else one.number,
            occurred=one.at,
            body=one.body,
        )
        for count, one in enumerate(said.alerts, alerts)
    )
    newest = max([progress or 0, *records.ends.tolist(), *(event.occurred for event in events)])
    return records, events, newest or progress
