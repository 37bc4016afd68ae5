"""What a run tells afterwards: spans of truth, facts, and the three views of what its story is about."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from infrastress.simulators.calendar import Calendar
from infrastress.simulators.diary import Diary
from infrastress.simulators.water.faults import PlantFault
from infrastress.simulators.water.layout import Layout
from infrastress.simulators.water.oddities import Oddities
from infrastress.simulators.water.options import WaterOptions
from infrastress.simulators.water.simulation import Outcome
from infrastress.simulators.water.story import Input, Story

__all__ = ["Array", "Telling"]

Array = npt.NDArray[np.float64]
_LEAST_STEP = 1e-9
MARGIN_S = 6 * 3600.0  # of the views, before and after


@dataclass(frozen=True)
class Telling:
    """One run, its story and its fault."""

    layout: Layout
    calendar: Calendar
    options: WaterOptions
    outcome: Outcome
    story: Story | None
    fault: PlantFault | None

    @property
    def disturbed(self) -> bool:
        """Whether anything was told on top of ordinary days."""
        told = self.options.ordinary != "none" or self.options.sources_closed_h is not None
        return self.story is not None or self.fault is not None or told

    def _signals(self, inputs: set[Input]) -> tuple[str, ...]:
        return tuple(one.signal.id for one in self.layout.meters if (one.quantity, one.element) in inputs)

    def truth(self, diary: Diary, oddities: Oddities) -> None:
        """Write what really happened into the diary."""
        story, fault, options = self.story, self.fault, self.options
        if story is not None:
            touched: set[Input] = {("status", held.link) for held in story.held}
            touched |= {story.target} if story.target else set()
            diary.note(
                story.kind,
                story.began,
                story.ended,
                story.assets,
                story.note,
                malicious=story.malicious,
                signals=self._signals(touched),
                event=options.event,
            )
            if story.hidden:
                hidden = self._signals(set(story.hidden))
                assets = tuple(dict.fromkeys(self.layout.site.signal_by_id[one].asset for one in hidden))
                shown = "the day before" if options.concealment == "replay" else "one value"
                diary.note(
                    "view_falsified",
                    story.began,
                    story.ended,
                    assets,
                    f"the operator sees {shown}",
                    malicious=True,
                    signals=hidden,
                    event=options.event,
                )
        if fault is not None:
            diary.note(fault.kind, fault.began, fault.ended, fault.assets, fault.note, event=options.fault_event)
        if options.sources_closed_h is not None:
            began = 3600 * options.sources_closed_h
            diary.note("sources_closed", began, self.calendar.length, (), "every reservoir is shut off")
        for kind, span, about, text in oddities.notes:
            diary.note(kind, *span, about, text)
        self._overflows(diary)

    def _overflows(self, diary: Diary) -> None:
        harm = self.outcome.consequences
        for i, spells in sorted(harm.overflows.items()):
            name = self.layout.tanks[i]
            asset = self.layout.asset(name, link=False)
            for spell in spells:
                diary.note(
                    "overflow",
                    spell.began,
                    spell.ended,
                    (asset,) if asset else (),
                    f"the tank runs over, {spell.volume:.1f} m3",
                    malicious=self.story is not None and self.story.malicious,
                    signals=self._signals({("level", name)}),
                    event=self.options.event if self.story is not None else "",
                )

    def facts(self) -> dict[str, Any]:
        """Numbers of the run."""
        outcome, story, fault = self.outcome, self.story, self.fault
        facts: dict[str, Any] = {
            "story": self.options.story,
            "fault": self.options.fault,
            "controls_not_read": list(self.layout.notes),
            "signals_not_simulated": list(self.layout.unsimulated),
            "warnings": {str(code): count for code, count in sorted(outcome.warnings.items())},
            "switchings": len(outcome.switched),
            "worst_balance_m3s": float(f"{outcome.consequences.engine.balance.worst_m3s:.3g}"),
            "consequences": outcome.consequences.facts(),
        }
        ns = self.calendar.ns
        if story is not None:
            facts |= story.facts | {"began_at": ns(story.began), "ended_at": ns(story.ended), "note": story.note}
        if fault is not None:
            facts |= {"fault_began_at": ns(fault.began), "fault_ended_at": ns(fault.ended), "fault_note": fault.note}
        return facts

    def first_visible(self, seen: Array, undisturbed: Array) -> int | None:
        """When telemetry first differs from what the undisturbed twin's operator sees, ns; None where it never does.

        A difference is a step of the signal's resolution or more, or a cell that one of the two has and the other not.
        """
        differs = np.isnan(seen) != np.isnan(undisturbed)
        for meter in self.layout.meters:
            least = max(meter.signal.resolution, _LEAST_STEP) * meter.scale[0] / meter.factor
            apart = np.abs(seen[:, meter.column] - undisturbed[:, meter.column])
            differs[:, meter.column] |= np.nan_to_num(apart) >= (1.0 - _LEAST_STEP) * abs(least)
        rows = np.flatnonzero(differs.any(axis=1))
        return self.calendar.ns(float(self.outcome.seconds[rows[0]])) if len(rows) else None

    def views(self, seen: Array) -> dict[str, Any]:
        """True, controller's and operator's view of what the story is about, in the signals' own units."""
        spans = [(one.began, one.ended) for one in (self.story, self.fault) if one is not None]
        began, ended = min((one[0] for one in spans), default=0.0), max((one[1] for one in spans), default=np.inf)
        seconds = self.outcome.seconds
        rows = (seconds >= began - MARGIN_S) & (seconds < ended + MARGIN_S)
        wanted: set[Input] = set(self.story.hidden) if self.story is not None else set()
        if self.story is not None and self.story.target is not None:
            wanted.add(self.story.target)
        if not wanted:
            wanted = {("level", name) for name in self.layout.tanks}
        found: dict[str, Any] = {"times": [self.calendar.ns(float(one)) for one in seconds[rows]]}
        for meter in self.layout.meters:
            if (meter.quantity, meter.element) not in wanted:
                continue
            factor, offset = meter.scale
            found[meter.signal.id] = {
                name: [
                    round(float(one), 4) if np.isfinite(one) else None
                    for one in (values[rows, meter.column] * meter.factor - offset) / factor
                ]
                for name, values in (("true", self.outcome.true), ("controller", self.outcome.told), ("operator", seen))
            }
        return found
