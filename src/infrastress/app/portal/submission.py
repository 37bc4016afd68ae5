"""What was sent, made into a record: every field checked, what can't be believed noted, nothing of it lost."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

import msgspec

from infrastress.connectors.reports.records import Personal, Record, new_receipt, withheld
from infrastress.connectors.reports.vault import Vault
from infrastress.core.errors import InputError
from infrastress.core.time import DAY, MINUTE, SECOND, from_iso
from infrastress.events.kinds import Category, ReporterRole
from infrastress.site import Site
from infrastress.site.geo import Georeference

__all__ = ["CATEGORIES", "LONGEST_TEXT", "Sender", "Submission", "read_submission", "record_of"]

CATEGORIES: Mapping[str, Category] = {name: name for name in get_args(Category)}
"""By their names, as senders write them."""
LONGEST_TEXT = 4_000
_LONGEST = 200
_OLDEST_S = 7 * 86_400.0
_AHEAD = MINUTE
_UNCERTAIN = 5 * MINUTE
_FARTHEST_M = 50_000.0


@dataclass(frozen=True)
class Sender:
    """Who sends: a reporter's pseudonym, a network's, their role, the channel."""

    reporter: str
    network: str = ""
    role: ReporterRole = "neighbour"
    channel: str = "web"


@dataclass
class Submission:
    """Checked fields; `notes` are reasons why something of it isn't believed, `missing` what can't be done without."""

    category: Category | None = None
    text: str = ""
    name: str = ""
    contact: str = ""
    place: str = ""
    latitude: float | None = None
    longitude: float | None = None
    asset: str = ""
    age_s: float | None = None
    occurred: int | None = None
    language: str = "en"
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def read_submission(fields: Mapping[str, Any], site: Site, language: str, now: int) -> Submission:
    """Check what was sent.

    Args:
        fields: by name; of a form all are text, of JSON anything.
        site: for places and assets.
        language: in which it is answered.
        now: event time, ns.
    """
    told = Submission(language=language)
    told.category = CATEGORIES.get(_text(fields, "category", told))
    told.text = _text(fields, "text", told, LONGEST_TEXT)
    told.name, told.contact = _text(fields, "name", told), _text(fields, "contact", told)
    told.place = _text(fields, "place", told, 400)
    if told.category is None:
        told.missing.append("category")
    near = _text(fields, "near", told)
    receptor = next((one for one in site.receptors if one.id == near), None)
    earth = Georeference(site.location)
    told.latitude, told.longitude = _position(fields, earth, site, told)
    if told.latitude is None and receptor is not None and earth.known:
        latitude, longitude = earth.to_earth(receptor.position)
        told.latitude, told.longitude = round(latitude, 5), round(longitude, 5)
    asset = _text(fields, "asset", told)
    if asset in site.asset_by_id:
        told.asset = asset
    elif asset:
        told.notes.append("asset")
    _when(fields, told, now)
    return told


def _text(fields: Mapping[str, Any], name: str, told: Submission, most: int = _LONGEST) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        told.notes.append(name)
        return ""
    plain = "".join(c if c.isprintable() or c == "\n" else " " for c in value.replace("\r\n", "\n")).strip()
    if len(plain) > most:
        told.notes.append(f"{name} cut")
    return plain[:most]


def _number(fields: Mapping[str, Any], name: str) -> float | None:
    value = fields.get(name)
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return number


def _position(
    fields: Mapping[str, Any], earth: Georeference, site: Site, told: Submission
) -> tuple[float | None, float | None]:
    latitude, longitude = _number(fields, "latitude"), _number(fields, "longitude")
    if latitude is None and longitude is None:
        return None, None
    possible = (
        latitude is not None and longitude is not None and abs(latitude) <= 90 and abs(longitude) <= 180
    )  # NaN is no number of these
    if possible and earth.known and latitude is not None and longitude is not None:
        x, y = earth.to_site(latitude, longitude)
        corners = site.location.boundary or [(0.0, 0.0)]
        possible = min(math.dist((x, y), corner) for corner in corners) <= _FARTHEST_M
    if not possible or latitude is None or longitude is None:
        told.notes.append("position")
        return None, None
    return round(latitude, 5), round(longitude, 5)


def _when(fields: Mapping[str, Any], told: Submission, now: int) -> None:
    """How long ago it was: `age_s` needs no right clock; `occurred` is for machines."""
    age = _number(fields, "age_s")
    if age is not None:
        if not 0 <= age <= _OLDEST_S:  # NaN neither
            told.notes.append("time")
        else:
            told.occurred = now - round(age * SECOND)
        return
    occurred = fields.get("occurred")
    if occurred in (None, ""):
        return
    try:
        moment = from_iso(occurred) if isinstance(occurred, str) else None
    except (InputError, ValueError, OverflowError):
        moment = None
    if moment is None or not now - 7 * DAY <= moment <= now + _AHEAD:
        told.notes.append("time")
    else:
        told.occurred = min(moment, now)


def record_of(
    told: Submission,
    sender: Sender,
    vault: Vault,
    now: int,
    *,
    photo: str = "",
    key: str = "",
    receipt: tuple[str, str] | None = None,
) -> tuple[Record, str]:
    """The record of a submission, and the second part of its receipt (a new one, or as `receipt` says).

    Of a concern about an insider everything is sealed.
    """
    if told.category is None:
        raise ValueError("a submission that lacks its category is no record")
    number, opener = receipt or new_receipt()
    shown = withheld(told.text)
    place = withheld(told.place)
    told_text = f"{shown} ({place})" if place and shown else shown or place
    personal = Personal(
        name=told.name, contact=told.contact,
        text=told.text if shown != told.text or told.category == "insider" else "",
        place=told.place if place != told.place or told.category == "insider" else "",
    )  # fmt: skip
    secret = told.category == "insider"
    occurred = told.occurred if told.occurred is not None else now
    record = Record(
        number=number,
        mark=vault.mark(number, opener),
        received=now,
        occurred=occurred,
        category=told.category,
        reporter=sender.reporter,
        sealed=vault.seal(sender.reporter, msgspec.json.encode(personal), number),
        text="" if secret else told_text,
        latitude=None if secret else told.latitude,
        longitude=None if secret else told.longitude,
        assets=(told.asset,) if told.asset and not secret else (),
        role=sender.role,
        trained=sender.role == "staff",
        language=told.language,
        channel=sender.channel,
        network="" if secret else sender.network,
        photo=photo,
        key=key,
        uncertainty_ns=_UNCERTAIN,
        notes=tuple(dict.fromkeys(told.notes)),
    )
    return record, opener
