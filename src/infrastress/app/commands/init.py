"""`infrastress init`: a new site folder from a template or a network model."""

from pathlib import Path

import click

from infrastress.app.output import json_option, print_json

__all__ = ["command"]

_SHOWN_NOTES = 8


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--template", metavar="NAME", help="Start from a reference site: depot, water.")
@click.option("--from-inp", "network", type=click.Path(path_type=Path), help="Start from an EPANET network model.")
@click.option("--signals", type=click.Path(path_type=Path), help="With --from-inp: a file that says what is metered.")
@json_option
def command(*, folder: Path, template: str | None, network: Path | None, signals: Path | None, as_json: bool) -> None:
    """Make a new site folder DIR from a template (the depot when nothing is said) or from a network model."""
    from infrastress.app.starting import start_site

    if template and network:
        raise click.UsageError("take either --template or --from-inp, not both")
    if signals and not network:
        raise click.UsageError("--signals goes with --from-inp")
    started = start_site(folder, template=template, network=network, signals=signals)
    if as_json:
        print_json(started)
        return
    click.echo(f"Site {started['site']!r} in {folder}: {started['assets']} assets, {started['signals']} signals.")
    if network:
        click.echo("  " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in started["made"].items()))
    for note in started["notes"][:_SHOWN_NOTES]:
        click.echo(f"  not carried over: {note}")
    if len(started["notes"]) > _SHOWN_NOTES:
        click.echo(f"  and {len(started['notes']) - _SHOWN_NOTES} more, at the end of {folder / 'site.yaml'}")
    click.echo(f"Next: infrastress check {folder}")
