"""A site file with what it includes, as one tree that knows the file and line of each part."""

from pathlib import Path
from typing import Any

from infrastress.site.document import MapNode, SeqNode, read_document
from infrastress.site.faults import Fault, shown

__all__ = ["MAX_FILES", "locate", "read_site_file"]

MAX_FILES = 200
_MAX_INCLUDE_DEPTH = 8


def read_site_file(path: Path) -> tuple[MapNode | None, list[Fault]]:
    """The tree of a site folder's `site.yaml`, or of a file, with all its includes joined.

    Top-level lists of included files are put behind those of the including file; any other top-level field may stand
    in one file only. Included files lie in the site's folder.

    Returns:
        The tree (None where the main file holds none) and the faults found.
    """
    file = path / "site.yaml" if path.is_dir() else path
    if not file.exists():
        hint = "check the path; `infrastress init` makes a new site"
        found = "there is no such file"
        return None, [Fault(str(file), 1, "", found, "a site's folder that holds site.yaml, or that file", hint)]
    reader = _Reader(file.parent)
    root = reader.read(file, file.name, ())
    return root, reader.faults


class _Refused(Exception):  # noqa: N818 - why one include isn't followed: found, expected, suggestion
    pass


class _Reader:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: list[Fault] = []
        self.seen: dict[Path, str] = {}

    def read(self, path: Path, name: str, within: tuple[Path, ...]) -> MapNode | None:
        self.seen[path.resolve()] = name
        value, faults = read_document(path, name)
        self.faults += faults
        if value is None and faults:
            return None
        if not isinstance(value, MapNode):
            found = "an empty file" if value is None else shown(value)
            hint = "start it with `id: my-site`" if not within else ""
            self.faults.append(Fault(name, 1, "", found, "a mapping of fields", hint))
            return None
        if "include" in value:
            self._include(value, path, (*within, path.resolve()))
        return value

    def _include(self, root: MapNode, path: Path, within: tuple[Path, ...]) -> None:
        names, line = root.take("include")
        if isinstance(names, str):
            names = [names]
        if not isinstance(names, list):
            self.faults.append(Fault(root.file, line, "include", shown(names), "a list of files"))
            return
        for index, name in enumerate(names):
            here = names.lines[index] if isinstance(names, SeqNode) else line
            try:
                target = self._target(name, path.parent, within)
            except _Refused as refused:
                self.faults.append(Fault(root.file, here, f"include[{index}]", *refused.args))
                continue
            part = self.read(target, target.relative_to(self.folder.resolve()).as_posix(), within)
            if part is not None:
                self._join(root, part)

    def _target(self, name: Any, folder: Path, within: tuple[Path, ...]) -> Path:
        if not isinstance(name, str) or not name or "\x00" in name or len(name) > 500:
            raise _Refused(shown(name), "the relative path of a YAML file")
        target = (folder / name).resolve()
        if Path(name).is_absolute() or not target.is_relative_to(self.folder.resolve()):
            raise _Refused(f"{shown(name)} leads out of the site's folder", "a file inside it", "move the file there")
        if target in within:
            raise _Refused(f"{shown(name)} includes itself", "no circle of includes", "remove this line")
        if target in self.seen:
            raise _Refused(f"{shown(name)} a second time", "each file once", "remove this line")
        if len(within) > _MAX_INCLUDE_DEPTH:
            raise _Refused("a deeper include", f"at most {_MAX_INCLUDE_DEPTH} levels")
        if len(self.seen) >= MAX_FILES:
            raise _Refused("a further file", f"at most {MAX_FILES} files")
        if not target.is_file():
            near = sorted(entry.name for entry in target.parent.glob("*.y*ml"))[:6]
            raise _Refused(f"{shown(name)}, which isn't there", "a file", "there is " + ", ".join(near) if near else "")
        return target

    def _join(self, root: MapNode, part: MapNode) -> None:
        for key, value in part.items():
            line = part.line_of(key)
            if not isinstance(value, MapNode | SeqNode):
                hint = f"write {key!r} in the site file itself"
                self.faults.append(
                    Fault(part.file, line, key, shown(value), "a list or mapping in an included file", hint)
                )
            elif key not in root:
                root.put(key, _copy(value) if isinstance(value, SeqNode) else value, line)
            elif isinstance(root[key], SeqNode) and isinstance(value, SeqNode):
                root[key] = _concatenated(root[key], value)
            else:
                hint = "only lists may be split over files"
                self.faults.append(Fault(part.file, line, key, f"{key!r} again", "it in one file only", hint))


class _Spread(SeqNode):
    """A list joined from several files: each entry's file beside its line."""

    __slots__ = ("files",)

    def __init__(self, file: str, line: int) -> None:
        super().__init__(file, line)
        self.files: list[str] = []


def _copy(part: SeqNode) -> "_Spread":
    joined = _Spread(part.file, part.line)
    joined.extend(part)
    joined.lines.extend(part.lines)
    joined.files.extend(part.files if isinstance(part, _Spread) else [part.file] * len(part))
    return joined


def _concatenated(first: SeqNode, second: SeqNode) -> "_Spread":
    joined = first if isinstance(first, _Spread) else _copy(first)
    joined.extend(second)
    joined.lines.extend(second.lines)
    joined.files.extend(second.files if isinstance(second, _Spread) else [second.file] * len(second))
    return joined


def locate(root: MapNode, path: tuple[str | int, ...]) -> tuple[str, int, str, str, Any]:
    """Where a part of the tree stands: (file, line, field, id of the list entry, value).

    Of a path that leads nowhere (a missing field) it is the place of the nearest part that is there. A step that is the
    `type` of the entry, as pydantic puts it, is passed over.
    """
    node: Any = root
    file, line, item = root.file, root.line, ""
    field = ""
    missing = False
    for step in path:
        if isinstance(step, str) and step.startswith("<"):  # pydantic's name for a form, no field of the file
            continue
        if isinstance(step, int):
            field += f"[{step}]"
            if missing or not isinstance(node, SeqNode) or step >= len(node):
                missing = True
                continue
            line = node.lines[step]
            if isinstance(node, _Spread):
                file = node.files[step]
            node = node[step]
            if isinstance(node, MapNode) and isinstance(node.get("id"), str) and not item:
                item = node["id"]
            continue
        if isinstance(node, MapNode) and step not in node and node.get("type") == step:
            continue
        field += f".{step}" if field else step
        if missing or not isinstance(node, MapNode) or step not in node:
            missing = True
            continue
        line = node.line_of(step)
        node = node[step]
        if isinstance(node, MapNode | SeqNode) and not isinstance(node, _Spread):
            file = node.file
    return file, line, field, item, None if missing else node
