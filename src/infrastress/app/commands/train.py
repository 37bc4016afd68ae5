"""`infrastress train`: learn what is normal, say what was learned; list, compare, approve and bring back versions."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infrastress.app.output import database_option, json_option, notes, print_json, progress

if TYPE_CHECKING:
    from infrastress.app.training import Trained
    from infrastress.app.training.stored import Stored
    from infrastress.site import Site

__all__ = ["command"]


@click.command("train")
@click.argument("site", type=click.Path(path_type=Path))
@click.argument("recordings", nargs=-1, metavar="[RECORDING]...", type=click.Path(path_type=Path))
@click.option("--state", type=click.Path(path_type=Path), help="Where baselines are kept.  [default: SITE/state]")
@click.option("--exclude", multiple=True, metavar="A/B", help="Leave out a span of ISO 8601 times, such as a fault.")
@click.option(
    "--exclude-file",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Leave out the spans of a maintenance log (CSV or YAML: began, ended, reason).",
)
@click.option("--first-rows", type=click.IntRange(min=1), help="Learn from so many rows at the head of each file.")
@click.option("--since", metavar="TIME", help="Learn from what the site has stored since then, without its alarms.")
@click.option("--until", metavar="TIME", help="End of what --since learns from.  [default: now]")
@database_option()
@click.option("--each", is_flag=True, help="Learn from each recording by itself, into STATE/NAME; for `replay --each`.")
@click.option("--accept", metavar="REASON", default="", help="Learn from data that look attacked, and keep why.")
@click.option("--approve", is_flag=True, help="Vouch for the newest version, or for --version; needs --by.")
@click.option("--version", "number", type=click.IntRange(min=1), help="Version that --approve is about.")
@click.option(
    "--use", type=click.IntRange(min=1), metavar="N", help="Put approved version N in force again; needs --by."
)
@click.option("--by", default="", metavar="NAME", help="Name or role of who trains, approves or decides.")
@click.option("--why", default="", metavar="TEXT", help="What for; kept with the version or decision.")
@click.option("--list", "listing", is_flag=True, help="List all versions and decisions.")
@click.option("--compare", type=(int, int), metavar="OLD NEW", help="Say in words what changed between two versions.")
@json_option
def command(
    *,
    site: Path,
    recordings: tuple[Path, ...],
    state: Path | None,
    exclude: tuple[str, ...],
    exclude_file: tuple[Path, ...],
    first_rows: int | None,
    since: str | None,
    until: str | None,
    database: str | None,
    each: bool,
    accept: str,
    approve: bool,
    number: int | None,
    use: int | None,
    by: str,
    why: str,
    listing: bool,
    compare: tuple[int, int] | None,
    as_json: bool,
) -> None:
    """Learn baselines of SITE from RECORDINGs of normal days (files or folders), and say what was learned.

    With --since it learns from what the site itself has stored; spans with alarms, and an hour around them, are left
    out and listed. Data that look attacked are refused, with the spans to leave out. Each training makes a new version;
    the one that was approved or put in force last is used, before any such decision the newest.
    """
    from infrastress.app.baselines import state_folder
    from infrastress.site.load import load_site

    _refuse_senseless(
        recordings, each=each, approve=approve, use=use, by=by, number=number, asked=listing or compare,
        since=since, until=until,
    )  # fmt: skip
    where = state_folder(site, state)
    answer: dict[str, Any] = {}
    if recordings or since:
        groups = _learn(
            load_site(site), site, recordings, where, each=each,
            exclude=exclude, exclude_file=exclude_file, first_rows=first_rows, accept=accept, by=by, why=why,
            stored=None if since is None else _stored(site, state, database, since, until),
        )  # fmt: skip
        told: dict[str, dict[str, Any]] = {}
        for name, trained in groups.items():
            if name and not as_json:
                click.echo(f"{name}:")
            told[name] = _told(trained, approve=approve, quiet=as_json)
            if approve and not trained.refused:
                told[name] |= _decide(where / name, number=number, use=None, by=by, why=why, quiet=as_json)
        answer |= {"recordings": told} if each else told[""]
        if any(trained.refused for trained in groups.values()):
            if as_json:
                print_json(answer)
            raise click.exceptions.Exit(1)
    elif approve or use:
        answer |= _decide(where, number=number, use=use, by=by, why=why, quiet=as_json)
    if compare:
        answer |= _compare(where, *compare, quiet=as_json)
    if listing:
        answer |= _list(where, quiet=as_json)
    if as_json:
        print_json(answer)


def _refuse_senseless(
    recordings: tuple[Path, ...],
    *,
    each: bool,
    approve: bool,
    use: int | None,
    by: str,
    number: int | None,
    asked: Any,
    since: str | None,
    until: str | None,
) -> None:
    """Raise UsageError where the options don't go together."""
    if until is not None and since is None:
        raise click.UsageError("--until goes with --since.")
    if since is not None and (recordings or use or each):
        raise click.UsageError("--since learns from what the site has stored: give no recordings, no --use, no --each.")
    recordings = recordings or ((Path(since),) if since else ())
    if not recordings and not (approve or use or asked):
        raise click.UsageError("Missing argument 'RECORDING...'.")
    if recordings and use:
        raise click.UsageError("--use puts a version in force that was learned before: give no recordings.")
    if (approve or use) and not by.strip():
        raise click.UsageError("Who vouches for it? Add --by NAME-OR-ROLE.")
    if number is not None and not (approve and not recordings):
        raise click.UsageError("--version goes with --approve, without recordings.")
    if each and (not recordings or asked):
        raise click.UsageError("--each learns from recordings; look at a version with --state STATE/NAME.")


