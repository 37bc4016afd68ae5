"""`infrastress serve`: a live site, guarded by processes that are kept running until they are told to stop."""

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infrastress.app.output import database_option, json_option, print_json
from infrastress.app.service.birth import LOG_VARIABLE, bear_api

if TYPE_CHECKING:
    from infrastress.app.service.status import Status

__all__ = ["command"]

_PORT = 8470


@click.command("serve")
@click.argument("site", type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the API; another needs accounts.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=_PORT,
    show_default=True,
    help="Port of the API; 0 takes a free one.",
)
@database_option()
@click.option("--state", type=click.Path(path_type=Path), help="Where state is kept.  [default: SITE/state]")
@click.option(
    "--connections",
    type=click.Path(path_type=Path),
    help="How each source is reached.  [default: SITE/connections.yaml, where there is one]",
)
@click.option("--secrets", type=click.Path(path_type=Path), help="Passwords and keys by name; a file of mode 600.")
@click.option("--log", type=click.Path(path_type=Path), help="Append the log to a file instead of stderr.")
@click.option("--ready-file", type=click.Path(path_type=Path), help="Write address and process here when ready.")
@click.option("--reload", "reload_", is_flag=True, help="Put SITE as it is now in force at the service that runs.")
@click.option("--by", default="", help="With --reload: who wants it.  [default: this user]")
@click.option("--why", default="", help="With --reload: for the log.")
@click.option("--without", multiple=True, hidden=True, help="Leave a process out.")
@json_option
def command(
    *,
    site: Path,
    host: str,
    port: int,
    database: str | None,
    state: Path | None,
    connections: Path | None,
    secrets: Path | None,
    log: Path | None,
    ready_file: Path | None,
    reload_: bool,
    by: str,
    why: str,
    without: tuple[str, ...],
    as_json: bool,
) -> int:
    """Guard SITE live: take in what its sources say, judge it, answer at the API, tell who must know.

    Prints one line when it is ready. Ctrl-C or SIGTERM stops it in order; started again it goes on where it was. SIGHUP
    or --reload puts a changed site folder in force without a restart; one with faults changes nothing.
    """
    if reload_:
        return _reload(site, state, by, why, as_json=as_json)
    if log is not None:
        os.environ[LOG_VARIABLE] = str(log.absolute())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is something to reload
    # The API answers while the site is read here
    api, listening = (None, None) if "api" in without else bear_api(site, host, port)

    def ready(status: "Status") -> None:
        told = {"ready": True, "site": status.site_id, "address": status.address, "pid": status.pid}
        if ready_file is not None:
            from infrastress.app.files import write_json

            write_json(ready_file, told)
        if as_json:
            print_json(told)
        else:
            where = f" at {status.address}" if status.address else ""
            click.echo(f"{status.site_id} is served{where} (process {status.pid}). Ctrl-C stops it.")
        sys.stdout.flush()

    try:
        from infrastress.app.service.logs import configure
        from infrastress.app.service.starting import serve

        configure("supervisor", log)
        failed = serve(
            site,
            host=host,
            port=port,
            database=database,
            state=state,
            connections=connections,
            secrets=secrets,
            without=without,
            on_ready=ready,
            api=api,
            listening=listening,
        )
    finally:
        if api is not None:
            api.end()
        if listening is not None:
            listening.close()
    if failed:
        click.echo(f"Error: {failed}", err=True)
    return 1 if failed else 0


def _reload(site: Path, state: Path | None, by: str, why: str, *, as_json: bool) -> int:
    import msgspec

    from infrastress.app.service.reload import request
    from infrastress.app.service.starting import live_folder

    outcome = request(live_folder(site, state), by=by, why=why)
    if as_json:
        print_json(msgspec.to_builtins(outcome))
    elif not outcome.ok:
        click.echo("Nothing was changed; what ran before goes on:", err=True)
        for fault in outcome.faults:
            click.echo(f"  {fault}", err=True)
    else:
        click.echo(f"In force: {', '.join(outcome.changed)}." if outcome.changed else "Nothing has changed.")
        for note in outcome.notes:
            click.echo(note, err=True)
    return 0 if outcome.ok else 1
