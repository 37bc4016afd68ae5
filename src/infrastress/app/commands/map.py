"""`infrastress map`: propose how to read a recording, and write that down for a person to check."""

from pathlib import Path

import click

from infrastress.app.output import json_option, print_json

__all__ = ["command"]


@click.command("map")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--site", type=click.Path(path_type=Path), help="Match columns to this site's signals.")
@click.option("--out", type=click.Path(path_type=Path), help="Mapping file to write.  [default: FILE.mapping.yaml]")
@click.option("--overwrite", is_flag=True, help="Replace a mapping that is there already.")
@json_option
def command(*, file: Path, site: Path | None, out: Path | None, overwrite: bool, as_json: bool) -> None:
    """Propose columns, units and time zone for the recording FILE, each with its reason, and write the mapping.

    `train` and `replay` find the mapping where it lies beside the recording, or in SITE/mappings.
    """
    from infrastress.app.files import make_folder, write_atomically
    from infrastress.connectors.propose import propose_mapping
    from infrastress.core.errors import ConfigurationError
    from infrastress.site.load import load_site

    proposal = propose_mapping(file, load_site(site) if site is not None else None)
    target = out if out is not None else file.with_name(file.name + ".mapping.yaml")
    text = proposal.yaml()
    if target.exists() and not overwrite:
        raise ConfigurationError(
            "a mapping is there already",
            where=str(target),
            remedy="name another with --out, or replace it: --overwrite",
        )
    make_folder(target.absolute().parent)
    write_atomically(target, text.encode())
    if as_json:
        mapping = proposal.mapping.model_dump(mode="json", exclude_defaults=True)
        print_json({"out": str(target), "mapping": mapping, "notes": proposal.notes, "reasons": proposal.comments})
        return
    click.echo(text.rstrip("\n"))
    click.echo(f"Written to {target}; read it, correct it where it is wrong.", err=True)
