"""`infrastress simulate`: play a scenario and write what a plant would have recorded, beside the truth."""

from pathlib import Path

import click

from infrastress.app.output import json_option, print_json, progress

__all__ = ["command"]


@click.command("simulate")
@click.argument("site", type=click.Path(path_type=Path))
@click.argument("scenario")
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Seed of the random parts."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the recording.")
@click.option("--hours", type=click.FloatRange(min=0, min_open=True), help="Length, instead of the scenario's own.")
@click.option(
    "--poll",
    type=click.FloatRange(min=1),
    help="Write captures of the control network too, polled every so many seconds.  [default: the scenario's, or none]",
)
@json_option
def command(
    *, site: Path, scenario: str, seed: int, out: Path, hours: float | None, poll: float | None, as_json: bool
) -> None:
    """Play SCENARIO (a name in SITE/scenarios or a file): telemetry.csv, events.jsonl and truth.json in --out.

    With --poll, or where the scenario tells of traffic, also traffic-DAY.pcap: what the plant's controllers and
    computers said at the same times. The same site, scenario and seed give the same bytes.
    """
    from infrastress.app.doctor import refuse_hopeless_start
    from infrastress.app.files import make_folder
    from infrastress.app.scenarios import load_scenario, play
    from infrastress.simulators.base import TrafficPlan
    from infrastress.simulators.recording import write_realisation
    from infrastress.simulators.traffic import tapped
    from infrastress.site.load import load_site

    refuse_hopeless_start(out)
    make_folder(out)
    model = load_site(site)
    story = load_scenario(site if site.is_dir() else site.parent, scenario, duration_h=hours)
    if poll is not None:
        traffic = (story.traffic or TrafficPlan()).model_copy(update={"poll_s": poll})
        story = story.model_copy(update={"traffic": traffic})
    with progress(f"Playing {story.name}"):
        played = play(model, story, seed)
        if story.traffic is not None:  # what it tells may follow from the seed: `played` says
            played = tapped(model, story, played, seed, out)
        written = write_realisation(played, model, out, scenario=story, seed=seed)
    if as_json:
        print_json(
            {
                "scenario": story.name,
                "seed": seed,
                "out": str(out),
                **written,
                "spans": len(played.truth),
                "captures": [one["file"] for one in played.facts.get("captures", ())],
            }
        )
    else:
        click.echo(
            f"{story.title or story.name}: {written['rows']} rows of telemetry, {written['events']} events, "
            f"{len(played.truth)} spans of truth in {out}"
        )
        if captures := played.facts.get("captures"):
            packets = sum(one["packets"] for one in captures)
            click.echo(f"Network: {packets} packets in {len(captures)} captures, {captures[0]['file']} and on")
