"""A console on loopback: the API over a prepared scene that plays on, or a whole `infrastress serve` of it."""

import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from infrastress.app.accounts import Book
from infrastress.app.api.settings import ApiSettings
from infrastress.app.fusing import read_measured
from infrastress.app.service.status import ChildStatus, DiskStatus, Status
from infrastress.client import Client
from infrastress.core.clock import EventClock
from infrastress.core.time import MINUTE
from infrastress.site import Site
from infrastress.site.load import load_site
from infrastress.store import open_store
from tests.app.api.running import Api
from tests.app.service.serving import Service
from tests.console.playing import Day, Pipeline, Playing
from tests.console.scenes import Scene, flood_of
from tests.peers.processes import free_port

__all__ = ["ApiConsole", "Console", "ServedConsole"]


@dataclass(frozen=True, eq=False)
class PlantClock(EventClock):
    """The clock of a recorded day, taken for the machine's own: no console says that its plant is simulated.

    Attributes:
        stands: it stands still, and everything is new.
    """

    stands: bool = False

    def now(self) -> int:
        """Event time, ns UTC."""
        return self.origin if self.stands else super().now()

    def wall_s(self, event_s: float) -> float:
        """Seconds of wall time that some seconds of event time take."""
        return 0.0 if self.stands else super().wall_s(event_s)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EventClock)

    def __hash__(self) -> int:
        return 0


@dataclass
class Console:
    """Something that browsers can open.

    Attributes:
        scene: a copy of its own.
        accounts: whether people have to sign in; accounts are named after their role, with `scenes.PASSWORD`.
        port: stays over restarts.
    """

    scene: Scene
    accounts: bool
    port: int = 0

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, role: str = "operator") -> Client:
        """The API from Python, by a token of that role where there are accounts."""
        token = None
        if self.accounts:
            book = Book(self._state)
            if any(known.name == f"test-{role}" for known in book.tokens):
                book.revoke_token(f"test-{role}")
            token = book.add_token(f"test-{role}", role, 1)  # type: ignore[arg-type]
        return Client(self.address, token=token)

    @property
    def _state(self) -> Path:
        return self.scene.site / ("accounts" if self.accounts else "state")


class ApiConsole(Console):
    """The API in this process, over a store in which detection and fusion go on: the plant plays on at its own pace.

    What people do, and alarms raised by `raise_alarms`, show at once; what sensors say shows when its minute is over.

    Args:
        scene: a copy of its own.
        accounts: see there.
        frozen: event time stands still at the scene's end, and nothing new comes: for pictures.
        settings: of the API.
    """

    def __init__(
        self, scene: Scene, *, accounts: bool = False, port: int = 0, frozen: bool = False, **settings: object
    ) -> None:
        super().__init__(scene, accounts, port)
        self.site: Site = load_site(scene.site)
        self._frozen = frozen
        self._settings = ApiSettings(**{"rate": 1e6, "burst": 1e6, **settings})  # type: ignore[arg-type]
        self._raised = 0
        self.clock = PlantClock(origin=scene.end, wall=time.time_ns(), stands=frozen)

    def start(self) -> "ApiConsole":
        """Begin; after `stop`, go on on the same port."""
        self.store = open_store(self.scene.folder / "store").__enter__()
        if not self._frozen:
            measured = read_measured(self.scene.site / "state")
            pipeline = Pipeline(self.store, self.site, Day.read(self.scene.folder / "day"), measured=measured)
            pipeline.begin(self.clock.now())
            self.playing = Playing(pipeline, self.clock).start()
        self.start_api()
        return self

    def start_api(self) -> None:
        """Serve; detection is left as it is."""
        self.api = Api(
            self.scene.site, self.store, self._state, self._settings, port=self.port, clock=self.clock,
            status=self._status(), reports=self.scene.folder / "reports",
        ).start()  # fmt: skip
        self.port = self.api.port

    def stop_api(self) -> None:
        """End serving; detection goes on, so much is missed meanwhile."""
        self.api.stop()

    def stop(self) -> None:
        """End all of it."""
        self.stop_api()
        if not self._frozen:
            self.playing.stop()
        self.store.close()

    def raise_alarms(self, count: int, *, minutes_ago: float = 0.0) -> None:
        """New alarms through fusion; they differ at each call."""
        self._raised += 1
        now = self.clock.now() - round(minutes_ago * MINUTE)
        self.playing.pipeline.raise_(flood_of(self.site, count, now - 1000, now, seed=1000 + self._raised))

    def _status(self) -> dict[str, object]:
        """As a supervisor would say that all is well."""
        began = self.clock.now()
        names = ("intake", "judge", "api", "notifier", "upkeep")
        status = Status(
            pid=1, started=began, written=time.time_ns(), site_id=self.site.id, ready=True,
            children={name: ChildStatus(state="ready", pid=2 + i, since=began) for i, name in enumerate(names)},
            disk=DiskStatus(level="ok", free=400 * 10**9, total=500 * 10**9, ballast=64 * 10**6),
        )  # fmt: skip
        return {**msgspec.to_builtins(status), "reasons": []}


class ServedConsole(Console):
    """`infrastress serve` with all its processes on a scene, or on a site that a testbed plays.

    Args:
        scene: a copy of its own; what it watched is the service's past.
        accounts: see there.
        speed: event seconds a second.
        words: further words of the command.
    """

    def __init__(
        self, scene: Scene, *, accounts: bool = False, speed: float = 1.0, words: tuple[str, ...] = ()
    ) -> None:
        super().__init__(scene, accounts, free_port())
        live = scene.site / "state" / "live"
        live.mkdir(parents=True, exist_ok=True, mode=0o700)
        (scene.folder / "store").rename(live / "store")
        if accounts:
            (scene.site / "accounts" / "accounts.json").rename(scene.site / "state" / "accounts.json")
        self.words = words
        self.clock = EventClock(origin=scene.end, wall=time.time_ns(), speed=speed)

    @property
    def _state(self) -> Path:
        return self.scene.site / "state"

    def start(self) -> "ServedConsole":
        """Begin, or go on after `kill` or `stop`, on the same port; returns when every process works."""
        self.service = Service(
            self.scene.site, self.clock, "--port", str(self.port), *self.words, without=("--without", "notifier")
        )
        self.service.ready()
        return self

    def kill(self) -> None:
        """As a power cut does."""
        self.service.kill()

    def stop(self) -> None:
        """In order."""
        if self.service.process.poll() is None:
            self.service.stop()
        self.service.close()
