"""Pictures of every screen of the console from the running product: quiet and attacked, light and dark, desk and phone.

Event time stands still at the end of a recorded day, so that the same commit gives the same pictures.
`python docs/screenshots.py [SCREEN ...] [--out FOLDER]`; `make docs` takes all.
"""

import argparse
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.console.browsing import DESKTOP, PHONE, WALL, launched, listening, missing, opened  # noqa: E402
from tests.console.consoles import ApiConsole  # noqa: E402
from tests.console.scenes import make_scene  # noqa: E402

from infrastress.connectors.reports.records import Boxes  # noqa: E402

OUT = ROOT / "docs" / "img" / "console"
SIZES = {"desk": DESKTOP, "phone": PHONE}
SCENES = ("quiet", "attacked", "reported")
REPORTED = ("reports", "report")
"""Screens on which it shows that people reported."""
SETTLED_MS = 6_500
"""The page's clock runs on for five seconds behind the last pulse, then stands."""
AT_ONCE = 4
"""Screens that settle at the same time."""
_COLOURS = 224

Names = dict[str, str]


def screens(names: Names) -> dict[str, str]:
    """Address of each screen; those of an alarm or incident only where there is one."""
    found = {
        "picture": "/",
        "alarms": "/alarms",
        "incidents": "/incidents",
        "signals": "/signals",
        "signal": "/signals/LT-103",
        "health": "/health",
        "source": "/health/sources/scada",
        "site": "/site",
        "quarantine": "/quarantine",
        "storage": "/storage",
        "account": "/account",
    }
    for name in ("alarm", "incident"):
        if name in names:
            found[name] = f"/{name}s/{names[name]}"
    if "evidence" in names:
        found["evidence"] = f"/evidence/{names['evidence']}"
    if "report" in names:
        found |= {"reports": "/reports", "report": f"/reports/{names['report']}"}
    return found


def names_of(console: ApiConsole) -> Names:
    """What to show on the pages of one thing: the incident that matters most, and its first alarm of the process."""
    with console.client() as api:
        incident = next((one for one in api.incidents() if one.title.endswith("T-103")), None)
        if incident is None:
            return {}
        own = [one for one in api.alarms(sort="oldest") if one.incident == incident.id]
        alarm = next(one for one in own if one.source_kind == "telemetry")
        names = {"incident": incident.id, "alarm": alarm.id, "evidence": alarm.evidence}
    photo = next((one for one in Boxes(console.scene.folder / "reports").records() if one.photo), None)
    return names if photo is None else {**names, "report": photo.number}


def keep(picture: bytes, file: Path, smaller: int = 1) -> int:
    """Write a screenshot small, as palette and with its sides divided; returns its size in bytes."""
    image = Image.open(io.BytesIO(picture)).convert("RGB").reduce(smaller)
    # By coverage: the median cut gives up the few red pixels that everything is about.
    small = image.quantize(_COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(file, optimize=True)
    return file.stat().st_size


def shots(browser: Any, console: ApiConsole, chosen: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Some screens at once, each in both themes and widths."""
    with ExitStack() as stack:
        pages = {
            (name, theme): stack.enter_context(opened(browser, console, path, theme=theme))
            for name, path in chosen.items()
            for theme in ("light", "dark")
        }
        for page in pages.values():
            listening(page).get_by_test_id("sound").click()  # as whoever begins a shift does
        page.wait_for_timeout(SETTLED_MS)
        for size, (width, height) in SIZES.items():
            for page in pages.values():
                page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(1000)
            for (name, theme), page in pages.items():
                page.evaluate("() => { document.activeElement?.blur(); scrollTo(0, 0); }")
                yield f"{name}-{size}-{theme}", page.screenshot()
        for (name, _), page in pages.items():
            for trouble in page.troubles.found:
                sys.stderr.write(f"{name}: {trouble}\n")


def wall(browser: Any, console: ApiConsole) -> bytes:
    """The wall as a 4K screen shows it."""
    with opened(browser, console, "/wall", size=WALL, theme="dark") as page:
        listening(page)
        page.wait_for_timeout(SETTLED_MS)
        picture: bytes = page.screenshot()
        return picture


def take(chosen: Callable[[str], bool], out: Path) -> None:
    """Take the pictures."""
    if reason := missing():
        raise SystemExit(f"no pictures: {reason}")
    out.mkdir(parents=True, exist_ok=True)
    total = 0
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        for scene in SCENES:
            made = make_scene(scene, Path(folder) / "scenes").copy(Path(folder) / scene)
            console = ApiConsole(made, frozen=True).start()
            try:
                found = screens(names_of(console)).items()
                own = [(name, path) for name, path in found if (name in REPORTED) == (scene == "reported")]
                asked = [(f"{name}-{scene}", path) for name, path in own if chosen(name)]
                for first in range(0, len(asked), AT_ONCE):
                    for words, picture in shots(browser, console, dict(asked[first : first + AT_ONCE])):
                        total += keep(picture, out / f"{words}.png")
                if chosen("wall") and scene != "reported":
                    total += keep(wall(browser, console), out / f"wall-{scene}.png", smaller=2)
            finally:
                console.stop()
    sys.stderr.write(f"{total / 1e6:.1f} MB of pictures in {out}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("screens", nargs="*")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    take(lambda name: not options.screens or name in options.screens, options.out)
