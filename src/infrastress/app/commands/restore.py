"""`infrastress restore`: a verified backup becomes a site's folder."""

from pathlib import Path

import click

from infrastress.app.output import json_option, print_json, progress

__all__ = ["command"]


@click.command("restore")
@click.argument("backup", type=click.Path(path_type=Path))
@click.argument("into", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace the site that is there, in one step at the end.")
@json_option
def command(*, backup: Path, into: Path, overwrite: bool, as_json: bool) -> None:
    """Make the site's folder INTO of BACKUP: the site, what was learned, accounts, and the store.

    Every byte is checked first. INTO is there whole at the end, or as it was before. The backup isn't changed.
    """
    from infrastress.app.keeping.manifest import read_manifest
    from infrastress.app.keeping.restore import restore_backup

    size = sum(entry.size for entry in read_manifest(backup).files)
    with progress("restoring", 2 * size) as advance:
        manifest = restore_backup(backup, into, overwrite=overwrite, advance=advance)
    if as_json:
        print_json({"into": str(into), "site": manifest.site, "made": manifest.made, "left_out": manifest.left_out})
        return
    click.echo(f"Restored site {manifest.site} as it was {manifest.made}, in {into}.")
    if manifest.left_out and not manifest.secrets:
        click.echo("Secrets are not in the backup: put the secrets file and private keys back before serving.")
