"""Bodies of HTML forms, bounded: multipart/form-data (RFC 7578) and application/x-www-form-urlencoded."""

import re
from typing import NamedTuple
from urllib.parse import parse_qsl

__all__ = ["File", "FormError", "Parts", "parse_form"]

_MOST_PARTS = 40
_LONGEST_HEAD = 2_000
_NAME = re.compile(r'(?i)content-disposition:\s*form-data\s*;(?:[^\r\n]*;)?\s*name="([^"\r\n]{1,100})"')
_FILE = re.compile(r'(?i)content-disposition:[^\r\n]*;\s*filename="([^"\r\n]*)"')
_BOUNDARY = re.compile(r"(?i)multipart/form-data\s*;.*boundary=(?:\"([^\"]{1,70})\"|([^\s;]{1,70}))")


class FormError(ValueError):
    """The body is no form."""


class File(NamedTuple):
    """A file that was sent: its name, as the sender says, and its content."""

    name: str
    data: bytes


class Parts(NamedTuple):
    """Fields and files by name; of several of one name the first."""

    fields: dict[str, str]
    files: dict[str, File]


def parse_form(kind: str, body: bytes) -> Parts:
    """The parts of a body.

    Args:
        kind: its Content-Type.
        body: bounded by the caller.

    Raises:
        FormError: it is no form, or has too many parts.
    """
    if kind.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        try:
            pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_PARTS)
        except ValueError:
            raise FormError("too many fields") from None
        fields: dict[str, str] = {}
        for name, value in pairs:
            fields.setdefault(name, value)
        return Parts(fields, {})
    match = _BOUNDARY.match(kind)
    if match is None:
        raise FormError("neither a form nor JSON")
    return _multipart((match[1] or match[2]).encode("latin-1", "replace"), body)


def _multipart(boundary: bytes, body: bytes) -> Parts:
    marker = b"--" + boundary
    if not body.startswith(marker):
        raise FormError("the form begins without its boundary")
    pieces = (b"\r\n" + body).split(b"\r\n" + marker, _MOST_PARTS + 2)
    if len(pieces) > _MOST_PARTS + 2:
        raise FormError("too many fields")
    if not pieces[-1].startswith(b"--"):
        raise FormError("the form breaks off")
    found = Parts({}, {})
    for piece in pieces[1:-1]:
        head, cut, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not cut or len(head) > _LONGEST_HEAD:
            raise FormError("a part without a head")
        told = head.decode("utf-8", "replace")
        name, file = _NAME.search(told), _FILE.search(told)
        if name is None:
            raise FormError("a part without a name")
        if file is not None:
            if data:
                found.files.setdefault(name[1], File(file[1][:200], data))
        else:
            found.fields.setdefault(name[1], data.decode("utf-8", "replace"))
    return found
