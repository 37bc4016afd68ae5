"""Messages to events by the rules of the options."""

import re
from typing import Any

import msgspec

from infrastress.connectors.mapping import Mapping, RecordMap, TimeMap
from infrastress.connectors.records import RecordReader
from infrastress.connectors.syslog.message import Message
from infrastress.connectors.syslog.options import Rule
from infrastress.core.errors import MappingError
from infrastress.events import Event
from infrastress.events.kinds import KINDS
from infrastress.site import Site

__all__ = ["Rules"]

_SEVERITIES = ("emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug")


class Rules:
    """All rules of a source.

    Args:
        rules: in order.
        site, source: whose.

    Raises:
        MappingError: a rule names fields that its event doesn't have, or leaves out one that it needs.
    """

    def __init__(self, rules: tuple[Rule, ...], site: Site, source: str) -> None:
        self._rules = [_Compiled(rule, site, source, f"source {source}, rule {i + 1}") for i, rule in enumerate(rules)]

    def event(self, message: Message, sender: str, time: int, number: int) -> Event | None:
        """The event of the first rule that fits; None where none does.

        Raises:
            Refused: the fields don't fit the event.
        """
        for rule in self._rules:
            record = rule.record(message, sender)
            if record is not None:
                return rule.reader.read_fields({**record, "": str(time)}, number)
        return None


class _Compiled:
    def __init__(self, rule: Rule, site: Site, source: str, where: str) -> None:
        facts = msgspec.structs.fields(KINDS[rule.event])
        known = {field.name for field in facts}
        needed = {field.name for field in facts if field.required}
        told = {*rule.fields, *rule.constants}
        if strange := (told | set(rule.values)) - known:
            raise MappingError(
                f"{rule.event} has no field {min(strange)!r}; it has {', '.join(sorted(known))}", where=where
            )
        if missing := needed - told:
            raise MappingError(f"{rule.event} needs the field {min(missing)!r}", where=where)
        self._app = re.compile(rule.app) if rule.app is not None else None
        self._match = re.compile(rule.match) if rule.match is not None else None
        self._rule = rule
        records = RecordMap(
            kind=rule.event,
            time="",
            fields={name: f".{name}" for name in rule.fields},
            constants=rule.constants,
            assets=rule.assets,
        )
        self.reader = RecordReader(site, source, Mapping(records=records, time=TimeMap(column="", format="epoch_ns")))

    def record(self, message: Message, sender: str) -> dict[str, Any] | None:
        """What the rule finds in a message; None where it doesn't fit."""
        rule = self._rule
        if self._app is not None and not self._app.fullmatch(message.app):
            return None
        found: dict[str, Any] = {}
        if self._match is not None:
            match = self._match.search(message.text)
            if match is None:
                return None
            found.update(match.groupdict())
        for name in rule.needs:
            identity, _, parameter = name.partition("/")
            if identity not in message.data or (parameter and parameter not in message.data[identity]):
                return None

        def told(name: str) -> str | None:
            if name in found:
                return None if found[name] is None else str(found[name])
            identity, slash, parameter = name.rpartition("/")
            if slash:
                return message.data.get(identity, {}).get(parameter)
            if name == "sender":
                return sender
            if name == "severity":
                return _SEVERITIES[message.priority & 7]
            return str(message.priority >> 3) if name == "facility" else str(getattr(message, name))

        record: dict[str, Any] = {name: told(name) for name in rule.assets}
        for name, place in rule.fields.items():
            word = told(place)
            if word is not None:
                record[f".{name}"] = rule.values.get(name, {}).get(word, word)
        return record
