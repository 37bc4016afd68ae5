"""A table of faults: each a small site, and the one fault that must be reported, at its line."""

# ruff: noqa: E501 - a row of the table is a line

from pathlib import Path

import pytest

from infrastress.site.check import check_site

HEAD = "id: plant\n"
TANKS = HEAD + "assets:\n- {id: T1, type: tank, height_m: 10, diameter_m: 5}\n- {id: P1, type: pump}\n"
SIGNALS = (
    HEAD
    + "assets: [{id: T1, type: tank, height_m: 10, diameter_m: 5}, {id: V1, type: valve}]\n"
    + "sources: [{id: scada, kind: telemetry}]\n"
    + "signals:\n"
    + "- {id: L1, asset: T1, kind: level, unit: m, source: scada, range: [0, 12]}\n"
    + "- {id: V1.state, asset: V1, kind: state, source: scada}\n"
)
NET = HEAD + "networks: [{id: lan, cidr: 10.1.0.0/24}, {id: wan, cidr: 10.2.0.0/24}]\nassets:\n"
A, B = "00:1d:9c:c7:b0:70", "00:1d:9c:c7:b0:71"

# (name, text, line, field, found, expected, suggestion), each as part of what is reported
TABLE = [
    # The document
    ("empty", "", 1, "", "an empty file", "a mapping", "id: my-site"),
    ("comment only", "# nothing\n", 1, "", "an empty file", "a mapping", ""),
    ("list", "- a\n- b\n", 1, "", "['a', 'b']", "a mapping", ""),
    ("word", "plant", 1, "", "'plant'", "a mapping", ""),
    ("tab", "id: a\nlocation:\n\tcrs: local\n", 3, "", "a tab", "spaces", "indent"),
    ("open bracket", "id: a\nzones: [\n", 3, "", "no YAML", "YAML", ""),
    ("colon", "id: a\nname: b: c\n", 2, "", "no YAML", "YAML", "quote"),
    ("two documents", "id: a\n---\nid: b\n", 2, "", "second document", "one document", "---"),
    ("tag", "id: !!python/object:os.system a\n", 1, "", "a tag", "plain values", "remove"),
    ("map tag", "id: a\nlocation: !!map {crs: local}\n", 2, "", "a tag", "plain values", "remove"),
    ("unknown alias", "id: *a\n", 1, "", "`*a`", "named before", ""),
    ("alias of itself", "id: a\nzones: &z [*z]\n", 2, "", "stands for itself", "", ""),
    ("doubled key", "id: a\nname: b\nname: c\n", 3, "name", "'name' twice, first in line 2", "once", "remove"),
    ("mapping as key", "id: a\n? {b: c}\n: d\n", 2, "", "as a field's name", "a word", ""),
    ("control character", "id: a\nname: b\x07\n", 2, "", "U+0007", "without control", ""),
    # Fields
    ("no id", "name: a\n", 1, "id", "nothing", "the field `id`", ""),
    ("unknown field", HEAD + "nmae: a\n", 2, "nmae", "unknown field 'nmae'", "a field", "did you mean 'name'"),
    ("misspelt include", HEAD + "inclde: [a.yaml]\n", 2, "inclde", "unknown field", "a field", "'include'"),
    (
        "unknown field of an asset", TANKS.replace("height_m", "heigth_m"), 3, "assets[0].heigth_m",
        "unknown field", "a field of a tank", "did you mean 'height_m'",
    ),
    ("missing field", HEAD + "assets:\n- id: T1\n  type: tank\n", 3, "assets[0].height_m", "nothing", "`height_m`", ""),
    ("unknown type", HEAD + "assets:\n- id: T1\n  type: tnak\n", 4, "assets[0].type", "'tnak'", "tank", "did you mean 'tank'"),
    ("no type", HEAD + "assets:\n- id: T1\n", 3, "assets[0].type", "nothing", "`type`", ""),
    ("number as id", HEAD + "zones:\n- id: 12\n", 3, "zones[0].id", "12", "text", 'quotes: "12"'),
    ("bad id", HEAD + "zones:\n- id: north side\n", 3, "zones[0].id", "'north side'", "letters, digits", ""),
    ("word for number", TANKS.replace("10", "ten"), 3, "assets[0].height_m", "'ten'", "a number", ""),
    ("negative height", TANKS.replace("10", "-1"), 3, "assets[0].height_m", "-1", "a number above 0", ""),
    ("infinite height", TANKS.replace("10", ".inf"), 3, "assets[0].height_m", "inf", "a finite number", ""),
    ("not a list", HEAD + "zones: north\n", 2, "zones", "'north'", "a list", "[north]"),
    ("unknown word", HEAD + "zones:\n- {id: a, access: staf}\n", 3, "zones[0].access", "'staf'", "public, staff", "'staff'"),
    ("clock", HEAD + "shifts:\n- {id: a, begins: 6:00, ends: 14:00}\n", 3, "shifts[0].begins", "'6:00'", "06:00", ""),
    # Ids and references
    ("doubled id", TANKS + "- {id: T1, type: pump}\n", 5, "assets[2].id", "'T1' again", "each id once", ""),
    ("service named as asset", TANKS + "services: [{id: T1}]\n", 5, "services[0].id", "an asset's", "no asset", ""),
    ("zone", TANKS.replace("pump}", "pump, zone: nort}") + "zones: [{id: north}]\n", 4, "assets[1].zone", "zone 'nort'", "", "north"),
    ("security zone", TANKS.replace("pump}", "pump, security_zone: x}"), 4, "assets[1].security_zone", "'x'", "", ""),
    ("controller", TANKS.replace("pump}", "pump, controller: T1}"), 4, "assets[1].controller", "of type tank", "controller or host", ""),
    ("own controller", HEAD + "assets:\n- {id: C, type: controller, controller: C}\n", 3, "assets[0].controller", "itself", "another", ""),
    ("substance", TANKS.replace("diameter", "substance: oil, diameter"), 3, "assets[0].substance", "'oil'", "", ""),
    ("bund", TANKS.replace("diameter", "bund: P1, diameter"), 3, "assets[0].bund", "of type pump", "bund", ""),
    ("switch's tank", TANKS + "- {id: S, type: level_switch, tank: T2, level_m: 9}\n", 5, "assets[2].tank", "'T2'", "", "T1"),
    ("door", TANKS + "- {id: D, type: door, leads_to: x}\n", 5, "assets[2].leads_to", "zone 'x'", "", ""),
    ("store's substance", TANKS + "- {id: D, type: store, substance: x}\n", 5, "assets[2].substance", "'x'", "", ""),
    ("interface", NET + "- {id: H, type: host, role: hmi, interfaces: [{network: lann, address: 10.1.0.1}]}\n", 4, "assets[0].interfaces[0].network", "'lann'", "", "lan"),
    ("signal's asset", SIGNALS.replace("asset: T1", "asset: T2"), 5, "signals[0].asset", "'T2'", "", "T1"),
    ("signal's source", SIGNALS + "- {id: x, asset: T1, kind: other, source: scda}\n", 7, "signals[2].source", "'scda'", "", "scada"),
    (
        "register", SIGNALS.replace("source: scada, range", "source: scada, register: {controller: V1, address: 1}, range"), 5,
        "signals[0].register.controller", "of type valve", "controller or host", "",
    ),
    ("connection from", TANKS + "connections:\n- {id: c, from: T2, to: P1}\n", 6, "connections[0].from", "'T2'", "", "T1"),
    ("connection to", TANKS + "connections:\n- {id: c, from: T1, to: T1}\n", 6, "connections[0].to", "also comes from", "another asset", ""),
    ("connection through", TANKS + "connections:\n- {id: c, from: P1, to: X, through: [T1]}\n- {id: X, from: P1, to: P1}\n", 6, "connections[0].through[0]", "of type tank", "pump", ""),
    ("connection flow", SIGNALS + "connections:\n- {id: c, from: T1, to: V1, flow: L1}\n", 8, "connections[0].flow", "kind level", "kind flow", ""),
    ("interlock signal", SIGNALS + "interlocks:\n- {id: i, when: {signal: L2, is: above, value: 9}, actuator: V1.state, must_be: closed}\n", 8, "interlocks[0].when.signal", "'L2'", "", "L1"),
    ("interlock actuator", SIGNALS + "interlocks:\n- {id: i, when: {signal: L1, is: above, value: 9}, actuator: V1, must_be: closed}\n", 8, "interlocks[0].actuator", "'V1', an asset", "kind state", "'V1.state'"),
    ("interlock state", SIGNALS + "interlocks:\n- {id: i, when: {signal: L1, is: above, value: 9}, actuator: V1.state, must_be: stopped}\n", 8, "interlocks[0].must_be", "'stopped' for a valve", "open or closed", "'closed'"),
    ("interlock bypass", SIGNALS + "interlocks:\n- {id: i, when: {signal: L1, is: above, value: 9}, actuator: V1.state, must_be: closed, bypass: x}\n", 8, "interlocks[0].bypass", "'x'", "", ""),
    ("rule actuator", SIGNALS + "control_rules:\n- {id: i, when: {signal: L1, is: above, value: 9}, actuator: L1, switches: off}\n", 8, "control_rules[0].actuator", "kind level", "kind state", ""),
    ("part of a condition", SIGNALS + "control_rules:\n- {id: i, when: {all: [{signal: L1, is: above, value: 9}, {signal: L9, is: above, value: 1}]}, actuator: V1.state, switches: off}\n", 8, "control_rules[0].when.all[1].signal", "'L9'", "a signal", "L1"),
    ("part's word", SIGNALS + "control_rules:\n- {id: i, when: {any: [{signal: L1, is: over, value: 1}]}, actuator: V1.state, switches: off}\n", 8, "control_rules[0].when.any[0].is", "'over'", "above, below", ""),
    ("no parts", SIGNALS + "control_rules:\n- {id: i, when: {all: []}, actuator: V1.state, switches: off}\n", 8, "control_rules[0].when.all", "0 entries", "at least 1", ""),
    ("time of day", SIGNALS + "control_rules:\n- {id: i, when: {clock: {from: 7:00, to: 19:00}}, actuator: V1.state, switches: off}\n", 8, "control_rules[0].when.clock.from", "'7:00'", "like 06:00", ""),
    ("two forms", SIGNALS + "control_rules:\n- {id: i, when: {clock: {from: 07:00, to: 19:00}, signal: L1}, actuator: V1.state, switches: off}\n", 8, "control_rules[0].when.signal", "unknown field", "`when`", ""),
    ("span of the run", SIGNALS + "control_rules:\n- {id: i, when: {elapsed_h: {from: 3, to: 2}}, actuator: V1.state, switches: off}\n", 8, "control_rules[0].when.elapsed_h.to", "2 h", "more than `from`, 3 h", ""),
    ("no condition", SIGNALS + "control_rules:\n- {id: i, actuator: V1.state, switches: off}\n", 8, "control_rules[0]", "neither a condition nor a schedule", "`when` or `schedule`", ""),
    ("two deeds", SIGNALS + "control_rules:\n- {id: i, when: {signal: L1, is: above, value: 9}, actuator: V1.state, switches: off, sets: 2}\n", 8, "control_rules[0].sets", "both", "one of the two", ""),
    ("no deed", SIGNALS + "control_rules:\n- {id: i, when: {signal: L1, is: above, value: 9}, actuator: V1.state}\n", 8, "control_rules[0]", "neither `switches` nor `sets`", "one of the two", ""),
    ("otherwise", SIGNALS + "control_rules:\n- {id: i, when: {signal: L1, is: above, value: 9}, actuator: V1.state, switches: off, otherwise: onn}\n", 8, "control_rules[0].otherwise", "'onn'", "on, off", "'on'"),
    ("schedule and condition", SIGNALS + "control_rules:\n- {id: i, when: {signal: L1, is: above, value: 9}, actuator: V1.state, schedule: [{at: 01:00, switches: on}]}\n", 8, "control_rules[0].schedule", "a condition and a schedule", "one of the two", "two rules"),
    ("schedule's deed", SIGNALS + "control_rules:\n- {id: i, actuator: V1.state, schedule: [{at: 01:00}]}\n", 8, "control_rules[0].schedule[0]", "no deed", "`switches` or `sets`", ""),
    ("schedule's time", SIGNALS + "control_rules:\n- {id: i, actuator: V1.state, schedule: [{switches: on}]}\n", 8, "control_rules[0].schedule[0]", "no time", "`at` or `after_h`", ""),
    ("schedule twice", SIGNALS + "control_rules:\n- {id: i, actuator: V1.state, schedule: [{at: 01:00, switches: on}, {at: 01:00, switches: off}]}\n", 8, "control_rules[0].schedule[1]", "01:00 again", "once", ""),
    ("schedule of two kinds", SIGNALS + "control_rules:\n- {id: i, actuator: V1.state, schedule: [{at: 01:00, switches: on}, {after_h: 3, switches: off}]}\n", 8, "control_rules[0].schedule[1].after_h", "beside times of the day", "one of the two", ""),
    ("deed beside a schedule", SIGNALS + "control_rules:\n- {id: i, actuator: V1.state, switches: on, schedule: [{at: 01:00, switches: on}]}\n", 8, "control_rules[0].switches", "beside a schedule", "entries", ""),
    ("setting of a level", SIGNALS + "control_rules:\n- {id: i, when: {signal: L1, is: above, value: 9}, actuator: L1, sets: 3}\n", 8, "control_rules[0].actuator", "kind level", "setpoint", ""),
    ("hazard", TANKS + "hazards:\n- {id: h, asset: T9, event: leak}\n", 6, "hazards[0].asset", "'T9'", "", "T1"),
    ("hazard's substance", TANKS + "hazards:\n- {id: h, asset: T1, event: leak, substance: x}\n", 6, "hazards[0].substance", "'x'", "", ""),
    ("barrier", TANKS + "barriers:\n- id: b\n  prevents: [h]\n", 7, "barriers[0].prevents[0]", "hazard 'h'", "", ""),
    ("barrier's assets", TANKS + "barriers:\n- id: b\n  assets:\n  - T1\n  - T7\n", 9, "barriers[0].assets[1]", "'T7'", "", "T1"),
    ("dependency", TANKS + "dependencies:\n- {id: d, of: T1, on: [PP1]}\n", 6, "dependencies[0].on[0]", "'PP1'", "asset or service", "P1"),
    ("people's zone", HEAD + "people:\n- {id: p, role: operator, zones: [x]}\n", 3, "people[0].zones[0]", "'x'", "", ""),
    ("people's host", TANKS + "people:\n- {id: p, role: operator, hosts: [T1]}\n", 6, "people[0].hosts[0]", "of type tank", "controller or host", ""),
    ("people's shift", HEAD + "people:\n- {id: p, role: operator, shifts: [x]}\n", 3, "people[0].shifts[0]", "'x'", "", ""),
    ("conduit", HEAD + "security_zones: [{id: a, level: 1}]\nconduits:\n- {id: c, from: a, to: b}\n", 4, "conduits[0].to", "'b'", "", "a"),
    ("network's zone", HEAD + "networks:\n- {id: n, cidr: 10.0.0.0/8, security_zone: x}\n", 3, "networks[0].security_zone", "'x'", "", ""),
    # Numbers and units
    ("unknown unit", SIGNALS.replace("unit: m,", "unit: mtr,"), 5, "signals[0].unit", "unknown unit 'mtr'", "a unit such as", ""),
    ("flow in bar", SIGNALS.replace("level, unit: m", "flow, unit: bar"), 5, "signals[0].unit", "'bar' for a flow", "m3/h", ""),
    ("level in percent", SIGNALS.replace("unit: m,", 'unit: "%",'), 5, "signals[0].unit", "'%' for a level", "a length", "metres"),
    ("level without unit", SIGNALS.replace("unit: m,", ""), 5, "signals[0].unit", "no unit for a level", "a length", ""),
    ("state in metres", SIGNALS.replace("kind: state", "kind: state, unit: m"), 6, "signals[1].unit", "'m' for a state", "no unit", ""),
    ("temperature in kW", SIGNALS.replace("level, unit: m", "temperature, unit: kW"), 5, "signals[0].unit", "'kW'", "a temperature", ""),
    ("limits out of order", SIGNALS.replace("range", "limits: {low: 5, high: 3}, range"), 5, "signals[0].limits.high", "high 3, not above low 5", "more than 5", ""),
    ("limit outside range", SIGNALS.replace("range", "limits: {high: 13}, range"), 5, "signals[0].limits.high", "high 13", "within range [0, 12]", ""),
    ("range falls", SIGNALS.replace("[0, 12]", "[12, 0]"), 5, "signals[0].range", "[12, 0]", "rises", "swap"),
    ("switch too high", TANKS + "- {id: S, type: level_switch, tank: T1, level_m: 10.5}\n", 5, "assets[2].level_m", "10.5 m", "at most 10, the height of T1", ""),
    ("tank minimum", TANKS.replace("diameter", "minimum_level_m: 11, diameter"), 3, "assets[0].minimum_level_m", "11 m", "less than the height", ""),
    ("strapping falls", TANKS.replace("diameter_m: 5", "strapping: [[0, 0], [5, 90], [10, 80]]"), 3, "assets[0].strapping[2]", "[10, 80] behind [5, 90]", "both rise", ""),
    ("tank without volume", TANKS.replace(", diameter_m: 5", "") + "connections: [{id: c, from: T1, to: P1}]\n", 3, "assets[0]", "neither diameter nor strapping", "mass balance", ""),
    ("pump curve", TANKS.replace("pump}", "pump, curve: [[10, 3], [5, 4]]}"), 4, "assets[1].curve[1]", "flow 5 m3/h behind 10", "rise", ""),
    ("gas alarms", TANKS + "- {id: G, type: gas_detector, low_alarm_lel: 0.4, high_alarm_lel: 0.2}\n", 5, "assets[2].high_alarm_lel", "0.2", "more than low_alarm_lel", ""),
    # Surroundings
    ("time zone", HEAD + "time_zone: Europe/Roma\n", 2, "time_zone", "'Europe/Roma'", "IANA", "'Europe/Rome'"),
    ("crossing polygon", HEAD + "zones:\n- id: a\n  polygon: [[0, 0], [10, 10], [10, 0], [0, 10]]\n", 4, "zones[0].polygon", "crosses itself at [5, 5]", "in order", ""),
    ("flat polygon", HEAD + "zones:\n- id: a\n  polygon: [[0, 0], [10, 10], [20, 20]]\n", 4, "zones[0].polygon", "", "in order", ""),
    ("two corners", HEAD + "zones:\n- id: a\n  polygon: [[0, 0], [10, 10]]\n", 4, "zones[0].polygon", "2 entries", "at least 3", ""),
    ("crossing camera", TANKS + "- {id: C, type: camera, sees: [[0, 0], [1, 1], [1, 0], [0, 1]]}\n", 5, "assets[2].sees", "crosses itself", "", ""),
    ("cidr", HEAD + "networks:\n- {id: n, cidr: 10.1.0.5/24}\n", 3, "networks[0].cidr", "'10.1.0.5/24'", "", "10.1.0.0/24"),
    ("address outside", NET + "- {id: H, type: host, role: hmi, interfaces: [{network: lan, address: 10.2.0.9}]}\n", 4, "assets[0].interfaces[0].address", "10.2.0.9", "lan, 10.1.0.0/24", "'wan'"),
    ("no address", NET + "- {id: H, type: host, role: hmi, interfaces: [{network: lan, address: 10.1.0.900}]}\n", 4, "assets[0].interfaces[0].address", "'10.1.0.900'", "an address", ""),
    (
        "doubled address",
        NET + "".join(f"- {{id: {h}, type: host, role: hmi, interfaces: [{{network: lan, address: 10.1.0.9}}]}}\n" for h in "HI"),
        5, "assets[1].interfaces[0].address", "which H has", "once", "",
    ),
    (
        "doubled hardware address",
        NET + f"- {{id: H, type: host, role: hmi, interfaces: [{{network: lan, address: 10.1.0.9, mac: \"{A}\"}}]}}\n"
        f"- {{id: I, type: host, role: hmi, interfaces: [{{network: lan, address: 10.1.0.8, mac: \"{A}\"}}]}}\n",
        5, "assets[1].interfaces[0].mac", "which H has", "once", "",
    ),
    ("doubled badge", HEAD + 'people:\n- {id: p, role: operator, badge: "7"}\n- {id: q, role: manager, badge: "7"}\n', 4, "people[1].badge", "'7', which p has", "once", ""),
    ("loop of needs", TANKS + "dependencies:\n- {id: d, of: T1, on: [P1]}\n- {id: e, of: P1, on: [T1]}\n", 7, "dependencies[1]", "P1 needs T1 needs P1", "buffer", ""),
    ("needs itself", TANKS + "dependencies:\n- {id: d, of: T1, on: [T1]}\n", 6, "dependencies[0].on[0]", "'T1' itself", "", ""),
    ("a capture of doors", SIGNALS.replace("kind: telemetry", "kind: access, connector: pcap, options: {path: taps}"), 3, "sources[0].kind", "'access'", "network: connector pcap reads nothing else", ""),
    # Includes
    ("include missing", HEAD + "include: [a.yaml]\n", 2, "include[0]", "'a.yaml', which isn't there", "a file", "site.yaml"),
    ("include outside", HEAD + "include: [../a.yaml]\n", 2, "include[0]", "leads out", "inside", "move"),
    ("include absolute", HEAD + "include: [/etc/passwd]\n", 2, "include[0]", "leads out", "inside", ""),
    ("include of itself", HEAD + "include:\n- site.yaml\n", 3, "include[0]", "includes itself", "no circle", ""),
    ("include a number", HEAD + "include: [1]\n", 2, "include[0]", "1", "relative path", ""),
]  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_fault(tmp_path: Path, row: tuple[str, str, int, str, str, str, str]) -> None:
    _, text, line, field, found, expected, suggestion = row
    (tmp_path / "site.yaml").write_text(text)
    result = check_site(tmp_path)
    assert result.site is None
    said = "\n".join(str(fault) for fault in result.faults)
    matching = [fault for fault in result.errors if (fault.line, fault.field) == (line, field) and found in fault.found]
    assert matching, said
    assert expected in matching[0].expected, said
    assert suggestion in matching[0].suggestion, said


