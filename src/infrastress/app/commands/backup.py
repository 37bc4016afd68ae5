"""`infrastress backup`: a site with its store in one verified folder, taken while it runs; or a look at one."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infrastress.app.output import database_option, json_option, notes, print_json, progress

if TYPE_CHECKING:
    from infrastress.app.keeping.manifest import Manifest

__all__ = ["command"]


@click.command("backup")
@click.argument("site", type=click.Path(path_type=Path))
@click.argument("to", required=False, metavar="[TO]", type=click.Path(path_type=Path))
@click.option("--verify", is_flag=True, help="SITE is a backup: read all of it and say whether it is whole.")
@click.option("--with-secrets", is_flag=True, help="Also keep secrets files and private keys.")
@click.option(
    "--state", type=click.Path(path_type=Path), help="Where baselines and accounts are.  [default: SITE/state]"
)
@database_option()
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    site: Path,
    to: Path | None,
    verify: bool,
    with_secrets: bool,
    state: Path | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Back SITE up into the new folder TO, while it runs; nothing is stopped.

    The folder holds the site's files, what was learned, accounts, and the store as it was at one moment. It is read
    back and opened before it gets its name: one that isn't whole never looks like one. With --verify, SITE is a backup.
    """
    from infrastress.app.keeping.backup import LIVE, Place, backup_size, make_backup, verify_backup
    from infrastress.app.keeping.manifest import read_manifest
    from infrastress.app.service.storage import Backup, note_backup

    if verify:
        if to is not None:
            raise click.UsageError("--verify takes one folder: the backup.")
        manifest = read_manifest(site)
        with progress("reading", sum(entry.size for entry in manifest.files)) as advance:
            faults = verify_backup(site, advance=advance)
        if as_json:
            print_json({"ok": not faults, "faults": faults, "made": manifest.made, "site": manifest.site})
        else:
            for fault in faults:
                click.echo(fault)
            click.echo(f"{len(faults)} faults." if faults else f"Whole: {_told(manifest)}.")
        ctx.exit(1 if faults else 0)
    if to is None:
        raise click.UsageError("Missing argument 'TO': the folder for the backup.")
    place = Place.of(site, state=state, database=database)
    with progress("backing up", backup_size(place)) as advance:
        manifest = make_backup(place, to, with_secrets=with_secrets, advance=advance)
    size = sum(entry.size for entry in manifest.files)
    note_backup(place.state / LIVE, Backup(time.time_ns(), str(to.absolute()), size, len(manifest.files)))
    if as_json:
        print_json({"to": str(to), "made": manifest.made, "site": manifest.site, "files": len(manifest.files),
                    "bytes": size, "left_out": manifest.left_out})  # fmt: skip
        return
    click.echo(f"Backed up and verified: {_told(manifest)}, in {to}.")
    for name, why in manifest.left_out.items():
        notes().print(f"Left out: {name} ({why})", markup=False)


def _told(manifest: "Manifest") -> str:
    size = sum(entry.size for entry in manifest.files) / 1e6
    store = f"schema {manifest.schema}" if manifest.schema else "no store yet"
    return f"site {manifest.site or '(its model has faults)'}, {len(manifest.files)} files, {size:,.1f} MB, {store}"
