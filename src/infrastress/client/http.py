"""The client: one method a resource, over one connection pool."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from infrastress.client import inventory as heard
from infrastress.client import models
from infrastress.client import quarantine as kept
from infrastress.client import site as wire
from infrastress.client.past import Past
from infrastress.client.risk import IncidentWhy
from infrastress.client.stream import Closed, Told, follow
from infrastress.core.errors import InfrastressError

__all__ = ["ApiError", "Client", "Unreachable"]

M = TypeVar("M", bound=models.Wire)
P = TypeVar("P", bound=models.Page)
API = "/api/v1"
_SILENCE_S = 35.0
"""The server beats every ten seconds: a stream that is silent for longer is dead."""


class ApiError(InfrastressError):
    """The API refused.

    Attributes:
        status: of HTTP.
        problem: what it says.
    """

    def __init__(self, problem: models.Problem, *, where: str) -> None:
        super().__init__(problem.detail or problem.title, where=where, remedy=problem.remedy or None)
        self.status, self.problem = problem.status, problem


class Unreachable(InfrastressError):  # noqa: N818 - an outcome
    """The API doesn't answer."""


class Client:
    """Talks to one site's API; a context manager, safe in several threads.

    Args:
        address: such as http://127.0.0.1:8470.
        token: of a machine; without one sign in, or be local.
        verify: whether the server's certificate must be good; a file of certificates to trust, or an SSL context.
        timeout_s: longest time for an answer.
        transport: another way to the server, such as an application in this process.
    """

    def __init__(
        self,
        address: str,
        *,
        token: str | None = None,
        verify: Any = True,
        timeout_s: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=address.rstrip("/"),
            headers=headers,
            verify=verify,
            timeout=timeout_s,
            transport=transport,
            trust_env=False,
        )
        self._token = token
        self._csrf: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def session(self) -> models.SessionInfo:
        """Who one is, and what one may."""
        info = self._get("/session", models.SessionInfo)
        self._csrf = info.csrf
        return info

    def sign_in(self, name: str, password: str) -> models.SessionInfo:
        """Sign in; the session is kept as a cookie of this client."""
        info = self._read(self._send("POST", "/session", json={"name": name, "password": password}), models.SessionInfo)
        self._csrf = info.csrf
        return info

    def sign_out(self) -> None:
        """End the session."""
        self._change("DELETE", "/session")
        self._csrf = None

    def choose_password(self, current: str, new: str) -> None:
        """Choose another password."""
        self._change("POST", "/session/password", json={"current": current, "new": new})

    def site(self) -> models.Site:
        """The site in force."""
        return self._get("/site", models.Site)

    def assets(self, **filters: Any) -> Iterator[models.Asset]:
        """Assets; filters as the API names them: type, zone, q, alarmed."""
        return self._pages("/assets", models.Assets, lambda page: page.items, filters)

    def asset(self, id_: str) -> models.AssetDetail:
        """An asset with all that belongs to it."""
        return self._get(f"/assets/{_part(id_)}", models.AssetDetail)

    def inventory(self, **filters: Any) -> Iterator[heard.NetworkDevice]:
        """Devices on the network; filters: role, protocol, declared, heard, q."""
        return self._pages("/inventory", heard.Inventory, lambda page: page.items, filters)

    def inventory_page(self, **filters: Any) -> heard.Inventory:
        """The first devices of it, with what the inventory rests on."""
        return self._get("/inventory", heard.Inventory, filters)

    def conversations(self, **filters: Any) -> Iterator[heard.Conversation]:
        """The communication matrix; filters: client, server, device, protocol."""
        return self._pages("/inventory/conversations", heard.Conversations, lambda page: page.items, filters)

    def differences(self, **filters: Any) -> Iterator[heard.Difference]:
        """What differs from the site model; filter: kind."""
        return self._pages("/inventory/differences", heard.Differences, lambda page: page.items, filters)

    def inventory_as(self, form: str, part: str = "", **filters: Any) -> str:
        """Devices as csv, cyclonedx or yaml; as csv also `part` conversations or differences."""
        path = f"/inventory/{_part(part)}" if part else "/inventory"
        return self._send("GET", path, params=_plain({**filters, "format": form})).text

    def corrections(self) -> list[heard.InventoryCorrection]:
        """What people said that devices are, the newest first."""
        return self._get("/inventory/corrections", heard.InventoryCorrections).items

    def correct_device(self, device: str, why: str, *, key: str | None = None, **fields: Any) -> heard.CorrectionResult:
        """Say what a device is: role, level, name, vendor; None takes back what was said."""
        headers = {"Idempotency-Key": key} if key else {}
        body = {"device": device, "why": why, **fields}
        response = self._change("POST", "/inventory/corrections", json=body, headers=headers)
        return self._read(response, heard.CorrectionResult)

    def relations(self, id_: str) -> wire.Relations:
        """What an asset is joined to, needs, and takes with it; its hazards and barriers."""
        return self._get(f"/assets/{_part(id_)}/relations", wire.Relations)

    def graph(self, kind: wire.GraphKind, **near: Any) -> wire.Graph:
        """The graph of the process, of dependencies or of networks; near a node: around, hops."""
        return self._get("/site/graph", wire.Graph, {"kind": kind, **near})

    def barriers(self) -> list[wire.BarrierState]:
        """Barriers as they stand."""
        return self._get("/barriers", wire.Barriers).items

    def services(self) -> list[wire.ServiceState]:
        """What the site delivers, and what that relies on."""
        return self._get("/services", wire.Services).items

    def security_zones(self) -> list[wire.SecurityZone]:
        """Zones and conduits."""
        return self._get("/security-zones", wire.SecurityZones).items

    def check(self) -> wire.CheckReport:
        """The site's folder as it is on the server's disk now, checked and put nowhere."""
        return self._get("/site/check", wire.CheckReport)

    def changes(self) -> wire.Changes:
        """Which site models were put in force, by whom."""
        return self._get("/site/changes", wire.Changes)

    def service(self) -> wire.ServiceHealth:
        """Processes and detectors."""
        return self._get("/health/service", wire.ServiceHealth)

    def accounts(self) -> list[wire.AccountInfo]:
        """Who may sign in."""
        return self._get("/accounts", wire.Accounts).items

    def signals(self, **filters: Any) -> Iterator[models.Signal]:
        """Signals; filters: asset, source, kind, q."""
        return self._pages("/signals", models.Signals, lambda page: page.items, filters)

    def signal(self, id_: str) -> models.Signal:
        """One signal."""
        return self._get(f"/signals/{_part(id_)}", models.Signal)

    def history(
        self, signals: Sequence[str], begin: str, end: str, *, width: int | None = None, units: str = "plant"
    ) -> models.History:
        """History of signals in [begin, end), ISO 8601; for a plot `width` pixels wide, or every value."""
        return self._get("/history", models.History, _history(signals, begin, end, width, units))

    def history_arrow(
        self, signals: Sequence[str], begin: str, end: str, *, width: int | None = None, units: str = "plant"
    ) -> Any:
        """The same as a pyarrow Table: signal, time (timestamp[ns, UTC]), value, unit."""
        import pyarrow as pa

        asked = _history(signals, begin, end, width, units)
        headers = {"Accept": "application/vnd.apache.arrow.stream"}
        response = self._send("GET", "/history", headers=headers, params=asked)
        with pa.ipc.open_stream(response.content) as reader:
            return reader.read_all()

    def expected(
        self, signal: str, begin: str, end: str, *, width: int | None = None, units: str = "plant"
    ) -> models.Expected:
        """What the detectors in force expect of a signal in [begin, end), ISO 8601."""
        asked = _plain({"from": begin, "to": end, "width": width, "units": units})
        return self._get(f"/signals/{_part(signal)}/expected", models.Expected, asked)

    def spans(
        self, signal: str, begin: str, end: str, *, limit: int | None = None, units: str = "plant"
    ) -> models.Episodes:
        """Anomalous spans of a signal that touch [begin, end), ISO 8601."""
        asked = _plain({"from": begin, "to": end, "limit": limit, "units": units})
        return self._get(f"/signals/{_part(signal)}/spans", models.Episodes, asked)

    def past(self, begin: str, end: str) -> Past:
        """How alarms, incidents and health stood at `begin` (ISO 8601), and each change until `end`, as known then."""
        return self._get("/past", Past, {"from": begin, "to": end})

    def alarms(self, **filters: Any) -> Iterator[models.Alarm]:
        """Alarms, by state, severity, priority, source_kind, asset, zone, rule, incident, annunciated, q; and sort."""
        return self._pages("/alarms", models.Alarms, lambda page: page.items, filters)

    def alarm(self, id_: str) -> models.AlarmDetail:
        """An alarm, what was done about it, its rule's card."""
        return self._get(f"/alarms/{_part(id_)}", models.AlarmDetail)

    def acknowledge(self, id_: str, comment: str = "", *, key: str | None = None) -> models.ActResult:
        """Acknowledge an alarm; with the same `key` it is done once, however often it is sent."""
        return self._act(id_, "acknowledge", {"comment": comment}, key)

    def shelve(self, id_: str, until: str, comment: str = "", *, key: str | None = None) -> models.ActResult:
        """Shelve an alarm until a time, ISO 8601."""
        return self._act(id_, "shelve", {"until": until, "comment": comment}, key)

    def unshelve(self, id_: str, comment: str = "", *, key: str | None = None) -> models.ActResult:
        """Take an alarm back into sight."""
        return self._act(id_, "unshelve", {"comment": comment}, key)

    def assign_alarm(self, id_: str, to: str | None, comment: str = "", *, key: str | None = None) -> models.ActResult:
        """Say who has an alarm: an account, "role:" and a role, or None."""
        return self._act(id_, "assign", {"to": to, "comment": comment}, key)

    def act_on_many(
        self,
        action: models.Action,
        ids: Sequence[str],
        comment: str = "",
        *,
        until: str | None = None,
        to: str | None = None,
        key: str | None = None,
    ) -> models.ActManyResult:
        """One act on up to 10,000 alarms: acknowledge, shelve (with `until`), unshelve, assign (with `to`)."""
        body = models.ActManyRequest(action=action, alarms=list(ids), comment=comment, until=until, to=to)
        headers = {"Idempotency-Key": key} if key else {}
        response = self._change("POST", "/alarms/acts", json=body.model_dump(), headers=headers)
        return self._read(response, models.ActManyResult)

    def alarms_csv(self, **filters: Any) -> str:
        """All alarms that fit, as CSV; filters as for `alarms`."""
        return self._send("GET", "/alarms", headers={"Accept": "text/csv"}, params=_plain(filters)).text

    def incidents(self, **filters: Any) -> Iterator[models.Incident]:
        """Incidents; filters: state, severity, source_kind, asset, handling, owner, superseded, q, sort."""
        return self._pages("/incidents", models.Incidents, lambda page: page.items, filters)

    def incident(self, id_: str) -> models.IncidentDetail:
        """An incident with story and evidence."""
        return self._get(f"/incidents/{_part(id_)}", models.IncidentDetail)

    def why(self, id_: str) -> IncidentWhy:
        """Why an incident has its probability, worked out again."""
        return self._get(f"/incidents/{_part(id_)}/why", IncidentWhy)

    def assign(self, id_: str, owner: str | None = None, *, key: str | None = None) -> models.IncidentActResult:
        """Take an incident, or give it to an account, `role:` and a role, or (empty) to nobody."""
        return self._handle(id_, "assign", {"owner": owner}, key)

    def note(self, id_: str, text: str, *, key: str | None = None) -> models.IncidentActResult:
        """Write a note on an incident."""
        return self._handle(id_, "notes", {"text": text}, key)

    def add_task(self, id_: str, text: str, *, key: str | None = None) -> models.IncidentActResult:
        """Set a task; its id is that of the act."""
        return self._handle(id_, "tasks", {"text": text}, key)

    def settle_task(
        self, id_: str, task: str, *, done: bool = True, key: str | None = None
    ) -> models.IncidentActResult:
        """Say that a task is done, or isn't."""
        return self._handle(id_, f"tasks/{_part(task)}", {"done": done}, key)

    def close_incident(self, id_: str, cause: str, comment: str, *, key: str | None = None) -> models.IncidentActResult:
        """Close an incident with its cause."""
        return self._handle(id_, "close", {"cause": cause, "comment": comment}, key)

    def reopen_incident(self, id_: str, comment: str = "", *, key: str | None = None) -> models.IncidentActResult:
        """Take an incident up again."""
        return self._handle(id_, "reopen", {"comment": comment}, key)

    def people(self) -> list[models.Person]:
        """Who can be given something."""
        return self._get("/people", models.People).items

    def evidence(self, id_: str) -> models.Evidence:
        """An event or detection as it lies in the log."""
        return self._get(f"/evidence/{_part(id_)}", models.Evidence)

    def blob(self, digest: str) -> bytes:
        """A picture, packet or file."""
        return self._send("GET", f"/blobs/{_part(digest)}").content

    def rules(self) -> list[models.Card]:
        """Cards of all rules."""
        return self._get("/rules", models.Cards).items

    def health(self) -> models.Health:
        """How all sources stand."""
        return self._get("/health", models.Health)

    def source(self, id_: str) -> models.SourceDetail:
        """How a source and its members stand."""
        return self._get(f"/health/sources/{_part(id_)}", models.SourceDetail)

    def ready(self) -> models.Ready:
        """Whether the site is watched."""
        return self._read(self._send("GET", "/health/ready", also=(503,)), models.Ready)

    def quarantine(self, **filters: Any) -> models.Quarantine:
        """What was refused; filters: source, reason, examples."""
        return self._get("/quarantine", models.Quarantine, filters)

    def kept_messages(self, **filters: Any) -> Iterator[kept.KeptMessage]:
        """Kept messages that can be read again, the newest first; filters: source, reason."""
        return self._pages("/quarantine/messages", kept.KeptMessages, lambda page: page.items, filters)

    def reingest(
        self, source: str, reason: str = "", *, dry_run: bool = False, comment: str = "", key: str | None = None
    ) -> kept.Reingest:
        """Order that kept messages of a source are read again; with `dry_run` it is only told what would come of it."""
        body = {"source": source, "reason": reason, "dry_run": dry_run, "comment": comment}
        headers = {"Idempotency-Key": key} if key else {}
        return self._read(self._send("POST", "/quarantine/reingest", json=body, headers=headers), kept.Reingest)

    def reingested(self, id_: str, *, wait_s: float = 60.0) -> kept.Reingest:
        """An order, as soon as it is finished; as it stands when that takes longer than `wait_s`."""
        deadline = time.monotonic() + wait_s
        while True:
            order = self._get(f"/quarantine/reingest/{_part(id_)}", kept.Reingest)
            if order.state in ("done", "failed") or time.monotonic() > deadline:
                return order
            time.sleep(0.2)

    def storage(self) -> kept.Storage:
        """What is kept, how much room it takes, and how long that lasts."""
        return self._get("/storage", kept.Storage)

    def decisions(self, **filters: Any) -> Iterator[models.Decision]:
        """Decisions, acts and link states, the newest first; filter: kind."""
        return self._pages("/decisions", models.Decisions, lambda page: page.items, filters)

    def notifications(self, **filters: Any) -> Iterator[models.Notification]:
        """Messages of the out-box, the newest first; filter: undelivered."""
        return self._pages("/notifications", models.Notifications, lambda page: page.items, filters)

    def metrics(self) -> str:
        """Metrics in Prometheus' text format."""
        return self._send("GET", "/metrics", root="").text

    def position(self) -> str:
        """Where the stream stands now; following `after` it misses nothing."""
        return self._get("/alarms", models.Alarms, {"limit": 1}).position

    def follow(self, *topics: str, after: str | None = None) -> Iterator[Told]:
        """What changes, for ever: alarms, incidents, health, pulse, decisions, or some of them.

        Reconnects by itself and goes on where it was cut, until the client is closed.

        Raises:
            ApiError: the API refuses.
        """
        params = {"topics": list(topics)} if topics else {}

        @contextmanager
        def connect(position: str | None) -> Iterator[httpx.Response]:
            headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": position} if position else {})
            timeout = httpx.Timeout(10.0, read=_SILENCE_S)
            if self._http.is_closed:
                raise Closed
            with self._http.stream("GET", f"{API}/stream", params=params, headers=headers, timeout=timeout) as response:
                if response.status_code != 200:
                    response.read()
                    if response.status_code in (429, 502, 503, 504):
                        raise httpx.ReadError(f"status {response.status_code}")
                    self._refused(response)
                yield response

        return follow(connect, after)

    def _act(self, id_: str, action: str, body: dict[str, Any], key: str | None) -> models.ActResult:
        headers = {"Idempotency-Key": key} if key else {}
        return self._read(
            self._change("POST", f"/alarms/{_part(id_)}/{action}", json=body, headers=headers), models.ActResult
        )

    def _handle(self, id_: str, what: str, body: dict[str, Any], key: str | None) -> models.IncidentActResult:
        headers = {"Idempotency-Key": key} if key else {}
        response = self._change("POST", f"/incidents/{_part(id_)}/{what}", json=body, headers=headers)
        return self._read(response, models.IncidentActResult)

    def _get(self, path: str, model: type[M], params: Any = None) -> M:
        return self._read(self._send("GET", path, params=_plain(params or {})), model)

    def _pages(
        self, path: str, model: type[P], items: Callable[[P], Sequence[M]], filters: dict[str, Any]
    ) -> Iterator[M]:
        params = _plain(filters)
        while True:
            page = self._get(path, model, params)
            yield from items(page)
            if page.next is None:
                return
            params["cursor"] = page.next

    def _change(self, method: str, path: str, **more: Any) -> httpx.Response:
        if self._token is None and self._csrf is None:
            self.session()
        headers = {**more.pop("headers", {}), **({"X-CSRF-Token": self._csrf} if self._csrf else {})}
        return self._send(method, path, headers=headers, **more)

    def _send(
        self, method: str, path: str, *, also: Sequence[int] = (), root: str = API, **more: Any
    ) -> httpx.Response:
        try:
            response = self._http.request(method, root + path, **more)
        except httpx.TransportError as error:
            raise Unreachable(
                f"the API doesn't answer: {error or type(error).__name__}",
                where=str(self._http.base_url),
                remedy="is `infrastress serve` running, and at this address?",
            ) from error
        if response.status_code >= 400 and response.status_code not in also:
            self._refused(response)
        return response

    def _refused(self, response: httpx.Response) -> None:
        try:
            problem = models.Problem.model_validate_json(response.content)
        except ValidationError:
            problem = models.Problem(title=response.reason_phrase or "Error", status=response.status_code)
        raise ApiError(problem, where=f"{response.request.method} {response.request.url.path}")

    def _read(self, response: httpx.Response, model: type[M]) -> M:
        try:
            return model.model_validate_json(response.content)
        except ValidationError as error:
            raise Unreachable(
                f"the answer is no {model.__name__}: {error.errors()[0]['msg']}",
                where=str(response.request.url),
                remedy="is this the API of infrastress, of this version?",
            ) from None


def _part(text: str) -> str:
    return quote(text, safe="")


def _plain(filters: dict[str, Any]) -> dict[str, Any]:
    """As the query writes them."""
    words = {True: "true", False: "false"}
    return {
        name: words[value] if isinstance(value, bool) else list(value) if isinstance(value, tuple | set) else value
        for name, value in filters.items()
        if value is not None
    }


def _history(signals: Sequence[str], begin: str, end: str, width: int | None, units: str) -> dict[str, Any]:
    return _plain({"signal": list(signals), "from": begin, "to": end, "width": width, "units": units})
