"""Every text is there in both languages, with the same arguments, and German is German."""

import re

import pytest

from tests.console.catalogues import arguments, flat, messages_of, pseudo, walk

SAME = frozenset(
    re.findall(
        r"\w+",
        "infrastress UTC SHA CSV JSON CPU RAM Name Status Signal Administrator Export Version System Live live Zone"
        " Alarm Text Code min Min Max Wind Bytes Episode Phase Person Test Tank Station Generator HMI Historian Server"
        " Firewall Gateway Position Gas Explosion PFD Conduits Graph Prio Reserve Radar",
    )
)
"""Words that are the same in both languages."""


@pytest.fixture(scope="module")
def texts():
    return {language: dict(flat(messages_of(language))) for language in ("en", "de")}


def test_both_languages_have_the_same_keys(texts):
    assert texts["en"].keys() == texts["de"].keys()


def test_every_message_can_be_read_and_has_the_same_arguments(texts):
    for key, english in texts["en"].items():
        assert arguments(english) == arguments(texts["de"][key]), key


def test_german_is_german(texts):
    left = {
        key: english
        for key, english in texts["en"].items()
        if not set(re.findall(r"[A-Za-zÄÖÜäöüß]{3,}", _literal(english))) <= SAME
        and _literal(texts["de"][key]) == _literal(english)
    }
    assert not left


def test_texts_are_typeset(texts):
    for language, quotes in (("en", "„"), ("de", "“”")):
        for key, text in texts[language].items():
            assert text.strip() == text, key
            assert "..." not in text, (key, "use …")
            assert '"' not in text, (key, "use typographic quotes")
            if language == "en":
                assert not any(quote in text for quote in quotes), key


def _literal(text: str) -> str:
    kept: list[str] = []
    walk(text, lambda plain: kept.append(plain) or "", {})
    return " ".join(kept)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("plain", {}),
        ("{n, number} s", {"n": "number"}),
        ("{n, plural, one {# day of {name}} other {# days}}", {"n": "plural", "name": ""}),
        ("see <link>this</link>", {"link": "tag"}),
        ("'{'literal'}' {x}", {"x": ""}),
    ],
)
def test_arguments_are_found(text, found):
    assert arguments(text) == found


@pytest.mark.parametrize("text", ["{n", "n}", "{n, plural, one {# day}}", "{a b}"])
def test_what_is_no_message_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        arguments(text)


def test_pseudo_leaves_arguments_alone():
    assert (
        pseudo("{n, plural, one {# day} other {# days}} ago") == "{n, plural, one {# ｄａｙ} other {# ｄａｙｓ}} ａｇｏ"
    )
