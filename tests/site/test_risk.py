"""Bow-ties, attack trees and works of the site file: each fault with its place, what was expected, a hint."""

import pytest

from infrastress.site.check import check_site

GOOD = """
id: plant
zones: [{id: farm}]
security_zones: [{id: basic, level: 1}]
assets: [{id: T-1, type: tank, height_m: 10, zone: farm}]
hazards: [{id: h, asset: T-1, event: overfill}]
barriers: [{id: b, prevents: [h], assets: [T-1]}]
attack_trees:
  - {id: t, steps: [{id: goal, any: [x, y]}, {id: x, probability: 0.1}, {id: y, all: [x]}]}
bowties:
  - id: loc
    hazard: h
    threats: [{id: i, zone: farm, barriers: [b]}, {id: f, security_zone: basic}, {id: a, attack_tree: t}]
    sensors: [{id: s, watches: i, detector: fence, assets: [T-1], tpr: 0.9, fpr: 0.01}]
    consequences: [{id: fire, barriers: [b]}]
works:
  - {id: w, from: "2026-03-01T07:00:00+01:00", to: "2026-03-01T15:00:00+01:00", zones: [farm]}
"""


def checked(tmp_path, text):
    (tmp_path / "site.yaml").write_text(text)
    return check_site(tmp_path)


def test_what_is_right_passes(tmp_path):
    report = checked(tmp_path, GOOD)
    assert not report.errors
    assert not [fault for fault in report.warnings if "bowties" in str(fault)]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("probability: 0.1", "probability: 2", "at most 1"),
        ("all: [x]", "all: [goal]", "a loop: goal needs y needs goal"),
        ("all: [x]", "all: [z]", "step 'z', which isn't there"),
        ("all: [x]", "all: [x], probability: 0.5", "exactly one of them"),
        ("{id: x, probability", "{id: y, probability", "id 'y' again"),
        ("hazard: h\n", "hazard: hh\n", "did you mean 'h'?"),
        ("{id: i, zone: farm", "{id: i, zone: barn", "zone 'barn', which isn't there"),
        ("{id: f, security_zone: basic}", "{id: f}", "no probability"),
        ("{id: f, security_zone: basic}", "{id: f, security_zone: basic, zone: farm}", "`zone` and `security_zone`"),
        ("attack_tree: t}", "attack_tree: tt}", "attack tree 'tt', which isn't there"),
        ("watches: i", "watches: j", "threat 'j', which isn't there"),
        ("tpr: 0.9, fpr: 0.01", "tpr: 0.1, fpr: 0.2", "not above fpr"),
        ("{id: fire, barriers: [b]}", "{id: fire, barriers: [c]}", "barrier 'c', which isn't there"),
        ('"2026-03-01T15:00:00+01:00"', '"2026-02-01T15:00:00+01:00"', "a time after `from`"),
        ('"2026-03-01T07:00:00+01:00"', '"2026-03-01T07:00:00"', "a time with its offset"),
        ("zones: [farm]}\n", "}\n", "work without a place"),
    ],
)
def test_each_fault_is_told_with_its_line(tmp_path, old, new, says):
    assert old in GOOD
    report = checked(tmp_path, GOOD.replace(old, new))
    told = [str(fault) for fault in (*report.errors, *report.warnings)]
    assert any(says in one and ("attack_trees" in one or "bowties" in one or "works" in one) for one in told), told
    assert all(one.startswith("site.yaml:") for one in told)
