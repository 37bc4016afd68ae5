"""`infrastress train`: learn what is normal, and say what was learned."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infrastress.app.output import json_option, notes, print_json, progress

if TYPE_CHECKING:
    from infrastress.app.training import Trained

__all__ = ["command"]


@click.command("train")
@click.argument("site", type=click.Path(path_type=Path))
@click.argument("recordings", nargs=-1, metavar="[RECORDING]...", type=click.Path(path_type=Path))
@click.option("--state", type=click.Path(path_type=Path), help="Where baselines are kept.  [default: SITE/state]")
@click.option("--exclude", multiple=True, metavar="A/B", help="Leave out a span of ISO 8601 times, such as a fault.")
@click.option("--first-rows", type=click.IntRange(min=1), help="Learn from so many rows at the head of each file.")
@click.option("--each", is_flag=True, help="Learn from each recording by itself, into STATE/NAME; for `replay --each`.")
@click.option("--approve", is_flag=True, help="Vouch for the result; without recordings, for what was learned before.")
@json_option
def command(
    *,
    site: Path,
    recordings: tuple[Path, ...],
    state: Path | None,
    exclude: tuple[str, ...],
    first_rows: int | None,
    each: bool,
    approve: bool,
    as_json: bool,
) -> None:
    """Learn baselines of SITE from RECORDINGs of normal days (files or folders), and say what was learned."""
    from infrastress.app.baselines import approve_baselines, read_baselines, state_folder
    from infrastress.app.detecting import choose_detectors
    from infrastress.app.doctor import refuse_hopeless_start
    from infrastress.app.reading import by_name
    from infrastress.app.training import parse_span, train
    from infrastress.core.errors import BaselineError
    from infrastress.site.load import load_site

    if not recordings and not approve:
        raise click.UsageError("Missing argument 'RECORDING...'.")
    folder = site if site.is_dir() else site.parent
    model = load_site(site)
    where = state_folder(site, state)
    if not recordings:
        versions = {name: plugin.version for name, (plugin, _) in choose_detectors(model).items()}
        found = read_baselines(where, model, versions)
        if not found:
            raise BaselineError(
                "nothing was learned yet", where=str(where), remedy="infrastress train SITE RECORDING..."
            )
        approve_baselines(where, found)
        contents = {name: baseline.content for name, baseline in found.items()}
        if as_json:
            print_json({"approved": contents})
        else:
            click.echo("Approved: " + ", ".join(f"{name} ({content[:16]})" for name, content in contents.items()))
        return
    refuse_hopeless_start(where)
    spans = [parse_span(text) for text in exclude]
    groups = {name: [path] for name, path in by_name(recordings).items()} if each else {"": list(recordings)}
    learned: dict[str, Trained] = {}
    with progress("Learning"):
        for name, paths in groups.items():
            learned[name] = train(
                model, folder, paths, where / name, exclude=spans, first_rows=first_rows, approved=approve
            )
    if as_json:
        print_json(
            {"recordings": {name: _as_dict(one) for name, one in learned.items()}} if each else _as_dict(learned[""])
        )
        return
    for name, trained in learned.items():
        _tell(name, trained)
    if not approve:
        notes().print("Read it, then approve it: infrastress train SITE --approve", markup=False)


def _as_dict(trained: "Trained") -> dict[str, Any]:
    return {
        "frames": trained.frames,
        "days": trained.days,
        "baselines": {
            name: {
                "content": one.content,
                "version": one.version,
                "approved": one.approved,
                "words": one.words,
                "warnings": one.warnings,
            }
            for name, one in trained.baselines.items()
        },
        "balances": {
            path: {source: one.as_dict() for source, one in sources.items()}
            for path, sources in trained.balances.items()
        },
        "report": str(trained.report),
    }


def _tell(name: str, trained: "Trained") -> None:
    click.echo(f"{f'{name}: l' if name else 'L'}earned from {trained.days:.1f} days ({trained.frames} frames):")
    for detector, baseline in trained.baselines.items():
        click.echo(f"{detector}:")
        for word in baseline.words:
            click.echo(f"  {word}")
        for warning in baseline.warnings:
            click.echo(f"  Warning: {warning}")
    click.echo(f"Report: {trained.report}")
