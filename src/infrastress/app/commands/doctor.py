"""`infrastress doctor`: can it run here, and what to do where it can't."""

from pathlib import Path

import click

from infrastress.app.doctor import PORT, diagnose
from infrastress.app.output import console, json_option, print_json

__all__ = ["command"]

_MARKS = {"ok": ("ok", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "bold red")}


@click.command("doctor")
@click.option("--out", type=click.Path(path_type=Path), default=Path("."), help="Folder that will be written to.")
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="Local port to be used.")
@json_option
@click.pass_context
def command(ctx: click.Context, out: Path, port: int, as_json: bool) -> None:
    """Look at this machine: memory, disk, rights, port, clock, packages and the like; cause and remedy where not."""
    checks = diagnose(out, port=port)
    failed = [check for check in checks if check.state == "fail"]
    if as_json:
        print_json({"ok": not failed, "checks": [check.as_dict() for check in checks]})
    else:
        screen = console()
        for check in checks:
            mark, style = _MARKS[check.state]
            screen.print(f"{mark:>4}  ", style=style, end="")
            screen.print(f"{check.name:<16} {check.found}", markup=False)
            if check.remedy:
                screen.print(f"{'':22} -> {check.remedy}", markup=False)
        screen.print(f"{len(failed)} checks failed: a start would not succeed." if failed else "Ready.")
    ctx.exit(1 if failed else 0)
