"""The supervisor: starts the processes of a service, watches them, changes what is in force, stops in order."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog

from infrastress.app.portal.options import options_of
from infrastress.app.service.birth import Born
from infrastress.app.service.child import PROCESSES
from infrastress.app.service.config import ServiceConfig
from infrastress.app.service.disk import KEEP_EVERY, DiskWatch
from infrastress.app.service.force import Force
from infrastress.app.service.manager import tell_manager
from infrastress.app.service.models import Prepared
from infrastress.app.service.process import Process, Timing
from infrastress.app.service.reload import Wish, take_wish
from infrastress.app.service.status import DiskStatus, Reload, Status, StatusFile
from infrastress.core.errors import Fenced, InfrastressError, SiteError, StoreError

__all__ = ["STOP_ORDER", "Supervisor"]

STOP_ORDER = (("portal",), ("intake",), ("judge",), ("notifier", "api", "upkeep"))
"""What comes in is acknowledged no more, then judged, then told; each has its time."""
_AT_ONCE = ("api", "intake")
_ALONE_S = 3.0
"""The others wait for the API so long at most."""
_LOOK_S, _WRITE_S, _DISK_S, _RENEW_S = 0.1, 1.0, 1.0, 2.5


class Supervisor:
    """Runs a service until it is told to stop.

    Args:
        config: of the service.
        force: what is in force.
        prepared: the checked site folder, in force already.
        disk: watches the store's disk.
        names: processes to run; all by default.
        timing: see there.
        renewing: say "alive" in the store, for services of other machines on the same database.
        on_ready: called once, when every process does its work, with the status.
        api: the API's process where it was started already.
        form: whether the form for reports may be served, where the site has one; a reload starts and stops it.
    """

    def __init__(
        self,
        config: ServiceConfig,
        force: Force,
        prepared: Prepared,
        disk: DiskWatch,
        *,
        names: Sequence[str] = tuple(PROCESSES),
        timing: Timing | None = None,
        renewing: bool = False,
        address: str = "",
        on_ready: Callable[[Status], None] = lambda _: None,
        api: Born | None = None,
        form: bool = True,
    ) -> None:
        self._config, self._force, self._disk = config, force, disk
        self._timing, self._renewing, self._on_ready = timing or Timing(), renewing, on_ready
        self._form, self._shown = form, _form_of(prepared)
        self._log = structlog.get_logger()
        self._status = Status(
            pid=os.getpid(),
            started=time.time_ns(),
            site_id=config.site_id,
            site_version=prepared.site.version,
            setup=force.setup,
            address=address,
            notes=prepared.notes,
        )
        self._file = StatusFile(config.live)
        self._processes = {
            name: Process(name, self._told, self._timing, self._write, api if name == "api" else None) for name in names
        }
        self._later = [name for name in names if "api" in names and name not in _AT_ONCE]
        self._status.children = {name: process.status for name, process in self._processes.items()}
        self._stop = asyncio.Event()
        self._wishes: asyncio.Queue[Wish] = asyncio.Queue()
        self._noted = ""
        self._failed = ""

    def run(self) -> str:
        """Serve; returns why it had to end, empty where it was asked to."""
        asyncio.run(self._run())
        return self._failed

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self._asked_to_stop, signum)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._wishes.put_nowait(take_wish(self._config.live)))
        tasks = [asyncio.create_task(work()) for work in (self._keep_writing, self._watch_disk, self._grant_wishes)]
        if self._renewing:
            tasks.append(asyncio.create_task(self._renew()))
        try:
            for name, process in self._processes.items():
                if name not in self._later:
                    process.start()
            while not self._stop.is_set():
                self._start_later()
                for process in self._processes.values():
                    process.check()
                self._look_ready()
                for task in tasks:
                    if task.done():  # never by itself: start anew rather than go on half blind
                        task.result()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), _LOOK_S)
        finally:
            await self._end(tasks)

    def _asked_to_stop(self, signum: int) -> None:
        if self._stop.is_set():  # the second one: at once
            for process in self._processes.values():
                process.kill()
        self._log.info("stopping", signal=signal.Signals(signum).name)
        self._stop.set()

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        self._status.stopping, self._status.ready = True, False
        tell_manager("STOPPING=1")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for names in STOP_ORDER:
            await asyncio.gather(*(self._processes[name].stop() for name in names if name in self._processes))
        with suppress(StoreError):
            await asyncio.to_thread(self._force.release)
        self._write()
        self._file.close()
        self._log.info("stopped")

    def _start_later(self) -> None:
        """Whoever opens a page sees it first, and on it what isn't up yet; what comes in meanwhile is kept."""
        if self._later and (self._processes["api"].status.state == "ready" or self._age_s() > _ALONE_S):
            for name in self._later:
                self._processes[name].start()
            self._later = []

    def _look_ready(self) -> None:
        ready = all(process.status.state == "ready" for process in self._processes.values())
        if ready != self._status.ready:
            first = ready and not self._noted
            self._status.ready = ready
            self._write()
            if first:
                self._noted = "ready"
                self._log.info("serving", address=self._status.address, seconds=self._age_s())
                tell_manager("READY=1")
                self._on_ready(self._status)
        if not self._noted:  # a fault of the configuration that shows at the start ends it
            for process in self._processes.values():
                if process.hopeless:
                    self._failed = process.hopeless
                    self._stop.set()

    def _age_s(self) -> float:
        return round((time.time_ns() - self._status.started) / 1e9, 2)

    def _told(self) -> ServiceConfig:
        """What a process is told that starts now."""
        return replace(self._config, setup=self._force.setup, keep_every=KEEP_EVERY[self._disk.level])

    def _write(self) -> None:
        self._file.write(self._status)

    async def _keep_writing(self) -> None:
        while True:
            self._write()
            tell_manager("WATCHDOG=1")
            await asyncio.sleep(_WRITE_S)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_S)
            try:
                await asyncio.to_thread(self._force.renew)
            except Fenced:
                self._failed = "another service has taken over this store"
                self._log.error("fenced")
                self._stop.set()
            except StoreError as error:
                self._log.warning("away", why=str(error))

    async def _watch_disk(self) -> None:
        noted = "ok"
        while True:
            before = self._disk.level
            disk: DiskStatus = await asyncio.to_thread(self._disk.look)
            self._status.disk = disk
            if disk.level != before and "intake" in self._processes:
                say = self._log.info if disk.level == "ok" else self._log.warning
                say("disk", room=disk.level, free_bytes=disk.free)
                self._processes["intake"].send("disk", KEEP_EVERY[disk.level])
            if disk.level in ("low", "critical"):
                await asyncio.to_thread(self._force.settle)
            level = "ok" if disk.level == "unknown" else disk.level
            if level != noted:
                try:
                    await asyncio.to_thread(self._force.note_disk, level, disk.free)
                    noted = level
                except StoreError as error:
                    self._log.warning("away", why=str(error))
            await asyncio.sleep(_DISK_S)

    async def _grant_wishes(self) -> None:
        while True:
            wish = await self._wishes.get()
            reload = Reload(id=wish.id, at=time.time_ns(), by=wish.by, why=wish.why)
            try:
                prepared, changed = await asyncio.to_thread(self._change, wish)
            except InfrastressError as error:
                faults: tuple[Any, ...] = error.faults if isinstance(error, SiteError) and error.faults else (error,)
                reload.faults = tuple(str(fault) for fault in faults)
                self._log.error("reload refused", by=wish.by, why=wish.why, faults=reload.faults)
            except Exception as error:  # whatever a folder holds, what runs goes on
                reload.faults = (f"unexpected {type(error).__name__}: {error}",)
                self._log.exception("reload refused", by=wish.by)
            else:
                reload.ok, reload.changed, reload.notes = True, changed, prepared.notes
                self._log.info("reloaded", by=wish.by, why=wish.why, changed=changed, version=prepared.site.version)
                self._status.site_version, self._status.setup = prepared.site.version, self._force.setup
                self._status.notes = prepared.notes
                for process in self._processes.values() if changed else ():
                    process.send("site", self._force.setup)
                if said := await self._fit_form(prepared):
                    reload.notes = (*reload.notes, said)
            self._status.reload = reload
            self._write()

    async def _fit_form(self, prepared: Prepared) -> str:
        """Start, stop or start anew the form for reports, as the site asks now; what was done, in words."""
        wanted = _form_of(prepared)
        if not self._form or wanted == self._shown:
            return ""
        self._shown = wanted
        running = self._processes.pop("portal", None)  # first: whoever watches must not start it again
        if running is not None:
            del self._status.children["portal"]
            try:
                await running.stop()
            except asyncio.CancelledError:  # the service ends meanwhile
                running.kill()
                raise
        if wanted is None:
            return "the form for reports isn't served any more"
        process = self._processes["portal"] = Process("portal", self._told, self._timing, self._write)
        self._status.children["portal"] = process.status
        process.start()
        return "the form for reports is served" if running is None else "the form for reports is served anew"

    def _change(self, wish: Wish) -> tuple[Prepared, tuple[str, ...]]:
        prepared = self._force.check()
        self._force.check_connections(prepared)
        return prepared, self._force.change(prepared, by=wish.by, why=wish.why)


def _form_of(prepared: Prepared) -> tuple[Any, ...] | None:
    """What the form for reports shows and goes by; None where the site has none."""
    options, site = options_of(prepared.connections), prepared.site
    if options is None:
        return None
    return options, site.name, site.time_zone, site.location, site.receptors, frozenset(site.asset_by_id)
