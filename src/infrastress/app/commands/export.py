"""`infrastress export`: everything of a site in open formats."""

from pathlib import Path

import click

from infrastress.app.output import database_option, json_option, print_json, progress

__all__ = ["command"]


@click.command("export")
@click.argument("site", type=click.Path(path_type=Path))
@click.argument("to", type=click.Path(path_type=Path))
@click.option("--csv", is_flag=True, help="Telemetry as CSV too.")
@click.option("--state", type=click.Path(path_type=Path), help="The site's state.  [default: SITE/state]")
@database_option()
@json_option
def command(*, site: Path, to: Path, csv: bool, state: Path | None, database: str | None, as_json: bool) -> None:
    """Write everything of SITE into the new folder TO: JSON Lines, Parquet, files; the site may be running.

    Secrets, accounts and sessions are never in an export.
    """
    from infrastress.app.keeping.backup import Place
    from infrastress.app.keeping.export import export_site

    with progress("exporting") as advance:
        manifest = export_site(Place.of(site, state=state, database=database), to, csv=csv, advance=advance)
    size = sum(entry.size for entry in manifest.files)
    if as_json:
        print_json({"to": str(to), "site": manifest.site, "files": len(manifest.files), "bytes": size})
    else:
        click.echo(f"Exported site {manifest.site}: {len(manifest.files)} files, {size / 1e6:,.1f} MB, in {to}.")
