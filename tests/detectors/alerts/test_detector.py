"""What the detector makes of raw alerts: few episodes on the site's assets; under the contract of its family."""

import random
from zlib import crc32

import numpy as np
import pytest

from infrastress.core.errors import BaselineError
from infrastress.core.time import HOUR, MINUTE, SECOND
from infrastress.detectors.alerts import AlertDetector, parse_rules
from infrastress.events import ToolAlert, make_event
from infrastress.events.frames import Block, Frames
from infrastress.site import Site
from tests.detectors.contract import DetectorContract

START = 1_772_000_000 // 3600 * HOUR
RULES = [
    {
        "id": "guessed",
        "title": "Passwords guessed, then a login",
        "severity": "high",
        "techniques": ["T0859"],
        "when": {
            "sequence": {
                "steps": [
                    {"count": {"of": {"signature": "login failed"}, "at_least": 5, "within_s": 60}},
                    {"match": {"signature": "login"}},
                ],
                "within_s": 600,
            }
        },
    },
    {
        "id": "mute",
        "title": "The heartbeat stopped",
        "when": {"absence": {"of": {"signature": "beat"}, "within_s": 120}},
    },
]


def site():
    hosts = {"HMI-1": ("10.0.0.7", "Panel of line 1"), "ENG-1": ("10.0.0.8", ""), "SRV-1": ("fe80::1", "")}
    return Site.model_validate(
        {
            "id": "plant",
            "zones": [{"id": "hall"}],
            "networks": [{"id": "net", "cidr": "10.0.0.0/24"}],
            "assets": [
                {
                    "id": name, "type": "host", "role": "server", "zone": "hall", "name": called,
                    "interfaces": [{"network": "net", "address": address}],
                }
                for name, (address, called) in hosts.items()
            ],
        }
    )  # fmt: skip


def told(second, signature, host="hmi-1", sequence=None, **fields):
    body = ToolAlert(signature=signature, host=host, **{"family": "wazuh", **fields})
    number = sequence if sequence is not None else crc32(repr((second, signature, host)).encode())
    return make_event(
        site="plant", source="siem", sequence=number, occurred=START + round(second * SECOND), body=body
    )  # fmt: skip


def frames(minutes, first=0):
    ends = START + MINUTE * np.arange(first + 1, first + minutes + 1)
    return Frames(
        MINUTE, ends, (), np.empty((minutes, 0)), np.empty((minutes, 0)), np.empty((minutes, 0), dtype=np.int32)
    )


def block(minutes, *events):
    return Block(frames(minutes), tuple(sorted(events, key=lambda e: (e.occurred, e.id))))


def day():
    """A quiet day: an update check an hour on two hosts, one odd alert."""
    usual = [
        told(3600 * hour + 60 * number, "update check", host)
        for hour in range(24)
        for number, host in enumerate(("HMI-1.plant.example", "eng-1"))
    ]
    return block(1440, *usual, told(40_000, "odd", "eng-1"))


def options(**fields):
    return AlertDetector.Options.model_validate({"rules": RULES, **fields})


LESSON = AlertDetector.learn(site(), options(), [day()])
assert LESSON is not None


def make(baseline=LESSON.baseline, **fields):
    return AlertDetector(site(), options(**fields), baseline)


def raised(findings):
    return [(f.body.rule, f.assets, f.body.severity) for f in findings if f.body.phase == "raised"]


def busy():
    """Usual and unusual alerts, guessed passwords, a heartbeat that stops, severe ones, late and forged ones."""
    rng = random.Random(5)
    events = [told(600 * i, "update check", "eng-1") for i in range(12)]
    events += [told(700 + i, name, "10.0.0.7") for i, name in enumerate(("new a", "new b", "new c"))]
    events += [told(730, "new d", "", address="192.0.2.9", peer="10.0.0.8")]
    events += [told(1500 + i, "login failed", "srv-1") for i in range(6)] + [told(1520, "login", "srv-1")]
    events += [told(60 * i, "beat", "eng-1") for i in range(10)]
    events += [told(3000, "worm", "srv-1", severity="critical", techniques=("T0866",))]
    events += [told(4000 + 3 * i, f"s{i % 3}", f"forged-{i // 3}") for i in range(240)]
    events += [told(rng.randrange(7000), rng.choice(("x", "y")), rng.choice(("hmi-1", "pc"))) for _ in range(40)]
    return block(150, *events)


