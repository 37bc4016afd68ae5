"""Models of the API: what was refused and kept, orders to read it again, and how full the store is."""

from typing import Annotated, Literal

from pydantic import Field

from infrastress.client.base import Link, Moment, Page, Wire

__all__ = [
    "HourCount",
    "KeptMessage",
    "KeptMessages",
    "LastBackup",
    "MessageFault",
    "Quarantine",
    "RefusalExample",
    "RefusalReason",
    "Reingest",
    "ReingestRequest",
    "Reingests",
    "Storage",
    "StorageDisk",
    "StoragePart",
    "StoragePoint",
]


class MessageFault(Wire):
    """Something of a message that can't be read: why, where it stands, and what it is."""

    reason: str
    where: str
    what: str


class KeptMessage(Wire):
    """A message of which something was refused, as it came."""

    id: str
    source: str
    received: Moment
    about: Annotated[dict[str, str], Field(description="Such as topic, sender, file, and where in it it stood")]
    refused: Annotated[dict[str, int], Field(description="How much of it is refused, rows and cells by reason")]
    faults: Annotated[list[MessageFault], Field(description="The first few")]
    taken: Annotated[int, Field(description="Values and events that were taken of it all the same")]
    size: int
    text: Annotated[str | None, Field(description="Its beginning; None where it is no text, or not for this role")]
    hex: Annotated[str | None, Field(description="Its beginning, where it is no text")]
    whole: Annotated[bool, Field(description="Whether that is all of it")]
    withheld: Annotated[bool, Field(description="What people reported is not for this role")]


class KeptMessages(Page):
    """Kept messages that can be read again, the newest first."""

    items: list[KeptMessage]


class ReingestRequest(Wire):
    """Which kept messages are to be read again."""

    source: Annotated[str, Field(max_length=80)]
    reason: Annotated[str, Field(max_length=80, description="Only those refused for this; empty for all")] = ""
    dry_run: Annotated[bool, Field(description="Only tell what would come of it")] = False
    comment: Annotated[str, Field(max_length=500, description="Why: what was mended")] = ""


class Reingest(Wire):
    """An order to read kept messages again, and what came of it so far (with `dry_run`: would come)."""

    id: str
    source: str
    reason: str
    dry_run: bool
    by: str
    comment: str
    ordered: Moment
    finished: Moment | None
    state: Literal["waiting", "running", "done", "failed"]
    error: str
    messages: Annotated[int, Field(description="Kept messages read")]
    taken: Annotated[int, Field(description="Of these, wholly readable")]
    partly: Annotated[int, Field(description="Of these, readable in part")]
    mended: Annotated[dict[str, int], Field(description="What isn't refused any more, by the reason why it was")]
    refused: Annotated[dict[str, int], Field(description="What is refused still, by the reason why now")]
    rows: int
    late: Annotated[int, Field(description="Of the rows: behind the watermark, so for history alone")]
    values: int
    events: int
    examples: Annotated[list[MessageFault], Field(description="Of what is refused still")]
    links: dict[str, Link]


class Reingests(Wire):
    """The newest orders first."""

    items: list[Reingest]


class StoragePart(Wire):
    """What one kind of records takes."""

    kind: Annotated[str, Field(description="ingest, fusion, result, quarantine, ..., history, blobs, records")]
    count: int
    bytes: int
    oldest: Moment | None
    kept_days: Annotated[float | None, Field(description="`runtime.retention_days`; None: for ever")]


class StorageDisk(Wire):
    """The disk of the store."""

    level: Literal["ok", "low", "critical", "unknown"]
    free_bytes: int | None
    total_bytes: int | None
    spare_bytes: Annotated[int, Field(description="Free inside the database's file")]
    reserve_bytes: Annotated[int, Field(description="Held for alarms on a full disk")]


class LastBackup(Wire):
    """The last backup that was made from this machine."""

    at: Moment
    to: str
    bytes: int
    files: int
    age_s: float


class StoragePoint(Wire):
    """Bytes of all parts at a moment."""

    at: Moment
    bytes: int


class Storage(Wire):
    """What is kept, how much room it takes, and how long that lasts."""

    measured: Annotated[Moment | None, Field(description="When upkeep last looked at all of it; None: not yet")]
    parts: list[StoragePart]
    bytes: Annotated[int, Field(description="Of all parts")]
    past: Annotated[list[StoragePoint], Field(description="Bytes of all parts, as they were measured")]
    growth_per_day: Annotated[float | None, Field(description="Bytes; None: not measured for long enough")]
    full_in_days: Annotated[float | None, Field(description="None: it doesn't fill up, or nobody knows")]
    disk: StorageDisk
    upkeep_failed: Annotated[str, Field(description="Why the last round of upkeep failed; empty where it didn't")]
    backup: LastBackup | None
    backup_unknown: Annotated[str, Field(description="Why nothing is known of backups")]


class RefusalExample(Wire):
    """One refused row, cell or line."""

    where: str
    what: str
    offset: int


class HourCount(Wire):
    """How many in an hour."""

    hour: Moment
    count: int


class RefusalReason(Wire):
    """What a source was refused for one reason."""

    source: str
    reason: str
    rows: int
    cells: int
    examples: list[RefusalExample]
    kept: Annotated[int, Field(description="Of rows and cells: whose message was kept as it came")] = 0
    reingested: Annotated[int, Field(description="Of rows and cells: taken in since")] = 0
    messages: Annotated[int, Field(description="Kept messages that can be read again now")] = 0
    by_hour: Annotated[
        list[HourCount], Field(description="Messages that can be read again, by the hour in which they came")
    ] = Field(default_factory=list)


class Quarantine(Wire):
    """What was refused, by source and reason."""

    items: list[RefusalReason]
    rows: int
    cells: int
