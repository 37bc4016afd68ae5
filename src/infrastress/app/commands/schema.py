"""`infrastress schema`: JSON Schema of the site file, for editors."""

import click

from infrastress.app.output import print_json

__all__ = ["command"]


@click.command("schema")
@click.option(
    "--of", "what", type=click.Choice(["site", "event"]), default="site", show_default=True, help="Which form."
)
def command(what: str) -> None:
    """Print the JSON Schema of the site file, so that an editor can complete and check it while typing."""
    if what == "event":
        from infrastress.events.envelope import json_schema

        print_json(json_schema())
        return
    from infrastress.site.schema import site_json_schema

    print_json(site_json_schema())
