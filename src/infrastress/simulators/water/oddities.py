"""Ordinary mishaps: lost rows, silent outstations, poor meters, hot days, big customers, maintenance, duty rotation."""

from dataclasses import dataclass, field

from infrastress.simulators.calendar import Calendar
from infrastress.simulators.randomness import Pair, Randomness
from infrastress.simulators.water.channels import Lie
from infrastress.simulators.water.demand import Extra, HotSpell
from infrastress.simulators.water.hydraulics import Hydraulics
from infrastress.simulators.water.layout import Layout
from infrastress.simulators.water.plc import inputs_of
from infrastress.simulators.water.ranges import RANGES
from infrastress.simulators.water.story import Held, Input

__all__ = ["Oddities"]

Span = tuple[float, float]


@dataclass
class Oddities:
    """What is less than perfect in a run; moments in seconds after the start.

    Attributes:
        gaps: spans in which the whole source is silent.
        silent: spans in which the signals of one asset are empty.
        noisy: (began, ended, times) by input; stuck: faults by input.
        hot, extras: of demand.
        held: pumps out for planned work.
        rotations: moments at which duty and standby pumps change places, with the two links.
        notes: kind, span, assets and text, for the truth.
    """

    gaps: list[Span] = field(default_factory=list)
    silent: list[tuple[str, Span]] = field(default_factory=list)
    noisy: dict[Input, list[tuple[float, float, float]]] = field(default_factory=dict)
    stuck: dict[Input, list[Lie]] = field(default_factory=dict)
    hot: list[HotSpell] = field(default_factory=list)
    extras: list[Extra] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    rotations: list[tuple[float, str, str]] = field(default_factory=list)
    notes: list[tuple[str, Span, tuple[str, ...], str]] = field(default_factory=list)

    @classmethod
    def draw(
        cls, layout: Layout, engine: Hydraulics, calendar: Calendar, draws: Randomness, cadence: float
    ) -> "Oddities":
        """Draw a run's mishaps."""
        found = cls()
        found._telemetry(layout, calendar, draws, cadence)
        found._demand(layout, engine, calendar, draws)
        found._pumps(layout, calendar, draws)
        return found

    def _telemetry(self, layout: Layout, calendar: Calendar, draws: Randomness, cadence: float) -> None:
        r, days = RANGES, calendar.day_count

        def spans(name: str, per_day: float, length: Pair) -> list[Span]:
            lengths = draws.stream(f"{name}.length")
            return [(at, at + float(lengths.uniform(*length))) for at in draws.moments(name, per_day, days)]

        self.gaps = spans("lost", r.lost_rows_per_day, (r.lost_rows[0] * cadence, r.lost_rows[1] * cadence))
        self.gaps += spans("gap", r.gaps_per_day, r.gap_s)
        which = draws.stream("dropout.asset")
        assets = sorted({meter.signal.asset for meter in layout.meters})
        for span in spans("dropout", r.dropouts_per_day, r.dropout_s):
            asset = assets[int(which.integers(len(assets)))]
            self.silent.append((asset, span))
            self.notes.append(("outstation_silent", span, (asset,), "its cells are empty"))
        which, times = draws.stream("noisy.meter"), draws.stream("noisy.times")
        measured = [meter for meter in layout.meters if meter.quantity in ("level", "pressure", "flow", "demand")]
        driving = set(inputs_of(layout.logic))
        for span in spans("noisy", r.noisy_meter_per_day, r.noisy_meter_s):
            if measured:
                meter = measured[int(which.integers(len(measured)))]
                entry = (*span, float(times.uniform(*r.noisy_meter_times)))
                self.noisy.setdefault((meter.quantity, meter.element), []).append(entry)
                self.notes.append(("noisy_meter", span, (meter.signal.asset,), f"{meter.signal.id} is noisy"))
        which = draws.stream("stuck.meter")
        idle = [one for one in measured if (one.quantity, one.element) not in driving and one.quantity != "level"]
        for span in spans("stuck", r.stuck_meter_per_day, r.stuck_meter_s):
            if idle:
                meter = idle[int(which.integers(len(idle)))]
                self.stuck.setdefault((meter.quantity, meter.element), []).append(Lie("hold", *span))
                self.notes.append(("stuck_meter", span, (meter.signal.asset,), f"{meter.signal.id} shows one value"))

    def _demand(self, layout: Layout, engine: Hydraulics, calendar: Calendar, draws: Randomness) -> None:
        r = RANGES
        tops = draws.stream("hot.top")
        lucky = draws.stream("hot.day")
        for day in calendar.days:
            hot, top = lucky.random() < r.hot_days_per_day, float(tops.uniform(*r.hot_day_demand))
            if hot:
                span = (day.midnight + 8 * 3600, day.midnight + 22 * 3600)
                self.hot.append(HotSpell(*span, top))
                self.notes.append(("hot_day", span, (), f"demand grows to {top:.2f} times the ordinary"))
        mean = engine.mean_demand()
        total = float(mean[mean > 0].sum())
        where, share, lasts = (draws.stream(f"big.{name}") for name in ("where", "share", "lasts"))
        for at in draws.moments("big", r.big_customers_per_day, calendar.day_count):
            if len(engine.drawers):
                node = int(engine.drawers[int(where.integers(len(engine.drawers)))])
                flow = total * float(share.uniform(*r.big_customer_share))
                span = (at, at + float(lasts.uniform(*r.big_customer_s)))
                self.extras.append(Extra(node, flow, *span))
                asset = layout.asset(engine.nodes[node], link=False)
                text = f"a customer at {engine.nodes[node]} draws {flow * 3600:.1f} m3/h more"
                self.notes.append(("big_customer", span, (asset,) if asset else (), text))

    def _pumps(self, layout: Layout, calendar: Calendar, draws: Randomness) -> None:
        """Only pumps with a like one beside them are taken out or change places."""
        r = RANGES
        pairs = [group[:2] for pump in layout.pumps if len(group := layout.parallel(pump)) > 1 and group[0] == pump]
        if not pairs:
            return
        which = draws.stream("rotation.pair")
        for at in draws.moments("rotation", r.rotations_per_day, calendar.day_count):
            one, other = pairs[int(which.integers(len(pairs)))]
            self.rotations.append((at, one, other))
        which, lasts = draws.stream("maintenance.pair"), draws.stream("maintenance.lasts")
        hour = draws.stream("maintenance.hour")
        for at in draws.moments("maintenance", r.maintenance_per_day, calendar.day_count):
            pump = pairs[int(which.integers(len(pairs)))][0]
            day = [one for one in calendar.days if one.midnight <= at][-1]
            begins = day.midnight + 3600 * float(hour.uniform(8.0, 13.0))
            span = (begins, begins + float(lasts.uniform(*r.maintenance_s)))
            self.held.append(Held(pump, False, *span))
            asset = layout.asset(pump, link=True)
            self.notes.append(("maintenance", span, (asset,) if asset else (), "a pump is out for planned work"))
