"""`SITE/notifications.yaml`: who is told of what, by which way, when, and who next when nobody acknowledges.

channels:
  shift-mail: {type: smtp, host: mail.plant.example, sender: alarm@plant.example, to: [shift@plant.example]}
routes:
  - name: shift
    severity: high
    steps: [{channels: [shift-mail]}, {after_min: 10, channels: [siren]}]
quiet_hours: "22:00-06:00"
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError

from infrastress.core.errors import ConfigurationError
from infrastress.events.kinds import SourceKind
from infrastress.fusion.evidence import rank_of
from infrastress.site import Site
from infrastress.site.base import Id, Model, Severity
from infrastress.site.document import MapNode, read_document
from infrastress.site.faults import Fault, did_you_mean, shown
from infrastress.site.reader import locate

__all__ = [
    "FILE",
    "ChannelSettings",
    "CommandSettings",
    "Hours",
    "Route",
    "Settings",
    "SmtpSettings",
    "Step",
    "WebhookSettings",
    "check_settings",
    "read_settings",
]

FILE = "notifications.yaml"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]+")


def _printable(text: str) -> str:
    if not _PRINTABLE.fullmatch(text):
        raise ValueError("text without control characters")
    return text


def _hours(text: str) -> str:
    if text and not _HOURS.fullmatch(text):
        raise ValueError('hours like "22:00-06:00"')
    return text


Text = Annotated[str, AfterValidator(_printable)]
Address = Annotated[str, Field(pattern=r"^[^@\s<>,;\x00-\x1f]+@[^@\s<>,;\x00-\x1f]+$", max_length=254)]
Hours = Annotated[str, AfterValidator(_hours)]


class _Channel(Model):
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 15.0
    per_hour: Annotated[int, Field(ge=1, le=1000, description="Single messages an hour, critical ones apart")] = 30


class SmtpSettings(_Channel):
    """Mail. `security`: starttls, tls (implicit), or none, which is taken on this machine only."""

    type: Literal["smtp"]
    host: Text
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: Text | Literal[""] = ""
    sender: Address
    to: Annotated[tuple[Address, ...], Field(min_length=1, max_length=50)]
    user: Text | Literal[""] = ""
    password_secret: str = ""

    def fault(self) -> str:
        """What the fields say together that can't be."""
        if self.security == "none" and self.host not in _LOOPBACK:
            return "mail to another machine goes by TLS: security starttls or tls"
        return "" if bool(self.user) == bool(self.password_secret) else "user and password_secret, both or none"


class WebhookSettings(_Channel):
    """A POST of JSON, signed by the Standard Webhooks scheme (HMAC-SHA256) with the secret that `key_secret` names."""

    type: Literal["webhook"]
    url: Text
    key_secret: Annotated[str, Field(min_length=1)]
    ca_file: Text | Literal[""] = ""

    def fault(self) -> str:
        """What the fields say together that can't be."""
        try:
            parts = urlsplit(self.url)
            port = parts.port
        except ValueError:
            return "an https:// address"
        if parts.username or parts.password:
            return "an address without user and password"
        if not parts.hostname or port == 0 or parts.scheme not in ("https", "http"):
            return "an https:// address"
        return "" if parts.scheme == "https" or parts.hostname in _LOOPBACK else "https:// to another machine"


class CommandSettings(_Channel):
    """A local program (siren, lamp): a list of words, run without a shell; it gets the message as JSON on stdin."""

    type: Literal["command"]
    argv: Annotated[tuple[Text, ...], Field(min_length=1, max_length=100)]

    def fault(self) -> str:
        """What the fields say together that can't be."""
        return "" if Path(self.argv[0]).is_absolute() else "the program's full path as first word"


ChannelSettings = SmtpSettings | WebhookSettings | CommandSettings
_TYPES: dict[str, type[SmtpSettings | WebhookSettings | CommandSettings]] = {
    "smtp": SmtpSettings,
    "webhook": WebhookSettings,
    "command": CommandSettings,
}


class Step(Model):
    """One step of an escalation: these channels, so many minutes after the step before, if still unacknowledged."""

    channels: Annotated[tuple[Id, ...], Field(min_length=1)]
    after_min: Annotated[float, Field(ge=0, le=7 * 24 * 60)] = 0.0


class Route(Model):
    """Which incidents and alarms go by which steps. Empty lists stand for all; hours and days are the site's own."""

    name: Id
    severity: Annotated[Severity, Field(description="This or more")] = "high"
    kinds: Annotated[tuple[Literal["incident", "alarm"], ...], Field(min_length=1)] = ("incident", "alarm")
    zones: tuple[Id, ...] = ()
    assets: tuple[Id, ...] = ()
    source_kinds: tuple[SourceKind, ...] = ()
    hours: Hours = ""
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ()
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=20)]

    @property
    def everywhere(self) -> bool:
        """Whether every critical incident takes it."""
        return "incident" in self.kinds and not (self.zones or self.assets or self.source_kinds)


class _File(Model):
    channels: dict[Id, dict[str, Any]] = Field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    quiet_hours: Hours = ""


class Settings(Model):
    """The whole file. In quiet hours all but critical waits until they end."""

    channels: dict[str, ChannelSettings] = Field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    quiet_hours: Hours = ""


