"""`infrastress check`: every fault of a site model at once."""

from pathlib import Path

import click

from infrastress.app.output import json_option, print_json

__all__ = ["command"]


@click.command("check")
@click.argument("site", type=click.Path(path_type=Path))
@json_option
def command(site: Path, as_json: bool) -> None:
    """Check the site model in SITE (a folder or a site file): every fault with file, line, field and suggestion."""
    from infrastress.site.load import load_site

    model = load_site(site)
    counts = {
        "assets": len(model.assets),
        "signals": len(model.signals),
        "connections": len(model.connections),
        "sources": len(model.sources),
        "people": len(model.people),
    }
    if as_json:
        print_json({"ok": True, "site": model.id, "version": model.version, **counts, "faults": []})
    else:
        click.echo(f"{site}: no faults. " + ", ".join(f"{count} {name}" for name, count in counts.items()) + ".")
