"""Options of the MQTT connector."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from infrastress.connectors.mapping import ColumnMap, RecordMap
from infrastress.connectors.mqtt.topics import fault_of, places_of

__all__ = ["MqttOptions", "Route"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Route(_Part):
    """A subscription, and how its messages read.

    Payloads: `number` (the payload is a value), `json` (an object or an array of objects, with values), `events` (JSON,
    an object or an array, that become events), `sparkplug` (Sparkplug B), `status` (words that tell of a member whether
    it is there, such as a last will).
    """

    filter: str
    payload: Literal["number", "json", "events", "sparkplug", "status"]
    name: Annotated[
        str,
        Field(
            description="What a value is called in `columns`, or a member in `status`: text with {topic}, {1} {2} .. "
            "for what each wildcard stands for, {field} for the path in a JSON object, {tag} for what `tag` holds"
        ),
    ] = ""
    columns: Annotated[dict[str, ColumnMap], Field(description="Values by name; none: names are signal ids")] = Field(
        default_factory=dict
    )
    time: Annotated[str | None, Field(description="Path of the time in a JSON object; none: when it came")] = None
    time_format: str = "iso"
    time_zone: Annotated[str | None, Field(description="IANA name for times without offset; else the site's")] = None
    items: Annotated[str | None, Field(description="Path of the array of objects in a JSON message")] = None
    tag: Annotated[str | None, Field(description="Path of a value's name, where an object holds one value")] = None
    value: str = "value"
    quality: Annotated[str | None, Field(description="Path of its quality")] = None
    good_quality: tuple[str, ...] = ("Good", "good", "GOOD", "192", "0x00", "true", "True")
    records: Annotated[RecordMap | None, Field(description="How objects become events; none: our own events")] = None
    up: tuple[str, ...] = ("online", "ONLINE", "1", "true", "up")
    down: tuple[str, ...] = ("offline", "OFFLINE", "0", "false", "down", "")
    fixed_aliases: Annotated[
        bool, Field(description="Sparkplug: aliases mean the same after every birth, so a missed birth does no harm")
    ] = False
    rebirth: Annotated[
        bool,
        Field(description="Sparkplug: ask a node for a birth when one is needed. This WRITES to the plant's side"),
    ] = False

    @field_validator("columns", mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        """`name: SIGNAL` is short for `name: {signal: SIGNAL}`."""
        if not isinstance(value, dict):
            return value
        return {str(key): {"signal": item} if isinstance(item, str) else item for key, item in value.items()}

    @model_validator(mode="after")
    def _whole(self) -> "Route":
        if fault := fault_of(self.filter):
            raise ValueError(f"the topic filter {self.filter!r} {fault}")
        if self.payload == "sparkplug" and not self.filter.startswith("spBv1.0/"):
            raise ValueError("a filter of Sparkplug B begins with spBv1.0/")
        if self.payload == "events" and self.records is None and self.time is not None:
            raise ValueError("events of our own have their time; `time` in `records` names that of others")
        wild = self.filter.split("/").count("+") + self.filter.endswith("#")
        known = {"topic", *(str(i + 1) for i in range(wild))}
        if self.payload == "json":
            known.add("tag" if self.tag else "field")
        if strange := places_of(self.template) - known:
            raise ValueError(f"name: {{{min(strange)}}} stands for nothing here; known: {', '.join(sorted(known))}")
        if self.payload == "json" and not places_of(self.template) & {"tag", "field"}:
            raise ValueError("name: a JSON message's values need {field}, or {tag} with `tag`, in their name")
        return self

    @property
    def template(self) -> str:
        """The name, or what it is when none is given."""
        if self.name:
            return self.name
        wild = "+" in self.filter or "#" in self.filter
        if self.payload == "json":
            part = "{tag}" if self.tag else "{field}"
            return f"{{topic}}:{part}" if wild else part
        return "{topic}"


class MqttOptions(_Part):
    """How a broker is reached and what is read from it."""

    host: str
    port: Annotated[int, Field(ge=1, le=65_535)] = 8883
    tls: bool = True
    ca_file: Annotated[
        Path | None, Field(description="PEM of who signs the broker's certificate; none: the system's")
    ] = None
    server_name: Annotated[str | None, Field(description="Name in its certificate, where it isn't the host's")] = None
    cert_file: Annotated[Path | None, Field(description="Our own certificate, PEM")] = None
    key_file: Path | None = None
    key_password_secret: str | None = None
    username: str | None = None
    username_secret: str | None = None
    password_secret: str | None = None
    version: Annotated[Literal["5", "3.1.1"], Field(description="Of the protocol")] = "5"
    client_id: Annotated[
        str | None,
        Field(max_length=65_535, description="Names the session that the broker keeps; else of site and source"),
    ] = None
    session_s: Annotated[int, Field(ge=0, le=0xFFFFFFFF, description="How long the broker keeps it, version 5")] = (
        86_400
    )
    keep_alive_s: Annotated[int, Field(ge=2, le=65_535)] = 15
    receive_maximum: Annotated[int, Field(ge=1, le=65_535, description="Messages not acknowledged at a time")] = 2_000
    longest_bytes: Annotated[int, Field(ge=128, description="Of a message")] = 1_000_000
    gather_s: Annotated[float, Field(gt=0, le=60, description="How long messages gather before they are stored")] = 0.1
    resolution_s: Annotated[float, Field(ge=0, description="Values of so much time share a row and its time")] = 0.0
    retry_max_s: Annotated[float, Field(gt=0, description="Longest wait before trying again")] = 30.0
    topics: Annotated[tuple[Route, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _whole(self) -> "MqttOptions":
        if not self.tls and (self.ca_file or self.cert_file or self.server_name):
            raise ValueError("certificates are given but tls is false")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together")
        if self.username and self.username_secret:
            raise ValueError("username and username_secret are both given")
        return self
