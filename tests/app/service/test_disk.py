"""The disk fills up: telemetry is thinned, a reserve is given up, and all comes back by itself."""

import ctypes
import errno
import os
import shutil
import time
from contextlib import contextmanager

import pytest

from infrastress.app.service.disk import BALLAST, KEEP_EVERY, Bounds, DiskWatch, bounds_of
from infrastress.core.clock import EventClock
from infrastress.core.time import from_iso
from infrastress.events import Alarm, decode_event
from infrastress.store import open_store
from infrastress.store.ports import read_all
from tests.app.service.serving import Feed, make_plant, serving, told_rows, wait_for

MB = 1024**2


class Disk:
    """A small file system of its own, filled on demand."""

    def __init__(self, folder):
        self.folder = folder
        self._filler = folder / "filler"

    def leave(self, room: int) -> None:
        """Fill it until so many bytes are free."""
        handle = os.open(self._filler, os.O_WRONLY | os.O_CREAT)
        try:
            while True:
                size = os.fstat(handle).st_size
                more = size + shutil.disk_usage(self.folder).free - room
                if more <= size:
                    os.ftruncate(handle, max(0, more))
                    return
                try:
                    os.posix_fallocate(handle, size, more - size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:  # else somebody took of the room just measured: measure again
                        raise
                else:
                    return
        finally:
            os.close(handle)

    def free(self) -> None:
        self._filler.unlink()


@contextmanager
def small_disk(folder, size: int):
    """A tmpfs of some bytes; skips where this user may not mount."""
    folder.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, b"size=%d" % size):
        pytest.skip(f"this user may not mount a small file system: {os.strerror(ctypes.get_errno())}")
    try:
        yield Disk(folder)
    finally:
        libc.umount2(os.fsencode(folder), 2)


class TestWatch:
    def test_bounds_suit_small_and_large_disks(self):
        for total in (50 * MB, 2000 * MB, 4_000_000 * MB):
            bounds = bounds_of(total)
            assert bounds.full < bounds.ballast < bounds.critical < bounds.low <= total // 10

    def test_levels_reserve_and_return(self, tmp_path):
        with small_disk(tmp_path / "disk", 64 * MB) as disk:
            watch = DiskWatch(disk.folder, bounds=Bounds(low=16 * MB, critical=8 * MB, ballast=4 * MB, full=1 * MB))
            first = watch.look()
            assert (first.level, first.ballast) == ("ok", 4 * MB)
            disk.leave(12 * MB)
            assert watch.look().level == "low"
            disk.leave(17 * MB)
            assert watch.look().level == "low"  # not yet enough to go back
            disk.leave(4 * MB)
            assert (watch.look().level, (disk.folder / BALLAST).stat().st_size) == ("critical", 4 * MB)
            disk.leave(0)
            watch.look()
            full = watch.look()
            assert (full.level, full.ballast) == ("critical", 0)
            assert full.free == 4 * MB
            disk.free()
            back = watch.look()
            assert (back.level, back.ballast) == ("ok", 4 * MB)

    def test_room_inside_the_database_counts(self, tmp_path):
        with small_disk(tmp_path / "disk", 64 * MB) as disk:
            disk.leave(2 * MB)
            bounds = Bounds(low=16 * MB, critical=8 * MB, ballast=4 * MB, full=1 * MB)
            assert DiskWatch(disk.folder, spare=lambda: 30 * MB, bounds=bounds).look().level == "ok"

    def test_a_server_of_others_is_unknown(self):
        assert DiskWatch(None).look().level == "unknown"
        assert KEEP_EVERY["unknown"] == 1


def alarms(live) -> list[Alarm]:
    with open_store(live / "store") as store:
        bodies = [decode_event(record.data).body for record in read_all(store.log, "result/toy")]
    return [body for body in bodies if isinstance(body, Alarm)]


def test_alarms_are_kept_and_shown_on_a_full_disk(tmp_path):
    clock = EventClock(from_iso("2026-01-01T00:00:00Z"), time.time_ns(), 60.0)
    limit = [1e9]
    with (
        small_disk(tmp_path / "disk", 400 * MB) as disk,
        Feed(clock, value=lambda n: 5.0 if n >= limit[0] else 1.0) as feed,
    ):
        plant = make_plant(disk.folder / "toy", plc=feed.port, lateness_s=300.0)
        with serving(plant, clock) as service:
            service.ready()
            wait_for(lambda: feed.acknowledged > 20)
            wait_for(lambda: service.status.disk.level == "ok" and service.status.disk.ballast > 0)
            disk.leave(30 * MB)
            wait_for(lambda: service.status.children["intake"].told.get("keep_every") == KEEP_EVERY["low"])
            disk.leave(12 * MB)
            wait_for(lambda: service.status.children["intake"].told.get("keep_every") == KEEP_EVERY["critical"])
            disk.leave(0)  # really full: only the reserve is left
            wait_for(lambda: service.status.disk.ballast == 0)
            limit[0] = feed.acknowledged + 20
            wait_for(lambda: any(alarm.rule == "process.alarm_limit" for alarm in alarms(service.live)), 90)
            assert [alarm.severity for alarm in alarms(service.live) if alarm.rule == "disk-nearly-full"]
            # The critical part: status and log told it; then somebody makes room.
            limit[0] = 1e9
            disk.free()
            wait_for(lambda: service.status.disk.level == "ok" and service.status.disk.ballast > 0)
            wait_for(lambda: service.status.children["intake"].told.get("keep_every") == 1)
            at_least = feed.acknowledged + 30
            wait_for(lambda: feed.acknowledged > at_least)
            wait_for(lambda: [a for a in alarms(service.live) if a.rule == "disk-nearly-full"][-1].cleared)
            assert service.stop() == 0
        with open_store(service.live / "store") as store:
            rows = told_rows(store)
            assert store.faults() == []
        assert 0 < len(rows) < feed.acknowledged  # thinned, and counted
