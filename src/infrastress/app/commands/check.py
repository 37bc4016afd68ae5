"""`infrastress check`: every fault of a site model at once."""

from dataclasses import asdict
from pathlib import Path

import click

from infrastress.app.output import json_option, print_json

__all__ = ["command"]


@click.command("check")
@click.argument("site", type=click.Path(path_type=Path))
@json_option
@click.pass_context
def command(ctx: click.Context, *, site: Path, as_json: bool) -> None:
    """Check the site model in SITE (a folder or a site file): every fault with file, line, field and suggestion.

    Of a model without errors notifications.yaml beside it is checked too.
    """
    from infrastress.app.notify.settings import check_settings
    from infrastress.site.check import CheckResult, check_site

    result = check_site(site)
    if result.site is not None:
        notifications, faults = check_settings(result.site, site if site.is_dir() else site.parent)
        result = CheckResult(result.site if notifications is not None else None, (*result.faults, *faults))
    model = result.site
    counts = {}
    if model is not None:
        counts = {
            "assets": len(model.assets),
            "signals": len(model.signals),
            "connections": len(model.connections),
            "sources": len(model.sources),
            "people": len(model.people),
        }
    if as_json:
        described = {"site": model.id, "version": model.version, **counts} if model is not None else {}
        print_json({"ok": model is not None, **described, "faults": [asdict(fault) for fault in result.faults]})
    else:
        for fault in result.faults:
            click.echo(str(fault))
        errors, warnings = len(result.errors), len(result.warnings)
        told = f"{warnings} {'warning' if warnings == 1 else 'warnings'}"
        if model is None:
            click.echo(f"{errors} {'error' if errors == 1 else 'errors'}, {told}.")
        else:
            size = ", ".join(f"{count} {name}" for name, count in counts.items())
            click.echo(f"{model.id}: no errors, {told}. {size}.")
    ctx.exit(0 if model is not None else 1)
