"""`infrastress evaluate`: honest scores of detections against what really happened."""

from pathlib import Path

import click

from infrastress.app.output import json_option, print_json

__all__ = ["command"]


@click.command("evaluate")
@click.argument("detections", type=click.Path(path_type=Path))
@click.argument("labels", type=click.Path(path_type=Path))
@click.option("--site", type=click.Path(path_type=Path), help="Site of the labels: its mappings and its time zone.")
@click.option("--mapping", type=click.Path(path_type=Path), help="How to read the labels' file.")
@click.option("--name", default="these detections", show_default=True, help="Name of the row in the table.")
@click.option("--grid", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Grid of a truth.json, s.")
@click.option("--grace", type=click.FloatRange(min=0), default=0.0, help="Time behind an event that belongs to it, s.")
@click.option("--gap", type=click.FloatRange(min=0), default=0.0, help="Alarms this near are one episode, s.")
@json_option
def command(
    *,
    detections: Path,
    labels: Path,
    site: Path | None,
    mapping: Path | None,
    name: str,
    grid: float,
    grace: float,
    gap: float,
    as_json: bool,
) -> None:
    """Score DETECTIONS (a detections.jsonl or its folder) against LABELS (CSV with a label column, or truth.json).

    Prints the delay of each event, false episodes per 30 days with their interval, and BATADAL's S beside the rows
    of "always" and "never".
    """
    from infrastress.connectors.files import load_mapping
    from infrastress.connectors.recordings import find_mapping
    from infrastress.evaluation.labels import read_truth
    from infrastress.evaluation.report import evaluate
    from infrastress.site.load import load_site

    model = load_site(site) if site is not None else None
    folder = None if site is None else site if site.is_dir() else site.parent
    used = mapping if mapping is not None or labels.is_dir() else find_mapping(labels, folder)
    truth = read_truth(
        labels,
        load_mapping(used) if used is not None else None,
        time_zone=model.time_zone if model is not None else None,
        grid_s=grid,
    )
    report = evaluate(detections, truth, name=name, grace_s=grace, gap_s=gap)
    if as_json:
        print_json(report.as_dict())
    else:
        click.echo(report.text())
