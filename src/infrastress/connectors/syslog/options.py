"""Options of the syslog connector."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from infrastress.connectors.listening import ListeningOptions

__all__ = ["BUILT_IN", "Rule", "SyslogOptions"]

BUILT_IN = ("host", "app", "process", "kind", "text", "sender", "severity", "facility")
"""Fields that every message has."""


class Rule(BaseModel):
    """Which messages become events, and of what. The first rule that fits a message is taken.

    `fields` maps a field of the event's body to a named group of `match`, to structured data as `SD-ID/name`, or to
    host, app, process, kind, text, sender, severity or facility. `values` turns words into values, by field of the
    body.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

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


class SyslogOptions(ListeningOptions):
    """Where it listens and what it makes of messages."""

    time_zone: Annotated[str | None, Field(description="IANA name for times without zone; else the site's")] = None
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