WARNINGS = [
    ("signal without source", SIGNALS.replace("kind: state, source: scada", "kind: state"), 6, "signals[1].source", "no source"),
    ("source without signals", SIGNALS.replace("sources: [", "sources: [{id: idle, kind: telemetry}, "), 3, "sources[0]", "without signals"),
    ("rule above the tank", SIGNALS + "control_rules:\n- {id: i, when: {signal: L1, is: above, value: 11}, actuator: V1.state, switches: off}\n", 8, "control_rules[0].when.value", "never holds"),
    ("rule outside the range", SIGNALS + "control_rules:\n- {id: i, when: {signal: L1, is: below, value: -1}, actuator: V1.state, switches: off}\n", 8, "control_rules[0].when.value", "never holds"),
    ("part never holds", SIGNALS + "control_rules:\n- {id: i, when: {all: [{signal: L1, is: above, value: 13}, {clock: {from: 01:00, to: 02:00}}]}, actuator: V1.state, switches: off}\n", 8, "control_rules[0].when.all[0].value", "never holds"),
    ("outside its zone", HEAD + "zones: [{id: z, polygon: [[0, 0], [9, 0], [9, 9]]}]\nassets: [{id: P, type: pump, zone: z, position: [20, 3]}]\n", 3, "assets[0].position", "[20, 3]"),
    ("short strapping", TANKS.replace("diameter_m: 5", "strapping: [[0, 0], [5, 90]]"), 3, "assets[0].strapping", "ends at 5 m"),
    ("shared account", HEAD + "people:\n- {id: p, role: operator, accounts: [op]}\n- {id: q, role: operator, accounts: [OP]}\n", 4, "people[1].accounts[0]", "which p has"),
    ("unknown connector", SIGNALS.replace("kind: telemetry", "kind: telemetry, connector: flies"), 3, "sources[0].connector", "isn't installed"),
    ("rules that moved", SIGNALS + "detectors:\n- {detector: site_events}\n- {detector: access}\n", 8, "detectors[0].detector", "now those of access, perimeter, reports"),
    ("unknown detector", SIGNALS + "detectors:\n- {detector: crystal-ball}\n", 8, "detectors[0].detector", "isn't installed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "field", "found"), [row[1:] for row in WARNINGS], ids=[row[0] for row in WARNINGS]
)
def test_warning_lets_the_site_load(tmp_path: Path, text: str, line: int, field: str, found: str) -> None:
    (tmp_path / "site.yaml").write_text(text)
    result = check_site(tmp_path)
    assert result.site is not None, result.faults
    assert [(fault.line, fault.field) for fault in result.warnings] == [(line, field)], result.faults
    assert found in result.warnings[0].found


GOOD = [
    ("loop with a buffer", TANKS + "dependencies:\n- {id: d, of: T1, on: [P1], buffer_h: 2}\n- {id: e, of: P1, on: [T1]}\n"),
    ("loop with an alternative", TANKS + "dependencies:\n- {id: d, of: T1, on: [P1, S], logic: any}\n- {id: e, of: P1, on: [T1]}\nservices: [{id: S}]\n"),
    ("pressure as head", SIGNALS.replace("kind: level", "kind: pressure")),
    ("words of YAML 1.1", SIGNALS + "control_rules:\n- {id: i, when: {signal: L1, is: above, value: 9}, actuator: V1.state, switches: off}\nshifts: [{id: a, begins: 06:00, ends: 14:00}]\n"),
    ("condition of several parts", SIGNALS + "control_rules:\n- {id: i, when: {all: [{signal: L1, is: unequal, value: 9}, {any: [{clock: {from: 22:00, to: 06:00}}, {elapsed_h: {from: 2}}]}]}, actuator: V1.state, sets: 0.5, otherwise: off, priority: 2, judged: false}\n"),
    ("schedule", SIGNALS + "control_rules:\n- {id: i, actuator: V1.state, schedule: [{at: 01:00, switches: on}, {at: 15:00, sets: 0.5}]}\n"),
    ("alias", HEAD + "zones:\n- {id: a, polygon: &p [[0, 0], [1, 0], [1, 1]]}\n- {id: b, polygon: *p}\n"),
    ("unit beyond the common", SIGNALS.replace("unit: m,", "unit: ft,")),
]  # fmt: skip


@pytest.mark.parametrize("text", [row[1] for row in GOOD], ids=[row[0] for row in GOOD])
def test_no_fault(tmp_path: Path, text: str) -> None:
    (tmp_path / "site.yaml").write_text(text)
    assert check_site(tmp_path).faults == ()
