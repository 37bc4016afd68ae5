"""`infrastress rerun`: a live site's log, run again."""

from pathlib import Path

import click

from infrastress.app.output import database_option, json_option, print_json, progress

__all__ = ["command"]


@click.command("rerun")
@click.argument("site", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="New folder for the results.")
@click.option("--state", type=click.Path(path_type=Path), help="The site's state.  [default: SITE/state]")
@database_option()
@json_option
@click.pass_context
def command(
    ctx: click.Context, *, site: Path, out: Path, state: Path | None, database: str | None, as_json: bool
) -> None:
    """Run the log of live SITE again, from its first record, and compare what is found with what was found live.

    Every site model that was in force comes from the log, so the result must be the same to the byte; exit status 1
    says that it isn't. Writes detections.jsonl, alarms.jsonl, incidents.jsonl and rerun.json. SITE may be running.
    """
    from infrastress.app.keeping.backup import Place
    from infrastress.app.rerun import rerun_log

    with progress("Running the log again", 1.0) as advance:
        result = rerun_log(Place.of(site, state=state, database=database), out, advance=advance)
    if as_json:
        print_json({**result.as_dict(), "out": str(out)})
    else:
        for name, one in result.compared.items():
            told = "the same" if one.differs is None else f"record {one.differs} differs"
            click.echo(f"{name}: {one.live} records live, {one.again} again, {told}")
        counts = result.summary.counts
        click.echo(", ".join(f"{counts[kind]} {kind}" for kind in ("detections", "alarms", "incidents")) + f"; {out}")
    ctx.exit(0 if result.same else 1)
