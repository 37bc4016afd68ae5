"""`infrastress evaluate`: honest scores of detections against what really happened."""

from pathlib import Path

import click

from infrastress.app.output import json_option, print_json

__all__ = ["command"]


@click.command("evaluate")
@click.argument("detections", type=click.Path(path_type=Path))
@click.argument("labels", nargs=-1, required=True, metavar="LABELS...", type=click.Path(path_type=Path))
@click.option("--site", type=click.Path(path_type=Path), help="Site of the labels: its mappings and its time zone.")
@click.option("--mapping", type=click.Path(path_type=Path), help="How to read the labels' file.")
@click.option(
    "--events", type=click.Path(path_type=Path), help="List of the events: a CSV with began, ended, assets (and kind)."
)
@click.option("--name", default="these detections", show_default=True, help="Name of the row in the table.")
@click.option("--grid", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Grid of a truth.json, s.")
@click.option("--grace", type=click.FloatRange(min=0), default=0.0, help="Time behind an event that belongs to it, s.")
@click.option("--gap", type=click.FloatRange(min=0), default=0.0, help="Alarms this near are one episode, s.")
@click.option("--skip-rows", type=click.IntRange(min=0), default=0, help="Rows at the head of LABELS not to score.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw labels, alarms and scores: a .png or .svg file.")
@json_option
def command(
    *,
    detections: Path,
    labels: tuple[Path, ...],
    site: Path | None,
    mapping: Path | None,
    events: Path | None,
    name: str,
    grid: float,
    grace: float,
    gap: float,
    skip_rows: int,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Score DETECTIONS (a detections.jsonl or its folder) against LABELS (CSV with a label column, or truth.json).

    Prints the delay of each event, false episodes per 30 days with their interval, and scores of steps and spans beside
    the rows of "always" and "never". Where it is known what the events were about (a truth.json, or --events), also
    whom the detections blame, what they suspect, and the delay from the first visible effect. With several LABELS,
    DETECTIONS is the folder of a `replay --each` of the same recordings. Scores that need a number a frame (VUS-PR)
    need a `replay --scores`.
    """
    from infrastress.app.reading import by_name
    from infrastress.connectors.files import load_mapping
    from infrastress.connectors.recordings import find_mapping
    from infrastress.evaluation.causes import read_event_list, with_causes
    from infrastress.evaluation.labels import read_truth
    from infrastress.evaluation.report import Trial, evaluate_all
    from infrastress.evaluation.results import read_result
    from infrastress.site.load import load_site

    model = load_site(site) if site is not None else None
    folder = None if site is None else site if site.is_dir() else site.parent
    trials: dict[str, Trial] = {}
    for recording, path in by_name(labels).items():
        used = mapping if mapping is not None or path.is_dir() else find_mapping(path, folder)
        how, zone = load_mapping(used) if used is not None else None, model.time_zone if model is not None else None
        truth = read_truth(path, how, time_zone=zone, grid_s=grid)
        if events is not None:
            truth = with_causes(truth, read_event_list(events, how, time_zone=zone))
        result = read_result(detections if _is_result(detections, labels) else detections / recording)
        trials[recording] = Trial(result, truth.behind(skip_rows) if skip_rows else truth)
    asset_of = {} if model is None else {signal.id: signal.asset for signal in model.signals}
    report = evaluate_all(trials, name=name, grace_s=grace, gap_s=gap, asset_of=asset_of)
    if plot is not None:
        from infrastress.app.timeline import plot_trials

        plot_trials(trials, plot, report.attribution)
    if as_json:
        print_json(report.as_dict())
    else:
        click.echo(report.text())


def _is_result(detections: Path, labels: tuple[Path, ...]) -> bool:
    """True where DETECTIONS are of one recording, not a folder with one of each."""
    return len(labels) == 1 and (not detections.is_dir() or (detections / "detections.jsonl").is_file())
