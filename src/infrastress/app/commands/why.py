"""`infrastress why`: what an incident's probability rests on, worked out again."""

from pathlib import Path

import click

from infrastress.app.output import database_option, json_option, print_json

__all__ = ["command"]


@click.command("why")
@click.argument("incident")
@click.option("--site", type=click.Path(path_type=Path), default=".", help="The site's folder.  [default: this one]")
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    help="Results of a replay, in the place of the live site's store.",
)
@click.option("--state", type=click.Path(path_type=Path), help="The site's state.  [default: SITE/state]")
@database_option()
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    incident: str,
    site: Path,
    results: Path | None,
    state: Path | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Say why INCIDENT has its probability, and work the number out again.

    Told are each piece of evidence with its weight in bits and what its rates rest on, the version of the model, and
    the site fields behind it. INCIDENT is its name, or how it begins. Exit status 1: another number came out.
    """
    from infrastress.app.keeping.backup import Place
    from infrastress.app.why import find_incident, why_dict, why_text
    from infrastress.fusion.risk.why import explain
    from infrastress.site.load import load_site

    model = load_site(site)
    store = Place.of(site, state=state, database=database).store
    _, body = find_incident(incident, model, results=results, store=store)
    why = None if body.assessment is None else explain(body.assessment, model)
    if as_json:
        print_json(why_dict(body.incident, body, why))
    else:
        click.echo(why_text(body, why))
    ctx.exit(0 if why is None or why.verdict == "same" else 1)
