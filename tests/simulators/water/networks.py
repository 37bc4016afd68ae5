"""Networks to test with: those that WNTR ships, and how a site is made of one."""

import importlib.util
from pathlib import Path

import pytest

from infrastress.site.epanet import create_site_from_inp
from infrastress.site.load import load_site
from infrastress.site.model import Site

_SPEC = importlib.util.find_spec("wntr")
WNTR = Path(str(_SPEC.origin)).parent if _SPEC is not None else Path()
LIBRARY = WNTR / "library" / "networks"
TESTED = WNTR / "tests" / "networks_for_testing"
SHIPPED = sorted([*LIBRARY.glob("*.inp"), *TESTED.glob("*.inp")])
BAD = [file for file in SHIPPED if file.stem.startswith("bad_")]
NO_JUNCTION = "cv_controls"  # two tanks and a pipe: EPANET itself opens no network without junctions
GOOD = [file for file in SHIPPED if file not in BAD and file.stem != NO_JUNCTION]

needs_wntr = pytest.mark.skipif(_SPEC is None, reason="needs the extra `water`")

METERED = """\
cadence_s: 300
signals:
  - {elements: tanks, kind: level, tag: "LT-{element}", unit: m, resolution: 0.001}
  - {elements: pumps, kind: flow, tag: "FT-{element}", unit: m3/h, resolution: 0.1}
  - {elements: pumps, kind: state, tag: "ZS-{element}"}
  - {elements: junctions, kind: pressure, tag: "PT-{element}", unit: m, resolution: 0.01}
"""


def site_of(network: Path, folder: Path, metered: str | None = METERED) -> Site:
    """A site made of a network by `init --from-inp`."""
    signals = None
    if metered is not None:
        signals = folder / "signals.yaml"
        signals.write_text(metered)
    create_site_from_inp(folder / "site", network, signals)
    return load_site(folder / "site")
