"""People at consoles: operators' commands as the process shows them, setpoints at each shift, engineers' sessions."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from infrastress.core.time import MINUTE, SECOND
from infrastress.events import Event
from infrastress.events.kinds import LoginAttempt
from infrastress.simulators.base import TruthSpan
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.traffic.agenda import Agenda
from infrastress.simulators.traffic.conversation import Put
from infrastress.simulators.traffic.modbus import identify, read, write_coil, write_register
from infrastress.simulators.traffic.plant import Device, Node, Plant
from infrastress.simulators.traffic.talk import Talk
from infrastress.site.control import comparisons
from infrastress.site.process import Comparison

__all__ = ["People"]

_ADJUSTED = 3
"""Setpoints that an operator enters at the beginning of a shift."""
_DEFAULT_SHIFTS = ("06:00", "14:00", "22:00")
_PROGRAM_BLOCKS = 24


class People:
    """Notes in an agenda what people do on the network.

    Args:
        plant, calendar, agenda: of the run.
        draws: who, when, how much.
        put: takes the packets.
    """

    def __init__(self, plant: Plant, calendar: Calendar, agenda: Agenda, draws: np.random.Generator, put: Put) -> None:
        self._plant, self._agenda, self._draws, self._put = plant, agenda, draws, put
        self._duties = self._shifts(calendar)
        self._rules: dict[tuple[str, int], list[Comparison | None]] = {}
        for rule in plant.site.control_rules:
            held = comparisons(rule.when)
            plain = held[0] if len(held) == 1 and rule.when == held[0] and rule.otherwise is None else None
            for on in (0, 1) if plain is None else (int(rule.switches == "on"),):
                self._rules.setdefault((rule.actuator, on), []).append(plain)
        for lock in plant.site.interlocks:
            on = int(lock.must_be in ("open", "running"))
            self._rules.setdefault((lock.actuator, on), []).append(lock.when)
        self._before: npt.NDArray[np.float64] | None = None

    def on_duty(self, at: int) -> Node:
        """The console at which the operator on duty sits: it changes with the shift."""
        begun = sum(one <= at for one in self._duties)
        return self._plant.consoles[begun % len(self._plant.consoles)]

    def shifts(self) -> None:
        """At the beginning of each shift setpoints are entered, close to what the site model says."""
        for begin in self._duties:
            self._agenda.note(begin + round(float(self._draws.uniform(5, 40)) * MINUTE), self._adjust)

    def engineers(self, events: Iterable[Event]) -> None:
        """Who logs in at the engineering station looks at a few controllers."""
        station = self._plant.station
        for event in events:
            body = event.body
            if station and isinstance(body, LoginAttempt) and body.success and body.host == station.asset:
                wait = round(float(self._draws.uniform(60, 400)) * SECOND)
                self._agenda.note(event.occurred + wait, self._look)

    def intruders(self, truth: Iterable[TruthSpan], start: int) -> None:
        """Whoever falsifies a reading or holds an actuator has changed the controller's program before."""
        done: set[str] = set()
        assets = self._plant.site.asset_by_id
        for span in truth:
            if not span.malicious or not span.signals:
                continue
            for asset in span.assets:
                name = getattr(assets.get(asset), "controller", None)
                if name in self._plant.devices and name not in done:
                    done.add(name)
                    at = max(start + MINUTE, span.began - round(float(self._draws.uniform(120, 400)) * SECOND))
                    self._agenda.note(at, _Programming(self, name))

    def commands(self, times: npt.NDArray[np.int64], shown: npt.NDArray[np.float64], tags: tuple[str, ...]) -> None:
        """Each change of an actuator that no rule of its controller explains is an operator's command just before."""
        column = {tag: i for i, tag in enumerate(tags)}
        rows = shown if self._before is None else np.vstack([self._before, shown])
        offset = len(rows) - len(shown)
        self._before = shown[-1:]
        step = int(times[1] - times[0]) if len(times) > 1 else SECOND
        for device in self._plant.devices.values():
            for signal, coil in device.coils.items():
                if signal not in column:
                    continue
                state = rows[:, column[signal]]
                for i in (np.flatnonzero(np.abs(np.diff(state)) > 0.5) + 1).tolist():
                    on = int(state[i] > 0.5)
                    if not self._by_itself(signal, on, rows, i, column):
                        at = int(times[i - offset]) - round(step * float(self._draws.uniform(0.4, 0.95)))
                        self._agenda.note(at, _Command(self, device, coil, bool(on)))

    def _by_itself(self, signal: str, on: int, rows: Any, row: int, column: dict[str, int]) -> bool:
        for rule in self._rules.get((signal, on), ()):
            if rule is None:
                return True
            values = rows[max(0, row - 9) : row + 1, column[rule.signal]] if rule.signal in column else np.empty(0)
            holds = {"above": values > rule.value, "below": values < rule.value, "equal": values == rule.value}
            if holds.get(rule.is_, values != rule.value).any():
                return True
        return False

    def command(self, at: int, device: Device, coil: int, on: bool) -> None:
        """The operator on duty gives a command and looks whether it is done."""
        talk = Talk(self.on_duty(at), device, self._draws, self._put)
        talk.session(at, [write_coil(coil, on), read(1, coil, 1)], pause_ms=20)

    def _adjust(self, at: int) -> None:
        every = [(device, one) for device in self._plant.devices.values() for one in device.setpoints]
        if not every:
            return
        chosen = self._draws.choice(len(every), size=min(_ADJUSTED, len(every)), replace=False)
        for i in sorted(int(one) for one in chosen):
            device, setpoint = every[i]
            talk = Talk(self.on_duty(at), device, self._draws, self._put)
            word = setpoint.scaled(float(self._draws.uniform(0.98, 1.0)))
            at = talk.session(at, [write_register(setpoint.address, word), read(3, setpoint.address, 1)], pause_ms=30)
            at += round(float(self._draws.uniform(10, 60)) * SECOND)

    def _look(self, at: int) -> None:
        """Identification, coils and setpoints of some controllers."""
        station, devices = self._plant.station, list(self._plant.devices.values())
        if station is None:
            return
        for i in self._draws.permutation(len(devices))[: int(self._draws.integers(1, 4))].tolist():
            device = devices[i]
            wanted = [identify()]
            wanted += [read(1, 0, len(device.coils))] if device.coils else []
            wanted += [read(3, 0, len(device.setpoints))] if device.setpoints else []
            at = Talk(station, device, self._draws, self._put).session(at, wanted, pause_ms=400) + 20 * SECOND

    def program(self, at: int, name: str) -> None:
        """The engineering station loads a program into a controller, by function 90."""
        client = self._plant.station or self._plant.master
        blocks = [bytes((90, 0, 0x29, i)) + self._draws.bytes(180) for i in range(_PROGRAM_BLOCKS)]
        talk = Talk(client, self._plant.devices[name], self._draws, self._put)
        talk.session(at, [identify(), *blocks], pause_ms=60)

    def _shifts(self, calendar: Calendar) -> list[int]:
        """When shifts of operators begin, ns."""
        site = self._plant.site
        manned = {shift for one in site.people if one.role == "operator" for shift in one.shifts}
        begins = sorted({one.begins for one in site.shifts if one.id in manned}) or list(_DEFAULT_SHIFTS)
        hours = [int(text[:2]) + int(text[3:]) / 60 for text in begins]
        moments = [day.midnight + hour * 3600 for day in calendar.days for hour in hours]
        return [calendar.ns(moment) for moment in sorted(moments) if calendar.inside(moment)]


class _Command:
    """A command that is noted."""

    def __init__(self, people: People, device: Device, coil: int, on: bool) -> None:
        self._people, self._what = people, (device, coil, on)

    def __call__(self, at: int) -> None:
        self._people.command(at, *self._what)


class _Programming:
    """A program to be loaded."""

    def __init__(self, people: People, name: str) -> None:
        self._people, self._name = people, name

    def __call__(self, at: int) -> None:
        self._people.program(at, self._name)
