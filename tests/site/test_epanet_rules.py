"""Controls of a network as control rules: each kind from a small network; daily repetition; what can't be said."""

from pathlib import Path

import pytest

from infrastress.site.control import ControlRule
from infrastress.site.epanet import site_from_inp
from tests.site.test_epanet import WNTR, made
from tests.site.test_epanet_controls import MODEL


def rules_of(folder: Path, text: str, signals: str | None = None) -> dict[str, ControlRule]:
    (folder / "model.inp").write_text(text)
    if signals is not None:
        (folder / "signals.yaml").write_text(signals)
    site = made(folder, folder / "model.inp", folder / "signals.yaml" if signals is not None else None)
    return {rule.id: rule for rule in site.control_rules}


def when(rule: ControlRule) -> object:
    return rule.model_dump(by_alias=True, exclude_unset=True)["when"]


def test_every_kind(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, MODEL)
    assert when(rules["PU-on"]) == {"signal": "T1.level", "is": "below", "value": 1}
    assert when(rules["PU-set"]) == {"signal": "J2.pressure", "is": "above", "value": 30}
    assert rules["PU-set"].sets == 0.7
    assert (rules["P2-run"].schedule[0].after_h, rules["P2-run"].schedule[0].switches) == (5.5, "off")
    assert (rules["V1-day"].schedule[0].at, rules["V1-day"].schedule[0].sets) == ("18:00", 25)
    assert rules["V1-day"].actuator == "V1.setpoint"
    several = {
        "all": (
            {
                "any": (
                    {"signal": "T1.level", "is": "above", "value": 3},
                    {"clock": {"from": "22:00", "to": "00:00"}},
                )
            },
            {
                "any": (
                    {"signal": "P2.state", "is": "above", "value": 0},
                    {"signal": "PU.flow", "is": "below", "value": 2},
                )
            },
        )
    }
    assert when(rules["PU-set-2"]) == several, "all of its groups, any of a group"
    assert (rules["PU-set-2"].sets, rules["PU-set-2"].priority) == (0.5, 4)
    assert (rules["V1-set"].sets, when(rules["V1-set"])) == (10, several)


def test_what_cannot_be_said_is_told_and_its_link_not_judged(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, MODEL)
    notes = site_from_inp(tmp_path / "model.inp")[1]
    assert sorted(notes) == [
        "R-1: P2 is acted on by its ELSE alone",
        "R-2: a moment of the run as one of several conditions",
    ]
    assert not rules["P2-run"].judged
    assert not rules["PU-on"].judged, "R-2 also switches PU"
    assert rules["V1-day"].judged


def test_else_and_a_span_of_the_day(tmp_path: Path) -> None:
    head, tail = MODEL.split("[CONTROLS]")[0], "[OPTIONS]" + MODEL.split("[OPTIONS]")[1]
    text = (
        head
        + """[RULES]
RULE night
IF SYSTEM CLOCKTIME >= 10:00 AM
AND SYSTEM CLOCKTIME <= 6:30 PM
AND JUNCTION J2 HEAD > 38
AND SYSTEM TIME >= 2
THEN PUMP PU STATUS = OPEN
ELSE PUMP PU STATUS = CLOSED
"""
        + tail
    )
    rules = rules_of(tmp_path, text)
    assert rules["PU-on"].otherwise == "off"
    assert when(rules["PU-on"]) == {
        "all": (
            {"clock": {"from": "10:00", "to": "18:30"}},
            {"signal": "J2.pressure", "is": "above", "value": 30},
            {"elapsed_h": {"from": 2}},
        )
    }, "a head less its elevation is a pressure"


def timed(times: dict[int, str], duration: str, start: str = "0") -> str:
    controls = "".join(f" LINK PU {deed} AT TIME {hour}\n" for hour, deed in times.items())
    times_ = f"[TIMES]\n DURATION {duration}\n START CLOCKTIME {start}\n"
    return MODEL.split("[CONTROLS]")[0] + f"[CONTROLS]\n{controls}{times_}[OPTIONS]" + MODEL.split("[OPTIONS]")[1]


