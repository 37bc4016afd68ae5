"""The desk: reports as those read them who answer, with what is sealed opened; and every act on one, written down."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from infrastress.app.portal.options import options_of
from infrastress.connectors.reports.records import Act, ActName, Boxes, Personal, Record, decode
from infrastress.core.errors import ConfigurationError, InputError, StoreError
from infrastress.detectors.reports.triage import Suggestion, Triage, learn
from infrastress.site.connections import Connection

__all__ = ["Answered", "Desk", "Read", "Verdict", "reports_folder"]

Verdict = Literal["confirmed", "unfounded"]
_MODEL = "triage.json"
LONGEST_ANSWER = 2_000


def reports_folder(site_folder: Path, connections: dict[str, Connection]) -> Path | None:
    """Where a site's reports lie; None where it has no form."""
    options = options_of(connections)
    folder = site_folder if site_folder.is_dir() else site_folder.parent
    return None if options is None else folder / options.folder


@dataclass(frozen=True)
class Answered:
    """An answer: its text, None where its reporter was erased."""

    at: int
    by: str
    text: str | None


@dataclass(frozen=True)
class Read:
    """A report as it is read: the record, what was done, what is personal where it can still be opened."""

    record: Record
    acts: tuple[Act, ...]
    personal: Personal | None
    answers: tuple[Answered, ...] = ()
    suggestion: Suggestion | None = None
    behind: bool = field(default=False)

    @property
    def text(self) -> str:
        """What was written, in full where it can be opened."""
        return (self.personal.text if self.personal is not None else "") or self.record.text

    @property
    def category(self) -> str:
        """As somebody labelled it last, else as its reporter chose."""
        return next((act.label for act in reversed(self.acts) if act.act == "labelled"), self.record.category)

    @property
    def verdict(self) -> Verdict | None:
        """What somebody found out about it last."""
        return next((act.act for act in reversed(self.acts) if act.act in ("confirmed", "unfounded")), None)

    def reached(self, act: ActName) -> int | None:
        """When something was first done about it, ns."""
        return next((one.at for one in self.acts if one.act == act), None)


class Desk:
    """Reads and acts on a site's reports.

    Args:
        folder: of the inbox.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._boxes = Boxes(folder)
        except OSError as error:
            raise ConfigurationError(f"reports can't be read: {error.strerror}", where=str(folder)) from None
        self._model = folder / _MODEL

    def read(self, *, insider: bool = False) -> list[Read]:
        """All reports by time; concerns about insiders alone with `insider`, and never among the others."""
        done, model = self._boxes.done(), self.model()
        lanes = ("insider",) if insider else ("main", "behind")
        return [
            self._opened(record, tuple(done.get(record.number, ())), model, behind=lane == "behind")
            for lane in lanes
            for record in self._boxes.records(lane)
        ]

    def find(self, number: str, *, insider: bool = False) -> Read:
        """One report by its number.

        Raises:
            InputError: there is none that may be read.
        """
        short = number.strip().upper()[:6]
        for one in self.read() + (self.read(insider=True) if insider else []):
            if one.record.number == short:
                return one
        raise InputError(f"there is no report {number!r}", remedy="infrastress reports list SITE")

    def act(self, number: str, act: ActName, *, by: str, now: int, incident: str = "", label: str = "") -> None:
        """Write down that something was done.

        Raises:
            StoreError: it can't be written.
        """
        self._write([Act(number, act, now, by=by, incident=incident, label=label)])

    def answer(self, reads: Iterable[Read], text: str, *, by: str, now: int, incident: str = "") -> list[str]:
        """Answer reporters on the channel they came by; returns the numbers of those who can still read it.

        Raises:
            InputError: there is no text, or too much of it.
            StoreError: it can't be written.
        """
        if not text.strip() or len(text) > LONGEST_ANSWER:
            raise InputError(f"an answer has 1 to {LONGEST_ANSWER} characters")
        acts = []
        for one in reads:
            record = one.record
            try:
                sealed = self._boxes.vault.seal(record.reporter, text.strip().encode(), f"answer {record.number}")
            except KeyError:  # erased: nobody could read it
                continue
            acts.append(Act(record.number, "answered", now, by=by, incident=incident, sealed=sealed))
        if acts:
            self._write(acts)
        return [act.number for act in acts]

    def erase(self, one: Read, *, by: str, now: int) -> bool:
        """Delete the key of a report's reporter: what is personal of all their reports is gone, in backups too.

        Raises:
            StoreError: it can't be done.
        """
        try:
            there = self._boxes.vault.erase(one.record.reporter)
            mine = [
                other.record
                for other in self.read() + self.read(insider=True)
                if other.record.reporter == one.record.reporter
            ]
            for record in mine:
                if record.photo:
                    (self._boxes.photos / record.photo).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"the reporter can't be erased: {error.strerror}") from None
        self._write([Act(record.number, "erased", now, by=by) for record in mine])
        return there

    def photo(self, one: Read) -> bytes | None:
        """A report's photo as JPEG; None where there is none or its reporter was erased."""
        if not one.record.photo:
            return None
        try:
            sealed = (self._boxes.photos / one.record.photo).read_bytes()
        except OSError:
            return None
        return self._boxes.vault.open(one.record.reporter, sealed, "photo")

    def model(self) -> Triage | None:
        """What suggests categories; None where nothing was learned."""
        try:
            return Triage.decode(self._model.read_bytes())
        except OSError:
            return None

    def train(self) -> Triage:
        """Learn from all reports that somebody labelled or bore out.

        Raises:
            InputError: there are too few.
            StoreError: the model can't be written.
        """
        sure = ("labelled", "confirmed")
        pairs = [
            (one.record.text, one.category)
            for one in self.read()
            if one.record.text and any(act.act in sure for act in one.acts)
        ]
        model = learn(pairs)
        part = self._model.with_suffix(".part")
        try:
            part.write_bytes(msgspec.json.encode(model))
            part.chmod(0o600)
            part.replace(self._model)
        except OSError as error:
            raise StoreError(f"the model can't be written: {error.strerror}", where=str(self._model)) from None
        return model

    def _opened(self, record: Record, acts: tuple[Act, ...], model: Triage | None, *, behind: bool) -> Read:
        opened = self._boxes.vault.open(record.reporter, record.sealed, record.number)
        personal = decode(opened, Personal) if opened is not None else None
        answers = []
        for act in acts:
            if act.act == "answered":
                text = self._boxes.vault.open(record.reporter, act.sealed, f"answer {record.number}")
                answers.append(Answered(act.at, act.by, None if text is None else text.decode("utf-8", "replace")))
        suggestion = model.suggest(record.text) if model is not None and record.text else None
        return Read(record, acts, personal, tuple(answers), suggestion, behind)

    def _write(self, acts: Sequence[Act]) -> None:
        try:
            self._boxes.act(*acts)
        except OSError as error:
            raise StoreError(f"it can't be written down: {error.strerror}", where=str(self._boxes.folder)) from None
