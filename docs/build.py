"""Make the pictures and generated pages of the documentation from the running product: `make docs`."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infrastress.detectors import health
from infrastress.detectors.cardpage import card_page
from infrastress.detectors.events import EventRuleDetector
from infrastress.detectors.process import InvariantDetector
from infrastress.detectors.process.residuals import ResidualDetector

PAGES = {
    InvariantDetector: "Process invariants",
    ResidualDetector: "Learned residuals",
    EventRuleDetector: "Event rules",
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


def rule_pages() -> None:
    """A page of rule cards for each detector, and one for the platform itself."""
    members = {member.name: (title, member.cards) for member, title in PAGES.items()}
    for name, (title, cards) in {**members, health.NAME: (health.TITLE, health.CARDS)}.items():
        (DOCS / "rules" / f"{name}.md").write_text(card_page(name, title, cards))


if __name__ == "__main__":
    rule_pages()
    demo_pictures()