def read_settings(site: Site, folder: Path) -> Settings:
    """Settings of a site; none where there is no file.

    Raises:
        ConfigurationError: the file has faults; all are told, with file, line and field.
    """
    settings, faults = check_settings(site, folder)
    errors = [str(fault) for fault in faults if fault.severity == "error"]
    if settings is None:
        raise ConfigurationError(
            "; ".join(errors),
            where=str(folder / FILE),
            remedy="see docs/notifications.md, and `infrastress notify check`",
        )
    return settings


def check_settings(site: Site, folder: Path) -> tuple[Settings | None, list[Fault]]:
    """Settings of a site, None where they have errors, and all faults: warnings say who would not be told."""
    if not (folder / FILE).exists():
        return Settings(), []
    root, faults = read_document(folder / FILE, FILE)
    if root is None and not faults:
        return Settings(), []
    if not isinstance(root, MapNode):
        return None, faults or [Fault(FILE, 1, "", shown(root), "a mapping with channels and routes")]
    report = _Report(root, faults)
    plain = _plain(root)
    try:
        file = _File.model_validate(plain)
    except ValidationError as error:
        report.add_all(error)
        return None, report.faults
    channels = {name: one for name, fields in file.channels.items() if (one := _channel(name, fields, report))}
    _check_references(file, site, report)
    if report.faults:
        return None, report.faults
    settings = Settings(channels=channels, routes=file.routes, quiet_hours=file.quiet_hours)
    return settings, _silences(settings)


class _Report:
    def __init__(self, root: MapNode, faults: list[Fault]) -> None:
        self.root = root
        self.faults = faults

    def add(self, path: tuple[str | int, ...], expected: str, suggestion: str = "", *, strange: bool = False) -> None:
        file, line, field, _, value = locate(self.root, path)
        found = "a field that isn't known" if strange else shown(value)  # which may be a secret in the wrong place
        self.faults.append(Fault(file, line, field, found, expected, suggestion))

    def add_all(self, error: ValidationError, before: tuple[str | int, ...] = ()) -> None:
        for one in error.errors():
            told = one["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
            strange = one["type"] == "extra_forbidden"
            if strange:
                told = "no such field"
            elif one["type"] == "missing":
                told = "this field"
            self.add((*before, *one["loc"]), told[:1].lower() + told[1:], strange=strange)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _channel(name: str, fields: Mapping[str, Any], report: _Report) -> ChannelSettings | None:
    here = ("channels", name)
    type_ = fields.get("type")
    if type_ not in _TYPES:
        report.add((*here, "type"), f"one of {', '.join(_TYPES)}", did_you_mean(type_, _TYPES))
        return None
    try:
        channel = _TYPES[type_].model_validate(fields)
    except ValidationError as error:
        report.add_all(error, here)
        return None
    if fault := channel.fault():
        report.add(here, fault)
        return None
    return channel


def _check_references(file: _File, site: Site, report: _Report) -> None:
    zones = {zone.id for zone in site.zones} | {zone.id for zone in site.security_zones}
    names: set[str] = set()
    for i, route in enumerate(file.routes):
        if route.name in names:
            report.add(("routes", i, "name"), "each name once")
        names.add(route.name)
        for j, step in enumerate(route.steps):
            for k, channel in enumerate(step.channels):
                if channel not in file.channels:
                    place = ("routes", i, "steps", j, "channels", k)
                    report.add(place, "a channel of this file", did_you_mean(channel, file.channels))
            if j and not step.after_min:
                report.add(("routes", i, "steps", j, "after_min"), "minutes after the step before, more than 0")
        for field, known, given in (("zones", zones, route.zones), ("assets", site.asset_by_id, route.assets)):
            for k, name in enumerate(given):
                if name not in known:
                    report.add(("routes", i, field, k), f"one of the site's {field}", did_you_mean(name, known))


def _silences(settings: Settings) -> list[Fault]:
    """A warning where critical incidents of some hours are only told by routes that those hours exclude."""
    open_routes = [route for route in settings.routes if route.everywhere]
    found = "no route that takes every critical incident"
    if not open_routes:
        return [_warning(found, "one, or who watches the console is told alone")]
    cuts = {0, *(minute for route in open_routes if route.hours for minute in span_of(route.hours))}
    for day in range(7):
        for minute in sorted(cuts):
            if not any(in_hours(route, day, minute % 1440) for route in open_routes):
                when = f"{DAYS[day]} {minute % 1440 // 60:02d}:{minute % 60:02d}"
                return [_warning(f"{found} on {when}", "one at any time; hours are left aside then")]
    return []


def _warning(found: str, expected: str) -> Fault:
    return Fault(FILE, 1, "routes", found, expected, severity="warning")


def span_of(hours: str) -> tuple[int, int]:
    """Minutes of the day at which hours begin and end; the end is 1440 at most."""
    begin, _, end = hours.partition("-")
    return _minute(begin), _minute(end)


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def within(hours: str, minute: int) -> bool:
    """Whether a minute of the day lies in hours such as "22:00-06:00"; the same time twice is the whole day."""
    begin, end = span_of(hours)
    return begin <= minute < end if begin < end else minute >= begin or minute < end


def in_hours(route: Route, day: int, minute: int) -> bool:
    """Whether a route holds at a weekday (0 is Monday) and minute; behind midnight hours belong to the day before."""
    if route.hours:
        if not within(route.hours, minute):
            return False
        begin, end = span_of(route.hours)
        if begin >= end and minute < end:
            day = (day - 1) % 7
    return not route.days or DAYS[day] in route.days


def at_least(route: Route, rank: int) -> bool:
    """Whether a severity is enough for a route."""
    return rank >= rank_of(route.severity)
