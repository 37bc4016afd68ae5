"""`infrastress replay`: recordings through the live pipeline; incidents as they come, and a balance to the row."""

from pathlib import Path

import click

from infrastress.app.output import console, database_option, json_option, notes, print_json, progress
from infrastress.events.kinds import SourceKind

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
    overwrite: bool,
    as_json: bool,
) -> None:
    """Run RECORDINGs (files or folders) of SITE through the live pipeline.

    Writes detections.jsonl, alarms.jsonl, incidents.jsonl, quarantine.jsonl and summary.json. A replay that was
    interrupted goes on where it was when called again.
    """
    from infrastress.app.baselines import state_folder
    from infrastress.app.doctor import refuse_hopeless_start
    from infrastress.app.pipeline import replay_recordings
    from infrastress.app.telling import Teller, tell_balances
    from infrastress.site.load import load_site

    if by_workers and database is None:
        raise click.UsageError("--by-workers needs --database: a store that the workers share.")
    refuse_hopeless_start(out)
    model = load_site(site)
    teller = Teller(model, None if as_json else console())
    with progress("Replaying") as advance:
        seen = 0

        def moved(now: object) -> None:
            nonlocal seen
            rows = getattr(now, "rows", 0)
            advance(rows - seen)
            seen = rows

        judged = replay_recordings(
            model,
            site if site.is_dir() else site.parent,
            recordings,
            state=state_folder(site, state),
            out=out,
            database=database,
            by_workers=by_workers,
            overwrite=overwrite,
            speed=speed,
            batch_rows=batch_rows,
            exclude_kinds=[kind for kind in _KINDS if kind in without],
            on_result=teller.take,
            on_progress=moved,
        )
    if as_json:
        print_json({**judged.as_dict(), "out": str(out)})
        return
    counts = judged.summary.counts
    screen = console()
    told = (
        f"{counts[name]} {name if counts[name] != 1 else name[:-1]}" for name in ("detections", "alarms", "incidents")
    )
    screen.print(f"{', '.join(told)}.")
    tell_balances(screen, judged.summary, out)
    for name, why in judged.summary.failed.items():
        screen.print(f"Detector {name} failed and is off: {why}", style="bold red", markup=False)
    if not judged.baselines:
        notes().print("Nothing was learned for this site yet: rules ran with the site file's numbers alone.")
    screen.print(f"Results: {out}", markup=False)