def _learn(
    model: "Site",
    site: Path,
    recordings: tuple[Path, ...],
    state: Path,
    *,
    each: bool,
    exclude: tuple[str, ...],
    exclude_file: tuple[Path, ...],
    first_rows: int | None,
    accept: str,
    by: str,
    why: str,
    stored: "Stored | None",
) -> "dict[str, Trained]":
    """Train on all recordings at once, under the name "", or on each by itself."""
    from infrastress.app.doctor import refuse_hopeless_start
    from infrastress.app.reading import by_name
    from infrastress.app.training import parse_span, read_exclusions, train

    refuse_hopeless_start(state)
    spans = [parse_span(text) for text in exclude]
    spans += [span for file in exclude_file for span in read_exclusions(file)]
    groups = {name: [path] for name, path in by_name(recordings).items()} if each else {"": list(recordings)}
    folder = site if site.is_dir() else site.parent
    with progress("Learning"):
        return {
            name: train(
                model, folder, paths, state / name,
                exclude=spans, first_rows=first_rows, accept=accept, by=by, why=why, stored=stored,
            )
            for name, paths in groups.items()
        }  # fmt: skip


def _stored(site: Path, state: Path | None, database: str | None, since: str, until: str | None) -> "Stored":
    from datetime import UTC, datetime

    from infrastress.app.keeping.backup import Place
    from infrastress.app.training.stored import Stored
    from infrastress.core.errors import InputError
    from infrastress.core.time import from_iso

    begin = from_iso(since)
    end = from_iso(until) if until else round(datetime.now(UTC).timestamp()) * 10**9
    if end <= begin:
        raise InputError(f"--until {until or 'now'} is not behind --since {since}")
    return Stored(Place.of(site, state=state, database=database).store, begin, end)


def _decide(state: Path, *, number: int | None, use: int | None, by: str, why: str, quiet: bool) -> dict[str, Any]:
    from datetime import UTC, datetime

    from infrastress.app.baselines import Decision, decide, read_version, versions_of
    from infrastress.core.errors import BaselineError

    versions = versions_of(state)
    if not versions:
        raise BaselineError(
            "nothing was learned yet", where=str(state), remedy="learn first: infrastress train SITE RECORDING..."
        )
    chosen = use or number or versions[-1].number
    contents = {name: one.content for name, one in read_version(state, chosen).items()}
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    decide(state, Decision(version=chosen, action="used" if use else "approved", at=at, by=by.strip(), why=why))
    if not quiet:
        said = "In force again" if use else "Approved and in force"
        listed = ", ".join(f"{name} ({content[:16]})" for name, content in contents.items())
        click.echo(f"{said} by {by.strip()}: version {chosen}, {listed}")
    return {"version": chosen, "in_force" if use else "approved": contents}


