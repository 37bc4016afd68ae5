"""The site's inventory as the API holds it: what is kept, gone on with in memory as the log grows, judged when asked.

The API writes nothing but corrections: upkeep and the command keep what was heard.
"""

import time
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any, Final

import msgspec

from infrastress.app.api.plant import Plant
from infrastress.app.api.problems import ApiError
from infrastress.app.inventory import Inventory, Shelf, correction_of, device_called, judged
from infrastress.core.errors import ConfigurationError
from infrastress.core.ids import event_id
from infrastress.events import Event, InventoryAction, decode_event
from infrastress.inventory.corrections import Correction
from infrastress.inventory.devices import Device
from infrastress.inventory.exports import as_dict
from infrastress.inventory.heard import GROUND

__all__ = ["Listened", "Told"]

_WITHIN_S: Final = 5.0
"""So long one question may read on in the log."""
_RARELY: Final = 4.0
"""Devices are judged anew after so many times of what judging took, at the soonest: a busy network changes always."""


@dataclass
class Told:
    """The inventory at one moment.

    Attributes:
        inventory: devices and what differs from the site model.
        plain: all of it as `as_dict` gives it.
        corrections: oldest first.
        listened_h: hours with anything heard.
        tag: another for another inventory.
        whole: whether the log was read to its end.
    """

    inventory: Inventory
    plain: dict[str, Any]
    corrections: list[Correction]
    listened_h: float
    tag: str
    whole: bool

    @cached_property
    def devices(self) -> dict[str, Device]:
        """By id."""
        return {device.id: device for device in self.inventory.devices}


class Listened:
    """One a plant; safe in several threads.

    Args:
        plant: the site.
    """

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._lock = Lock()
        self._shelf: Shelf | None = None
        self._stamp: tuple[int, int] | None = None
        self._told: Told | None = None
        self._due = 0.0

    def read(self) -> Told:
        """The inventory as it stands.

        Raises:
            ApiError: no folder of the site is known (404).
            InputError: what is kept is damaged.
            StoreError: the log can't be read.
        """
        with self._lock:
            return self._read()

    def correct(self, wish: InventoryAction, key: str | None) -> tuple[Correction, bool, Device]:
        """Have a correction taken: an act in the log, then a file; whether it is new, and the device as it stands.

        Args:
            wish: what somebody knows.
            key: the same key is the same act.

        Raises:
            ApiError: there is no such device, or no folder of the site is known (404).
            InputError: what is kept is damaged.
            StoreError: it can't be written.
        """
        plant = self._plant
        with self._lock:
            _called(self._read().inventory.devices, wish.device)
            event = self._act(wish, key)
            changed = plant.act(event)
            record = None if changed else plant.store.log.find(plant.partitions[2], event.id)
            correction = correction_of(decode_event(record.data) if record else event)
            if correction is None:
                raise ApiError(409, "the key was used for another act")
            self._shelf_of().file(correction)
            self._due = 0.0
            return correction, changed, _called(self._read().inventory.devices, correction.node)

    def _act(self, wish: InventoryAction, key: str | None) -> Event:
        now, source = self._plant.clock.now(), f"person:{wish.by}"
        content = [wish.device, "inventory", key] if key else [msgspec.to_builtins(wish), now]
        id_ = event_id(source, 0, msgspec.json.encode(content))
        return Event(id=id_, site=self._plant.id, source=source, sequence=0, occurred=now, observed=now, body=wish)

    def _shelf_of(self) -> Shelf:
        place = self._plant.setup.place
        if place is None:
            raise ApiError(404, "no folder of this site is known, so it has no inventory")
        file = place.state / "inventory" / "heard.json"
        try:
            found = file.stat()
            stamp = (found.st_mtime_ns, found.st_ino)
        except OSError:
            stamp = (0, 0)
        if self._shelf is None or stamp != self._stamp:
            self._shelf, self._stamp, self._told = Shelf.open(place), stamp, None
        return self._shelf

    def _read(self) -> Told:
        shelf = self._shelf_of()
        site, log = self._plant.setup.site, self._plant.store.log
        shelf.follow(log, self._plant.id, within_s=_WITHIN_S)
        whole = not log.read(f"ingest/{self._plant.id}/main", shelf.log, 1, types=("network",))
        corrections = shelf.corrections()
        tag = f"{self._stamp} {shelf.log} {whole} {len(corrections)} {site.version}"
        told = self._told
        if told is not None and (told.tag == tag or time.monotonic() < self._due):
            return told
        began = time.monotonic()
        inventory = judged(site, shelf.heard, corrections)
        plain = as_dict(shelf.heard, inventory.devices, inventory.findings)
        listened_h = len(shelf.heard.listened) * GROUND / 3_600e9
        self._told = Told(inventory, plain, corrections, listened_h, tag, whole)
        ended = time.monotonic()
        self._due = ended + _RARELY * (ended - began)
        return self._told


def _called(devices: list[Device], name: str) -> Device:
    try:
        return device_called(devices, name)
    except ConfigurationError as error:
        raise ApiError(404, error.what, remedy=error.remedy or "") from None
