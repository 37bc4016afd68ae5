"""An ordinary mishap that a scenario tells for certain: what comes by chance on other days, but larger."""

from dataclasses import dataclass
from typing import TypeVar

from infrastress.core.errors import SimulationError
from infrastress.hydraulics.meters import Meter
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.randomness import Pair, Randomness
from infrastress.simulators.water.channels import Lie
from infrastress.simulators.water.demand import Extra, HotSpell
from infrastress.simulators.water.hydraulics import Hydraulics
from infrastress.simulators.water.layout import Layout
from infrastress.simulators.water.oddities import Oddities
from infrastress.simulators.water.options import WaterOptions
from infrastress.simulators.water.plc import inputs_of
from infrastress.simulators.water.ranges import RANGES
from infrastress.simulators.water.story import Held, begins

__all__ = ["tell_ordinary"]

_T = TypeVar("_T")
_MEASURED = ("level", "pressure", "flow", "demand")


def tell_ordinary(
    oddities: Oddities,
    *,
    layout: Layout,
    engine: Hydraulics,
    calendar: Calendar,
    options: WaterOptions,
    draws: Randomness,
) -> None:
    """Add the scenario's mishap to a run's own; it changes no other draw.

    Raises:
        SimulationError: the site has nothing that could have it, or the run is too short.
    """
    if options.ordinary == "none":
        return
    began = begins(draws, "ordinary", options.begins_h, calendar, said=options.ordinary)
    teller = _Teller(oddities, layout, engine, calendar, options, draws, began)
    getattr(teller, options.ordinary)()


@dataclass(frozen=True)
class _Teller:
    """Writes one mishap; a method for each."""

    oddities: Oddities
    layout: Layout
    engine: Hydraulics
    calendar: Calendar
    options: WaterOptions
    draws: Randomness
    began: float

    def _span(self, pair: Pair) -> tuple[float, float]:
        lasts = self.draws.draw("ordinary.lasts", pair) if self.options.lasts_h is None else 3600 * self.options.lasts_h
        return self.began, min(self.began + lasts, self.calendar.length)

    def _one(self, among: list[_T]) -> _T:
        if not among:
            raise SimulationError(f"the site has nothing that {self.options.ordinary!r} could happen to")
        return among[int(self.draws.stream("ordinary.target").integers(len(among)))]

    def _size(self, pair: Pair) -> float:
        return self.draws.draw("ordinary.size", pair) if self.options.size is None else self.options.size

    def _note(self, span: tuple[float, float], asset: str | None, text: str, kind: str = "") -> None:
        self.oddities.notes.append((kind or self.options.ordinary, span, (asset,) if asset else (), text))

    def _pair(self) -> tuple[str, str]:
        """A pump and its standby: two between the same nodes, or two that hang on the same measured value."""
        layout = self.layout
        groups = [layout.parallel(pump) for pump in layout.pumps]
        driven = [inputs_of(layout.logic)[one] for one in sorted(inputs_of(layout.logic))]
        groups += [tuple(pump for pump in layout.pumps if pump in links) for links in driven]
        one, other = self._one(list(dict.fromkeys(group[:2] for group in groups if len(group) > 1)))
        return one, other

    def hot_day(self) -> None:
        """From eight to ten in the evening of the day in which it begins, by the local clock."""
        day = [one for one in self.calendar.days if one.midnight <= self.began][-1]
        span = (day.midnight + 8 * 3600, day.midnight + 22 * 3600)
        top = self._size(RANGES.story_hot_demand)
        self.oddities.hot.append(HotSpell(*span, top))
        self._note(span, None, f"demand grows to {top:.2f} times the ordinary")

    def big_customer(self) -> None:
        mean = self.engine.mean_demand()
        node = self._one([int(one) for one in self.engine.drawers])
        flow = float(mean[mean > 0].sum()) * self._size(RANGES.told_customer_share)
        span = self._span(RANGES.told_customer_s)
        self.oddities.extras.append(Extra(node, flow, *span))
        name = self.engine.nodes[node]
        self._note(span, self.layout.asset(name, link=False), f"a customer at {name} draws {flow * 3600:.1f} m3/h more")

    def maintenance(self) -> None:
        pump, _ = self._pair()
        span = self._span(RANGES.maintenance_s)
        self.oddities.held.append(Held(pump, False, *span))
        self._note(span, self.layout.asset(pump, link=True), "a pump is out for planned work")

    def rotation(self) -> None:
        one, other = self._pair()
        self.oddities.rotations.append((self.began, one, other))
        text = f"duty and standby pump change places: {one} and {other}"
        self._note((self.began, self.calendar.length), self.layout.asset(one, link=True), text)

    def gap(self) -> None:
        span = self._span(RANGES.told_gap_s)
        self.oddities.gaps.append(span)
        self._note(span, None, "the whole source is silent")

    def silent(self) -> None:
        asset = self._one(sorted({meter.signal.asset for meter in self.layout.meters}))
        span = self._span(RANGES.told_silent_s)
        self.oddities.silent.append((asset, span))
        self._note(span, asset, "its cells are empty", "outstation_silent")

    def stuck_meter(self) -> None:
        driving = set(inputs_of(self.layout.logic))
        meter = self._one([one for one in self._meters() if (one.quantity, one.element) not in driving])
        span = self._span(RANGES.told_bad_meter_s)
        self.oddities.stuck.setdefault((meter.quantity, meter.element), []).append(Lie("hold", *span))
        self._note(span, meter.signal.asset, f"{meter.signal.id} shows one value")

    def noisy_meter(self) -> None:
        meter = self._one(self._meters())
        span = self._span(RANGES.told_bad_meter_s)
        entry = (*span, self._size(RANGES.noisy_meter_times))
        self.oddities.noisy.setdefault((meter.quantity, meter.element), []).append(entry)
        self._note(span, meter.signal.asset, f"{meter.signal.id} is noisy")

    def _meters(self) -> list[Meter]:
        return [one for one in self.layout.meters if one.quantity in _MEASURED]
