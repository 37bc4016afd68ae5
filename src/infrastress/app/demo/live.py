"""The demo that ends at the console: a plant learns its normal days, is attacked live, and a person watches it.

The plant is the testbed's, in this process; the service is `infrastress serve` in processes of its own. Both end when
this one ends: by Ctrl-C, SIGTERM, the terminal's hang-up, or when the service has ended.
"""

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from infrastress.app.accounts import Book
from infrastress.app.baselines import Decision, decide, in_force, read_version
from infrastress.app.demo.folder import held, take_folder
from infrastress.app.demo.past import live_through_past
from infrastress.app.demo.served import Served, port_to_use
from infrastress.app.demo.story import STORIES, Moment, Story, begins_at, moments
from infrastress.app.detecting import choose_detectors
from infrastress.app.files import make_folder
from infrastress.app.output import progress
from infrastress.app.scenarios import load_scenario, play
from infrastress.app.starting import start_site
from infrastress.app.training import train
from infrastress.core.errors import ConfigurationError
from infrastress.core.time import HOUR, to_iso
from infrastress.events import Event, decode_event
from infrastress.simulators.recording import write_realisation
from infrastress.site import Site
from infrastress.site.load import load_site
from infrastress.site.registers import with_registers
from infrastress.site.sources import Source
from infrastress.store import open_store
from infrastress.testbed.bed import Testbed, write_model

__all__ = ["ACCOUNT", "Ready", "live_demo"]

ACCOUNT = "demo"
_LEARN_SEED = 11
_READ_EVERY_S = 50.0
"""Event time: at 60 times the clock's speed nearly a second, so that a machine's hiccup isn't a source's silence."""
_ORDINARY = "a simulated plant that nobody attacks"
_LEAST_READ_S, _LATE_S = 0.3, 1.5
"""Wall time: between two readings at least, so that a hiccup is no silence at any speed;
and from a reading to its being stored at most."""
_LEAD_S = 3.0
"""Wall time that the service takes to begin to read: so much of the past is told twice, not at all by none."""
_LOOK_S = 0.25
_UP_S = 120.0

Stage = Callable[[str], None]


@dataclass(frozen=True)
class Ready:
    """What a person is told once the console answers.

    Attributes:
        address: of the console.
        account, password: to sign in with, once; another password is chosen then.
        speed: event seconds a second.
        began: event time at which the plant went live, ns.
        expected: what will happen, in order.
        ends: event time at which the simulated run ends, ns.
        usual_port: whether the address has the port that was hoped for.
    """

    address: str
    account: str
    password: str
    speed: float
    began: int
    expected: tuple[Moment, ...]
    ends: int
    usual_port: bool


def live_demo(
    out: Path,
    name: str,
    *,
    seed: int,
    speed: float | None,
    port: int | None,
    stage: Stage,
    on_ready: Callable[[Site, Ready], None],
    on_result: Callable[[Event], None],
    enough: Callable[[], bool] = lambda: False,
) -> str:
    """Run the demo until it is told to stop; returns why it ended: "asked", "enough" or "over".

    Args:
        out: where everything goes; what an earlier demo left there is replaced, but for what it learned.
        name: of `STORIES`.
        seed: of the attack.
        speed: event seconds a second; the story's own without it.
        port: of the console; the usual one without it, a free one where that is taken.
        stage: told what is being done.
        on_ready: called when the console answers.
        on_result: told each alarm and incident as it comes.
        enough: asked now and then whether to end.

    Raises:
        ConfigurationError: the folder holds something else or another demo, or the service can't be started, or died.
    """
    story = STORIES[name]
    speed = speed or story.speed
    with held(out):
        folder, state = out / "site", out / "site" / "state"
        learned = take_folder(out, keep=state / "baselines")
        site = _site(story, folder, speed)
        if learned is not None:
            learned.rename(make_folder(state) / "baselines")
        _learn(story, site, out, stage)
        stage(f"Simulating {story.hours / 24:g} days, the attack among them")
        played = play(site, load_scenario(folder, story.scenario, duration_h=story.hours), seed)
        chunks = list(played.samples)
        bed = Testbed(site, replace(played, samples=iter(chunks)), out / "bed", speed=speed)
        began = begins_at(story, played.truth)
        since = max(bed.telemetry.began, began - round(story.past_hours * HOUR))
        lead = began - round(_LEAD_S * speed * 1e9)
        stage(f"Living through the {(began - since) / HOUR:.0f} hours before")
        with progress("Living through the past", 1.0) as advance:
            events = [event for event in played.events if event.observed < lead]
            live_through_past(folder, site, state, bed.telemetry, events, since=since, until=began, advance=advance)
        bed = Testbed(site, replace(played, samples=iter(chunks)), out / "bed", speed=speed, start_at=lead)
        password = Book(state).add(ACCOUNT, "operator", None) or ""
        stage("Starting the plant and the service")
        expected = tuple(moment for moment in moments(played.truth) if moment.at > began)
        ready = Ready("", ACCOUNT, password, speed, began, expected, bed.ended, usual_port=True)
        run = _Run(bed, out, story, port)
        return asyncio.run(run.run(ready, on_ready, on_result, enough))


