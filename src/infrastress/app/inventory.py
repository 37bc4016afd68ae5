"""A site's asset inventory: read from captures and from the log of what was read live, kept, corrected.

STATE/inventory/heard.json            what was heard, of which captures, and up to where the log was read
STATE/inventory/corrections/c0001.json   what a person knows better, with who, when and why

A correction by the API is an act in the log first. Whoever reads the log on files those that have no file yet, so that
a process killed between the two loses none.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from infrastress.app.files import make_folder, write_atomically
from infrastress.app.keeping.backup import Place
from infrastress.app.numbered import numbered, write_next
from infrastress.core.errors import ConfigurationError, DecodeError, InputError
from infrastress.core.time import to_iso
from infrastress.detectors.network.who import Who
from infrastress.events import Event, InventoryAction, NetworkRecords, decode_event
from infrastress.inventory.corrections import Correction
from infrastress.inventory.devices import Device, devices_of
from infrastress.inventory.gather import gather
from infrastress.inventory.heard import Heard
from infrastress.inventory.matching import Finding, findings_of
from infrastress.site import Site
from infrastress.store import open_store
from infrastress.store.ports import Log, Record, type_of

__all__ = ["Inventory", "Shelf", "correction_of", "device_called", "judged"]

_HEAD, _TAIL = 4_096, 65_536
_CHUNK: Final = 64
_READ: Final = ("network", "action")
Advance = Callable[[float], None]


class _Capture(msgspec.Struct, frozen=True):
    """A capture that was read: its name, length and hashes of its beginning (4 KB) and end (64 KB)."""

    name: str
    size: int
    head: str
    tail: str


class _State(msgspec.Struct):
    log: int
    captures: list[_Capture]
    heard: msgspec.Raw


@dataclass(frozen=True)
class Inventory:
    """Devices and what differs from the site model, as of what was heard."""

    site: Site
    heard: Heard
    devices: list[Device]
    findings: list[Finding]


def judged(site: Site, heard: Heard, corrections: Iterable[Correction] = ()) -> Inventory:
    """What was heard, as devices with roles and against the site model."""
    who = Who(site)
    devices = devices_of(heard, site, who, corrections)
    return Inventory(site, heard, devices, findings_of(heard, site, who, devices))


@dataclass
class Shelf:
    """What a site keeps of its inventory.

    Attributes:
        place: where the site's parts lie.
        heard: all that was heard. log: records of the site's log up to this offset are in it.
        captures: those that are in it.
    """

    place: Place
    heard: Heard = field(default_factory=Heard)
    log: int = 0
    captures: list[_Capture] = field(default_factory=list)

    @classmethod
    @contextmanager
    def held(cls, place: Place, *, fresh: bool = False) -> Iterator["Shelf"]:
        """What is kept, for one writer at a time; emptied first where it is to begin anew. It is kept at the end.

        Raises:
            InputError: it is damaged.
        """
        folder = make_folder(_file(place).parent)
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)  # falls with the process
            shelf = cls(place) if fresh else cls.open(place)
            yield shelf
            shelf.keep()
        finally:
            os.close(handle)

    @classmethod
    def open(cls, place: Place) -> "Shelf":
        """What is kept; empty where nothing is.

        Raises:
            InputError: it is damaged.
        """
        file = _file(place)
        if not file.exists():
            return cls(place)
        try:
            state = msgspec.json.decode(file.read_bytes(), type=_State)
            return cls(place, Heard.decode(bytes(state.heard)), state.log, state.captures)
        except (msgspec.MsgspecError, DecodeError, OSError, RecursionError) as error:
            remedy = "restore it from a backup, or remove it and read captures and log again"
            raise InputError(f"damaged: {error}", where=str(file), remedy=remedy) from None

    def keep(self) -> None:
        """Write it, whole or not at all."""
        make_folder(_file(self.place).parent)
        state = _State(self.log, self.captures, msgspec.Raw(self.heard.encode()))
        write_atomically(_file(self.place), msgspec.json.encode(state))

    def add_capture(self, path: Path, advance: Advance) -> str | None:
        """Read a capture and add it, all of it or nothing; what is wrong with it, in words, None where nothing is.

        Raises:
            InputError: it is no capture, or its beginning is in already.
        """
        print_ = _fingerprint(path)
        for other in self.captures:
            if other.head != print_.head:
                continue
            if (other.size, other.tail) == (print_.size, print_.tail):
                return f"{path.name} is in the inventory already" + (
                    "" if other.name == path.name else f", as {other.name}"
                )
            raise InputError(
                f"{path.name} begins like {other.name}, which is in the inventory, and goes on otherwise",
                where=str(path),
                remedy="its beginning would count twice: look at it with --apart, or begin anew with --fresh",
            )
        heard, fault = read_capture(path, advance)
        self.heard.merge(heard)
        self.captures.append(print_)
        return fault

    def add_log(self, site: Site, advance: Advance) -> int:
        """Add what the site's log holds since last time; how many network records."""
        store = self.place.store
        if "://" not in store and not Path(store).exists():
            return 0
        with open_store(store, upgrade=False) as opened:
            return self.follow(opened.log, site.id, advance)

    def follow(self, log: Log, site: str, advance: Advance = lambda _: None, *, within_s: float | None = None) -> int:
        """Add what a log holds since last time; how many network records.

        Args:
            log: of the site's store.
            site: its id.
            advance: told how many records were read.
            within_s: leave off after about so long; the rest is read next time.
        """
        partition, count = f"ingest/{site}/main", 0
        ends = None if within_s is None else time.monotonic() + within_s
        self.log, end = max(self.log, log.start(partition)), log.end(partition)
        while records := log.read(partition, self.log, _CHUNK, types=_READ):
            count += sum(map(self._take, records))
            self.log = records[-1].offset
            advance(len(records))
            if ends is not None and time.monotonic() > ends:
                return count
        self.log = max(self.log, end)
        return count

    def _take(self, record: Record) -> int:
        try:
            if type_of(record.subject) == "network":
                network = NetworkRecords.decode(record.data)
                gather(self.heard, network)
                return len(network)
            correction = correction_of(decode_event(record.data))
        except DecodeError:
            return 0  # detection refused it too, and says so
        if correction is not None:
            self.file(correction)
        return 0

    def file(self, correction: Correction) -> None:
        """File an act, once."""
        if all(known.act != correction.act for known in self.corrections()):
            write_next(_corrections(self.place), "c", msgspec.to_builtins(correction))

    def corrections(self) -> list[Correction]:
        """All corrections, oldest first.

        Raises:
            InputError: one is damaged.
        """
        found = []
        for _, file in numbered(_corrections(self.place), "c"):
            try:
                found.append(msgspec.json.decode(file.read_bytes(), type=Correction))
            except (msgspec.MsgspecError, OSError, RecursionError) as error:
                raise InputError(f"damaged: {error}", where=str(file), remedy="restore it from a backup") from None
        return found

    def correct(self, site: Site, correction: Correction) -> Device:
        """Note a correction; the device as it stands then.

        Raises:
            ConfigurationError: nothing of that name was heard.
        """
        device_called(judged(site, self.heard, self.corrections()).devices, correction.node)
        write_next(_corrections(self.place), "c", msgspec.to_builtins(correction))
        return device_called(judged(site, self.heard, self.corrections()).devices, correction.node)


