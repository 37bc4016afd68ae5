"""What lies in the boxes: a report without what is personal, beside it that sealed; and what was done about it."""

import re
import secrets
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from infrastress.connectors.reports.box import Box
from infrastress.connectors.reports.vault import Vault
from infrastress.events import Event, Report, ReportVerdict, make_event
from infrastress.events.kinds import Category, ReporterRole
from infrastress.site import Site

__all__ = [
    "ALPHABET",
    "Act",
    "ActName",
    "Boxes",
    "Personal",
    "Record",
    "decode",
    "event_of",
    "new_receipt",
    "verdict_of",
    "withheld",
]

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"
"""Of receipts: without letters and digits that are taken for each other."""
T = TypeVar("T")
_PUBLIC, _SECRET = 6, 8
_CONTACT = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|(?<![\w.])\+?\d[\d ()/.-]{5,}\d(?![\w.])")
WITHHELD = "[contact withheld]"

ActName = Literal["seen", "linked", "answered", "closed", "confirmed", "unfounded", "labelled", "erased"]


class Personal(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is sealed: who to answer, and the text as it was written where something of it is withheld."""

    name: str = ""
    contact: str = ""
    text: str = ""
    place: str = ""


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """A report as it was taken.

    Attributes:
        number: public part of its receipt.
        mark: keyed hash of both parts.
        received, occurred, uncertainty_ns: ns.
        category, text, latitude, longitude, assets, role, trained, language, channel: as in `Report`; of a concern
            about an insider nothing but the category.
        reporter, network: pseudonyms.
        photo: SHA-256 of the sealed photo.
        sealed: a `Personal`, or all of a concern, sealed for the reporter.
        key: keyed hash of the sender's own key: the same is the same report.
        notes: what of it wasn't believed or kept.
    """

    number: str
    mark: str
    received: int
    occurred: int
    category: Category
    reporter: str
    sealed: bytes
    text: str = ""
    latitude: float | None = None
    longitude: float | None = None
    assets: tuple[str, ...] = ()
    role: ReporterRole = "neighbour"
    trained: bool = False
    language: str = ""
    channel: str = "web"
    network: str = ""
    photo: str = ""
    key: str = ""
    uncertainty_ns: int = 0
    notes: tuple[str, ...] = ()


class Act(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was done about a report: at `at` (ns), `by` an account; an answer's text is sealed for its reporter."""

    number: str
    act: ActName
    at: int
    by: str = ""
    incident: str = ""
    sealed: bytes = b""
    label: str = ""


class Boxes:
    """A site's reports on disk.

    Args:
        folder: of the inbox.

    Attributes:
        lanes: `main`; `behind`, of those who send very many; `insider`, which no connector reads.
        acts: what was done about them.
        vault: keys.
        photos: folder of sealed photos, by content hash.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lanes = {name: Box(folder / "inbox", name) for name in ("main", "behind", "insider")}
        self.acts = Box(folder / "acts", "acts")
        self.vault = Vault(folder / "keys")
        self.photos = folder / "photos"

    def records(self, *lanes: str) -> list[Record]:
        """Every record of some lanes, by time."""
        found = [
            decode(line.data, Record)
            for lane in lanes or ("main", "behind")
            for line in self.lanes[lane].read()
            if line.data is not None
        ]
        return sorted((one for one in found if one is not None), key=lambda one: (one.received, one.number))

    def done(self) -> dict[str, list[Act]]:
        """What was done, by number, in order."""
        found: dict[str, list[Act]] = {}
        for line in self.acts.read():
            act = decode(line.data, Act) if line.data is not None else None
            if act is not None:
                found.setdefault(act.number, []).append(act)
        return found

    def act(self, *acts: Act) -> None:
        """Write down what was done; raises OSError."""
        self.acts.append([msgspec.json.encode(act) for act in acts], max(act.at for act in acts))


def decode(data: bytes, kind: type[T]) -> T | None:
    """A line's content; None where it is none."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, RecursionError):
        return None


def new_receipt() -> tuple[str, str]:
    """Both parts of a receipt: the number, by which people speak of it, and what opens its page."""
    word = "".join(secrets.choice(ALPHABET) for _ in range(_PUBLIC + _SECRET))
    return word[:_PUBLIC], word[_PUBLIC:]


def withheld(text: str) -> str:
    """A text without addresses and telephone numbers."""
    return _CONTACT.sub(WITHHELD, text)


def event_of(record: Record, site: Site, source: str, sequence: int) -> Event:
    """The event of a report: pseudonyms, and nothing sealed."""
    body = Report(
        reporter=record.reporter,
        device=record.reporter,
        channel=record.channel,
        category=record.category,
        text=record.text,
        latitude=record.latitude,
        longitude=record.longitude,
        trained=record.trained,
        role=record.role,
        language=record.language,
        photo=record.photo,
        receipt=record.number,
        network=record.network,
    )
    return make_event(
        site=site.id, source=source, sequence=sequence, occurred=record.occurred, observed=record.received, body=body,
        assets=tuple(asset for asset in record.assets if asset in site.asset_by_id),
        uncertainty_ns=record.uncertainty_ns, blobs=(record.photo,) if record.photo else (),
    )  # fmt: skip


def verdict_of(act: Act, site: Site, source: str, sequence: int) -> Event | None:
    """The event of a verdict; None for any other act."""
    if act.act not in ("confirmed", "unfounded"):
        return None
    body = ReportVerdict(receipt=act.number, verdict=act.act, by=act.by)
    return make_event(site=site.id, source=source, sequence=sequence, occurred=act.at, body=body)