class TestContract(DetectorContract):
    def make(self):
        return make()

    def stream(self):
        return busy()


class TestUnlearned(DetectorContract):
    def make(self):
        return make(None)

    def stream(self):
        return busy()


def test_what_is_usual_says_nothing_and_what_surprises_is_one_episode_of_the_asset():
    detector = make(rules=[])
    usual = [told(3600 + i, "update check") for i in range(50)]
    assert detector.update(block(60, *usual[:0])) == []
    found = make(rules=[]).update(block(150, *usual, *(told(4000 + i, f"new {i % 4}") for i in range(300))))
    assert raised(found) == [("alerts.unusual", ("HMI-1",), "medium")]
    first, *rest = found
    assert first.body.sentence == "HMI-1: 3 alerts unusual there: new 0, new 1, new 2"
    assert first.zone == "hall"
    assert first.occurred == START + 4007 * SECOND, "five seconds behind the third, when no earlier one can come"
    assert first.body.began == START + 4000 * SECOND
    assert len(first.body.evidence) == 3
    assert first.body.baseline
    assert [one.body.phase for one in rest] == ["cleared"]
    assert rest[0].occurred == START + (4299 + 5 + 1800) * SECOND


def test_names_addresses_and_domains_lead_to_the_asset():
    news = ("a", "b", "c")
    for fields in (
        {"host": "HMI-1"}, {"host": "hmi-1.plant.example."}, {"host": "panel of line 1"}, {"host": "10.0.0.7"},
        {"host": "", "address": "10.0.0.7"}, {"host": "", "address": "192.0.2.1", "peer": "10.0.0.7"},
    ):  # fmt: skip
        found = make(rules=[]).update(block(5, *(told(i, one, **fields) for i, one in enumerate(news))))
        assert raised(found) == [("alerts.unusual", ("HMI-1",), "medium")], fields
    found = make(rules=[]).update(block(5, *(told(i, one, "", address="FE80:0::1") for i, one in enumerate(news))))
    assert raised(found) == [("alerts.unusual", ("SRV-1",), "medium")]
    found = make(rules=[]).update(block(5, *(told(i, one, "laptop") for i, one in enumerate(news))))
    assert raised(found) == [("alerts.unusual", (), "medium")]


def test_rules_tell_without_a_baseline_and_silence_is_told():
    guesses = [told(i, "login failed") for i in range(5)]
    found = make(None).update(block(3, *guesses, told(30, "login")))
    assert raised(found) == [("alerts.rule", ("HMI-1",), "high")]
    assert found[0].body.sentence == "Passwords guessed, then a login (host HMI-1)"
    assert found[0].body.techniques == ("T0859",)
    assert found[0].body.evidence == tuple(event.id for event in (*guesses, told(30, "login")))
    beat = make(None).update(block(10, told(0, "beat", "eng-1"), told(60, "beat", "eng-1")))
    assert raised(beat) == [("alerts.rule", ("ENG-1",), "medium")]
    assert beat[0].occurred == START + 185 * SECOND + 1


def test_severe_alerts_are_told_unless_they_are_usual():
    severe = told(10, "worm", severity="critical", techniques=("T0866",))
    found = make(None).update(block(3, severe, told(12, "worm", severity="critical")))
    assert raised(found) == [("alerts.severe", ("HMI-1",), "medium")]
    assert found[0].body.sentence == "HMI-1: worm, which its tool calls critical"
    assert found[0].body.techniques == ("T0866",)
    assert raised(make(None).update(block(3, told(10, "worm", severity="high")))) == [
        ("alerts.severe", ("HMI-1",), "low")
    ]
    assert raised(make().update(block(3, told(10, "update check", severity="critical")))) == []
    assert raised(make(off=("alerts.severe",)).update(block(3, severe))) == []


