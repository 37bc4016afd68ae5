"""Errors as problem details (RFC 9457): what, where, what to do; never a traceback, never a secret."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from infrastress.core.errors import InfrastressError, InputError, StoreError

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["MEDIA", "RESPONSES", "ApiError", "add_handlers", "problem_response"]

MEDIA = "application/problem+json"
_CONTENT = {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request can't be served as it is", "content": _CONTENT},
    "5XX": {"description": "The server can't serve it now", "content": _CONTENT},
}
_LOG = structlog.get_logger()


class ApiError(Exception):
    """An answer that is a problem.

    Args:
        status: of HTTP.
        detail: one sentence for the caller.
        remedy: what to do.
        headers: such as Retry-After.
    """

    def __init__(self, status: int, detail: str, *, remedy: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.remedy, self.headers = status, detail, remedy, dict(headers or {})


def problem_response(
    status: int,
    detail: str,
    instance: str,
    *,
    remedy: str = "",
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as a response."""
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    problem = {
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
        "remedy": remedy,
        "errors": errors,
    }
    data = msgspec.json.encode({name: value for name, value in problem.items() if value})
    return Response(data, status, headers=dict(headers or {}), media_type=MEDIA)


def add_handlers(app: "FastAPI") -> None:
    """Have every error of the app end as a problem."""
    from fastapi.exceptions import RequestValidationError  # the door, which needs problems too, opens without FastAPI

    @app.exception_handler(ApiError)
    async def _api(request: Request, error: ApiError) -> Response:
        return problem_response(
            error.status, error.detail, request.url.path, remedy=error.remedy, headers=error.headers
        )

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        return problem_response(error.status_code, str(error.detail), request.url.path, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        faults = [
            {"where": ".".join(map(str, one["loc"])), "what": one["msg"], "kind": one["type"]}
            for one in error.errors()[:20]
        ]
        first = faults[0] if faults else {"where": "request", "what": "can't be read"}
        return problem_response(422, f"{first['where']}: {first['what']}", request.url.path, errors=faults)

    @app.exception_handler(InfrastressError)
    async def _ours(request: Request, error: InfrastressError) -> Response:
        if isinstance(error, InputError):
            return problem_response(422, error.what, request.url.path, remedy=error.remedy or "")
        _LOG.error("request failed", path=request.url.path, error=str(error))
        if isinstance(error, StoreError):
            headers = {"Retry-After": "2"}
            return problem_response(503, error.what, request.url.path, remedy=error.remedy or "", headers=headers)
        return problem_response(500, error.what, request.url.path, remedy=error.remedy or "")

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> Response:
        _LOG.error("request failed", path=request.url.path, error=repr(error), exc_info=error)
        return problem_response(
            500, "unexpected fault of infrastress", request.url.path, remedy="look at the service's log"
        )
