"""Tunes on two scenarios, scores the third, for each of the three; one rule for ours and every rival."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks.alerts.data import Scenario
from benchmarks.alerts.keys import GAPS, KEYS, LEAST, codes_of, groups_by, never_seen, stream_by, trivial
from benchmarks.alerts.ours import (
    DEFAULTS,
    SESSIONS,
    STREAMS,
    SessionSetting,
    place,
    sessions_of,
    stream_of_ours,
    unusual,
)
from benchmarks.alerts.scores import Stream, macro, pairwise_f1

__all__ = ["Pairs", "Row", "pairs", "streams"]


class Pairs(NamedTuple):
    """A grouping of a scenario: macro-F1 with noise in and out, and F1 by phase with noise in."""

    noise_in: float
    noise_out: float
    phases: Mapping[str, float]


class Row(NamedTuple):
    """A method: by test scenario what it scored and the setting it was given; how many settings were tried."""

    method: str
    scores: Mapping[str, Any]
    settings: Mapping[str, Any]
    tried: int


def _pairs(scenario: Scenario, groups: Any) -> Pairs:
    noise_in = pairwise_f1(groups, scenario.labels, noise=True)
    return Pairs(macro(noise_in), macro(pairwise_f1(groups, scenario.labels, noise=False)), noise_in)


def rotate(
    method: str,
    scores: Mapping[str, Mapping[Hashable, Any]],
    rank: Callable[[Sequence[Any]], Any],
    only: Callable[[Any], bool] = lambda setting: True,
) -> Row:
    """Choose on the others, score each; the first of equals is taken.

    Args:
        method: its name.
        scores: by scenario and setting.
        rank: of the scores of one setting on the tuning scenarios; the highest is taken.
        only: settings that may be chosen.
    """
    settings = [one for one in next(iter(scores.values())) if only(one)]
    chosen = {}
    for test in scores:
        tuning = [of for name, of in scores.items() if name != test]
        ranks = [rank([of[setting] for of in tuning]) for setting in settings]
        chosen[test] = settings[max(range(len(settings)), key=lambda i: (ranks[i], -i))]
    return Row(method, {name: scores[name][chosen[name]] for name in scores}, chosen, len(settings))


def _mean_in(found: Sequence[Pairs]) -> float:
    return round(float(np.mean([one.noise_in for one in found])), 12)  # equal is equal, whatever the last bit


def _worth(found: Sequence[Stream]) -> tuple[float, float]:
    worth = round(float(np.mean([one.worth for one in found])), 12)
    return worth, -round(float(np.mean([one.per_day for one in found])), 12)


def pairs(scenarios: Iterable[Scenario]) -> list[Row]:
    """Pairwise scores of ours, of ours with parts left out, of keys and of the trivial rivals."""
    every = list(scenarios)
    ours = {one.name: {setting: _pairs(one, got) for setting, got in sessions_of(one, SESSIONS)} for one in every}
    rows = [
        rotate("infrastress", ours, _mean_in),
        rotate("infrastress, defaults", ours, _mean_in, lambda setting: setting == DEFAULTS[0]),
        rotate("without the host's pace", ours, _mean_in, lambda setting: setting.pace == 0),
        rotate("only the never seen unusual", ours, _mean_in, lambda setting: setting.usual_share == 0),
    ]
    for name, key in KEYS.items():
        of = {}
        for one in every:
            codes = codes_of(one, key)
            of[one.name] = {gap: _pairs(one, groups_by(one.times, codes, gap)) for gap in GAPS}
        rows.append(rotate(name, of, _mean_in))
    plain = {one.name: {name: _pairs(one, groups) for name, groups in trivial(one)} for one in every}
    for name in next(iter(plain.values())):
        rows.append(rotate(name, plain, _mean_in, lambda setting, name=name: setting == name))  # type: ignore[misc]
    return rows


def streams(scenarios: Iterable[Scenario], sessions: Mapping[str, SessionSetting]) -> list[Row]:
    """What incidents are worth.

    Args:
        scenarios: all three.
        sessions: by test scenario, the setting of sessions that its rotation chose.
    """
    every = list(scenarios)
    scores, settings = dict[str, Any](), dict[str, Any]()
    cache: dict[tuple[str, SessionSetting], dict[Hashable, Any]] = {}
    for test in every:
        session = sessions[test.name]
        of = {}
        for one in every:
            if one is test:
                continue
            if (one.name, session) not in cache:
                strange = np.flatnonzero(unusual(one, session.usual_share))
                found = {stream: stream_of_ours(one, place(one, session, stream, strange)) for stream in STREAMS}
                cache[one.name, session] = dict(found)
            of[one.name] = cache[one.name, session]
        ranks = [_worth([of[name][stream] for name in of]) for stream in STREAMS]
        chosen = STREAMS[max(range(len(STREAMS)), key=lambda i: (ranks[i], -i))]
        scores[test.name] = stream_of_ours(test, place(test, session, chosen))
        settings[test.name] = chosen
    rows = [Row("infrastress", scores, settings, len(STREAMS))]
    plain_ours = {one.name: stream_of_ours(one, place(one, *DEFAULTS)) for one in every}
    rows.append(Row("infrastress, defaults", plain_ours, dict.fromkeys(plain_ours, DEFAULTS[1]), 1))
    told = {one.name: never_seen(one) for one in every}
    for name, only_new in [*((key, False) for key in KEYS), ("host", True)]:
        by_key = {}
        for one in every:
            codes = codes_of(one, KEYS[name])
            by_key[one.name] = {
                (gap, least): stream_by(one, groups, least, told[one.name] if only_new else None)
                for gap in GAPS
                for groups in [_groups(one, codes, gap, told[one.name] if only_new else None)]
                for least in LEAST
            }
        rows.append(rotate("never seen, by host" if only_new else name, by_key, _worth))
    for name in ("one group", "every alert its own"):
        plain = {one.name: {0: stream_by(one, dict(trivial(one))[name], 1)} for one in every}
        rows.append(rotate(name, plain, _worth))
    return rows


def _groups(scenario: Scenario, codes: Any, gap: float, told: Any) -> Any:
    """Groups; of those told alone, where not all are, so that others don't bridge them."""
    if told is None:
        return groups_by(scenario.times, codes, gap)
    groups = np.zeros(len(codes), np.int64)
    groups[told] = groups_by(scenario.times[told], codes[told], gap)
    return groups
