"""Devices: what each tells, how it stands, and what that means for the group it votes in."""

from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec

from infrastress.core.time import MINUTE
from infrastress.detectors.observations.agenda import Agenda, Key
from infrastress.detectors.observations.detector import Rules
from infrastress.detectors.observations.episodes import Episodes
from infrastress.detectors.observations.notices import Notice
from infrastress.detectors.perimeter.base import Condition, Plant, condition_of
from infrastress.detectors.perimeter.gas import GasRules
from infrastress.detectors.perimeter.silence import Pulse, Silence
from infrastress.detectors.perimeter.switches import SwitchRules
from infrastress.detectors.perimeter.votes import Votes
from infrastress.events import Event, GasReading, SwitchState

__all__ = ["DeviceRules"]

_MOST_STRANGERS = 1024
"""Devices that aren't in the site model, of which the newest state is kept."""


class _Kept(msgspec.Struct):
    told: list[tuple[str, int]]
    standing: dict[str, Condition]
    pulses: dict[str, Pulse]
    sources: dict[str, int]


class DeviceRules(Rules):
    """Judges gas heads, switches and what warns of fire; an older state that comes late says nothing about now."""

    name: ClassVar[str] = "devices"
    kinds: ClassVar[tuple[type, ...]] = (GasReading, SwitchState)

    def __init__(self, plant: Plant, agenda: Agenda, episodes: Episodes) -> None:
        self.plant, self._agenda, self._episodes = plant, agenda, episodes
        self._gas, self._switches = GasRules(plant, episodes), SwitchRules(plant, episodes)
        self._votes, self._silence = Votes(plant, episodes), Silence(plant.options)
        self._told: dict[str, int] = {}
        self._standing: dict[str, Condition] = {}

    def judge(self, event: Event, body: GasReading | SwitchState) -> Iterator[Notice]:
        """Notices of one reading or change of state."""
        device = body.detector if isinstance(body, GasReading) else body.device
        known = device in self.plant.site.asset_by_id
        if event.occurred < self._told.get(device, 0):
            return
        self._told.pop(device, None)
        self._told[device] = event.occurred
        if not known:
            yield self._stranger(event, device)
        elif self._silence.heard(device, event.source, event.occurred):
            back = f"tells again since {self.plant.roster.clock(event.occurred)}"
            yield self._silent(device, device, back, over=True)
        if ("device.source_silent", event.source) in self._episodes:
            back = f"tells again since {self.plant.roster.clock(event.occurred)}"
            yield self._silent(event.source, "", back, over=True)
        if known:
            due = self._silence.due(device)
            if due is None:
                self._agenda.drop((self.name, device))
            else:
                self._agenda.set((self.name, device), due)
        if isinstance(body, GasReading):
            condition = self._gas.condition(body)
            yield from self._gas.judge(event, body, self._standing)
        else:
            condition = condition_of(body.state)
            bypassed = ("switch.disabled", device) in self._episodes
            yield from self._switches.judge(event, body, self._standing, self._told, bypassed=bypassed)
        if condition == "unknown" and self._standing.get(device) == "silent":
            condition = "healthy"
        if known and condition != "unknown" and self._standing.get(device, "healthy") != condition:
            self._standing[device] = condition
            yield from self._votes.judge(device, self._standing, event.occurred, (event.id,))

    def due(self, moment: int, key: Key) -> Iterator[Notice]:
        """A device that should have told something by now."""
        device = key[1]
        pulse = self._silence.pulses[device]
        if pulse.silent:
            return
        when = self.plant.roster.clock(pulse.last)
        usual = f"usually every {_span(pulse.peak)}"
        if not self._silence.alone(device):
            sentence = (
                f"nothing of source {pulse.source} since {when}, {usual}; {device} and what else it tells of is unheard"
            )
            yield self._silent(pulse.source, "", sentence)
            self._agenda.set((self.name, device), moment + max(MINUTE, pulse.peak))
            return
        pulse.silent = True
        sentence = (
            f"{device} has told nothing since {when}, {usual}, while others of its source go on: dead or cut off?"
        )
        yield self._silent(device, device, sentence)
        if self._standing.get(device, "healthy") == "healthy":
            self._standing[device] = "silent"
            yield from self._votes.judge(device, self._standing, moment, ())

    def _silent(self, subject: str, device: str, sentence: str, *, over: bool = False) -> Notice:
        return Notice(
            rule="device.silent" if device else "device.source_silent",
            subject=subject,
            severity="low",
            sentence=sentence,
            source_kind="access",
            suspicion="sensor_fault",
            confidence=0.6,
            assets=(device,) if device else (),
            zone=self.plant.zone(device),
            lasting=True,
            over=over,
        )

    def _stranger(self, event: Event, device: str) -> Notice:
        strangers = len(self._told) - len(self.plant.site.assets)
        if strangers > _MOST_STRANGERS:
            gone = next(name for name in self._told if name not in self.plant.site.asset_by_id)
            del self._told[gone]
        sentence = f"source {event.source} tells of {device[:80]}, not in the site model: judged by usual limits alone"
        return Notice(
            "device.unknown", device[:80], "info", sentence, "access", suspicion="sensor_fault", evidence=(event.id,)
        )

    def dump(self) -> Any:
        """How every device stands, the one heard of last at the end."""
        return _Kept(list(self._told.items()), self._standing, self._silence.pulses, self._silence.sources)

    def load(self, data: bytes) -> None:
        """Inverse of `dump`."""
        kept = msgspec.json.decode(data, type=_Kept)
        self._told, self._standing = dict(kept.told), kept.standing
        self._silence.pulses, self._silence.sources = kept.pulses, kept.sources


def _span(ns: int) -> str:
    minutes = ns / MINUTE
    return (
        f"{minutes * 60:.0f} s" if minutes < 2 else f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"
    )
