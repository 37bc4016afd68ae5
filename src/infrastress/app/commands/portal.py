"""`infrastress portal`: the form for staff and neighbours alone, without the rest of the service."""

import signal
import sys
import threading
from pathlib import Path

import click

__all__ = ["command"]


@click.command("portal")
@click.argument("site", type=click.Path(path_type=Path))
@click.option(
    "--connections",
    type=click.Path(path_type=Path),
    help="How each source is reached.  [default: SITE/connections.yaml, where there is one]",
)
@click.option("--secrets", type=click.Path(path_type=Path), help="Passwords and keys by name; a file of mode 600.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Another port than the source's options say; 0: a free one."
)
def command(*, site: Path, connections: Path | None, secrets: Path | None, port: int | None) -> int:
    """Serve the form by which staff and neighbours report to SITE; what it takes waits for `infrastress serve`.

    The site needs a source with the connector `reports`. `serve` starts the form by itself.
    """
    from infrastress.app.portal.options import CONNECTOR, options_of
    from infrastress.app.portal.server import serve_portal
    from infrastress.core.errors import ConfigurationError
    from infrastress.core.secrets import Secrets
    from infrastress.site.connections import connections_of
    from infrastress.site.load import load_site

    model = load_site(site)
    options = options_of(connections_of(model, connections))
    if options is None:
        raise ConfigurationError(
            f"no source of site {model.id!r} has the connector {CONNECTOR}",
            where=str(site),
            remedy="add one to its connections: reports: {connector: reports, options: {port: 8480}}",
        )
    if port is not None:
        options = options.model_copy(update={"port": port})
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def ready(address: str) -> None:
        click.echo(f"The form of {model.id} is at {address}. Ctrl-C stops it.")
        sys.stdout.flush()

    serve_portal(model, options, Secrets(secrets), stop, on_ready=ready)
    return 0