@pytest.mark.parametrize(
    ("times", "duration", "start", "daily"),
    [
        ({1: "OPEN", 15: "CLOSED", 25: "OPEN", 39: "CLOSED"}, "48:00", "0", ["01:00", "15:00"]),
        ({1: "OPEN", 15: "CLOSED", 25: "OPEN", 39: "CLOSED", 49: "OPEN"}, "54:00", "0", ["01:00", "15:00"]),
        ({1: "OPEN", 15: "CLOSED", 25: "OPEN", 39: "CLOSED"}, "48:00", "6 AM", ["07:00", "21:00"]),
        ({1: "OPEN", 15: "CLOSED"}, "24:00", "0", None),
        ({1: "OPEN", 15: "CLOSED", 25: "OPEN", 38: "CLOSED"}, "48:00", "0", None),
        ({1: "OPEN", 15: "CLOSED", 25: "CLOSED", 39: "CLOSED"}, "48:00", "0", None),
        ({1: "OPEN", 15: "CLOSED", 25: "OPEN", 39: "CLOSED"}, "120:00", "0", None),
    ],
)
def test_daily_repetition_is_one_schedule(
    tmp_path: Path, times: dict[int, str], duration: str, start: str, daily: list[str] | None
) -> None:
    rules = rules_of(tmp_path, timed(times, duration, start))
    assert list(rules) == ["PU-day" if daily else "PU-run"]
    (rule,) = rules.values()
    if daily:
        assert [(entry.at, entry.switches) for entry in rule.schedule] == list(zip(daily, ["on", "off"], strict=True))
    else:
        assert [entry.after_h for entry in rule.schedule] == list(times)


def test_net3_pump_runs_by_one_schedule(tmp_path: Path) -> None:
    site = made(tmp_path, WNTR / "library" / "networks" / "Net3.inp")
    rule = next(rule for rule in site.control_rules if rule.actuator == "P-10.state")
    assert [(entry.at, entry.switches) for entry in rule.schedule] == [("01:00", "on"), ("15:00", "off")]


def test_settings_are_in_the_actuators_unit(tmp_path: Path) -> None:
    signals = "signals:\n- {elements: V1, kind: setpoint, tag: PC, unit: bar}\n"
    rules = rules_of(tmp_path, MODEL, signals)
    assert rules["V1-day"].schedule[0].sets == pytest.approx(25 * 0.0980665, rel=1e-4)
    assert rules["V1-day"].judged is False, "R-1 sets it too, by what isn't metered"


@pytest.mark.parametrize(
    ("pattern", "times", "schedule"),
    [
        ("1 1 0 1", "PATTERN TIMESTEP 6:00", [("12:00", "off"), ("18:00", "on")]),
        ("0 1", "PATTERN TIMESTEP 6:00", [("00:00", "off"), ("06:00", "on"), ("12:00", "off"), ("18:00", "on")]),
        ("1 0 0 0", "PATTERN TIMESTEP 6:00\n PATTERN START 6:00", [("00:00", "off"), ("18:00", "on")]),
        ("1 0 0 0", "PATTERN TIMESTEP 6:00\n START CLOCKTIME 9 AM", [("09:00", "on"), ("15:00", "off")]),
        ("1 1 1", "PATTERN TIMESTEP 8:00", None),
    ],
)
def test_speed_pattern_is_a_schedule(
    tmp_path: Path, pattern: str, times: str, schedule: list[tuple[str, str]] | None
) -> None:
    parts = f"[PATTERNS]\n night {pattern}\n[TIMES]\n {times}\n[OPTIONS]"
    text = MODEL.replace("POWER 5", "POWER 5 PATTERN night").split("[CONTROLS]")[0]
    rules = rules_of(tmp_path, text + parts + MODEL.split("[OPTIONS]")[1])
    assert [(one.at, one.switches) for rule in rules.values() for one in rule.schedule] == (schedule or [])


def test_speed_pattern_beside_the_day_is_told(tmp_path: Path) -> None:
    text = MODEL.replace("POWER 5", "POWER 5 PATTERN odd").replace("[OPTIONS]", "[PATTERNS]\n odd 1 0 1 0 1\n[OPTIONS]")
    text = text.split("[RULES]")[0] + "[PATTERNS]" + text.split("[PATTERNS]")[1]
    rules = rules_of(tmp_path, text)
    assert not rules["PU-on"].judged
    assert site_from_inp(tmp_path / "model.inp")[1] == ("pump PU: the speed pattern odd doesn't repeat each day",)
