"""JSON lines to events: our own envelope, or plain records by a mapping."""

from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from pathlib import Path

import msgspec

from infrastress.connectors.files.keeping import MAX_RAW, Keeper
from infrastress.connectors.files.lines import Block, Lines
from infrastress.connectors.files.telemetry import MAX_REFUSALS, Position
from infrastress.connectors.mapping import Mapping
from infrastress.connectors.records import RecordReader, Refused
from infrastress.events import Event
from infrastress.events.delivery import Balance, Delivery, Raw, Refusal
from infrastress.site import Site

__all__ = ["KIND_OF_BODY", "event_deliveries"]

KIND_OF_BODY: AnyMapping[str, str] = {
    "access": "access",
    "alert": "network",
    "door": "access",
    "gas": "access",
    "login": "network",
    "session": "network",
    "switch": "access",
    "track": "access",
    "report": "reports",
    "report_verdict": "reports",
}
"""Kind of source an event is of when the site doesn't know its source."""


def event_deliveries(
    site: Site,
    source: str,
    path: Path,
    mapping: Mapping | None,
    *,
    after: bytes | None,
    block_bytes: int,
    batch_rows: int | None,
    exclude_kinds: frozenset[str] = frozenset(),
    keeper: Keeper | None = None,
) -> Iterator[Delivery]:
    """Deliveries of a JSON lines file behind a position; with a `keeper` lines that are refused are kept.

    Raises:
        InputError: the file can't be read.
    """
    base = Position(0, 0) if after is None else Position.decode(after)
    reader = _Reader(site, source, mapping, exclude_kinds, keeper)
    with Lines(path, mapping.encoding if mapping is not None else "utf-8", block_bytes) as lines:
        while (block := lines.block(base.offset)) is not None:
            texts = _lines_of(block, torn=lines.block_is_last(block) and lines.damage is not None)
            progress = base.progress
            next_base = Position(block.end, base.line + len(texts), progress=progress)
            done = 0
            while done < len(texts):
                upto = len(texts) if batch_rows is None else min(len(texts), done + batch_rows)
                if done < base.skip:
                    upto = base.skip  # read again for its progress, handed over before
                balance, events, refusals, raw = reader.read(texts[done:upto], base.line + done)
                if events:
                    highest = max(event.occurred for event in events)
                    progress = highest if progress is None else max(progress, highest)
                next_base = Position(block.end, base.line + len(texts), progress=progress)
                whole = upto == len(texts)
                position = next_base if whole else msgspec.structs.replace(base, skip=upto)
                if upto > base.skip:
                    yield Delivery(source, position.encode(), (), events, refusals, balance, progress, raw)
                done = upto
            base = next_base


def _lines_of(block: Block, *, torn: bool) -> list[bytes | str]:
    """Lines of a block; a line that can't be had at all is its reason, as str."""
    if block.too_long:
        return ["line-too-long"]
    texts: list[bytes | str] = list(block.data.split(b"\n"))
    if block.data.endswith(b"\n"):
        texts[-1:] = ["file-damaged"] if torn else []  # cut between two lines: one lost line
    elif torn:
        texts[-1] = "file-damaged"
    if block.offset == 0 and isinstance(texts[0], bytes):
        texts[0] = texts[0].removeprefix(b"\xef\xbb\xbf")
    return texts


class _Reader:
    """Reads lines into events, numbered by their line where they have no number of their own."""

    def __init__(
        self,
        site: Site,
        source: str,
        mapping: Mapping | None,
        exclude_kinds: frozenset[str],
        keeper: Keeper | None,
    ) -> None:
        self.keeper = keeper
        self.site = site
        self.exclude_kinds = exclude_kinds
        self.records = RecordReader(site, source, mapping)

    def read(
        self, texts: list[bytes | str], line: int
    ) -> tuple[Balance, tuple[Event, ...], tuple[Refusal, ...], tuple[Raw, ...]]:
        """Events of lines, the first of which is number `line` (from 0); refused ones with their examples, and kept."""
        balance = Balance(read=len(texts))
        events: list[Event] = []
        refusals: list[Refusal] = []
        kept: list[Raw] = []
        for number, text in enumerate(texts, start=line):
            try:
                events.append(self._event(text, number))
            except Refused as refused:
                (balance.dropped if refused.dropped else balance.quarantined)[refused.reason] += 1
                shown = text[:200].decode("utf-8", "replace") if isinstance(text, bytes) else ""
                refusal = Refusal(refused.reason, f"line {number + 1}", shown)
                if refused.reason != "blank" and len(refusals) < MAX_REFUSALS:
                    refusals.append(refusal)
                if self.keeper is not None and isinstance(text, bytes) and not refused.dropped:
                    kept += self.keeper.line(text, refusal) if len(kept) < MAX_RAW else []
        balance.accepted = len(events)
        return balance, tuple(events), tuple(refusals), tuple(kept)

    def _event(self, text: bytes | str, line: int) -> Event:
        if isinstance(text, str):
            raise Refused(text)
        if not text.strip():
            raise Refused("blank", dropped=True)
        event = self.records.read(text, line)
        if self.exclude_kinds and self._kind(event) in self.exclude_kinds:
            raise Refused("excluded-kind", dropped=True)
        return event

    def _kind(self, event: Event) -> str:
        source = self.site.source_by_id.get(event.source)
        return source.kind if source is not None else KIND_OF_BODY.get(event.kind, "")
