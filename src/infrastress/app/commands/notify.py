"""`infrastress notify`: try the ways to tell people, check who would be told, list what was told and what wasn't."""

from dataclasses import asdict
from pathlib import Path

import click

from infrastress.app.output import console, database_option, json_option, print_json, progress

__all__ = ["command"]

_SITE = click.argument("site", type=click.Path(path_type=Path, exists=True))


@click.group("notify")
def command() -> None:
    """Telling someone who isn't looking: SITE/notifications.yaml says who, when and how."""


@command.command("check")
@_SITE
@json_option
@click.pass_context
def check(ctx: click.Context, *, site: Path, as_json: bool) -> None:
    """Every fault of SITE/notifications.yaml, and who would not be told."""
    from infrastress.app.notify.settings import check_settings
    from infrastress.site.load import load_site

    settings, faults = check_settings(load_site(site), _folder(site))
    if as_json:
        print_json({"ok": settings is not None, "faults": [asdict(fault) for fault in faults]})
    else:
        for fault in faults:
            click.echo(str(fault))
        if settings is not None:
            click.echo(f"{len(settings.channels)} channels, {len(settings.routes)} routes.")
    ctx.exit(0 if settings is not None else 1)


@command.command("test")
@_SITE
@click.argument("channel", required=False)
@click.option("--secrets", type=click.Path(path_type=Path), help="File of secrets, as for `serve`.")
@json_option
@click.pass_context
def test(ctx: click.Context, *, site: Path, channel: str | None, secrets: Path | None, as_json: bool) -> None:
    """Send a test message by CHANNEL, or by each channel of SITE; a siren will sound."""
    from infrastress.app.notify.trial import send_test

    with progress("sending") as advance:
        results = send_test(site, _folder(site), secrets, channel, advance=advance)
    if as_json:
        print_json({"ok": not any(results.values()), "channels": results})
    else:
        for name, fault in results.items():
            click.echo(f"{name}: {fault or 'sent'}")
    ctx.exit(1 if any(results.values()) else 0)


@command.command("list")
@_SITE
@click.option("--last", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many.")
@click.option("--undelivered", is_flag=True, help="Only what should have arrived and hasn't.")
@database_option()
@json_option
def list_(*, site: Path, last: int, undelivered: bool, database: str | None, as_json: bool) -> None:
    """The out-box of SITE: what was told, what waits, and what couldn't be delivered."""
    import msgspec
    from rich.table import Table

    from infrastress.app.notify.trial import messages_of
    from infrastress.core.time import to_iso

    found = messages_of(site, database)
    shown = [message for message in found if message.undelivered or not undelivered][-last:]
    missing = sum(message.undelivered for message in found)
    if as_json:
        print_json({"undelivered": missing, "messages": [msgspec.to_builtins(message) for message in shown]})
        return
    table = Table(box=None)
    for name in ("when", "channel", "state", "message", "tries", "reason"):
        table.add_column(name, justify="right" if name == "tries" else "left")
    for message in shown:
        when = to_iso(message.created // 1_000_000_000 * 1_000_000_000)
        table.add_row(when, message.channel, message.state, message.title, str(message.attempts), message.reason)
    console().print(table)
    console().print(f"{len(found)} messages, {missing} undelivered.", markup=False)


def _folder(site: Path) -> Path:
    return site.parent if site.is_file() else site
