"""`infrastress reports`: what people reported: list, answer, judge, label, erase, train."""

import getpass
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import click

from infrastress.app.output import json_option, print_json

if TYPE_CHECKING:
    from infrastress.app.reports.desk import Desk, Read

__all__ = ["command"]

_SITE = click.argument("site", type=click.Path(path_type=Path, exists=True))
_NUMBER = click.argument("number")
_BY = click.option("--by", default=getpass.getuser, help="Who does it.  [default: this user]")
_CONNECTIONS = click.option("--connections", type=click.Path(path_type=Path), help="As for `serve`.")


@click.group("reports")
def command() -> None:
    """What staff and neighbours reported by the form of SITE."""


@command.command("list")
@_SITE
@_CONNECTIONS
@click.option("--insider", is_flag=True, help="Concerns about insiders instead: for the security officer alone.")
@json_option
def list_(*, site: Path, connections: Path | None, insider: bool, as_json: bool) -> int:
    """List reports by time, with what was done about each; contacts are shown where they can still be opened."""
    reads = _desk(site, connections).read(insider=insider)
    if as_json:
        print_json([_told(one) for one in reads])
        return 0
    for one in reads:
        told = _told(one)
        states = ", ".join(dict.fromkeys(act.act for act in one.acts)) or "received"
        click.echo(f"{told['number']}  {told['received'][:16]}  {told['category']}  [{states}]  {told['text'][:80]}")
        if told["name"] or told["contact"]:
            click.echo(f"        {told['name']} {told['contact']}")
        if told["suggested"]:
            click.echo(f"        reads like: {told['suggested']}")
    click.echo(f"{len(reads)} reports.", err=True)
    return 0


@command.command("answer")
@_SITE
@_NUMBER
@click.argument("text")
@_BY
@_CONNECTIONS
def answer(*, site: Path, number: str, text: str, by: str, connections: Path | None) -> int:
    """Answer the reporter of NUMBER with TEXT, on the page of their receipt."""
    desk = _desk(site, connections)
    done = desk.answer([desk.find(number, insider=True)], text, by=by, now=time.time_ns())
    click.echo("Answered." if done else "The reporter was erased: nobody could read an answer.")
    return 0 if done else 1


@command.command("judge")
@_SITE
@_NUMBER
@click.argument("verdict", type=click.Choice(["confirmed", "unfounded"]))
@_BY
@_CONNECTIONS
def judge(*, site: Path, number: str, verdict: str, by: str, connections: Path | None) -> int:
    """Say whether the report NUMBER was so; its reporter is believed more or less from then on."""
    desk = _desk(site, connections)
    one = desk.find(number)
    desk.act(one.record.number, cast(Any, verdict), by=by, now=time.time_ns())
    click.echo(f"{one.record.number}: {verdict}.")
    return 0


@command.command("label")
@_SITE
@_NUMBER
@click.argument("category")
@_BY
@_CONNECTIONS
def label(*, site: Path, number: str, category: str, by: str, connections: Path | None) -> int:
    """Say of which CATEGORY the report NUMBER is, to learn from."""
    from infrastress.core.errors import InputError
    from infrastress.events.kinds import Category

    if category not in get_args(Category) or category == "insider":
        raise InputError(f"no category {category!r}", remedy=f"one of {', '.join(get_args(Category))}")
    desk = _desk(site, connections)
    one = desk.find(number)
    desk.act(one.record.number, "labelled", by=by, now=time.time_ns(), label=category)
    click.echo(f"{one.record.number}: {category}.")
    return 0


@command.command("erase")
@_SITE
@_NUMBER
@_BY
@_CONNECTIONS
def erase(*, site: Path, number: str, by: str, connections: Path | None) -> int:
    """Delete the key of the reporter of NUMBER: what is personal in all their reports is gone, in backups too."""
    desk = _desk(site, connections)
    there = desk.erase(desk.find(number, insider=True), by=by, now=time.time_ns())
    click.echo("Erased." if there else "The reporter was erased before.")
    return 0


@command.command("train")
@_SITE
@_CONNECTIONS
@json_option
def train(*, site: Path, connections: Path | None, as_json: bool) -> int:
    """Learn from labelled reports what a text reads like; it is suggested beside what the reporter chose."""
    model = _desk(site, connections).train()
    if as_json:
        print_json({"categories": list(model.categories), "reports": model.learned_from})
    else:
        click.echo(f"Learned {', '.join(model.categories)} from {model.learned_from} reports.")
    return 0


def _desk(site: Path, connections: Path | None) -> "Desk":
    from infrastress.app.reports.desk import Desk, reports_folder
    from infrastress.core.errors import ConfigurationError
    from infrastress.site.connections import connections_of
    from infrastress.site.load import load_site

    folder = reports_folder(site, connections_of(load_site(site), connections))
    if folder is None:
        raise ConfigurationError("this site has no form for reports", where=str(site), remedy="see docs/reports.md")
    return Desk(folder)


def _told(one: "Read") -> dict[str, Any]:
    from infrastress.core.time import to_iso

    personal, guess = one.personal, one.suggestion
    return {
        "number": one.record.number,
        "received": to_iso(one.record.received),
        "occurred": to_iso(one.record.occurred),
        "category": one.category,
        "text": one.text,
        "role": one.record.role,
        "latitude": one.record.latitude,
        "longitude": one.record.longitude,
        "name": personal.name if personal is not None else "",
        "contact": personal.contact if personal is not None else "",
        "erased": personal is None,
        "acts": [{"act": act.act, "at": to_iso(act.at), "by": act.by, "incident": act.incident} for act in one.acts],
        "answers": [answer.text for answer in one.answers],
        "suggested": guess.category if guess and guess.category != one.category and guess.probability >= 0.8 else "",
    }
