"""The command `infrastress`: a group of lazily imported commands, and the one place where errors become messages."""

import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

import click

from infrastress import __version__
from infrastress.app.interrupts import remembering_interrupts, was_interrupted
from infrastress.core.errors import InfrastressError

__all__ = ["COMMANDS", "cli", "main"]


class Entry(NamedTuple):
    """A command's module below `infrastress.app.commands` and its one line in the help."""

    module: str
    help: str


COMMANDS = {
    "demo": Entry("demo", "A simulated plant is attacked, and the live console shows and explains it."),
    "doctor": Entry("doctor", "Can it run here? Cause and remedy where not."),
    "init": Entry("init", "Make a new site folder from a template or a network model."),
    "check": Entry("check", "Every fault of a site model, with file, line and field."),
    "schema": Entry("schema", "JSON Schema of the site file, for editors."),
    "map": Entry("map", "Propose columns, units and time zone for a recording."),
    "capture": Entry("capture", "What a capture of network traffic holds, every packet accounted for."),
    "inventory": Entry("inventory", "Devices on the network as they were heard, and how they fit the site model."),
    "simulate": Entry("simulate", "Simulate a scenario: telemetry, events, truth."),
    "testbed": Entry("testbed", "Serve a simulated plant over real protocols, attacks included."),
    "train": Entry("train", "Learn what is normal from recordings, and say what was learned."),
    "replay": Entry("replay", "Run recordings through the live pipeline."),
    "serve": Entry("serve", "Guard a live site: sources in, alarms out, an API to ask."),
    "rerun": Entry("rerun", "Run a live site's log again: does it come to the same?"),
    "work": Entry("work", "Share detection and fusion of sites on one database with other processes."),
    "portal": Entry("portal", "Serve the form by which staff and neighbours report."),
    "reports": Entry("reports", "Read, answer, judge and erase what people reported."),
    "notify": Entry("notify", "Try the ways to tell people, and list what was told."),
    "backup": Entry("backup", "Back up a site while it runs, verified; or verify a backup."),
    "restore": Entry("restore", "Make a site's folder of a backup."),
    "upgrade": Entry("upgrade", "Bring a site's store to this version: backup, trial on a copy, migration."),
    "export": Entry("export", "Write everything of a site in open formats."),
    "accounts": Entry("accounts", "Who may sign in: accounts, sessions, tokens of machines."),
    "measure": Entry("measure", "Measure each rule on recordings with truth, for the risk model."),
    "why": Entry("why", "Why an incident says what it says: evidence, weights, and the number worked out again."),
    "evaluate": Entry("evaluate", "Score detections against labels."),
}


class LazyGroup(click.Group):
    """Imports a command's module when that command is called, so that `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which they are used."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = import_module(f"infrastress.app.commands.{entry.module}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve, and say what was probably meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            close = get_close_matches(args[0], COMMANDS, n=1)
            if not close:
                raise
            raise click.UsageError(f"{error.message} Did you mean '{close[0]}'?", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="infrastress")
def cli() -> None:
    """Protect a sensitive plant against cyber, physical and process threats at once.

    Start with `infrastress demo`; `infrastress doctor` tells whether this machine can run it.

    Exit status: 0 done, 1 the input or a check failed, 2 wrong usage.
    """


def main(args: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    _make_output_safe()
    try:
        with remembering_interrupts():
            status = cli.main(args=args, prog_name="infrastress", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        _say("Interrupted.")
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # The reader went away, as `| head` does. Nothing more can be written, not even at interpreter exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # the last net: every error becomes a message, its traceback on request
        if os.environ.get("INFRASTRESS_DEBUG"):
            raise
        if was_interrupted():  # what failed is what Ctrl-C cut off
            _say("Interrupted.")
            return 128 + signal.SIGINT
        _say(describe(error))
        return 1
    return status if isinstance(status, int) else 0


_LOOK = "look at the file or folder named here"
_REMEDIES = {
    13: "give yourself the right to it, or choose another folder",
    28: "free space on the disk, or choose another folder with --out",
    30: "the file system is read-only; choose another folder",
    24: "raise the limit of open files: ulimit -n 1024",
    27: "raise the limit of file size: ulimit -f unlimited",
    122: "the disk quota is used up; free space or choose another folder",
}


def describe(error: Exception) -> str:
    """An error for the terminal: what, where, remedy."""
    where: str | None
    remedy: str | None
    if isinstance(error, InfrastressError):
        what, where, remedy = error.what, error.where, error.remedy
    elif isinstance(error, OSError):
        what, where = error.strerror or str(error), error.filename
        remedy = _REMEDIES.get(error.errno or 0, _LOOK)
    elif isinstance(error, MemoryError):
        what, where, remedy = "memory ran out", None, "close other programs or take a machine with more memory"
    else:
        what, where = f"unexpected {type(error).__name__}: {error}", None
        remedy = "this is a fault of infrastress; repeat with INFRASTRESS_DEBUG=1 set to see the traceback"
    lines = [f"Error: {what}"]
    if where:
        lines.append(f"  where: {where}")
    if remedy:
        lines.append(f"  remedy: {remedy}")
    return "\n".join(lines)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _make_output_safe() -> None:
    """A terminal that can't show a character shows an escape instead of stopping the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
