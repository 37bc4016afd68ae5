"""`infrastress accounts`: who may sign in. A password comes from a prompt or stdin, never from the command line."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infrastress.app.output import console, json_option, print_json

if TYPE_CHECKING:
    from infrastress.app.accounts import Book

__all__ = ["command"]

_ROLES = ("admin", "operator", "security", "reporter-liaison")


@click.group("accounts")
def command() -> None:
    """Who may sign in at a site: accounts of people, their sessions, tokens of machines.

    A password is asked for at the terminal, or read from stdin where that is no terminal.
    """


def _at_site(function: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments that all have: the site, and where its state lies."""
    function = click.option(
        "--state", type=click.Path(path_type=Path), help="Where accounts are kept.  [default: SITE/state]"
    )(function)
    return click.argument("site", type=click.Path(path_type=Path, exists=True))(function)


_role_option = click.option("--role", required=True, type=click.Choice(_ROLES))
_one_time_option = click.option(
    "--one-time", is_flag=True, help="Print a password that is good for one day and must be changed at sign-in."
)


@command.command("add")
@_at_site
@click.argument("name")
@_role_option
@_one_time_option
def add(*, site: Path, state: Path | None, name: str, role: str, one_time: bool) -> None:
    """Make an account NAME."""
    _tell(_book(site, state).add(name, role, None if one_time else _password()), name)


@command.command("reset")
@_at_site
@click.argument("name")
@_one_time_option
def reset(*, site: Path, state: Path | None, name: str, one_time: bool) -> None:
    """Give NAME another password; all its sessions end."""
    _tell(_book(site, state).reset(name, None if one_time else _password()), name)


@command.command("disable")
@_at_site
@click.argument("name")
def disable(*, site: Path, state: Path | None, name: str) -> None:
    """Bar NAME; all its sessions end."""
    _book(site, state).disable(name)
    click.echo(f"{name} can't sign in any more.")


@command.command("enable")
@_at_site
@click.argument("name")
def enable(*, site: Path, state: Path | None, name: str) -> None:
    """Let NAME in again."""
    _book(site, state).disable(name, disabled=False)
    click.echo(f"{name} can sign in.")


@command.command("list")
@_at_site
@json_option
def list_all(*, site: Path, state: Path | None, as_json: bool) -> None:
    """All accounts and tokens."""
    book = _book(site, state)
    accounts = [
        {"name": a.name, "role": a.role, "disabled": a.disabled, "one_time": a.one_time > 0} for a in book.accounts
    ]
    tokens = [{"name": t.name, "role": t.role, "expires": _day(t.expires)} for t in book.tokens]
    if as_json:
        print_json({"accounts": accounts, "tokens": tokens})
        return
    for one in accounts:
        words = " disabled" if one["disabled"] else " one-time password" if one["one_time"] else ""
        click.echo(f"{one['name']}  {one['role']}{words}")
    for token in tokens:
        click.echo(f"{token['name']}  {token['role']} token until {token['expires']}")
    if not accounts:
        console().print("No account yet: the API listens on loopback alone.", markup=False)


@command.command("sessions")
@_at_site
@click.option("--end", metavar="ID", help="End this session.")
@json_option
def sessions(*, site: Path, state: Path | None, end: str | None, as_json: bool) -> None:
    """Who is signed in."""
    book = _book(site, state)
    if end:
        known = [key for key, _ in book.sessions]
        if end not in known:
            from infrastress.core.errors import InputError

            raise InputError(f"there is no session {end!r}", remedy="`infrastress accounts sessions SITE` lists them")
        book.sign_out(end)
        click.echo(f"Session {end} has ended.")
        return
    rows = [
        {"id": key, "name": s.name, "address": s.address, "since": _time(s.created), "used": _time(s.used)}
        for key, s in book.sessions
    ]
    if as_json:
        print_json({"sessions": rows})
        return
    for row in rows:
        click.echo(f"{row['id']}  {row['name']} from {row['address'] or '?'} since {row['since']}, used {row['used']}")
    if not rows:
        click.echo("Nobody is signed in.")


@command.command("token")
@_at_site
@click.argument("name")
@_role_option
@click.option("--days", default=365.0, show_default=True, help="How long it is good.")
def token(*, site: Path, state: Path | None, name: str, role: str, days: float) -> None:
    """Make a token NAME for a machine, and print it once."""
    click.echo(_book(site, state).add_token(name, role, days))


@command.command("revoke")
@_at_site
@click.argument("name")
def revoke(*, site: Path, state: Path | None, name: str) -> None:
    """Make a token worthless."""
    _book(site, state).revoke_token(name)
    click.echo(f"Token {name} is revoked.")


def _book(site: Path, state: Path | None) -> "Book":
    from infrastress.app.accounts import Book
    from infrastress.app.baselines import state_folder

    return Book(state_folder(site, state))


def _password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _tell(one_time: str | None, name: str) -> None:
    if one_time is None:
        click.echo(f"{name} can sign in.")
    else:
        click.echo(f"One-time password of {name}, good for one day: {one_time}")


def _time(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _day(moment: float) -> str:
    return _time(moment)[:10]
