"""Figures of a simulated plant as text tables."""

from collections.abc import Mapping
from typing import Any

from benchmarks.common import table

__all__ = ["plant_text"]

_HEAD = (
    "", "visible", "found", "or standing", "median delay, samples", "longest", "top 1", "top 3", "benign alarmed",
    "false episodes", "per 300 days", "95 % interval", "hours in alarm",
)  # fmt: skip


def plant_text(told: Mapping[str, Any]) -> str:
    """All tables of one plant."""
    cases, mine = told["cases"], told["ours"]
    counts = ", ".join(f"{count} {group}" for group, count in cases.items() if group != "quiet_days")
    parts = [
        f"#### {told['plant']}: {counts}; {cases['quiet_days']:.0f} quiet site-days; a sample is {told['frame_s']:g} s",
        table(_HEAD, [_row("infrastress", mine), *(_row(name, row) for name, row in told["rivals"].items())]),
        _kinds(mine),
        table(["benign", "episodes", "alarmed", "by rule"], [
            [kind, row["episodes"], row["alarmed"], _counts(row["by_rule"])]
            for kind, row in mine["benign"]["by_kind"].items()
        ]),
        _sensors(mine),
        _suspicions(mine),
        table(["twin or fault of the plant", "runs", "alarmed"], [
            [kind, row["runs"], row["alarmed"]]
            for group in ("twins", "faults") for kind, row in mine[group].items()
        ]),
        f"False by first rule: {_counts(mine['quiet']['by_rule'])}; on {mine['quiet']['instrument_failures']} "
        f"instruments that really failed in quiet days an alarm is right. Learned: {told['configuration']}.",
    ]  # fmt: skip
    if "gauge" in mine:
        gauge = mine["gauge"]
        parts.append(
            f"Lying gauge at 550 m3/h: mass balance within 5 minutes in {gauge['within_5_min']} of {gauge['attacks']}, "
            f"longest {_number(gauge['longest_min'])} min; transfer really stopped: {gauge['of_these_alarmed']} of "
            f"{gauge['transfer_really_stopped']} alarmed."
        )
    return "\n\n".join(parts)


def _row(name: str, row: Mapping[str, Any]) -> list[str]:
    quiet, seen = row["quiet"], row["visible"]
    interval = quiet["interval_95"]
    return [
        name,
        f"{seen} of {row['attacks']}",
        f"{row['found']} ({100 * row['found_share']:.0f} %)" if row["found_share"] is not None else "-",
        str(row["found_or_standing"]),
        _number(row["median_delay_samples"]),
        _number(row["longest_delay_samples"]),
        str(row["top_1"]),
        str(row["top_3"]),
        f"{row['benign']['alarmed']} of {row['benign']['episodes']}",
        str(quiet["false_episodes"]),
        _number(quiet["per_300_days"]),
        f"{interval[0]:.1f} to {interval[1]:.1f}" if interval else "-",
        f"{quiet['hours_in_alarm']:.0f}",
    ]


def _kinds(mine: Mapping[str, Any]) -> str:
    rows = [
        [name, row["visible"], row["found"], _number(row["median_delay_samples"]),
         _number(row["longest_delay_samples"]), row["top_1"], row["top_3"]]
        for part in ("by_kind", "by_view") for name, row in mine[part].items()
    ]  # fmt: skip
    return table(
        ["attack, or operator's view", "visible", "found", "median, samples", "longest", "top 1", "top 3"], rows
    )


def _sensors(mine: Mapping[str, Any]) -> str:
    said = sorted(
        {word for row in mine["sensors"]["by_kind"].values() for word in row} - {"episodes", "visible", "alarmed"}
    )
    rows = [
        [kind, row["episodes"], row["visible"], row["alarmed"], *(row.get(word, 0) for word in said)]
        for kind, row in mine["sensors"]["by_kind"].items()
    ]
    return table(["failed instrument", "episodes", "visible", "alarmed", *(f"said: {word}" for word in said)], rows)


def _suspicions(mine: Mapping[str, Any]) -> str:
    said = sorted({word for row in mine["suspicions"].values() for word in row})
    rows = [[true, *(row.get(word, 0) for word in said)] for true, row in mine["suspicions"].items()]
    return table(["first alarm's suspicion, of", *said], rows)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda one: -one[1])) or "none"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
