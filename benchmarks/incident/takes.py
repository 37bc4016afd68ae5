"""Takes: a simulated run, and what the site's detectors said of it with the ticks between, as fusion is given them.

A take is made by playing the scenario into a folder and replaying that with a fusion that does nothing: what lies in
`fusion/<site>` then is what fusion reads, byte for byte. It is kept by seed and by a hash of all sources but fusion's.
"""

import hashlib
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

import infrastress
from benchmarks.idle import Idle
from benchmarks.incident.lessons import baselines_of
from infrastress.app.detecting import build_detectors, cards_of, choose_detectors
from infrastress.app.reading import open_recordings
from infrastress.app.scenarios import load_scenario, play
from infrastress.core.time import HOUR, from_iso
from infrastress.detectors.base import RuleCard
from infrastress.evaluation.measuring import Observations
from infrastress.events import Detection, decode_event
from infrastress.runtime.replay import replay
from infrastress.simulators.base import Incident, Scenario
from infrastress.simulators.recording import write_realisation
from infrastress.simulators.traffic import TALES, tapped
from infrastress.site import Site
from infrastress.site.load import load_site
from infrastress.store import open_store
from infrastress.store.ports import read_all

__all__ = ["Case", "Span", "Stage", "Take", "source_hash"]

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*")
ROOT = Path(__file__).resolve().parents[2]
_BEHIND = ("core", "site", "events", "runtime", "connectors", "hydraulics", "detectors", "simulators")
"""Packages that decide what fusion is given."""


class Case(NamedTuple):
    """What is played: of a tale its twin and what lies beside it; a quiet run has no tale."""

    site: str
    tale: str
    twin: str
    beside: str
    seed: int
    hours: float

    @property
    def name(self) -> str:
        """For a file and for people."""
        return "-".join(filter(None, (self.site, self.tale or "quiet", self.twin, self.beside, str(self.seed))))


class Span(msgspec.Struct, frozen=True):
    """A span of truth, ns; `process` where telemetry shows it, `network` where captures do."""

    kind: str
    malicious: bool
    began: int
    ended: int
    names: tuple[str, ...]
    zone: str
    event: str
    process: bool
    network: bool


class Take(msgspec.Struct, frozen=True):
    """One take.

    Attributes:
        began, ended: of the run, ns.
        spans: the truth.
        names: by id of a detection, what it is about: assets, people, words of the truth in its sentence.
        records: subject, id and data of all that fusion is given, in order.
    """

    began: int
    ended: int
    spans: tuple[Span, ...]
    names: dict[str, tuple[str, ...]]
    records: tuple[tuple[str, str, bytes], ...]

    @property
    def days(self) -> float:
        """Length in days."""
        return (self.ended - self.began) / HOUR / 24


def source_hash() -> str:
    """Of all sources that decide what fusion is given."""
    digest = hashlib.sha256()
    package = Path(infrastress.__file__).resolve().parent
    files = [path for name in _BEHIND for path in sorted((package / name).rglob("*.py"))]
    files += [path for name in ("depot", "water") for path in sorted((ROOT / "examples" / name).rglob("*.yaml"))]
    files += [ROOT / "benchmarks" / "seeds" / "incidents.json", Path(__file__), Path(__file__).with_name("lessons.py")]
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


class Stage:
    """A site with its detectors as the application builds them, and the takes that were made of it."""

    def __init__(self, name: str, seeds: dict[str, Any], cache: Path, *, training_days: int | None = None) -> None:
        self.name, self.seeds = name, seeds
        self.folder = ROOT / "examples" / name
        self.site: Site = load_site(self.folder)
        self.chosen = choose_detectors(self.site)
        self.cards: Mapping[str, RuleCard] = cards_of(self.chosen)
        self._cache = cache / source_hash()
        self._cache.mkdir(parents=True, exist_ok=True)
        self.baselines = baselines_of(self.site, self.folder, seeds, self._cache, days=training_days)
        self._trained = training_days or 0

    def take(self, case: Case) -> Take:
        """A take, made where the cache has none."""
        kept = self._cache / f"{case.name}-{case.hours:g}-{self._trained}.take"
        if kept.is_file():
            return msgspec.msgpack.decode(kept.read_bytes(), type=Take)
        sys.stderr.write(f"playing {case.name}\n")
        made = self._made(case)
        part = kept.with_suffix(".part")
        part.write_bytes(msgspec.msgpack.encode(made))
        part.replace(kept)
        return made

    def scenario(self, case: Case) -> Scenario:
        """What is played of a case."""
        if not case.tale:
            return load_scenario(self.folder, self.seeds["training"]["scenario"], duration_h=case.hours)
        scenario = load_scenario(self.folder, f"incident-{case.tale}-{case.twin}", duration_h=case.hours)
        incident = Incident.model_validate({"tale": case.tale, "twin": case.twin, "beside": case.beside})
        return scenario.model_copy(update={"incident": incident})

    def _made(self, case: Case) -> Take:
        scenario = self.scenario(case)
        played = play(self.site, scenario, case.seed)
        with tempfile.TemporaryDirectory(prefix="incidents-") as name:
            out = Path(name)
            if scenario.traffic is not None:
                played = tapped(self.site, scenario, played, case.seed, out)
            write_realisation(played, self.site, out, scenario=scenario, seed=case.seed)
            with open_store("memory://") as store:
                detectors = build_detectors(self.site, self.chosen, self.baselines)
                replay(store, self.site, open_recordings(self.site, self.folder, [out]), detectors, Idle())
                records = list(read_all(store.log, f"fusion/{self.site.id}"))
        spans = tuple(
            Span(
                one.kind, one.malicious, one.began if one.first_visible is None else one.first_visible, one.ended,
                (*one.assets, *one.people, *one.signals), one.zone, one.event, bool(one.signals), one.kind in TALES,
            )
            for one in played.truth
        )  # fmt: skip
        words = frozenset(name for span in spans if span.event for name in span.names)
        observed = Observations(played.events, self.site)
        names = {}
        for record in records:
            event = decode_event(record.data)
            if isinstance(event.body, Detection):
                said = frozenset(_WORD.findall(event.body.sentence)) & words
                names[event.id] = tuple(sorted({*event.assets, *observed.names(event.body), *said}))
        began = from_iso(scenario.start)
        told = tuple((record.subject, record.id, record.data) for record in records)
        return Take(began, began + round(scenario.duration_h * HOUR), spans, names, told)
