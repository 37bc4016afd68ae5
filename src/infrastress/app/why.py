"""Finding an incident where a site keeps it, and what a person reads of why it says what it says."""

from collections.abc import Iterable
from pathlib import Path
from textwrap import fill
from typing import Any

import msgspec

from infrastress.core.errors import InputError
from infrastress.events import Event, Incident, decode_event, event_from_json
from infrastress.events.assessment import Assessment, Piece
from infrastress.fusion.risk.why import Why
from infrastress.site import Site
from infrastress.store import open_store

__all__ = ["EXPLANATIONS", "find_incident", "why_dict", "why_text"]

WIDTH = 96
EXPLANATIONS = {
    "attack": "an attack, by the gate or the network",
    "release": "a top event or a release has happened",
    "attack_release": "both: an attack and a release",
    "sensor_fault": "a faulty instrument, contact or cable",
    "process_upset": "a process upset that nobody wanted",
    "work": "benign work",
    "misreading": "a reading is wrong, by fault or forgery",
    "barrier_failed": "a barrier is out of action",
}
_VERDICTS = {
    "same": "Worked out again from this list: the same.",
    "differs": "Worked out again from this list: NOT the same, though the model is. Was the record changed?",
    "other model": "Worked out again: another number, since the site model or the programme has changed since.",
    "gone": "It can't be worked out again: what it is about isn't in the site model any more.",
}


def find_incident(name: str, site: Site, *, results: Path | None, store: str) -> tuple[Event, Incident]:
    """The newest version of an incident, out of results or a site's store; a beginning of its name will do.

    Raises:
        InputError: there is none of that name, or several whose names begin so.
        DecodeError: a line of the results is no event.
    """
    found = _in_results(results) if results is not None else _in_store(store, site)
    fitting = [(e, e.body) for e in found if isinstance(e.body, Incident) and e.body.incident.startswith(name)]
    if len(fitting) != 1:
        where = str(results or store)
        what = "there is no incident" if not fitting else f"{len(fitting)} incidents begin with"
        raise InputError(f"{what} {name!r}", where=where, remedy="take the name from the console or incidents.jsonl")
    return fitting[0]


def _in_results(folder: Path) -> Iterable[Event]:
    file = folder / "incidents.jsonl"
    if not file.is_file():
        raise InputError("there are no results", where=str(file), remedy="name the --out folder of a replay")
    return [event_from_json(line) for line in file.read_bytes().splitlines()]


def _in_store(url: str, site: Site) -> Iterable[Event]:
    if "://" not in url and not Path(url).exists():
        raise InputError("the site has no store yet", where=url, remedy="start it: infrastress serve SITE")
    with open_store(url) as store:
        after: tuple[int, str] | None = None
        while rows := store.records.list("event", after=after, limit=500):
            after = rows[-1].sort, rows[-1].key
            yield from (decode_event(row.data) for row in rows if row.key.startswith(f"{site.id}/inc-"))


def why_dict(name: str, body: Incident, why: Why | None) -> dict[str, Any]:
    """The answer for machines."""
    told = None if body.assessment is None else msgspec.to_builtins(body.assessment)
    return {
        "incident": name,
        "revision": body.revision,
        "hypothesis": body.hypothesis,
        "title": body.title,
        "confidence": body.confidence,
        "assessment": told,
        "why": None if why is None else msgspec.to_builtins(why),
    }


def why_text(body: Incident, why: Why | None) -> str:
    """The answer for people."""
    lines = [f"{body.title} ({body.confidence:.0%}), {body.incident}, revision {body.revision}"]
    assessment = body.assessment
    if assessment is None or why is None:
        return "\n".join(
            (*lines, "  The risk model had nothing to say of it: the table of hypotheses judged alone.", body.why)
        )
    lines.append(f"  {_VERDICTS[why.verdict]}")
    versions = f"model {why.model}" + (f" (now {why.model_now})" if why.model_now not in ("", why.model) else "")
    versions += f", site {why.site}" + (f" (now {why.site_now})" if why.site_now != why.site else "")
    lines.append(f"  {versions}; priors hold for any {assessment.horizon_h:g} h")
    lines.append("")
    lines.append("  before      now         log odds, bits    explanation")
    lines += [
        f"  {_chance(one.prior)}  {_chance(one.now)}  {one.prior_bits:+7.1f} -> {one.bits:+6.1f}  "
        f"{EXPLANATIONS[one.name]}"
        for one in why.explanations
    ]
    lines += [
        "",
        f"  Evidence, by the bits it moves '{EXPLANATIONS[why.hypothesis.partition(':')[2]]}', given all the rest:",
    ]
    lines += [_piece(piece) for piece in why.pieces]
    if why.unweighed:
        lines.append(f"  {why.unweighed} alarms say nothing of what this model knows and were not weighed.")
    if why.weak:
        lines.append(f"  {why.weak} of {len(why.pieces)} come from detectors that nobody measured: they count as weak.")
    lines += _ahead(assessment)
    lines.append(
        fill("Rests on site.yaml: " + ", ".join(why.fields), WIDTH, initial_indent="  ", subsequent_indent="    ")
    )
    return "\n".join(lines)


def _piece(piece: Piece) -> str:
    who = f"{piece.detector}: {piece.rule}" + (" is silent" if piece.silent else "")
    place = f" at {', '.join(piece.assets[:3])}" if piece.assets else ""
    basis = f"{piece.basis}{': ' + piece.rests_on if piece.rests_on else ''}"
    age = f", faded to {piece.freshness:.0%}" if piece.freshness < 1.0 else ""
    also = f", {piece.also} more of the same" if piece.also else ""
    causes = [
        f", of {name} {rate:.3g}" for name, rate in (("faults", piece.fault), ("work", piece.work)) if rate is not None
    ]
    rates = f"TPR {piece.tpr:.3g}, FPR {piece.fpr:.3g}{''.join(causes)} ({basis})"
    return f"  {piece.bits:+6.1f}  {who}{place}\n          on {piece.node}: {rates}{age}{also}"


def _ahead(assessment: Assessment) -> list[str]:
    lines = ["", "  Top events    before      by now      by the next window"] if assessment.top_events else []
    for top in assessment.top_events:
        lines.append(f"  {top.hazard:<14}{_chance(top.prior)}  {_chance(top.probability)}  {_chance(top.ahead)}")
    if assessment.next_steps:
        lines += ["", f"  What may come next, within {assessment.window_h:g} h:"]
        lines += [f"  {_chance(step.ahead)}  {step.text}" for step in assessment.next_steps]
    return [*lines, ""]


def _chance(value: float) -> str:
    return f"{value:10.4%}" if value < 0.01 else f"{value:10.1%}"