def test_what_is_beside_is_low_until_it_surprises_itself():
    events = [told(i, one, "hmi-1") for i, one in enumerate("abc")] + [told(40, "d", "eng-1")]
    found = make(rules=[]).update(block(5, *events))
    assert raised(found) == [("alerts.unusual", ("HMI-1",), "medium"), ("alerts.unusual", ("ENG-1",), "low")]
    more = make(rules=[]).update(block(5, *events, told(45, "e", "eng-1"), told(47, "f", "eng-1")))
    assert raised(more)[2:] == [("alerts.unusual", ("ENG-1",), "medium")]
    assert more[1].body.episode == more[2].body.episode


def test_an_episode_gets_graver_with_its_alerts():
    events = [told(i, one) for i, one in enumerate("abc")]
    found = make(rules=[], off=("alerts.severe",)).update(block(5, *events, told(20, "d", severity="high")))
    assert raised(found) == [("alerts.unusual", ("HMI-1",), "medium"), ("alerts.unusual", ("HMI-1",), "high")]
    assert found[1].body.sentence == "HMI-1: now d, which its tool calls high"


def test_late_ones_are_placed_and_counted_and_the_future_is_set_aside():
    detector = make(rules=[])
    detector.update(block(10, told(300, "a")))
    found = detector.update(Block(frames(1, 10), (told(301, "b"), told(302, "c"), told(9000, "far"))))
    assert raised(found) == [("alerts.unusual", ("HMI-1",), "medium")]
    assert {name: detector.counts[name] for name in ("read", "placed", "late", "held", "ahead")} == {
        "read": 3, "placed": 3, "late": 2, "held": 0, "ahead": 1,
    }  # fmt: skip


def test_a_flood_of_forged_hosts_is_bounded():
    events = [told(i // 8, f"n{i % 3}", f"forged-{i // 3}", sequence=i) for i in range(6000)]
    detector = make(rules=[])
    found = detector.update(block(30, *events))
    assert len({one.body.episode for one in found}) <= 65
    assert len(raised(found)) <= 2 * 65, "low first, then medium"
    assert any("more than 64 hosts" in one.body.sentence for one in found)
    assert len(detector.dump()) < 1_000_000


def test_bad_fields_are_refused_and_counted():
    detector = make(rules=[])
    events = [told(1, ""), told(2, "x" * 600), told(3, "a", "h" * 600), told(4, "fine")]
    assert detector.update(block(3, *events)) == []
    counts = detector.counts
    assert (counts["read"], counts["refused:signature"], counts["refused:size"], counts["placed"]) == (4, 1, 2, 1)


def test_what_was_learned_is_told_and_the_rare_is_held_until_reviewed():
    words = LESSON.words
    assert "held for review (in 1 of 24 hours): ENG-1: odd, 1 times in 1 hours" in words
    assert "HMI-1: update check, 24 times in 24 hours" in words
    assert LESSON.warnings == ()
    short = AlertDetector.learn(site(), options(), [block(120, told(5, "a"))])
    assert "2 hours were learned from" in short.warnings[0]
    assert AlertDetector.learn(site(), options(), [block(120)]) is None
    news = [told(i, one, "eng-1") for i, one in enumerate(("odd", "b", "c"))]
    held = make(rules=[], incidents={"tell_bits": 10}).update(block(3, *news))
    assert raised(held) == [("alerts.unusual", ("ENG-1",), "medium")]
    reviewed = make(rules=[], incidents={"tell_bits": 10}, reviewed=["ENG-1: odd"])
    assert raised(reviewed.update(block(3, *news))) == []


@pytest.mark.parametrize("rules", [[RULES[0], RULES[0]], [{**RULES[0], "id": "alerts.severe"}]])
def test_two_rules_of_a_name_are_refused(rules):
    with pytest.raises(ValueError, match="there are two of it"):
        options(rules=rules)


def test_a_foreign_baseline_is_refused():
    with pytest.raises(BaselineError, match="learn again"):
        make({**LESSON.baseline, "format": 9})
    with pytest.raises(BaselineError, match="no baseline of alerts"):
        make({"format": 1, "pairs": 3})


def test_rules_of_a_site_file_are_those_of_a_list():
    assert options().rules == parse_rules(RULES)
