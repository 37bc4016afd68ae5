"""References of attack trees, bow-ties and announced work, and what can't be in them."""

from collections.abc import Callable, Iterable
from typing import Any

from infrastress.site.model import Site
from infrastress.site.report import Path, Report
from infrastress.site.risk import AttackTree, Bowtie, Threat

__all__ = ["check_risk"]

MOST_BEFORE = 12
"""Threats and barriers before a top event: their combinations are told apart one by one."""
Many = Callable[[Path, Iterable[str], str], None]
One = Callable[[Path, str | None, str], Any]


def check_risk(site: Site, report: Report, one: One, many: Many) -> None:
    """Report dangling references, loops and contradictions; `one` and `many` look up references into lists."""
    for index, tree in enumerate(site.attack_trees):
        _tree(tree, ("attack_trees", index), report)
    for index, bowtie in enumerate(site.bowties):
        _bowtie(bowtie, ("bowties", index), report, one, many)
    for index, work in enumerate(site.works):
        here: Path = ("works", index)
        many((*here, "zones"), work.zones, "zones")
        many((*here, "security_zones"), work.security_zones, "security_zones")
        many((*here, "assets"), work.assets, "assets")
        if work.to <= work.from_:
            report.add((*here, "to"), work.to.isoformat(), "a time after `from`")
        if not (work.zones or work.security_zones or work.assets):
            hint = "name where it is, or it explains nothing"
            report.add(here, "work without a place", "`zones`, `security_zones` or `assets`", hint)


def _tree(tree: AttackTree, here: Path, report: Report) -> None:
    below: dict[str, tuple[str, ...]] = {}
    for number, step in enumerate(tree.steps):
        path = (*here, "steps", number)
        if step.id in below:
            report.add((*path, "id"), f"id {step.id!r} again", "each id once in its tree")
        below.setdefault(step.id, (*step.any, *step.all))
        said = [step.probability is not None, bool(step.any), bool(step.all)]
        if sum(said) != 1:
            report.add(path, f"{sum(said)} of `probability`, `any`, `all`", "exactly one of them")
    for number, step in enumerate(tree.steps):
        for field in ("any", "all"):
            for position, word in enumerate(getattr(step, field)):
                _within((*here, "steps", number, field, position), word, below, "step", report)
    loop = _loop(below)
    if loop:
        number = next(n for n, step in enumerate(tree.steps) if step.id == loop[0])
        found = "a loop: " + " needs ".join(loop)
        report.add((*here, "steps", number), found, "steps that lead to leaves", "leave one of these arrows out")


def _bowtie(bowtie: Bowtie, here: Path, report: Report, one: One, many: Many) -> None:
    one((*here, "hazard"), bowtie.hazard, "hazards")
    threats: dict[str, Any] = {}
    for number, threat in enumerate(bowtie.threats):
        path = (*here, "threats", number)
        if threat.id in threats:
            report.add((*path, "id"), f"id {threat.id!r} again", "each id once in its bow-tie")
        threats[threat.id] = threat
        _threat(threat, path, report, one, many)
    barriers = {barrier for threat in bowtie.threats for barrier in threat.barriers}
    if len(bowtie.threats) + len(barriers) > MOST_BEFORE:
        found = f"{len(bowtie.threats)} threats and {len(barriers)} barriers before the top event"
        hint = "join threats by an attack tree, or split the bow-tie"
        report.add(here, found, f"at most {MOST_BEFORE} together", hint)
    seen: set[frozenset[str]] = set()
    for number, entry in enumerate(bowtie.together):
        path = (*here, "together", number, "threats")
        for position, word in enumerate(entry.threats):
            _within((*path, position), word, threats, "threat", report)
        if frozenset(entry.threats) in seen:
            report.add(path, "these threats again", "each combination once")
        seen.add(frozenset(entry.threats))
    names: set[str] = set()
    for number, sensor in enumerate(bowtie.sensors):
        path = (*here, "sensors", number)
        if sensor.id in names:
            report.add((*path, "id"), f"id {sensor.id!r} again", "each id once in its bow-tie")
        names.add(sensor.id)
        _within((*path, "watches"), sensor.watches, threats, "threat", report)
        many((*path, "assets"), sensor.assets, "assets")
        if sensor.tpr <= sensor.fpr:
            found = f"tpr {sensor.tpr:g}, not above fpr {sensor.fpr:g}"
            report.add(path, found, "tpr above fpr", "as it stands its alarm would speak against the threat", "warning")
    for number, end in enumerate(bowtie.consequences):
        path = (*here, "consequences", number)
        if end.id in names:
            report.add((*path, "id"), f"id {end.id!r} again", "each id once in its bow-tie")
        names.add(end.id)
        many((*path, "barriers"), end.barriers, "barriers")


def _threat(threat: Threat, path: Path, report: Report, one: One, many: Many) -> None:
    one((*path, "attack_tree"), threat.attack_tree, "attack_trees")
    one((*path, "zone"), threat.zone, "zones")
    one((*path, "security_zone"), threat.security_zone, "security_zones")
    many((*path, "barriers"), threat.barriers, "barriers")
    fields = ("probability", "attack_tree", "zone", "security_zone")
    said = [field for field in fields if getattr(threat, field) is not None]
    if len(said) != 1:
        expected = "exactly one of `probability`, `attack_tree`, `zone`, `security_zone`"
        report.add(path, " and ".join(f"`{field}`" for field in said) or "no probability", expected)


def _within(path: Path, word: str, known: Iterable[str], name: str, report: Report) -> None:
    names = list(known)
    if word not in names:
        expected = f"the id of a {name} of the same {'tree' if name == 'step' else 'bow-tie'}"
        report.add(path, f"{name} {word!r}, which isn't there", expected, report.suggest(word, names))


def _loop(below: dict[str, tuple[str, ...]]) -> list[str]:
    """A way round, from a step back to itself; empty where there is none."""
    done: set[str] = set()
    for start, first in below.items():
        stack = [(start, iter(first))]
        way = [start]
        while stack and start not in done:
            name, rest = stack[-1]
            step = next((word for word in rest if word in below and word not in done), None)
            if step is None:
                done.add(name)
                stack.pop()
                way.pop()
            elif step in way:
                return [*way[way.index(step) :], step]
            else:
                way.append(step)
                stack.append((step, iter(below[step])))
    return []
