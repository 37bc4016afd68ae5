"""`infrastress upgrade`: a site's store to the schema of this version, with a backup and a trial first."""

from pathlib import Path

import click

from infrastress.app.output import database_option, json_option, print_json, progress

__all__ = ["command"]


@click.command("upgrade")
@click.argument("site", type=click.Path(path_type=Path))
@click.option("--backup", type=click.Path(path_type=Path), help="Folder for the backup.  [default: beside SITE]")
@click.option("--state", type=click.Path(path_type=Path), help="The site's state.  [default: SITE/state]")
@click.option("--dumped", is_flag=True, help="PostgreSQL: the database was dumped with pg_dump.")
@database_option()
@json_option
def command(
    *, site: Path, backup: Path | None, state: Path | None, dumped: bool, database: str | None, as_json: bool
) -> None:
    """Bring the store of SITE to the schema of this version of infrastress; stop `serve` first.

    Makes a verified backup, migrates a copy and reads every kind of record of it, and only then migrates the store, in
    one transaction. Whatever fails, the store is as it was; `serve` refuses a store that wasn't upgraded.
    """
    from infrastress.app.keeping.backup import Place, backup_size
    from infrastress.app.keeping.upgrade import upgrade_dumped, upgrade_site

    place = Place.of(site, state=state, database=database)
    if dumped and "://" in place.store and not place.store.startswith("sqlite"):
        done = upgrade_dumped(place.store)
    else:
        with progress("upgrading", backup_size(place)) as advance:
            done = upgrade_site(place, backup, advance=advance)
    if as_json:
        print_json(
            {"before": done.before, "now": done.now, "backup": str(done.backup) if done.backup is not None else None}
        )
    elif not done.before:
        click.echo("Nothing to do: there is no store yet; it is made when the site is first served.")
    elif done.before == done.now:
        click.echo(f"Nothing to do: the store has schema {done.now}.")
    else:
        told = f" The backup is in {done.backup}." if done.backup is not None else ""
        click.echo(f"Upgraded from {done.before} to schema {done.now}.{told}")
