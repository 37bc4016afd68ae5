"""The API in this process, behind a real server on loopback."""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infrastress.app.accounts import Book
from infrastress.app.api.app import create_app
from infrastress.app.api.checking import check_folder
from infrastress.app.api.opened import serve
from infrastress.app.api.settings import ApiSettings, InForce
from infrastress.app.detecting import cards_of, choose_detectors
from infrastress.app.keeping.backup import Place
from infrastress.app.service.models import prepare
from infrastress.client import Client
from infrastress.core.clock import EventClock
from infrastress.core.ids import content_hash
from infrastress.core.time import SECOND
from infrastress.events import Alarm, encode_event, make_event
from infrastress.events.health import Health, Pulse, encode_health
from infrastress.site.load import load_site
from infrastress.store import open_store
from infrastress.store.ports import Output, Store

__all__ = ["Api", "commit", "copy_store", "raise_alarms", "running", "tell"]


class Api:
    """A running API.

    Attributes:
        address, store, book, app: see their types.
    """

    def __init__(
        self,
        site: Path,
        store: Store,
        state: Path,
        settings: ApiSettings,
        *,
        status: Any = None,
        port: int = 0,
        deployment: Any = None,
        clock: EventClock | None = None,
        reports: Path | None = None,
    ) -> None:
        self.site = load_site(site)
        self.store = store
        self.book = Book(state)
        self.clock = clock or EventClock()
        chosen = choose_detectors(self.site)
        detectors = [plugin(self.site, options) for plugin, options in chosen.values()]
        self.setup = InForce(
            self.site,
            cards_of(chosen),
            (),
            lambda: status,
            lambda: detectors,
            lambda: check_folder(site, state, None, self.site, lambda: prepare(site, state).data),
            versions={name: plugin.version for name, (plugin, _) in chosen.items()},
            place=Place(site, state, "memory://"),
            reports=reports,
        )
        self.app = create_app(store, lambda: self.setup, book=self.book, settings=settings, clock=self.clock)
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port = self._socket.getsockname()[1]
        self.address = f"{'https' if deployment else 'http'}://127.0.0.1:{self.port}"
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(
            target=serve,
            args=(self.app, self._socket, self._stop),
            kwargs={"on_ready": self._ready.set, "deployment": deployment},
            daemon=True,
        )

    def start(self) -> "Api":
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def client(self, token: str | None = None) -> Client:
        return Client(self.address, token=token)

    def token(self, role: str) -> str:
        """A token of a role, made once."""
        if any(token.name == f"test-{role}" for token in self.book.tokens):
            self.book.revoke_token(f"test-{role}")
        return self.book.add_token(f"test-{role}", role, 1)


def copy_store(recorded: Path, folder: Path) -> Path:
    return Path(shutil.copytree(recorded, folder / "store"))


@contextmanager
def running(
    site: Path, store: Path, state: Path, *, status: Any = None, port: int = 0, deployment: Any = None, **settings: Any
) -> Iterator[Api]:
    with open_store(store) as opened:
        api = Api(site, opened, state, ApiSettings(**settings), status=status, port=port, deployment=deployment)
        api.start()
        try:
            yield api
        finally:
            api.stop()


def raise_alarms(store: Store, numbers: range, *, site: str = "depot", words: str = "s", version: int = 1) -> None:
    """Alarms as fusion tells them, in one commit."""
    outputs = []
    for number in numbers:
        body = Alarm(
            alarm=f"alm-{number:016x}",
            state="unacknowledged",
            severity="low",
            priority=4,
            title="t",
            sentence=words,
            detection="0" * 32,
            rule="report.danger",
            source_kind="reports",
        )
        fields = {"site": site, "source": "fusion", "sequence": version, "occurred": 1_773_400_000 * SECOND + number}
        event = make_event(body=body, **fields)
        outputs.append(
            Output(event.id, f"result/{site}:event", encode_event(event), f"{site}/{body.alarm}", event.occurred)
        )
    commit(store, outputs)


def commit(store: Store, outputs: list[Output], lease_name: str = "test/writer") -> None:
    """Write keyed records as a unit does."""
    checkpoints = store.checkpoints
    lease = checkpoints.acquire(lease_name, checkpoints.observe(lease_name), "test")
    lease.commit(lease.offset, None, outputs)


def tell(store: Store, *told: Health | Pulse) -> None:
    """Health and pulse as the judge tells them."""
    outputs = []
    for one in told:
        data = encode_health(one)
        pulse = isinstance(one, Pulse)
        subject = f"status/{one.site}:{'pulse' if pulse else 'health'}"
        outputs.append(Output(content_hash(data)[:32], subject, data, one.site if pulse else one.key, 0))
    commit(store, outputs)
