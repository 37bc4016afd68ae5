"""Starting a service: everything that can be wrong is looked at before the first process is started."""

import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from infrastress.app.baselines import state_folder
from infrastress.app.doctor import refuse_hopeless_start
from infrastress.app.portal.options import options_of
from infrastress.app.service.birth import Born, is_loopback, listen
from infrastress.app.service.child import PROCESSES
from infrastress.app.service.config import ServiceConfig
from infrastress.app.service.disk import DiskWatch
from infrastress.app.service.force import Force
from infrastress.app.service.lock import StoreLock
from infrastress.app.service.models import prepare
from infrastress.app.service.process import Timing
from infrastress.app.service.status import Status
from infrastress.app.service.supervisor import Supervisor
from infrastress.core.errors import ConfigurationError
from infrastress.core.secrets import Secrets
from infrastress.store import open_store
from infrastress.store.ports import Store

__all__ = ["live_folder", "serve"]


def live_folder(site: Path, state: Path | None) -> Path:
    """The folder of a service's own files."""
    return state_folder(site, state) / "live"


def serve(
    site: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    database: str | None = None,
    state: Path | None = None,
    connections: Path | None = None,
    secrets: Path | None = None,
    without: Sequence[str] = (),
    timing: Timing | None = None,
    on_ready: Callable[[Status], None] = lambda _: None,
    api: Born | None = None,
    listening: socket.socket | None = None,
) -> str:
    """Serve a site until told to stop by SIGTERM or SIGINT; returns why it had to end, empty where it was asked to.

    `api` is the API's process, and `listening` its socket, where they are there already.

    Raises:
        SiteError, BaselineError, PluginError, ConfigurationError, StoreError: why it can't be started.
    """
    log = structlog.get_logger()
    learned = state_folder(site, state)
    live = learned / "live"
    if not live.exists():  # later even a full disk is served: alarms go into the reserve
        refuse_hopeless_start(live)
    prepared = prepare(site, learned, connections)
    Secrets(secrets)
    unasked = () if options_of(prepared.connections) is not None else ("portal",)
    names = [name for name in PROCESSES if name not in (*without, *unasked)]
    _make_private(live)
    config = ServiceConfig(
        site=site.absolute(),
        site_id=prepared.site.id,
        store=database or str((live / "store").absolute()),
        state=learned.absolute(),
        live=live.absolute(),
        host=host,
        port=port,
        connections=connections and connections.absolute(),
        secrets=secrets and secrets.absolute(),
    )
    folder = _folder_of(config.store)
    lock = StoreLock((folder or live) / "serve.lock")
    try:
        _refuse_strangers(config, names)
        DiskWatch(folder).look()  # a reserve that is needed now is given up before anything is written
        with open_store(config.store, upgrade=False) as store:
            force = Force(store, config)
            listening = (listening or listen(host, port)) if "api" in names else None
            address = ""
            if listening is not None:
                config = ServiceConfig(**{**config.__dict__, "listen": listening.fileno()})
                address = _address(listening)
            changed = force.change(prepared, by="start")
            log.info("starting", site=config.site_id, version=prepared.site.version, changed=changed)
            for note in prepared.notes:
                log.warning("note", note=note)
            supervisor = Supervisor(
                config,
                force,
                prepared,
                DiskWatch(folder, spare=_spare(store)),
                names=names,
                timing=timing,
                renewing=folder is None,
                address=address,
                on_ready=on_ready,
                api=api,
                form="portal" not in without,
            )
            try:
                return supervisor.run()
            finally:
                if listening is not None:
                    listening.close()
    finally:
        lock.release()


def _make_private(live: Path) -> None:
    """The service's folder, which nobody else may read: it holds what everyone did at the plant."""
    try:
        live.mkdir(parents=True, exist_ok=True)
        live.chmod(0o700)
    except OSError as error:
        raise ConfigurationError(
            f"can't be made: {error.strerror}", where=str(live), remedy="name another folder with --state"
        ) from None


def _folder_of(store: str) -> Path | None:
    """The folder in which a store lies on this machine, None where it is a server's."""
    if store.startswith("sqlite:///"):
        return Path(store.removeprefix("sqlite:///")).absolute().parent
    return None if "://" in store else Path(store)


def _spare(store: Store) -> Callable[[], int]:
    spare: Callable[[], int] = getattr(store, "spare", lambda: 0)
    return spare


def _refuse_strangers(config: ServiceConfig, names: Sequence[str]) -> None:
    """Another address than this machine's own is served only where people sign in."""
    if "api" not in names or is_loopback(config.host):
        return
    from importlib import import_module

    import_module("infrastress.app.api.deployment").may_listen(config)


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
