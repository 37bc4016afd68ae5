"""Options of the syslog connector."""

import re
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = ["BUILT_IN", "Rule", "SyslogOptions"]

BUILT_IN = ("host", "app", "process", "kind", "text", "sender", "severity", "facility")
"""Fields that every message has."""
Port = Annotated[int, Field(ge=0, le=65_535)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Part):
    """Which messages become events, and of what. The first rule that fits a message is taken.

    `fields` maps a field of the event's body to a named group of `match`, to structured data as `SD-ID/name`, or to
    host, app, process, kind, text, sender, severity or facility. `values` turns words into values, by field of the
    body.
    """

    app: Annotated[str | None, Field(description="Regular expression for the whole APP-NAME or TAG")] = None
    match: Annotated[str | None, Field(description="Regular expression found in the text, with named groups")] = None
    needs: Annotated[
        tuple[str, ...], Field(description="Structured data that has to be there: SD-ID or SD-ID/name")
    ] = ()
    event: Literal["access", "login", "door", "session", "gas", "switch", "track", "report"]
    fields: dict[str, str]
    constants: dict[str, Any] = Field(default_factory=dict)
    values: dict[str, dict[str, Any]] = Field(default_factory=dict)
    assets: Annotated[tuple[str, ...], Field(description="As in `fields`: what holds asset ids")] = ()

    @field_validator("app", "match")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _whole(self) -> "Rule":
        groups = set(re.compile(self.match or "").groupindex)
        for name in (*self.fields.values(), *self.assets):
            if name not in groups and name not in BUILT_IN and "/" not in name:
                known = ", ".join(sorted(groups | set(BUILT_IN)))
                raise ValueError(f"{name!r} is no group of `match`; known: {known}, or SD-ID/name")
        if self.match is None and self.app is None and not self.needs:
            raise ValueError("a rule needs `app`, `match` or `needs`: this one fits every message")
        return self


class SyslogOptions(_Part):
    """Where it listens and what it makes of messages. A port of 0 takes a free one."""

    host: Annotated[str, Field(description="Address to listen at; other machines reach only another one")] = "127.0.0.1"
    udp_port: Port | None = None
    tcp_port: Port | None = None
    cert_file: Annotated[Path | None, Field(description="With a certificate, PEM, TCP is TLS")] = None
    key_file: Path | None = None
    key_password_secret: str | None = None
    ca_file: Annotated[Path | None, Field(description="PEM: senders have to show a certificate that it signed")] = None
    senders: Annotated[tuple[IPv4Network | IPv6Network, ...], Field(description="Networks heard; none named: all")] = ()
    time_zone: Annotated[str | None, Field(description="IANA name for times without zone; else the site's")] = None
    longest_bytes: Annotated[int, Field(ge=480, le=1_000_000, description="Of a message")] = 8_192
    connections: Annotated[int, Field(ge=1, description="At a time, over TCP")] = 100
    gather_s: Annotated[float, Field(gt=0, le=60, description="How long events gather before they are stored")] = 0.2
    retry_max_s: Annotated[float, Field(gt=0, description="Longest wait before trying to listen again")] = 30.0
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _whole(self) -> "SyslogOptions":
        if self.udp_port is None and self.tcp_port is None:
            raise ValueError("neither udp_port nor tcp_port is given")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together")
        if self.ca_file is not None and self.cert_file is None:
            raise ValueError("ca_file is given without cert_file: that would not be TLS")
        if self.cert_file is not None and self.tcp_port is None:
            raise ValueError("cert_file is given without tcp_port")
        return self
