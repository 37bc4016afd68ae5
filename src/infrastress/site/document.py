"""YAML files as plain values that remember their lines; hostile input becomes faults in bounded time and memory.

The file is read event by event, so depth and the growth of aliases are bounded while reading. Plain words mean what
YAML 1.2's core schema says: `on`, `no` and `06:00` are words, not truth values or sixty-based numbers.
"""

import re
from pathlib import Path
from typing import Any, NoReturn

from infrastress.site.faults import Fault, shown

try:
    import yaml.cyaml as _parser  # type: ignore[import-untyped,unused-ignore]  # ships without types
    import yaml.error as _error  # type: ignore[import-untyped,unused-ignore]  # ships without types
    import yaml.events as _events  # type: ignore[import-untyped,unused-ignore]  # ships without types
except ImportError:
    _parser = None

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "MapNode", "SeqNode", "read_document"]

MAX_BYTES = 32_000_000
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
    """A mapping with the file it came from, its line, and the line of each key."""

    __slots__ = ("file", "line", "lines")

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file = file
        self.line = line
        self.lines: dict[Any, int] = {}


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


class _Frame:
    __slots__ = ("anchor", "before", "height", "key", "keyed", "node", "skip")

    def __init__(self, node: Any, anchor: str | None, before: int) -> None:
        self.node = node
        self.keyed = type(node) is MapNode
        self.anchor = anchor
        self.before = before
        self.height = 1
        self.key: Any = None
        self.skip = False


class _Builder:
    """Turns parser events into nodes, with a bound on depth and on the size that aliases grow to."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self.stack: list[_Frame] = []
        self.nodes = 0
        self.anchors: dict[str, tuple[Any, int, int] | None] = {}
        self.words = dict(_WORDS)
        self.root: Any = None
        self.documents = 0

    def build(self, text: str) -> Any:
        if _parser is None:
            return self._build_slowly(text)
        loader = _parser.CBaseLoader(text)
        try:
            self._consume(loader.get_event, _events)
        except _error.MarkedYAMLError as error:
            raise _Stop(self._syntax(error, text)) from None
        except _error.YAMLError as error:
            raise _Stop(Fault(self.file, 1, "", shown(str(error)), "YAML")) from None
        finally:
            loader.dispose()
        return self.root

    def _build_slowly(self, text: str) -> Any:
        from ruamel.yaml import YAML, error, events

        try:
            stream = iter(YAML(typ="safe", pure=True).parse(text))
            self._consume(stream.__next__, events)
        except error.MarkedYAMLError as problem:
            raise _Stop(self._syntax(problem, text)) from None
        except error.YAMLError as problem:
            raise _Stop(Fault(self.file, 1, "", shown(str(problem)), "YAML")) from None
        return self.root

    def _consume(self, next_event: Any, events: Any) -> None:
        scalar, mapping, sequence = events.ScalarEvent, events.MappingStartEvent, events.SequenceStartEvent
        ends = (events.MappingEndEvent, events.SequenceEndEvent)
        stack = self.stack
        while True:
            event = next_event()
            kind = type(event)
            if kind is scalar:  # nine events of ten: short, or ten thousand assets take too long
                value = self._scalar(event)
                line = event.start_mark.line + 1
                frame = stack[-1] if stack else None
                if frame is None or frame.skip:
                    self._add(value, line, 1)
                elif frame.key is not None:
                    frame.node[frame.key] = value
                    frame.key = None
                    self.nodes += 1
                elif frame.keyed and type(value) is str and value not in frame.node.lines:
                    frame.node.lines[value] = line
                    frame.key = value
                    self.nodes += 1
                else:
                    self._add(value, line, 1)
            elif kind is mapping or kind is sequence:
                self._open(event, mapping)
            elif kind in ends:
                self._close()
            elif kind is events.StreamEndEvent:
                return
            else:
                self._rare(event, events)

    def _scalar(self, event: Any) -> Any:
        text = event.value
        plain, quoted = event.implicit
        if plain:
            value = self.words[text] if text in self.words else self._plain(text)
        elif quoted:
            value = text
        else:
            self._no_tags(event.start_mark.line + 1)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 1, 0)
        return value

    def _rare(self, event: Any, events: Any) -> None:
        if type(event) is events.AliasEvent:
            self._alias(event)
        elif type(event) is events.DocumentStartEvent:
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

    def _open(self, event: Any, mapping: Any) -> None:
        line = event.start_mark.line + 1
        if event.tag is not None:
            self._no_tags(line)
        if len(self.stack) >= MAX_DEPTH:
            self._too_deep(line)
        kind = MapNode if type(event) is mapping else SeqNode
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        self.stack.append(_Frame(kind(self.file, line), event.anchor, self.nodes))

    def _too_deep(self, line: int) -> NoReturn:
        raise _Stop(
            Fault(self.file, line, "", f"more than {MAX_DEPTH} levels", "a flat structure", "is it a site file?")
        )

    def _close(self) -> None:
        frame = self.stack.pop()
        size = self.nodes - frame.before + 1
        if frame.anchor is not None:
            self.anchors[frame.anchor] = (frame.node, size, frame.height)
        if self.stack:
            self.stack[-1].height = max(self.stack[-1].height, frame.height + 1)
        self._add(frame.node, frame.node.line, 1)

    def _alias(self, event: Any) -> None:
        line = event.start_mark.line + 1
        target = self.anchors.get(event.anchor)
        if target is None:
            found = f"`*{event.anchor}` stands for itself" if event.anchor in self.anchors else f"`*{event.anchor}`"
            expected = "an alias of something named before by `&`"
            raise _Stop(Fault(self.file, line, "", found, expected))
        value, size, height = target
        if len(self.stack) + height > MAX_DEPTH:
            self._too_deep(line)
        if self.stack:
            self.stack[-1].height = max(self.stack[-1].height, height + 1)
        self._add(value, line, size)

    def _add(self, value: Any, line: int, size: int) -> None:
        self.nodes += size
        if self.nodes > MAX_NODES:
            found = f"more than {MAX_NODES:,} values"
            raise _Stop(Fault(self.file, line, "", found, "fewer", "do aliases (`*name`) multiply each other?"))
        if not self.stack:
            self.root = value
            return
        frame = self.stack[-1]
        node = frame.node
        if not frame.keyed:
            node.append(value)
            node.lines.append(line)
        elif frame.key is None:
            self._key(frame, value, line)
        else:
            if frame.skip:
                frame.skip = False
            else:
                node[frame.key] = value
            frame.key = None

    def _key(self, frame: _Frame, value: Any, line: int) -> None:
        node = frame.node
        if isinstance(value, MapNode | SeqNode):
            self.faults.append(Fault(self.file, line, "", f"{shown(value)} as a field's name", "a word"))
            frame.skip = True
            frame.key = ""
            return
        key = value if isinstance(value, str) else str(value)
        if key in node.lines:
            first = f"{key!r} twice, first in line {node.lines[key]}"
            self.faults.append(Fault(self.file, line, key, first, "each field once", "remove one of the two"))
            frame.skip = True
        else:
            node.lines[key] = line
        frame.key = key

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
