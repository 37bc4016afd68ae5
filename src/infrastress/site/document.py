"""YAML files as plain values that remember their lines; hostile input becomes faults in bounded time and memory.

The file is read event by event, so depth and the growth of aliases are bounded while reading. Plain words mean what
YAML 1.2's core schema says: `on`, `no` and `06:00` are words, not truth values or sixty-based numbers.
"""

import re
from pathlib import Path
from typing import Any, NoReturn

import yaml

from infrastress.site.faults import Fault, shown

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "MapNode", "SeqNode", "read_document"]

MAX_BYTES = 16_000_000
MAX_DEPTH = 40
MAX_NODES = 2_000_000

_INT = re.compile(r"[-+]?[0-9]{1,400}|0x[0-9a-fA-F]{1,64}|0o[0-7]{1,64}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", "+.inf"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")


class MapNode(dict[str, Any]):
    """A mapping with the file it came from, its line, and the line of each key, in the order of the keys."""

    __slots__ = ("file", "line", "lines")

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file = file
        self.line = line
        self.lines: list[int] = []

    def line_of(self, key: str) -> int:
        """Line of a key that is there."""
        return self.lines[list(self).index(key)]

    def put(self, key: str, value: Any, line: int) -> None:
        """Add a field behind the others."""
        self[key] = value
        self.lines.append(line)

    def take(self, key: str) -> tuple[Any, int]:
        """Remove a field; its value and line."""
        line = self.lines.pop(list(self).index(key))
        return self.pop(key), line


class SeqNode(list[Any]):
    """A list with the file it came from, its line, and the line of each entry."""

    __slots__ = ("file", "line", "lines")

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file = file
        self.line = line
        self.lines: list[int] = []


class _Stop(Exception):  # noqa: N818 - ends the reading of one file, isn't an error of its own
    def __init__(self, fault: Fault) -> None:
        self.fault = fault


def read_document(path: Path, file: str) -> tuple[Any, list[Fault]]:
    """Value of a YAML file, with its faults. Never raises for what the file holds.

    Args:
        path: the file.
        file: its name as faults shall show it.

    Returns:
        The value (None where the file can't be read to its end) and the faults found.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or "unreadable"
        return None, [
            Fault(file, 1, "", f"can't be read: {reason}", "a readable file", "check the path and its rights")
        ]
    if len(data) > MAX_BYTES:
        limit = f"at most {MAX_BYTES // 1_000_000} MB"
        return None, [Fault(file, 1, "", "a larger file", limit, "split it by `include`, or is it the right file?")]
    try:
        text = _decode(data, file)
        builder = _Builder(file)
        try:
            value = builder.build(text)
        except _Stop as stop:
            return None, [*builder.faults, stop.fault]
    except _Stop as stop:
        return None, [stop.fault]
    return value, builder.faults


def _decode(data: bytes, file: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _Stop(Fault(file, 1, "", "text in UTF-16", "text in UTF-8", "save the file as UTF-8"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        guess = data[error.start : error.start + 1].decode("cp1252", "replace")
        hint = f"in Windows-1252 this is {guess!r}: save the file as UTF-8"
        raise _Stop(Fault(file, line, "", f"byte 0x{data[error.start]:02x}", "text in UTF-8", hint)) from None
    bad = _CONTROL.search(text)
    if bad is not None:
        line = text.count("\n", 0, bad.start()) + 1
        found = f"control character U+{ord(bad.group()):04X}"
        raise _Stop(Fault(file, line, "", found, "text without control characters", "is it a text file?"))
    return text


# libyaml's parser where PyYAML was built with it, as its wheels are: thirty times the speed of the other.
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

# What a value that comes next is: a key, an entry of a list, the value of a refused key, or the whole document.
_KEY, _ENTRY, _REFUSED, _ROOT = object(), object(), object(), object()


class _Builder:
    """Turns parser events into nodes, with a bound on depth and on the size that aliases grow to."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self.anchors: dict[str, tuple[Any, int, int] | None] = {}
        self.words = dict(_WORDS)
        self.documents = 0

    def build(self, text: str) -> Any:
        loader = _LOADER(text)
        try:
            return self._consume(loader.get_event)
        except yaml.MarkedYAMLError as error:
            raise _Stop(self._syntax(error, text)) from None
        except yaml.YAMLError as error:
            raise _Stop(Fault(self.file, 1, "", shown(str(error)), "YAML")) from None
        finally:
            loader.dispose()

    def _consume(self, next_event: Any) -> Any:  # noqa: PLR0912, PLR0915 - calls would double its time
        scalar, mapping, sequence = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent
        ends = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
        words = self.words
        stack: list[tuple[Any, Any, str | None, int, int]] = []
        node: Any = None
        slot: Any = _ROOT
        anchor: str | None = None  # of the open node, with the count of values before it and the levels below it
        before = levels = 0
        count = 0
        while True:
            event = next_event()
            kind = type(event)
            if kind is scalar:
                text = event.value
                line = event.start_mark.line + 1
                plain, quoted = event.implicit
                if plain:
                    value = words[text] if text in words else self._plain(text)
                elif quoted:
                    value = text
                else:
                    self._no_tags(line)
                if event.anchor is not None:
                    self.anchors[event.anchor] = (value, 1, 0)
                count += 1
            elif kind is mapping or kind is sequence:
                self._opens(event, len(stack))
                stack.append((node, slot, anchor, before, levels))
                line = event.start_mark.line + 1
                node = MapNode(self.file, line) if kind is mapping else SeqNode(self.file, line)
                slot = _KEY if kind is mapping else _ENTRY
                anchor, before, levels = event.anchor, count, 0
                continue
            elif kind in ends:
                value, line = node, node.line
                count += 1
                height = levels + 1
                if anchor is not None:
                    self.anchors[anchor] = (node, count - before, height)
                node, slot, anchor, before, levels = stack.pop()
                levels = max(levels, height)
            elif kind is yaml.AliasEvent:
                value, size, height = self._aliased(event, len(stack))
                line = event.start_mark.line + 1
                levels = max(levels, height)
                count += size
            elif kind is yaml.StreamEndEvent:
                return node
            else:
                self._rare(event)
                continue
            if count > MAX_NODES:
                self._too_many(line)
            if slot is _KEY:
                slot = self._key(node, value, line)
            elif slot is _ENTRY:
                node.append(value)
                node.lines.append(line)
            elif slot is _ROOT:
                node = value
            else:
                if slot is not _REFUSED:
                    node[slot] = value
                slot = _KEY

    def _key(self, node: MapNode, value: Any, line: int) -> Any:
        """Take a key; what stands next in the mapping."""
        if type(value) is not str:
            if isinstance(value, MapNode | SeqNode):
                self.faults.append(Fault(self.file, line, "", f"{shown(value)} as a field's name", "a word"))
                return _REFUSED
            value = str(value)
        if value in node:
            found = f"{value!r} twice, first in line {node.line_of(value)}"
            self.faults.append(Fault(self.file, line, value, found, "each field once", "remove one of the two"))
            return _REFUSED
        node[value] = None
        node.lines.append(line)
        return value

    def _rare(self, event: Any) -> None:
        if type(event) is yaml.DocumentStartEvent:
            self.documents += 1
            if self.documents > 1:
                line = event.start_mark.line + 1
                raise _Stop(Fault(self.file, line, "", "a second document", "one document", "remove the `---`"))

    def _plain(self, text: str) -> Any:
        value: Any = text
        if _INT.fullmatch(text):
            value = int(text, 0) if text[:2] in ("0x", "0o") else int(text)
        elif _FLOAT.fullmatch(text):
            value = float(text)
        if len(self.words) < 100_000:
            self.words[text] = value
        return value

    def _no_tags(self, line: int) -> NoReturn:
        raise _Stop(Fault(self.file, line, "", "a tag (`!...`)", "plain values", "remove the tag"))

    def _too_many(self, line: int) -> NoReturn:
        found = f"more than {MAX_NODES:,} values"
        raise _Stop(Fault(self.file, line, "", found, "fewer", "do aliases (`*name`) multiply each other?"))

    def _too_deep(self, line: int) -> NoReturn:
        raise _Stop(
            Fault(self.file, line, "", f"more than {MAX_DEPTH} levels", "a flat structure", "is it a site file?")
        )

    def _opens(self, event: Any, depth: int) -> None:
        if event.tag is not None:
            self._no_tags(event.start_mark.line + 1)
        if depth >= MAX_DEPTH:
            self._too_deep(event.start_mark.line + 1)
        if event.anchor is not None:
            self.anchors[event.anchor] = None

    def _aliased(self, event: Any, depth: int) -> tuple[Any, int, int]:
        line = event.start_mark.line + 1
        target = self.anchors.get(event.anchor)
        if target is None:
            found = f"`*{event.anchor}` stands for itself" if event.anchor in self.anchors else f"`*{event.anchor}`"
            raise _Stop(Fault(self.file, line, "", found, "an alias of something named before by `&`"))
        if depth + target[2] > MAX_DEPTH:
            self._too_deep(line)
        return target

    def _syntax(self, error: Any, text: str) -> Fault:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        lines = text.splitlines()
        here = lines[line - 1] if line <= len(lines) else ""
        indent = here[: len(here) - len(here.lstrip())]
        if "\t" in indent:
            return Fault(self.file, line, "", "a tab before the first word", "spaces", "indent by spaces")
        problem = " ".join(part for part in (error.context, error.problem) if part)
        return Fault(self.file, line, "", f"no YAML: {problem}", "YAML", _syntax_hint(problem))


def _syntax_hint(problem: str) -> str:
    if "mapping values are not allowed" in problem or "could not find expected ':'" in problem:
        return "look for a missing quote, colon or indent here or in the line before"
    if "block end" in problem:
        return "do the lines of this block start in the same column?"
    return ""
