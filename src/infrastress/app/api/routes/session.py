"""Signing in and out, and who asks."""

from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Request, Response

from infrastress.app.accounts import Book, Identity, Permission, WrongPassword, may
from infrastress.app.api.asking import BookOf, who
from infrastress.app.api.guard import cookie_name
from infrastress.app.api.problems import ApiError
from infrastress.client.models import Demonstration, PasswordRequest, SessionInfo, SignInRequest
from infrastress.core.clock import EventClock
from infrastress.core.time import SECOND, to_iso

__all__ = ["router"]

router = APIRouter(tags=["session"])


def _told(request: Request, response: Response, identity: Identity, csrf: str | None) -> SessionInfo:
    book: Book = request.app.state.book
    ends = book.ends(identity.key) if identity.kind == "session" else None
    response.headers["Cache-Control"] = "no-store"
    plant = request.app.state.plant
    return SessionInfo(
        name=identity.name,
        role=identity.role,
        kind=identity.kind,
        permissions=[p for p in get_args(Permission) if may(identity, p)],
        csrf=csrf,
        must_change_password=identity.limited,
        ends=to_iso(round(ends * SECOND)) if ends else None,
        demonstration=_demonstration(plant.clock, plant.settings.story),
    )


def _demonstration(clock: EventClock, story: str) -> Demonstration | None:
    """Of a plant that is simulated: no other runs by a clock of its own."""
    if clock == EventClock():
        return None
    return Demonstration(speed=clock.speed, story=story or None, run=f"{clock.origin}:{clock.wall}")


@router.get("/session")
def get_session(request: Request, response: Response, identity: Annotated[Identity, Depends(who)]) -> SessionInfo:
    """Who asks, what they may, and the token to send with whatever changes something."""
    return _told(request, response, identity, request.state.csrf)


@router.post("/session", status_code=201)
def sign_in(request: Request, response: Response, body: SignInRequest, book: BookOf) -> SessionInfo:
    """Sign in: a cookie holds the session from then on. It ends when unused, after half a day, or by DELETE."""
    failures, address = request.app.state.failures, request.state.address
    wait = failures.wait(body.name, address)
    if wait > 0:
        seconds = str(max(1, round(wait + 0.5)))
        raise ApiError(429, "too many failed sign-ins", remedy=f"wait {seconds} s", headers={"Retry-After": seconds})
    opened = book.sign_in(body.name, body.password, address)
    if opened is None:
        failures.failed(body.name, address)
        raise ApiError(401, "name or password is wrong", remedy="an admin can reset it: infrastress accounts reset")
    failures.succeeded(body.name)
    settings = request.app.state.plant.settings
    response.set_cookie(
        cookie_name(tls=settings.tls), opened[0], httponly=True, secure=settings.tls, samesite="strict", path="/"
    )
    identity = book.session(opened[0])
    if identity is None:
        raise ApiError(401, "the session has ended already")
    return _told(request, response, identity, request.app.state.csrf_of(opened[0]))


@router.delete("/session", status_code=204)
def sign_out(request: Request, response: Response, identity: Annotated[Identity, Depends(who)], book: BookOf) -> None:
    """Sign out; a token or local user has nothing to end."""
    if identity.kind == "session":
        book.sign_out(identity.key)
    response.delete_cookie(cookie_name(tls=request.app.state.plant.settings.tls), path="/")


@router.post("/session/password", status_code=204)
def choose_password(
    request: Request, body: PasswordRequest, identity: Annotated[Identity, Depends(who)], book: BookOf
) -> None:
    """Choose another password; all other sessions of the account end."""
    if identity.kind != "session":
        raise ApiError(403, "only a person who signed in has a password")
    failures, address = request.app.state.failures, request.state.address
    wait = failures.wait(identity.name, address)
    if wait > 0:
        seconds = str(max(1, round(wait + 0.5)))
        raise ApiError(429, "too many wrong passwords", remedy=f"wait {seconds} s", headers={"Retry-After": seconds})
    try:
        book.choose(identity.name, body.current, body.new, keep=identity.key)
    except WrongPassword:
        failures.failed(identity.name, address)
        raise
