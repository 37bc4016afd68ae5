"""Make the pictures and generated pages of the documentation from the running product: `make docs`."""

import json
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from infrastress.app.api.document import openapi_document
from infrastress.app.plots import open_figure
from infrastress.detectors import health
from infrastress.detectors.access import AccessDetector
from infrastress.detectors.alerts import AlertDetector
from infrastress.detectors.cardpage import card_page
from infrastress.detectors.network import NetworkBaselineDetector, NetworkRuleDetector
from infrastress.detectors.perimeter import PerimeterDetector
from infrastress.detectors.process import InvariantDetector
from infrastress.detectors.process.moved import DriftDetector
from infrastress.detectors.process.residuals import ResidualDetector
from infrastress.detectors.process.twin import TwinDetector
from infrastress.detectors.reports import ReportDetector
from infrastress.detectors.tracks import TrackDetector

PAGES = {
    InvariantDetector: "Process invariants",
    ResidualDetector: "Learned residuals",
    TwinDetector: "Physics twin",
    DriftDetector: "Slow changes",
    AccessDetector: "Access control",
    PerimeterDetector: "Perimeter and life safety",
    ReportDetector: "Reports by people",
    NetworkRuleDetector: "Network rules",
    NetworkBaselineDetector: "Network baseline",
    TrackDetector: "Tracks",
    AlertDetector: "Alerts of other tools",
}
DOCS = Path(__file__).resolve().parent


def demo_pictures() -> None:
    """Run the demo and keep its plots as docs/img/."""
    images = DOCS / "img"
    images.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "demo"
        subprocess.run([sys.executable, "-m", "infrastress", "demo", "--headless", "--out", str(out)], check=True)
        for picture in sorted(out.rglob("*.png")):
            shutil.copyfile(picture, images / f"demo-{picture.name}")


def water_views() -> None:
    """Play the example's attack on a tank and draw its level as it is, as the controller and the operator see it."""
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "infrastress", "simulate", str(DOCS.parent / "examples" / "water"), "overflow"]
        subprocess.run([*command, "--seed", "7", "--out", name], check=True)
        facts = json.loads((Path(name) / "truth.json").read_text())["facts"]
    views, height = facts["views"], 9.784
    began = datetime.fromisoformat(facts["began_at"])
    hours = [(datetime.fromisoformat(time) - began).total_seconds() / 3600 for time in views["times"]]
    with open_figure(9, 4) as (figure, place):
        axes = figure.add_subplot(place)
        for view, (colour, style) in {
            "true": ("#1f5a99", "-"), "controller": ("#b3261e", "--"), "operator": ("#2b2b2b", ":"),
        }.items():  # fmt: skip
            axes.plot(hours, views["LT-1"][view], color=colour, linestyle=style, linewidth=1.8, label=view)
        axes.axhline(height, color="#7a7a7a", linewidth=1)
        axes.annotate("brim", (hours[0], height), color="#7a7a7a", va="bottom")
        axes.set_xlabel("hours since the attack began")
        axes.set_ylabel("level of T-1, m")
        axes.legend(loc="lower right", frameon=False)
        figure.savefig(DOCS / "img" / "water-views.png", dpi=110)


def rule_pages() -> None:
    """A page of rule cards for each detector, and one for the platform itself."""
    members = {member.name: (title, member.cards) for member, title in PAGES.items()}
    for name, (title, cards) in {**members, health.NAME: (health.TITLE, health.CARDS)}.items():
        (DOCS / "rules" / f"{name}.md").write_text(card_page(name, title, cards))


def openapi_page() -> None:
    """The OpenAPI document, from which types of other languages are made."""
    text = json.dumps(openapi_document(), indent=1, ensure_ascii=False, sort_keys=True)
    (DOCS / "openapi.json").write_text(text + "\n")


def console_pictures() -> None:
    """Every screen of the console as docs/img/console/."""
    subprocess.run([sys.executable, str(DOCS / "screenshots.py")], check=True)


if __name__ == "__main__":
    rule_pages()
    openapi_page()
    demo_pictures()
    water_views()
    console_pictures()
