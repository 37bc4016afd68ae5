"""Every rule that code can emit has a card, and the pages of cards are current."""

import re
from pathlib import Path

import pytest

from infrastress.core.plugins import load_plugin, plugin_names
from infrastress.detectors import health
from infrastress.detectors.access import AccessDetector
from infrastress.detectors.alerts import AlertDetector
from infrastress.detectors.cardpage import card_page
from infrastress.detectors.network import NetworkBaselineDetector, NetworkRuleDetector
from infrastress.detectors.perimeter import PerimeterDetector
from infrastress.detectors.process import InvariantDetector
from infrastress.detectors.process.base import Invariant
from infrastress.detectors.process.moved import DriftDetector
from infrastress.detectors.process.residuals import ResidualDetector
from infrastress.detectors.process.twin import TwinDetector
from infrastress.detectors.reports import ReportDetector
from infrastress.detectors.tracks import TrackDetector

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    InvariantDetector: "Process invariants",
    ResidualDetector: "Learned residuals",
    TwinDetector: "Physics twin",
    DriftDetector: "Slow changes",
    AccessDetector: "Access control",
    PerimeterDetector: "Perimeter and life safety",
    ReportDetector: "Reports by people",
    TrackDetector: "Tracks",
    NetworkRuleDetector: "Network rules",
    NetworkBaselineDetector: "Network baseline",
    AlertDetector: "Alerts of other tools",
}


def _all(kind):
    return {kind, *(deeper for child in kind.__subclasses__() for deeper in _all(child))}


def test_every_invariant_has_a_card_and_is_run():
    concrete = {kind for kind in _all(Invariant) if "rule" in vars(kind)}
    assert concrete
    assert {kind.rule for kind in concrete} == set(InvariantDetector.cards)
    assert all(kind.card.rule == kind.rule for kind in concrete)


def test_every_rule_named_in_the_event_rules_has_a_card():
    words = r'"((?:access|login|gas|switch|fire|fence|vote|device|alerts)\.[a-z_]+)"'
    for folder, detector in (
        ("access", AccessDetector),
        ("perimeter", PerimeterDetector),
        ("alerts", AlertDetector),
    ):
        assert _named(ROOT / "src" / "infrastress" / "detectors" / folder, words) == set(detector.cards)


def test_every_rule_named_in_the_network_rules_has_a_card():
    folder = ROOT / "src" / "infrastress" / "detectors" / "network"
    assert _named(folder, r'"(net\.[a-z_]+)"') == {*NetworkRuleDetector.cards, *NetworkBaselineDetector.cards}


def _named(folder, words):
    files = (file for file in folder.glob("*.py") if not file.name.endswith("cards.py"))
    return {rule for file in files for rule in re.findall(words, file.read_text())}


def test_no_module_makes_a_detection_of_a_rule_without_a_card():
    """Of the platform's own findings too, which no detector makes."""
    carded = {
        *InvariantDetector.cards,
        *ResidualDetector.cards,
        *AccessDetector.cards,
        *PerimeterDetector.cards,
        *ReportDetector.cards,
        *TrackDetector.cards,
        *AlertDetector.cards,
        *NetworkRuleDetector.cards,
        *NetworkBaselineDetector.cards,
        *health.CARDS,
    }
    files = list((ROOT / "src").rglob("*.py"))
    named = {rule for file in files for rule in re.findall(r'\brule="([^"]+)"', file.read_text())}
    assert "detector-failed" in named
    assert named <= carded


@pytest.mark.parametrize("detector", PAGES, ids=lambda d: d.name)
def test_pages_are_current(detector):
    page = ROOT / "docs" / "rules" / f"{detector.name}.md"
    assert page.read_text() == card_page(detector.name, PAGES[detector], detector.cards)


def test_the_page_of_the_platform_itself_is_current():
    page = ROOT / "docs" / "rules" / "health.md"
    assert page.read_text() == card_page(health.NAME, health.TITLE, health.CARDS)


def test_techniques_look_like_attack_for_ics():
    for detector in PAGES:
        for card in detector.cards.values():
            assert all(re.fullmatch(r"T0\d{3}", technique) for technique in card.techniques)


def test_both_are_found_by_entry_point():
    assert {"process_invariants", "access"} <= set(plugin_names("detectors"))
    assert load_plugin("detectors", "process_invariants") is InvariantDetector
