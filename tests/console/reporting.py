"""What people report by the form after the depot was attacked: neighbours, a campaign of fakes, a concern."""

import io
import random
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec
from PIL import Image, ImageDraw

from infrastress.app.portal.submission import Sender, read_submission, record_of
from infrastress.connectors.reports.records import ALPHABET, Boxes, Record, event_of
from infrastress.core.time import MINUTE, SECOND
from infrastress.events import encode_event
from infrastress.events.kinds import ReporterRole
from infrastress.site import Site
from infrastress.site.geo import Georeference

__all__ = ["CAMPAIGN", "REPORTING", "reported_of"]

REPORTING = 10 * MINUTE
CAMPAIGN = 13
_SOURCE = "reports"


class _Told(NamedTuple):
    after_s: float
    category: str
    text: str
    where: tuple[float, float]
    reporter: str
    role: ReporterRole = "neighbour"
    language: str = "en"


_TOLD = (
    _Told(60, "person", "somebody climbs over the fence by the railway, dark jacket", (-60.0, 40.0), "a"),
    _Told(95, "smell", "fumes, quite heavy, coming over the wall, my eyes water", (640.0, 150.0), "b"),
    _Told(
        130,
        "person",
        "zwei Leute mit Taschenlampen hinter dem Zaun",
        (-80.0, 120.0),
        "c",
        language="de",
    ),
    _Told(170, "vehicle", "white van without lights parked at the back gate since two", (-110.0, 70.0), "d"),
    _Told(220, "smell", "strong petrol in the pump house, we have left it", (300.0, 120.0), "e", "staff"),
    _Told(300, "person", "I saw a man with a ladder near the fence when I let the dog out", (-40.0, 10.0), "f"),
)
_CONCERN = _Told(100, "insider", "he sells keys behind the canteen", (0.0, 0.0), "concern", "staff")
_FAKE = "huge fire at the jetty everybody must leave the town now, share this"


def reported_of(site: Site, folder: Path, start: int, seed: int = 5) -> list[tuple[int, str, bool, bytes]]:
    """Write reports into boxes; returns what the connector would read of them, as a `Day` tells it.

    Args:
        site: the model.
        folder: of the boxes.
        start: event time behind which they are told, ns.
        seed: of receipts and places.
    """
    boxes, draw = Boxes(folder), random.Random(seed)
    told = [*_TOLD]
    for number in range(CAMPAIGN):
        text = f"{_FAKE}{'!' * (number % 3)}{' please' * (number % 2)}"
        where = draw.uniform(700, 1200), draw.uniform(-300, 600)
        told.append(_Told(200 + 7 * number, "fire", text, where, f"fake {number}"))
    records = [_record(site, boxes, draw, one, start) for one in told]
    concern = _record(site, boxes, draw, _CONCERN, start)
    boxes.lanes["main"].append([msgspec.json.encode(one) for one in records], start)
    boxes.lanes["insider"].append([msgspec.json.encode(concern)], start)
    return [
        (record.received, _SOURCE, False, encode_event(event_of(record, site, _SOURCE, 90_000_000 + number)))
        for number, record in enumerate(records)
    ]


def _record(site: Site, boxes: Boxes, draw: random.Random, one: _Told, start: int) -> Record:
    at = start + round(one.after_s * SECOND)
    latitude, longitude = Georeference(site.location).to_earth(one.where)
    fields = {"category": one.category, "text": one.text, "latitude": latitude, "longitude": longitude}
    if one.reporter == "b":
        fields |= {"name": "A neighbour", "contact": "neighbour@example.org"}
    told = read_submission(fields, site, one.language, at)
    pseudonym = _pseudonym(boxes, draw)
    photo = _photo(boxes, pseudonym) if one.category == "vehicle" else ""
    word = "".join(draw.choice(ALPHABET) for _ in range(14))
    network = f"net {draw.randrange(4)}" if one.reporter.startswith("fake") else f"net of {one.reporter}"
    sender = Sender(pseudonym, network=network, role=one.role)
    return record_of(told, sender, boxes.vault, at, photo=photo, receipt=(word[:6], word[6:]))[0]


def _pseudonym(boxes: Boxes, draw: random.Random) -> str:
    """A reporter with a key, as the vault keeps them, but the same at each run: pictures show it."""
    name = f"r-{draw.randbytes(8).hex()}"
    (boxes.folder / "keys" / f"{name}.secret").write_bytes(draw.randbytes(32))
    return name


def _photo(boxes: Boxes, reporter: str) -> str:
    """A van by night, sealed as the form seals it."""
    picture = Image.new("RGB", (640, 400), "#20242c")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 300, 640, 400), fill="#3a3d42")
    pen.rounded_rectangle((180, 170, 460, 310), 18, fill="#c9ccd0")
    pen.rectangle((380, 190, 445, 240), fill="#4f5b66")
    for x in (230, 405):
        pen.ellipse((x - 28, 285, x + 28, 341), fill="#111316")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    sealed = boxes.vault.seal(reporter, out.getvalue(), "photo")
    digest = sha256(sealed).hexdigest()
    boxes.photos.mkdir(parents=True, exist_ok=True)
    (boxes.photos / digest).write_bytes(sealed)
    return digest
