"""Topic filters: the standard's own examples, and agreement with another library."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub
from pydantic import ValidationError

from infrastress.connectors.mqtt.options import MqttOptions, Route
from infrastress.connectors.mqtt.topics import fault_of, fill, filter_pattern


@pytest.mark.parametrize(
    ("text", "topic", "matches"),
    [  # MQTT 5.0, sections 4.7.1.2, 4.7.1.3 and 4.7.2
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
        ("sport/#", "sport", True),
        ("#", "a/b", True),
        ("sport/tennis/+", "sport/tennis/player1", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/x", False),
        ("+/monitor/Clients", "$SYS/monitor/Clients", False),
        ("$SYS/#", "$SYS/x", True),
    ],
)
def test_published_examples(text: str, topic: str, matches: bool) -> None:
    assert not fault_of(text)
    assert bool(filter_pattern(text).fullmatch(topic)) is matches


@pytest.mark.parametrize("text", ["sport/tennis#", "sport/tennis/#/ranking", "sport+", "", "a\0", "$share/g/a"])
def test_filters_that_are_none(text: str) -> None:
    assert fault_of(text)


LEVELS = st.lists(st.sampled_from(["a", "b", "", "+"]), min_size=1, max_size=4)


@given(LEVELS, st.booleans(), st.lists(st.sampled_from(["a", "b", ""]), min_size=1, max_size=5))
def test_as_another_library(levels: list[str], open_end: bool, topic: list[str]) -> None:
    text, name = "/".join(levels + ["#"] * open_end), "/".join(topic)
    if name:
        assert bool(filter_pattern(text).fullmatch(name)) is topic_matches_sub(text, name)


def test_names_are_filled() -> None:
    match = filter_pattern("a/+/#").fullmatch("a/b/c/d")
    assert match
    assert fill("{1}.{2}.{field}:{topic}", "a/b/c/d", match, field="x") == "b.c/d.x:a/b/c/d"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"filter": "a/#/b", "payload": "json"}, "has # elsewhere"),
        ({"filter": "a/+", "payload": "number", "name": "{2}"}, "{2} stands for nothing"),
        ({"filter": "a/+", "payload": "number", "name": "{field}"}, "{field} stands for nothing"),
        ({"filter": "a/+", "payload": "json", "name": "{1}"}, "need {field}"),
        ({"filter": "a/+", "payload": "sparkplug"}, "begins with spBv1.0/"),
    ],
)
def test_faults_are_found_at_the_start(fields: dict[str, str], words: str) -> None:
    with pytest.raises(ValidationError) as error:
        Route.model_validate(fields)
    assert words in str(error.value)


def test_options_that_contradict_each_other() -> None:
    topics = [{"filter": "a", "payload": "number"}]
    for more in (
        {"tls": False, "ca_file": "ca.pem"},
        {"cert_file": "c.pem"},
        {"username": "a", "username_secret": "b"},
    ):
        with pytest.raises(ValidationError):
            MqttOptions.model_validate({"host": "h", "topics": topics, **more})