def device_called(devices: Iterable[Device], name: str) -> Device:
    """A device by its asset, an address or a MAC.

    Raises:
        ConfigurationError: nothing of that name was heard.
    """
    every = list(devices)
    for device in every:
        if name in _names(device):
            return device
    from difflib import get_close_matches

    close = get_close_matches(name, sorted({one for device in every for one in _names(device)}), n=3)
    raise ConfigurationError(
        f"nothing called {name!r} is in the inventory",
        remedy=f"did you mean {', '.join(close)}?" if close else "infrastress inventory show SITE lists all",
    )


def correction_of(event: Event) -> Correction | None:
    """The correction that an act is; None where it is another."""
    body = event.body
    if not isinstance(body, InventoryAction):
        return None
    at = to_iso(event.occurred)
    return Correction(node=body.device, fields=body.fields, at=at, by=body.by, why=body.why, act=event.id)


def read_capture(path: Path, advance: Advance) -> tuple[Heard, str | None]:
    """What a capture tells, in constant memory; and where it breaks off, None where it doesn't.

    Args:
        path: pcap or pcapng, plain or gzip.
        advance: told bytes of the unpacked file as they are read.

    Raises:
        InputError: it can't be read or is no capture.
    """
    from infrastress.connectors.pcap.reader import CaptureReader  # the API needs no captures

    heard, reader, done = Heard(), CaptureReader(path, source=path.name), 0
    for records in reader:
        gather(heard, records)
        advance(reader.unpacked - done)
        done = reader.unpacked
    fault = reader.balance.fault
    return heard, None if fault is None else f"{path.name}: {fault}; everything before it is in the inventory"


def _names(device: Device) -> set[str]:
    return {device.id, *device.addresses, *(mac.mac for mac in device.macs)}


def _file(place: Place) -> Path:
    return place.state / "inventory" / "heard.json"


def _corrections(place: Place) -> Path:
    return place.state / "inventory" / "corrections"


def _fingerprint(path: Path) -> _Capture:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            tail = file.read(_TAIL)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    return _Capture(path.name, size, sha256(head).hexdigest(), sha256(tail).hexdigest())
