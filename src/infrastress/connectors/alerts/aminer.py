"""AMiner's JSON, an object a line, as its `JsonConverterHandler` writes it without pretty printing."""

from collections.abc import Sequence
from typing import ClassVar

from infrastress.connectors.alerts.wording import LONG, plain, techniques_of, time_of
from infrastress.connectors.nids.reading import Alert, Reading, Record
from infrastress.connectors.records import Refused
from infrastress.events import NetworkRow, ToolAlert

__all__ = ["AMinerReading"]


class AMinerReading(Reading):
    """Reads anomalies. AMiner tells no severity; the host is the id that its configuration gives (`AMiner.ID`)."""

    sensor: ClassVar[str] = "AMiner"

    def rows(self, record: Record, log: str) -> list[NetworkRow]:
        """None: it tells nothing of the network."""
        del record, log
        return []

    def alerts(self, record: Record, log: str) -> Sequence[Alert]:
        """One."""
        found, data = record.get("AnalysisComponent"), record.get("LogData") or {}
        if found is None:  # status reports
            raise Refused("no anomaly", dropped=True)
        name = plain(found.get("AnalysisComponentName")) or plain(found["AnalysisComponentType"])
        resources = data.get("LogResources") or ()
        read = plain(resources[0], LONG).rpartition("/")[2] if resources else ""
        times = data.get("Timestamps") or data["DetectionTimestamp"]
        body = ToolAlert(
            signature=name.removeprefix("AMiner:").strip() or name,
            host=plain((record.get("AMiner") or {}).get("ID")),
            family=f"aminer {read}".rstrip(),
            sensor=plain(log) or "aminer",
            techniques=techniques_of(found.get("MitreTechniqueId")),
            text=plain(found.get("Message"), LONG),
        )
        return (Alert(time_of(times[-1] if isinstance(times, list) else times), body),)
