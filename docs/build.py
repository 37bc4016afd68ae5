"""Make the pictures and generated pages of the documentation from the running product: `make docs`."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

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


if __name__ == "__main__":
    demo_pictures()
