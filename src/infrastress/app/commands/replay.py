"""`infrastress replay`: recordings through the live pipeline; incidents as they come, and a balance to the row."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from infrastress.app.output import console, database_option, json_option, notes, print_json, progress
from infrastress.events.kinds import SourceKind

if TYPE_CHECKING:
    from infrastress.app.pipeline import Judged

__all__ = ["command"]

_KINDS: tuple[SourceKind, ...] = ("telemetry", "network", "access", "reports")


@click.command("replay")
@click.argument("site", type=click.Path(path_type=Path))
@click.argument("recordings", nargs=-1, required=True, metavar="RECORDING...", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
@database_option()
@click.option("--by-workers", is_flag=True, help="Leave detection and fusion to `infrastress work` processes.")
@click.option("--state", type=click.Path(path_type=Path), help="Where baselines are kept.  [default: SITE/state]")
@click.option(
    "--speed", type=click.FloatRange(min=0, min_open=True), help="Times real time; without it, at full speed."
)
@click.option("--batch-rows", type=click.IntRange(1, 1_000_000), help="Rows at once; results don't depend on it.")
@click.option("--without", multiple=True, type=click.Choice(_KINDS), help="Leave out a kind of source.")
@click.option("--scores", is_flag=True, help="Keep each detector's score of each frame too, for `evaluate`.")
@click.option("--each", is_flag=True, help="Run each recording by itself, into OUT/NAME.")
@click.option("--overwrite", is_flag=True, help="Throw away what another replay left in --out.")
@json_option
def command(
    *,
    site: Path,
    recordings: tuple[Path, ...],
    out: Path,
    database: str | None,
    by_workers: bool,
    state: Path | None,
    speed: float | None,
    batch_rows: int | None,
    without: tuple[str, ...],
    scores: bool,
    each: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Run RECORDINGs (files or folders) of SITE through the live pipeline.

    Writes detections.jsonl, alarms.jsonl, incidents.jsonl, quarantine.jsonl, summary.json, and scores.parquet with
    --scores. A replay that was interrupted goes on where it was when called again. With --each, recordings that have
    nothing to do with each other are judged one by one, each with what `train --each` learned from it where there is
    such (else with what the site learned).
    """
    from infrastress.app.baselines import state_folder
    from infrastress.app.doctor import refuse_hopeless_start
    from infrastress.app.pipeline import replay_recordings
    from infrastress.app.reading import by_name
    from infrastress.app.telling import Teller
    from infrastress.site.load import load_site

    if by_workers and database is None:
        raise click.UsageError("--by-workers needs --database: a store that the workers share.")
    if by_workers and scores:
        raise click.UsageError("--scores are kept by a replay that judges by itself: leave out --by-workers.")
    if each and database is not None:
        raise click.UsageError("--each gives every recording a store of its own: leave out --database.")
    refuse_hopeless_start(out)
    model = load_site(site)
    learned = state_folder(site, state)
    teller = Teller(model, None if as_json else console())
    groups = {name: [path] for name, path in by_name(recordings).items()} if each else {"": list(recordings)}
    results: dict[str, Judged] = {}
    states: dict[str, Path] = {}
    with progress("Replaying") as advance:
        for name, paths in groups.items():
            seen = 0

            def moved(now: object) -> None:
                nonlocal seen
                rows = getattr(now, "rows", 0)
                advance(rows - seen)
                seen = rows

            own = learned / name if (learned / name / "baselines").is_dir() else learned
            states[name] = own
            results[name] = replay_recordings(
                model,
                site if site.is_dir() else site.parent,
                paths,
                state=own,
                out=out / name,
                database=database,
                by_workers=by_workers,
                overwrite=overwrite,
                speed=speed,
                batch_rows=batch_rows,
                exclude_kinds=[kind for kind in _KINDS if kind in without],
                scores=scores,
                on_result=teller.take,
                on_progress=moved,
            )
    if as_json:
        told = {name: {**judged.as_dict(), "out": str(out / name)} for name, judged in results.items()}
        print_json({"recordings": told} if each else told[""])
        return
    for name, judged in results.items():
        _tell(name, judged, out / name, states[name])


def _tell(name: str, judged: "Judged", out: Path, state: Path) -> None:
    from infrastress.app.telling import tell_balances

    counts = judged.summary.counts
    screen = console()
    told = (
        f"{counts[kind]} {kind if counts[kind] != 1 else kind[:-1]}" for kind in ("detections", "alarms", "incidents")
    )
    screen.print(f"{f'{name}: ' if name else ''}{', '.join(told)}.", markup=False)
    tell_balances(screen, judged.summary, out)
    for detector, why in judged.summary.failed.items():
        screen.print(f"Detector {detector} failed and is off: {why}", style="bold red", markup=False)
    if waiting := sorted({one.number for one in judged.baselines.values() if not one.approved}):
        notes().print(
            f"Nobody has approved what was learned (version {waiting[0]}): read {state}/train-report.md, "
            "then infrastress train SITE --approve --by NAME",
            markup=False,
        )
    if not judged.baselines:
        notes().print("Nothing was learned for this site yet: rules ran with the site file's numbers alone.")
    screen.print(f"Results: {out}", markup=False)
