"""The portal's phrases, by language."""

import json
from functools import cache
from importlib.resources import files

__all__ = ["LANGUAGES", "choose", "words"]

LANGUAGES = ("en", "de", "it")


@cache
def words(language: str) -> dict[str, str]:
    """The catalogue of a language of `LANGUAGES`."""
    text = files(__package__).joinpath("messages", f"{language}.json").read_text("utf-8")
    found: dict[str, str] = json.loads(text)
    return found


def choose(asked: str, accepted: str) -> str:
    """The language that is asked for, else the first of an Accept-Language header that there is, else English."""
    for part in (asked, *accepted.split(",")[:20]):
        short = part.partition(";")[0].strip().lower()[:2]
        if short in LANGUAGES:
            return short
    return LANGUAGES[0]