def _compare(state: Path, old: int, new: int, *, quiet: bool) -> dict[str, Any]:
    from infrastress.app.baselines import read_version
    from infrastress.app.training.changes import changes_between

    lines = changes_between(read_version(state, old), read_version(state, new))
    if not quiet:
        click.echo(f"From version {old} to version {new}:")
        for line in lines or ["nothing changed"]:
            click.echo(f"  {line}")
    return {"changes": lines}


def _list(state: Path, *, quiet: bool) -> dict[str, Any]:
    import msgspec

    from infrastress.app.baselines import decisions_of, in_force, versions_of

    versions, decisions, used = versions_of(state), decisions_of(state), in_force(state)
    if not quiet:
        for one in versions:
            approvals = [f"{d.action} by {d.by}, {d.at}" for d in decisions if d.version == one.number]
            about = ", ".join(str(source["recording"]) for source in one.trained_on)
            said = "; ".join(approvals) or "not approved"
            mark = "*" if one.number == used else " "
            who = f" by {one.by}" if one.by else ""
            why = f" ({one.why})" if one.why else ""
            taken = f"; {len(one.accepted)} suspicions accepted" if one.accepted else ""
            click.echo(f"{mark} {one.number}  learned {one.created}{who}{why} from {about}{taken}; {said}")
        click.echo("* in force" if versions else "Nothing was learned yet.")
    return {
        "versions": [msgspec.to_builtins(one) for one in versions],
        "decisions": [msgspec.to_builtins(one) for one in decisions],
        "used": used,
    }


def _told(trained: "Trained", *, approve: bool, quiet: bool) -> dict[str, Any]:
    """What a training is told as: lines on the screen, or fields for machines."""
    from infrastress.app.training.report import paste_line

    if quiet:
        return {
            "frames": trained.frames,
            "days": trained.days,
            "refused": trained.refused,
            "version": None if trained.version is None else trained.version.number,
            "suspicions": [one.as_dict() for one in trained.suspicions],
            "excluded": [{**span.as_dict(), "frames": frames} for span, frames in trained.excluded],
            "labelled_rows": sum(rows for one in trained.recordings for _, rows in one.labelled),
            "baselines": {
                name: {"content": one.content, "version": one.version, "words": one.words, "warnings": one.warnings}
                for name, one in trained.baselines.items()
            },
            "balances": {
                path: {source: one.as_dict() for source, one in sources.items()}
                for path, sources in trained.balances.items()
            },
            "report": str(trained.report),
        }
    rows = sum(count for one in trained.recordings for _, count in one.labelled)
    if rows:
        click.echo(f"Left out: {rows} rows that the recordings label as an event.")
    if trained.refused:
        click.echo("These data look attacked. Nothing was learned.", err=True)
        for one in trained.suspicions[:20]:
            click.echo(f"  {one.span}  {one.rule}: {one.what}", err=True)
        if len(trained.suspicions) > 20:
            click.echo(f"  and {len(trained.suspicions) - 20} more, in the report", err=True)
        click.echo("Find out what happened, then leave it out:", err=True)
        click.echo(f"  {paste_line(trained)}", err=True)
        click.echo('or say why it is normal here: --accept "reason"', err=True)
        click.echo(f"Report: {trained.report}", err=True)
        return {}
    click.echo(f"Learned from {trained.days:.1f} days ({trained.frames} frames):")
    for name, baseline in trained.baselines.items():
        click.echo(f"{name}:")
        for word in baseline.words:
            click.echo(f"  {word}")
        for warning in baseline.warnings:
            click.echo(f"  Warning: {warning}")
    for warning in trained.warnings:
        click.echo(f"Warning: {warning}")
    number = trained.version.number if trained.version else 0
    click.echo(f"Report: {trained.report}")
    click.echo(f"Version {number}.")
    if not approve:
        notes().print(
            f"Read the report, then approve it: infrastress train SITE --approve --version {number} --by NAME",
            markup=False,
        )
    return {}