class _Run:
    """Plant and service, side by side."""

    def __init__(self, bed: Testbed, out: Path, story: Story, port: int | None) -> None:
        self._bed, self._site, self._out = bed, bed.site, out
        self._state, self._story, self._port = out / "site" / "state", story, port
        self._stop = asyncio.Event()
        self._served: Served | None = None
        self._after = -1

    async def run(
        self,
        ready: Ready,
        on_ready: Callable[[Site, Ready], None],
        on_result: Callable[[Event], None],
        enough: Callable[[], bool],
    ) -> str:
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signum != signal.SIGHUP or signal.getsignal(signum) is not signal.SIG_IGN:  # as under nohup
                loop.add_signal_handler(signum, self._asked_to_stop)
        playing: asyncio.Task[None] | None = None
        try:
            wiring = await self._bed.start()
            playing = asyncio.create_task(self._bed.run())
            port = port_to_use(self._port)
            self._served = Served(
                wiring, self._state, port=port, story=self._story.scenario, log=self._out / "serve.log"
            )
            address = await self._answering()
            if address and not self._stop.is_set():
                on_ready(self._site, replace(ready, address=address, usual_port=self._port is not None or port > 0))
            while not self._stop.is_set():
                await asyncio.to_thread(self._tell, on_result)
                if enough():
                    return "enough"
                if playing.done():
                    playing.result()
                    return "over"
                await self._pause(1.0)
                _ = self._served.address  # raises where the service has ended
            return "asked"
        finally:
            if self._served is not None:
                await asyncio.to_thread(self._served.stop)
            if playing is not None:
                playing.cancel()
                with suppress(asyncio.CancelledError):
                    await playing
            await self._bed.stop()

    def _asked_to_stop(self) -> None:
        if self._stop.is_set() and self._served is not None:  # the second time: at once
            self._served.hurry()
        self._stop.set()

    async def _answering(self) -> str:
        """The console's address, once it answers; empty where the demo is stopped before."""
        limit = time.monotonic() + _UP_S
        while not self._stop.is_set():
            if self._served is not None and (address := self._served.address):
                return address
            if time.monotonic() > limit:
                raise ConfigurationError(
                    "the service didn't come up", where=str(self._out / "serve.log"), remedy="its last lines say why"
                )
            await self._pause(_LOOK_S)
        return ""

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    def _tell(self, on_result: Callable[[Event], None]) -> None:
        """What alarms and incidents have come since the last look; those of the past aren't told."""
        partition = f"result/{self._site.id}"
        with open_store(self._state / "live" / "store", upgrade=False) as store:
            if self._after < 0:
                self._after = store.log.end(partition)
            while records := store.log.read(partition, self._after, 500):
                for record in records:
                    on_result(decode_event(record.data))
                self._after = records[-1].offset


def _site(story: Story, folder: Path, speed: float) -> Site:
    """The site, with every register written out, read as often as that speed allows."""
    start_site(folder, template=story.template)
    site = with_registers(load_site(folder))
    sources = tuple(one.model_copy(update=_paced(one, speed)) for one in site.sources)
    write_model(site.model_copy(update={"sources": sources}), folder / "site.yaml", "a demo")
    return load_site(folder)


def _paced(source: Source, speed: float) -> dict[str, float]:
    """How late a source may be, and how often it is read: a machine needs wall time to take in what is said."""
    paced = {"lateness_s": max(source.lateness_s, _LATE_S * speed)}
    if source.kind == "telemetry":
        own_s, least_s = source.cadence_s or 1.0, max(_READ_EVERY_S, _LEAST_READ_S * speed)
        paced["cadence_s"] = max(1, -int(-least_s // own_s)) * own_s
    return paced


def _learn(story: Story, site: Site, out: Path, stage: Stage) -> None:
    """Learn the site's ordinary days and approve that; what an earlier demo learned of this very site is good still."""
    folder, state = out / "site", out / "site" / "state"
    if _knows(site, state):
        stage("What an earlier demo learned here is good still; the plant's story begins anew")
        return
    stage(f"Simulating {story.learn_hours / 24:g} ordinary days to learn from")
    scenario = load_scenario(folder, "normal", duration_h=story.learn_hours)
    played = play(site, scenario, _LEARN_SEED)
    write_realisation(played, site, out / "learn", scenario=scenario, seed=_LEARN_SEED)
    stage("Learning what is normal")
    with progress("Learning"):
        trained = train(site, folder, [out / "learn"], state, by="demo", accept=_ORDINARY)
    if trained.version is None:
        raise ConfigurationError("nothing was learned from the ordinary days", where=str(trained.report))
    at = to_iso(time.time_ns())
    decide(
        state, Decision(version=trained.version.number, action="approved", at=at, by="demo", why="a simulated plant")
    )


def _knows(site: Site, state: Path) -> bool:
    """Whether what was learned is approved and of this very site and these detectors."""
    number = in_force(state)
    if number is None:
        return False
    versions = {name: plugin.version for name, (plugin, _) in choose_detectors(site).items()}
    learned = read_version(state, number).values()
    return bool(learned) and all(
        one.approved and one.site_version == site.version and one.version == versions.get(one.detector)
        for one in learned
    )
