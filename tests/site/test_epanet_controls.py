"""The neutral form of EPANET's controls: each kind from a small network, and every network that WNTR ships."""

from pathlib import Path

import pytest

from infrastress.core.errors import InputError
from infrastress.site.epanet import read_network
from infrastress.site.epanet_controls import Action, ControlLogic, Premise, read_control_logic
from tests.site.test_epanet import SHIPPED, TESTED

MODEL = """\
[JUNCTIONS]
 J1 5 1
 J2 8 1
 J3 8 0
[RESERVOIRS]
 R1 0
[TANKS]
 T1 20 2 0.5 4 12 0
[PIPES]
 P1 J1 T1 100 300 100 0 OPEN
 P2 J1 J2 100 300 100 0 OPEN
 P3 J3 T1 100 300 100 0 OPEN
[PUMPS]
 PU R1 J1 POWER 5
[VALVES]
 V1 J2 J3 100 PRV 20 0
[CONTROLS]
 LINK PU OPEN IF NODE T1 BELOW 1
 LINK PU 0.7 IF NODE J2 ABOVE 30
 LINK P2 CLOSED AT TIME 5:30
 LINK V1 25 AT CLOCKTIME 6 PM
[RULES]
RULE R-1
IF TANK T1 LEVEL > 3
OR SYSTEM CLOCKTIME >= 10:00 PM
AND LINK P2 STATUS IS OPEN
OR PUMP PU FLOW < 2
THEN PUMP PU SETTING = 0.5
AND VALVE V1 SETTING = 10
ELSE PIPE P2 STATUS = CLOSED
PRIORITY 4
RULE R-2
IF SYSTEM TIME = 2
AND JUNCTION J1 DEMAND > 36
AND NODE T1 PRESSURE <= 2
AND NODE J2 HEAD <> 30
THEN PUMP PU STATUS = CLOSED
[OPTIONS]
 UNITS CMH
 HEADLOSS H-W
[END]
"""


def logic(tmp_path: Path, text: str) -> tuple[tuple[ControlLogic, ...], tuple[str, ...]]:
    (tmp_path / "model.inp").write_text(text)
    return read_control_logic(read_network(tmp_path / "model.inp"))


def test_every_kind(tmp_path: Path) -> None:
    found, notes = logic(tmp_path, MODEL)
    assert notes == ()
    assert [one.name for one in found] == ["control 1", "control 2", "control 3", "control 4", "R-1", "R-2"]
    assert [one.simple for one in found] == [True] * 4 + [False] * 2
    low, pressed, timed, evening, first, second = found
    assert low.premises == ((Premise("level", "T1", "at_most", 1),),)
    assert low.then == (Action("PU", "status", 1),)
    assert pressed.premises == ((Premise("pressure", "J2", "at_least", 30),),)
    assert pressed.then == (Action("PU", "setting", 0.7),)
    assert timed.premises == ((Premise("elapsed", "", "equal", 5.5 * 3600),),)
    assert timed.then == (Action("P2", "status", 0),)
    assert evening.premises == ((Premise("clock", "", "equal", 18 * 3600),),)
    assert evening.then == (Action("V1", "setting", 25),)
    assert first.premises == (
        (Premise("level", "T1", "above", 3), Premise("clock", "", "at_least", 22 * 3600)),
        (Premise("status", "P2", "equal", 1), Premise("flow", "PU", "below", pytest.approx(2 / 3600))),
    ), "OR binds more tightly than AND"
    assert first.then == (Action("PU", "setting", 0.5), Action("V1", "setting", 10))
    assert first.otherwise == (Action("P2", "status", 0),)
    assert first.priority == 4
    assert second.premises == (
        (Premise("elapsed", "", "equal", 7200),),
        (Premise("demand", "J1", "above", pytest.approx(0.01)),),
        (Premise("level", "T1", "at_most", pytest.approx(2)),),
        (Premise("head", "J2", "unequal", 30),),
    )


def test_what_wntr_does_not_read_is_told(tmp_path: Path) -> None:
    text = MODEL.replace("IF SYSTEM TIME = 2\n", "IF SYSTEM DEMAND > 2\n")
    found, notes = logic(tmp_path, text)
    assert len(found) == 5
    assert len(notes) == 1
    assert "R-2" in notes[0]
    assert "SYSTEM DEMAND" in notes[0]


@pytest.mark.parametrize("path", [*SHIPPED, *TESTED], ids=lambda path: path.stem)
def test_shipped_networks_are_read_whole(path: Path) -> None:
    network = read_network(path)
    found, notes = read_control_logic(network)
    assert notes == ()
    assert len(found) == sum(1 for _ in network.controls())
    names = {*network.node_name_list, *network.link_name_list, ""}
    for control in found:
        assert control.then
        assert all(one.element in names for group in control.premises for one in group)
        assert all(one.link in names for one in (*control.then, *control.otherwise))


def test_broken_rule_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        logic(tmp_path, MODEL.replace("TANK T1 LEVEL > 3", "TANK NOWHERE LEVEL > 3"))
