"""A site's asset inventory: read from captures and from the log of what was read live, kept, corrected.

STATE/inventory/heard.json            what was heard, of which captures, and up to where the log was read
STATE/inventory/corrections/c0001.json   what a person knows better, with who, when and why
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from infrastress.app.files import make_folder, write_atomically
from infrastress.app.keeping.backup import Place
from infrastress.app.numbered import numbered, write_next
from infrastress.connectors.pcap.reader import CaptureReader
from infrastress.core.errors import ConfigurationError, DecodeError, InputError
from infrastress.detectors.network.who import Who
from infrastress.events import NetworkRecords
from infrastress.inventory.corrections import Correction
from infrastress.inventory.devices import Device, devices_of
from infrastress.inventory.gather import gather
from infrastress.inventory.heard import Heard
from infrastress.inventory.matching import Finding, findings_of
from infrastress.site import Site
from infrastress.store import open_store
from infrastress.store.ports import type_of

__all__ = ["Inventory", "Shelf", "judged"]

_HEAD, _TAIL = 4_096, 65_536
_CHUNK: Final = 64
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
        partition, count = f"ingest/{site.id}/main", 0
        with open_store(store, upgrade=False) as opened:
            after = max(self.log, opened.log.start(partition))
            while records := opened.log.read(partition, after, _CHUNK):
                for record in records:
                    if type_of(record.subject) == "network":
                        network = NetworkRecords.decode(record.data)
                        gather(self.heard, network)
                        count += len(network)
                after = records[-1].offset
                advance(len(records))
            self.log = after
        return count

    def corrections(self) -> list[Correction]:
        """All corrections, oldest first.

        Raises:
            InputError: one is damaged.
        """
        found = []
        for _, file in numbered(self.place.state / "inventory" / "corrections", "c"):
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
        devices = judged(site, self.heard, self.corrections()).devices
        if not any(correction.node in _names(device) for device in devices):
            from difflib import get_close_matches

            names = sorted({name for device in devices for name in _names(device)})
            close = get_close_matches(correction.node, names, n=3)
            raise ConfigurationError(
                f"nothing called {correction.node!r} is in the inventory",
                where=str(_file(self.place)),
                remedy=f"did you mean {', '.join(close)}?" if close else "infrastress inventory show SITE lists all",
            )
        write_next(self.place.state / "inventory" / "corrections", "c", msgspec.to_builtins(correction))
        after = judged(site, self.heard, self.corrections()).devices
        return next(device for device in after if correction.node in _names(device))


def read_capture(path: Path, advance: Advance) -> tuple[Heard, str | None]:
    """What a capture tells, in constant memory; and where it breaks off, None where it doesn't.

    Args:
        path: pcap or pcapng, plain or gzip.
        advance: told bytes of the unpacked file as they are read.

    Raises:
        InputError: it can't be read or is no capture.
    """
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
