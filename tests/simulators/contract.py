"""What every simulator must keep, whatever it simulates. A member's test class derives from `SimulatorContract`."""

from pathlib import Path

import numpy as np
import pytest

from infrastress.core.errors import SimulationError
from infrastress.core.time import HOUR, from_iso
from infrastress.core.units import scale_of
from infrastress.events import event_from_json, event_to_json
from infrastress.simulators.base import Scenario, Simulator
from infrastress.simulators.recording import write_realisation
from infrastress.site import Site

SLACK_NS = 10_000_000_000
FILES = ("telemetry.csv", "events.jsonl", "truth.json")


def written(simulator: Simulator, scenario: Scenario, seed: int, folder: Path) -> dict[str, bytes]:
    write_realisation(simulator.run(scenario, seed), simulator.site, folder, scenario=scenario, seed=seed)
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).is_file()}


class SimulatorContract:
    """Derive, and give fixtures `simulator` and `scenario`; `telemetry` says whether a run has any."""

    telemetry = True

    def test_same_seed_same_bytes(self, simulator: Simulator, scenario: Scenario, tmp_path: Path):
        first = written(simulator, scenario, 11, tmp_path / "a")
        again = written(type(simulator)(simulator.site), scenario, 11, tmp_path / "b")
        assert first == again

    def test_other_seed_other_bytes(self, simulator: Simulator, scenario: Scenario, tmp_path: Path):
        first = written(simulator, scenario, 11, tmp_path / "a")
        other = written(simulator, scenario, 12, tmp_path / "b")
        assert set(first) == set(FILES if self.telemetry else FILES[1:])
        assert all(first[name] != other[name] for name in first)

    def test_samples_fit_the_site(self, simulator: Simulator, scenario: Scenario):
        site: Site = simulator.site
        start, end = from_iso(scenario.start), from_iso(scenario.start) + int(scenario.duration_h * HOUR)
        sequence: dict[str, int] = {}
        rows = 0
        last = start - SLACK_NS
        for samples in simulator.run(scenario, 11).samples:
            assert samples.site == site.id
            assert samples.source in site.source_by_id
            assert samples.sequence == sequence.get(samples.source, 0)
            sequence[samples.source] = samples.sequence + len(samples)
            assert (np.diff(samples.times) > 0).all()
            assert samples.times[0] > last
            last = int(samples.times[-1])
            for i, tag in enumerate(samples.tags):
                signal = site.signal_by_id[tag]
                if signal.range is not None:
                    scale = scale_of(signal.unit)
                    low, high = (one * scale.factor + scale.offset for one in signal.range)
                    column = samples.values[:, i]
                    column = column[np.isfinite(column)]
                    assert column.min() >= low - 1e-9, tag
                    assert column.max() <= high + 1e-9, tag
            rows += len(samples)
        assert (rows > 0) is self.telemetry
        assert last <= end + SLACK_NS

    def test_events_fit_the_site(self, simulator: Simulator, scenario: Scenario):
        site: Site = simulator.site
        events = simulator.run(scenario, 11).events
        zones = {zone.id for zone in site.zones}
        counts: dict[str, int] = {}
        assert events
        assert [event.occurred for event in events] == sorted(event.occurred for event in events)
        assert len({event.id for event in events}) == len(events)
        for event in events:
            assert event.site == site.id
            assert event.source in site.source_by_id
            assert event.sequence == counts.get(event.source, 0)
            counts[event.source] = event.sequence + 1
            assert event.observed >= event.occurred
            assert set(event.assets) <= set(site.asset_by_id)
            assert event.zone in zones | {""}
            assert event_from_json(event_to_json(event)) == event

    def test_truth_fits_the_site(self, simulator: Simulator, scenario: Scenario):
        site: Site = simulator.site
        start, end = from_iso(scenario.start), from_iso(scenario.start) + int(scenario.duration_h * HOUR)
        for span in simulator.run(scenario, 11).truth:
            assert start <= span.began <= span.ended <= end
            assert set(span.assets) <= set(site.asset_by_id)
            assert set(span.signals) <= set(site.signal_by_id)

    def test_unknown_option_is_named(self, simulator: Simulator, scenario: Scenario):
        wrong = scenario.model_copy(update={"options": {**scenario.options, "no_such_option": 1}})
        with pytest.raises(SimulationError, match="no_such_option"):
            simulator.run(wrong, 11)
