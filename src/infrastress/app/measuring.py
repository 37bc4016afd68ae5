"""Recordings with truth through a site's detectors: how well each rule does, kept in its state folder."""

import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import infrastress
from infrastress.app.detecting import choose_detectors
from infrastress.app.pipeline import replay_recordings
from infrastress.app.reading import open_recordings
from infrastress.core.errors import ConfigurationError
from infrastress.detectors.base import Heard
from infrastress.evaluation.events import poisson_interval
from infrastress.evaluation.measuring import Measured, Observations, measure, pooled
from infrastress.evaluation.performance import PERFORMANCE_FILE, Performance, Spoken, load_performance, save_performance
from infrastress.evaluation.results import read_result
from infrastress.evaluation.windows import read_windows
from infrastress.events import Event
from infrastress.site import Site

__all__ = ["keep", "measure_recording", "programme", "table_of"]


def programme() -> str:
    """Which version of the programme this is: the commit of its checkout, or its version."""
    checkout = Path(infrastress.__file__).resolve().parents[2]
    if not (checkout / ".git").exists():  # installed: a repository around it would be somebody else's
        return infrastress.__version__
    asked = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603 - it stays: a commit is git's to tell, and every word is ours
    except (OSError, subprocess.SubprocessError):
        return infrastress.__version__
    return told.stdout.strip() or infrastress.__version__


def measure_recording(
    site: Site, folder: Path, path: Path, name: str, *, state: Path, grace_s: float, only: Collection[str] = ()
) -> Measured:
    """Replay one recording with truth and measure what was raised.

    Args:
        site: the site.
        folder: its folder.
        path: the recording.
        name: what it is called in the rows.
        state: where baselines lie.
        grace_s: time behind an attack's end that belongs to it.
        only: detectors to measure; without any all of the site's.

    Raises:
        InputError: it can't be read, or has no truth.
        ConfigurationError: the site has no such detector.
    """
    truth = read_windows(path)
    events, heard = _recorded(site, folder, path)
    rules, observed = _rules(site, only, heard), Observations(events, site)
    with TemporaryDirectory(prefix="infrastress-measure-") as out:
        replay_recordings(site, folder, [path], state=state, out=Path(out) / "run")
        result = read_result(Path(out) / "run")
    span = truth.span or observed.span
    return measure(
        result.events, observed, truth.told, span, rules=rules, recording=name, commit=programme(), grace_s=grace_s
    )


def _rules(site: Site, only: Collection[str], heard: frozenset[Heard]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Of the detectors that judge something that was recorded: what says nothing for want of data has no rate."""
    chosen = choose_detectors(site)
    if unknown := sorted(set(only) - set(chosen)):
        known = ", ".join(chosen)
        raise ConfigurationError(f"the site has no detector {unknown[0]!r}", remedy=f"it has: {known}")
    return {
        name: (plugin.version, tuple(plugin.cards))
        for name, (plugin, _) in chosen.items()
        if plugin.hears & heard and (not only or name in only)
    }


def _recorded(site: Site, folder: Path, path: Path) -> tuple[list[Event], frozenset[Heard]]:
    """Events of a recording, and what it holds: telemetry where it tells most signals, and not the wind alone."""
    events: list[Event] = []
    tags: set[str] = set()
    network = False
    for connector in open_recordings(site, folder, [path]):
        for delivery in connector.deliveries():
            events += delivery.events
            tags.update(tag for samples in delivery.samples for tag in samples.tags)
            network = network or bool(delivery.network)
    told: dict[Heard, bool] = {
        "events": bool(events),
        "telemetry": 2 * len(tags) >= len(site.signals) > 0,
        "network": network,
    }
    return events, frozenset(name for name, there in told.items() if there)


def keep(state: Path, measured: Sequence[Performance]) -> Path:
    """Write rates into a state folder, beside those of other recordings; a recording measured again is replaced.

    Raises:
        DecodeError: what lies there is of another format.
    """
    file = state / PERFORMANCE_FILE
    new = {(one.detector, one.rule, one.recording): one for one in measured}
    old = [one for one in load_performance(file) if (one.detector, one.rule, one.recording) not in new]
    save_performance(file, [*old, *new.values()])
    return file


def table_of(results: Mapping[str, Measured]) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the table for people: a line a rule, over all recordings."""
    days = sum(one.quiet_days for one in results.values())
    calls: dict[tuple[str, str], int] = {}
    for one in results.values():
        for event in one.false_alarms:
            for rule in ("", getattr(event.body, "rule", "")):
                key = getattr(event.body, "detector", ""), rule
                calls[key] = calls.get(key, 0) + 1
    rows = []
    measured = pooled(row for one in results.values() for row in one.rows)
    causes = any(row.faults or row.works for row in measured)
    for row in measured:
        low, high = row.tpr_interval()
        least, most = row.fpr_interval()
        count = calls.get((row.detector, row.rule), 0)
        per_day = [f"{x / days:.2g}" if days else "-" for x in (count, *poisson_interval(count))]
        rows.append(
            [
                row.detector,
                row.rule or "(all its rules)",
                f"{row.found}/{row.windows}",
                f"{row.tpr:.2f} ({low:.2f} to {high:.2f})",
                str(row.false_episodes),
                f"{row.fpr_per_asset_hour:.1e} ({least:.1e} to {most:.1e})",
                f"{per_day[0]} ({per_day[1]} to {per_day[2]})",
                *([_share(row.faults), _share(row.works)] if causes else ()),
            ]
        )
    head = ["detector", "rule", "found", "TPR (95 %)", "false", "FPR an asset-hour (95 %)", "false alarms a day (95 %)"]
    return [*head, *(["in faults", "in honest work"] if causes else ())], rows


def _share(spoken: Spoken | None) -> str:
    return f"{spoken.found}/{spoken.windows}" if spoken else "-"
