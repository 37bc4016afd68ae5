"""The application: routes, guard, errors, metrics, and the OpenAPI document."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response

from infrastress import __version__
from infrastress.app.accounts import Book, may
from infrastress.app.accounts.throttle import Failures
from infrastress.app.api.asking import NotModified
from infrastress.app.api.guard import CSRF_HEADER, Guard, cookie_name, csrf_of
from infrastress.app.api.listened import Listened
from infrastress.app.api.metrics import CONTENT_TYPE, Metrics
from infrastress.app.api.plant import Plant
from infrastress.app.api.problems import RESPONSES, ApiError, add_handlers
from infrastress.app.api.routes import (
    acts,
    alarms,
    evidence,
    handling,
    health,
    incidents,
    inventory,
    notifications,
    past,
    people,
    quarantine,
    reports,
    service,
    session,
    signals,
    site,
    storage,
    stream,
    structure,
)
from infrastress.app.api.settings import ApiSettings, InForce
from infrastress.app.api.stream import Stream
from infrastress.app.console import Pages, add_console
from infrastress.app.reports.desk import Desk
from infrastress.app.reports.following import Follower
from infrastress.client.models import Problem, Update
from infrastress.core.clock import EventClock
from infrastress.core.errors import InfrastressError, StoreError
from infrastress.store.ports import Store

__all__ = ["create_app", "openapi_of"]

_ABOUT = """What infrastress knows of a site, and what people do about its alarms and incidents.

Times are ISO 8601, UTC. Lists are read page by page: give `next` back as `cursor`. Errors are problem
details (RFC 9457).
Whoever signed in with a cookie sends the header X-CSRF-Token, told by `GET /api/v1/session`, with whatever changes
something; a token of a machine (`Authorization: Bearer`) needs none."""


_WARM_S, _TELL_S = 10.0, 2.0
_LOG = structlog.get_logger()


@dataclass
class _Queue:
    pool: ThreadPoolExecutor
    waiting: int = 0


def create_app(
    store: Store,
    setup: Callable[[], InForce],
    *,
    book: Book,
    settings: ApiSettings | None = None,
    clock: EventClock | None = None,
) -> FastAPI:
    """The API over a store.

    Args:
        store: open; the caller closes it after the app has ended.
        setup: gives the site model in force; called for each request.
        book: accounts, sessions, tokens.
        settings: of the API.
        clock: event clock; the environment's by default.
    """
    settings = settings or ApiSettings()
    plant = Plant(store, setup, settings, clock)
    follower = Stream(plant)
    metrics = Metrics(plant, follower)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(follower.start, asyncio.get_running_loop())
        app.state.history = _Queue(ThreadPoolExecutor(settings.history_at_once, "history"))
        following = asyncio.ensure_future(_tell_reporters(plant))
        warming = asyncio.ensure_future(_keep_warm(store, app.state.history.pool))
        try:
            yield
        finally:
            warming.cancel()
            following.cancel()
            await asyncio.to_thread(follower.stop)
            app.state.history.pool.shutdown(wait=False, cancel_futures=True)
            await asyncio.to_thread(plant.close)

    app = FastAPI(
        title="infrastress",
        version=__version__,
        description=_ABOUT,
        lifespan=lifespan,
        docs_url=None,  # its pages load from elsewhere: nothing leaves the machine
        redoc_url=None,
        openapi_url=None,
        responses=RESPONSES,
        max_body_size=settings.max_body,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        redirect_slashes=False,
    )
    app.state.plant, app.state.stream, app.state.book = plant, follower, book
    app.state.listened = Listened(plant)
    app.state.failures, app.state.csrf_of = Failures(), csrf_of
    add_handlers(app)

    @app.exception_handler(NotModified)
    async def _same(request: Request, same: NotModified) -> Response:
        del request
        return Response(status_code=304, headers={"ETag": same.tag})

    for module in (
        session,
        site,
        signals,
        past,
        acts,
        alarms,
        incidents,
        handling,
        people,
        structure,
        inventory,
        service,
        notifications,
        evidence,
        health,
        quarantine,
        reports,
        storage,
        stream,
    ):
        app.include_router(module.router, prefix="/api/v1")

    @app.get("/metrics", tags=["metrics"], response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    def get_metrics(request: Request) -> Response:
        """For Prometheus: open on loopback, by token elsewhere."""
        identity = request.state.identity
        if not settings.local and (identity is None or not may(identity, "see.metrics")):
            raise ApiError(
                401 if identity is None else 403,
                "metrics need a token",
                remedy="infrastress accounts token SITE NAME --role admin",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    @app.get("/api/v1/openapi.json", include_in_schema=False)
    def get_document() -> dict[str, Any]:
        """The OpenAPI document; needs no sign-in, for it says nothing of the site."""
        return openapi_of(app)

    add_console(app, Pages())
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(Guard, settings=settings, book=book, observe=metrics.observe)
    return app


async def _keep_warm(store: Store, pool: ThreadPoolExecutor) -> None:
    """Have what comes in decoded as it comes: the first question after an hour would wait for all of it."""
    loop = asyncio.get_running_loop()
    while True:
        with suppress(StoreError):  # whoever asks is told
            await loop.run_in_executor(pool, store.history.summarise, (), 0, 1, 1)
        await asyncio.sleep(_WARM_S)


async def _tell_reporters(plant: Plant) -> None:
    """Have the pages of receipts say what became of each report."""
    follower: Follower | None = None
    while True:
        await asyncio.sleep(_TELL_S)
        folder = plant.setup.reports
        if folder is None:
            continue
        try:
            follower = follower or Follower(plant, Desk(folder))
            await asyncio.to_thread(follower.look)
        except InfrastressError as error:  # told again when it goes
            _LOG.warning("reporters can't be told", why=str(error))


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document, with what FastAPI doesn't know: problems, the stream's frames, ways to sign in."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version="1",
            openapi_version="3.1.0",
            description=app.description,
            routes=app.routes,
        )
        parts = document.setdefault("components", {})
        for model in (Problem, Update):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            parts.setdefault("schemas", {}).update(schema.pop("$defs", {}))
            parts["schemas"][model.__name__] = schema
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
        parts["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": cookie_name(tls=False)},
            "csrf": {"type": "apiKey", "in": "header", "name": CSRF_HEADER},
        }
        document["security"] = [{"token": []}, {"session": [], "csrf": []}, {}]
        app.openapi_schema = document
    return app.openapi_schema
