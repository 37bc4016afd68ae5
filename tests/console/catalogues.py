"""The message catalogues: ICU messages taken apart, and a language in which every text of ours shows as such."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.console.browsing import MESSAGES

__all__ = ["arguments", "flat", "messages_of", "pseudo", "pseudo_catalogue", "untranslated", "walk"]

_WIDE = {
    ord(letter): chr(ord(letter) - 0x21 + 0xFF01) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
}
_CHOICES = ("plural", "select", "selectordinal")


def messages_of(language: str) -> dict[str, Any]:
    """All texts of a language: file name, then as in the file."""
    return {file.stem: json.loads(file.read_text()) for file in sorted((MESSAGES / language).glob("*.json"))}


def flat(messages: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of each text."""
    for key, value in messages.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def arguments(text: str) -> dict[str, str]:
    """Arguments of a message and their types; rich tags as type "tag"; raises ValueError for what is no message."""
    found: dict[str, str] = {}
    walk(text, lambda plain: plain, found)
    return found


def pseudo(text: str) -> str:
    """The message with all Latin letters that stand in it made wide: a third longer, and told from all else."""
    return walk(text, lambda plain: plain.translate(_WIDE), {})


def walk(text: str, plain: Callable[[str], str], found: dict[str, str]) -> str:
    """Rebuild a message with its literal parts changed; `found` takes arguments and their types.

    Raises:
        ValueError: braces don't match, or a choice has no `other`.
    """
    out, at = [], 0
    while at < len(text):
        if text[at] == "'" and text[at + 1 : at + 2] in ("{", "}"):
            end = text.find("'", at + 1)
            out.append(text[at : end + 1])
            at = end + 1
        elif text[at] == "{":
            end = _closing(text, at)
            out.append("{" + _argument(text[at + 1 : end], plain, found) + "}")
            at = end + 1
        elif match := re.compile(r"</?([a-z]+)>").match(text, at):
            found[match[1]] = "tag"
            out.append(match[0])
            at = match.end()
        elif text[at] == "}":
            raise ValueError(f"a brace too much: {text!r}")
        else:
            end = min((place for place in (text.find(sign, at + 1) for sign in "{}'<") if place > 0), default=len(text))
            out.append(plain(text[at:end]))
            at = end
    return "".join(out)


def _argument(inner: str, plain: Callable[[str], str], found: dict[str, str]) -> str:
    name, _, rest = (part.strip() for part in inner.partition(","))
    kind, _, branches = (part.strip() for part in rest.partition(","))
    if not re.fullmatch(r"\w+", name):
        raise ValueError(f"no name of an argument: {inner!r}")
    found[name] = kind
    if kind not in _CHOICES:
        return inner
    out, at, names = [], 0, []
    while at < len(branches):
        start = branches.find("{", at)
        if start < 0:
            break
        end = _closing(branches, start)
        names.append(branches[at:start].strip().split()[-1])
        out.append(f"{branches[at:start]}{{{walk(branches[start + 1 : end], plain, found)}}}")
        at = end + 1
    if "other" not in names:
        raise ValueError(f"no `other` in {inner!r}")
    return f"{name}, {kind}, {''.join(out)}"


def _closing(text: str, start: int) -> int:
    depth = 0
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
    raise ValueError(f"a brace isn't closed: {text!r}")


def pseudo_catalogue(chunk: str) -> str:
    """A module in the place of the built German chunk: the English texts, wide.

    Args:
        chunk: the built chunk's text; the names of its exports are taken from it.
    """

    def wide(messages: dict[str, Any]) -> dict[str, Any]:
        return {key: wide(one) if isinstance(one, dict) else pseudo(one) for key, one in messages.items()}

    match = re.search(r"export\s*\{[^}]*?as\s+([\w$]+)\s*\}|export\s*\{\s*([\w$]+)\s*\}", chunk)
    assert match is not None, chunk[-200:]
    return f"const all = {json.dumps(wide(messages_of('en')))};\nexport {{ all as {match[1] or match[2]} }};\n"


def untranslated(texts: list[str], data: set[str]) -> list[str]:
    """Texts on a page with letters that are neither from the catalogue nor from the server.

    Args:
        texts: as the page shows them, with the pseudo catalogue.
        data: every string that the server has sent, casefolded.
    """
    corpus = "\n".join(data)
    left = []
    for text in texts:
        for part in re.split(r"[,;:·()|→←\n]+|\s[–—]\s|[Ａ-Ｚａ-ｚ]+", text):
            bare = part.strip(" .…*+-–")
            if re.search(r"[A-Za-zÄÖÜäöüß]{3}", bare) and not _TOLD.fullmatch(bare) and bare.casefold() not in corpus:
                left.append(text)
                break
    return left


_DAYS = "Mo|Di|Mi|Do|Fr|Sa|So|Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_MONTHS = r"Jan|Feb|März?|Mar|Apr|Mai|May|Juni?|Juli?|Aug|Sept?|Okt|Oct|Nov|Dez|Dec"
_TOLD = re.compile(
    rf"(?:\d+\.?\s*|[\d.]+\s*|(?:{_DAYS}|{_MONTHS})\.?\s*|UTC|CES?T|MES?Z|GMT|UTC[+-]\d+|Uhr|infrastress|Ctrl|Esc|Enter|Shift|CSV|Arrow|PNG|SVG|\W)+"
)
"""What the browser itself writes: dates, zones; names of keys, of formats, and ours."""
