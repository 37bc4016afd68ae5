"""What commands print: results to stdout, progress and notes to stderr, JSON where a machine reads."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

import click

from infrastress.app.interrupts import check_interrupt

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["console", "database_option", "json_option", "notes", "print_json", "progress"]

_FILE_WIDTH = 120


def database_option(*, required: bool = False) -> Callable[[Any], Any]:
    """The option `--database`, also taken from the environment, where a password is seen by fewer."""
    return click.option(
        "--database",
        envvar="INFRASTRESS_DATABASE",
        required=required,
        metavar="URL",
        help="postgresql://USER@HOST/DATABASE or sqlite:///FILE.  [environment: INFRASTRESS_DATABASE]",
    )


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object for machines.")


def console() -> "Console":
    """A console on stdout, for results."""
    from rich.console import Console

    return Console(highlight=False, width=_width(sys.stdout))


def notes() -> "Console":
    """A console on stderr, for what isn't the result."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, width=_width(sys.stderr))


def _width(stream: TextIO) -> int | None:
    """What a terminal says; enough for tables where the output goes to a file or another program."""
    return None if stream.isatty() or os.environ.get("COLUMNS") else _FILE_WIDTH


def print_json(value: Any) -> None:
    """One JSON object, indented, on stdout."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


@contextmanager
def progress(label: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
    """Show progress on stderr while the block runs, on a terminal only; yields `advance(steps)`.

    Args:
        label: what is being done.
        total: steps in all; None shows a spinner with the time gone by.
    """
    if not sys.stderr.isatty():
        yield lambda _steps: check_interrupt()
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()]
    # Results printed meanwhile go above the bar where both are one terminal, and stay in their file where not.
    both = sys.stdout.isatty()
    with Progress(*columns, console=notes(), transient=True, redirect_stdout=both) as bar:
        task = bar.add_task(label, total=total)

        def advance(steps: float) -> None:
            check_interrupt()
            bar.advance(task, steps)

        yield advance
