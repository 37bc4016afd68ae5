"""`infrastress measure`: how well a site's detectors do on recordings with truth, kept for the risk model."""

from pathlib import Path

import click

from infrastress.app.output import console, json_option, print_json, progress

__all__ = ["command"]


@click.command("measure")
@click.argument("site", type=click.Path(path_type=Path))
@click.argument("recordings", nargs=-1, required=True, metavar="RECORDING...", type=click.Path(path_type=Path))
@click.option("--state", type=click.Path(path_type=Path), help="Where to keep it.  [default: SITE/state]")
@click.option("--detector", "only", multiple=True, help="Measure this detector of the site alone; again for more.")
@click.option(
    "--grace", type=click.FloatRange(min=0), default=900.0, show_default=True,
    help="Time behind an attack that belongs to it, s.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print, and keep nothing.")
@click.option(
    "--plot", type=click.Path(path_type=Path), help="Draw the rates with their intervals: a .png or .svg file."
)
@json_option
def command(
    *,
    site: Path,
    recordings: tuple[Path, ...],
    state: Path | None,
    only: tuple[str, ...],
    grace: float,
    dry_run: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Replay RECORDINGs with truth (truth.json) at SITE; measure each rule, and keep it in performance.json.

    A rule's true positive rate is the share of attacks it could have seen in which it spoke; its false positive rate
    counts false episodes per asset and hour of quiet time. Both with their 95 % intervals. What other recordings
    measured stays; a recording that is measured again is replaced.
    """
    from infrastress.app.baselines import state_folder
    from infrastress.app.measuring import keep, measure_recording, table_of
    from infrastress.app.reading import by_name
    from infrastress.evaluation.measuring import pooled
    from infrastress.site.load import load_site

    model = load_site(site)
    folder = site if site.is_dir() else site.parent
    kept = state_folder(site, state)
    results = {}
    with progress("Measuring") as advance:
        for name, path in by_name(recordings).items():
            results[name] = measure_recording(model, folder, path, name, state=kept, grace_s=grace, only=only)
            advance(1)
    rows = [row for one in results.values() for row in one.rows]
    file = None if dry_run else keep(kept, rows)
    if plot is not None:
        from infrastress.app.performances import plot_performance

        plot_performance(pooled(rows), plot)
    attacks = [(name, found) for name, one in results.items() for found in one.attacks]
    if as_json:
        print_json(
            {
                "recordings": list(results),
                "quiet_days": round(sum(one.quiet_days for one in results.values()), 3),
                "rules": [
                    {
                        "detector": row.detector, "version": row.detector_version, "rule": row.rule,
                        "windows": row.windows, "found": row.found, "tpr": row.tpr, "tpr_95": row.tpr_interval(),
                        "asset_hours": row.asset_hours, "false_episodes": row.false_episodes,
                        "fpr_per_asset_hour": row.fpr_per_asset_hour,
                        "fpr_95": row.fpr_interval() if row.asset_hours > 0 else None,
                        "faults": row.faults and [row.faults.found, row.faults.windows],
                        "works": row.works and [row.works.found, row.works.windows],
                    }
                    for row in pooled(rows)
                ],
                "attacks": [
                    {"recording": name, "kind": found.window.kind, "rules": found.rules, "alarms": found.alarms}
                    for name, found in attacks
                ],
                "kept": None if file is None else str(file),
            }
        )  # fmt: skip
        return
    from rich.table import Table

    head, lines = table_of(results)
    table = Table(*head, show_edge=False, pad_edge=False)
    for line in lines:
        table.add_row(*line)
    screen = console()
    screen.print(table)
    for name, found in attacks:
        spoke = ", ".join(f"{rule} after {delay:.0f} s" for rule, delay in sorted(found.rules.items()))
        screen.print(f"{name}: {found.window.kind}: {spoke or 'nobody spoke'}", markup=False)
    days = sum(one.quiet_days for one in results.values())
    screen.print(f"{len(results)} recordings, {len(attacks)} attacks, {days:.1f} quiet days.", markup=False)
    if file is not None:
        screen.print(f"Kept: {file}", markup=False)
