"""Which detectors run at a site, and what becomes of rules that moved to another one."""

from infrastress.app.detecting import DEFAULT_DETECTORS, choose_detectors
from infrastress.site import Site


def site(*detectors):
    return Site.model_validate({"id": "s", "detectors": list(detectors)})


def test_a_site_that_names_none_has_access_and_perimeter():
    assert {"access", "perimeter", "reports"} <= set(DEFAULT_DETECTORS)
    assert list(choose_detectors(site())) == list(DEFAULT_DETECTORS)


def test_a_site_of_before_loses_no_rule_and_no_option():
    chosen = choose_detectors(
        site({"detector": "site_events", "options": {"burst_failures": 9, "bypass_s": 60, "off": []}})
    )
    assert list(chosen) == ["access", "perimeter", "reports"]
    assert chosen["access"][1].burst_failures == 9
    assert chosen["perimeter"][1].bypass_s == 60
    moved = {"access.unknown_badge", "login.failed_burst", "gas.low_alarm", "switch.disabled", "report.danger"}
    assert moved <= {rule for plugin, _ in chosen.values() for rule in plugin.cards}


def test_what_is_named_keeps_its_own_options():
    chosen = choose_detectors(
        site(
            {"detector": "access", "options": {"burst_failures": 3}},
            {"detector": "site_events", "options": {"burst_failures": 9}},
        )
    )
    assert list(chosen) == ["access", "perimeter", "reports"]
    assert chosen["access"][1].burst_failures == 3
