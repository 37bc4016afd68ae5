"""The portal's pages, filled in: every value is escaped as it goes in."""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from markupsafe import Markup

from infrastress.app.portal.drawing import HEIGHT, WIDTH
from infrastress.app.portal.submission import CATEGORIES
from infrastress.app.portal.words import LANGUAGES, words
from infrastress.connectors.reports.options import ReportsOptions
from infrastress.core.time import SECOND
from infrastress.site import Site

__all__ = ["Pages", "Standing"]

_AGES = (("0", "now"), ("300", "min5"), ("900", "min15"), ("3600", "hour"), ("21600", "hours6"), ("86400", "day"))
_OTHERS = frozenset({"photo_large", "photo_type", "photo_pixels", "photo_busy", "time", "position", "staff", "asset"})
_ORDER = (*(name for name in CATEGORIES if name != "insider"), "insider")
_STATES = ("received", "seen", "linked", "answered", "closed")


@dataclass(frozen=True)
class Standing:
    """How a report stands: when it came, which states it reached and when (ns), answers, what of it was noted."""

    receipt: str
    category: str
    received: int
    reached: Mapping[str, int]
    answers: tuple[str, ...]
    notes: tuple[str, ...]
    behind: bool = False


class Pages:
    """Makes pages for one site."""

    def __init__(self, site: Site, options: ReportsOptions, *, map_: bool) -> None:
        self._site, self._options, self._map = site, options, map_
        self._zone = ZoneInfo(site.time_zone)

    def form(self, language: str, fields: Mapping[str, str], message: str = "") -> str:
        """The form, with what was written already."""
        say = words(language)
        kinds = Markup().join(
            Markup('<label{wide}><input type="radio" name="category" value="{name}"{checked}>{told}</label>').format(
                name=name, told=say[name], checked=Markup(" checked") if fields.get("category") == name else "",
                wide=Markup(' class="wide"') if name == "insider" else "",
            )
            for name in _ORDER
        )  # fmt: skip
        receptors = [(one.id, one.name or one.id) for one in self._site.receptors]
        asset = fields.get("asset", "")
        sign: str = ""
        if asset:
            sign = Markup('<p>{told}</p><input type="hidden" name="asset" value="{asset}">').format(
                told=say["at_sign"].format(asset=asset), asset=asset
            )
        latitude, longitude = fields.get("latitude", ""), fields.get("longitude", "")
        map_: str = ""
        if self._map:
            query = f"?at={latitude},{longitude}" if latitude and longitude else ""
            map_ = Markup(
                '<p class="hint" id="map-hint">{hint}</p>'
                '<input type="image" name="map" formaction="/place?lang={language}" formnovalidate '
                'src="/map.svg{query}" width="{width}" height="{height}" alt="{alt}">'
            ).format(
                hint=say["map"], alt=say["map_alt"], query=query, width=WIDTH, height=HEIGHT, language=language
            )  # fmt: skip
        staff: str = ""
        if self._options.staff_secret is not None:
            staff = Markup(
                '<label for="staff">{told}</label><input id="staff" name="staff" maxlength="200" autocomplete="off">'
            ).format(told=say["staff"])
        content = self._filled(
            "form", language, message=_told(message, bad=True), kinds=kinds,
            key=fields.get("key") or secrets.token_hex(16),
            text=fields.get("text", ""), sign=sign, receptors=_options(receptors, fields.get("near", "")),
            place=fields.get("place", ""), map=map_, latitude=latitude, longitude=longitude,
            marked=say["marked"] if latitude else "", name=fields.get("name", ""), contact=fields.get("contact", ""),
            ages=_options([(age, say[name]) for age, name in _AGES], fields.get("age_s", "0")), staff=staff,
            who_open=Markup(" open") if fields.get("name") or fields.get("contact") else "",
        )  # fmt: skip
        return self._page(language, content, "/")

    def state(self, language: str, standing: Standing, *, fresh: bool) -> str:
        """The page of a receipt."""
        say = words(language)
        states = Markup().join(
            Markup('<li class="{done}">{told} <time>{when}</time></li>').format(
                done="done" if name in standing.reached else "", told=say[f"state_{name}"],
                when=self._clock(standing.reached[name]) if name in standing.reached else "",
            )
            for name in _STATES
        )  # fmt: skip
        erased = "erased" in standing.reached
        answers: str = Markup().join(Markup("<blockquote>{}</blockquote>").format(text) for text in standing.answers)
        if not standing.answers:
            answers = Markup("<p>{}</p>").format(say["state_erased" if erased else "no_answer"])
        erase: str = ""
        if not erased:
            erase = Markup(
                '<form method="post" action="/r/{receipt}/erase?lang={language}"><button>{told}</button>'
                '<p class="hint">{hint}</p></form>'
            ).format(receipt=standing.receipt, language=language, told=say["erase"], hint=say["erase_hint"])
        told = [say[f"note_{_note(note)}"] for note in standing.notes] + ([say["behind"]] if standing.behind else [])
        content = self._filled(
            "state", language, message=_told(say["thanks"] if fresh else ""), receipt=standing.receipt,
            kind=say[standing.category], moment=self._clock(standing.received), states=states, answers=answers,
            erase=erase,
            notes=Markup().join(Markup('<p class="hint">{}</p>').format(text) for text in dict.fromkeys(told)),
        )  # fmt: skip
        return self._page(language, content, f"/r/{standing.receipt}")

    def plain(self, language: str, message: str) -> str:
        """A page that says one thing, and lets a receipt be looked up."""
        return self._page(language, self._filled("plain", language, message=_told(message, bad=True)), "/")

    def say(self, language: str, key: str) -> str:
        """A phrase."""
        return words(language)[key].format(telephone=self._options.telephone, site=self._site.name or self._site.id)

    def _clock(self, ns: int) -> str:
        return datetime.fromtimestamp(ns // SECOND, UTC).astimezone(self._zone).strftime("%d.%m.%Y %H:%M")

    def _page(self, language: str, content: Markup, here: str) -> str:
        say = words(language)
        spoken = {name: self.say(language, name) for name in say if name.startswith("js_") or name in CATEGORIES}
        spoken |= {"missing": say["missing"], "wrong": say["wrong"]}
        languages = Markup(" ").join(
            Markup('<a href="{here}?lang={name}" lang="{name}" hreflang="{name}">{told}</a>').format(
                here=here, name=name, told=words(name)["language"]
            )
            for name in LANGUAGES
            if name != language
        )
        return _template("page").format(
            language=language, title=self.say(language, "title"), words=json.dumps(spoken), languages=languages,
            danger=self.say(language, "danger"), content=content,
        )  # fmt: skip

    def _filled(self, template: str, language: str, **values: object) -> Markup:
        say = {f"w_{key}": text for key, text in words(language).items()}
        return _template(template).format(**say, language=language, **values)


@cache
def _template(name: str) -> Markup:
    return Markup(files(__package__).joinpath("pages", f"{name}.html").read_text("utf-8"))  # noqa: S704 - it stays: this package's own file, all that is filled in is escaped


def _told(message: str, *, bad: bool = False) -> str:
    kind = "told bad" if bad else "told"
    return Markup('<p class="{}" id="told" role="status">{}</p>').format(kind, message) if message else Markup()


def _options(pairs: Iterable[tuple[str, str]], chosen: str) -> Markup:
    return Markup().join(
        Markup('<option value="{}"{}>{}</option>').format(value, Markup(" selected") if value == chosen else "", told)
        for value, told in pairs
    )


def _note(note: str) -> str:
    if note.endswith(" cut"):
        return "cut"
    return note if note in _OTHERS else "other"
