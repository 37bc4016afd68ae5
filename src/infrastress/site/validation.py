"""Pydantic's errors as faults of the site file, and the site that is left without the faulty entries."""

import re
import types
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from infrastress.site.base import Id
from infrastress.site.document import MapNode
from infrastress.site.faults import did_you_mean, shown
from infrastress.site.model import Site
from infrastress.site.reader import locate
from infrastress.site.report import Report

__all__ = ["Validated", "validate"]

_ID_PATTERN = get_args(Id)[1].metadata[0].pattern if get_args(Id)[1].metadata else ""
_PATTERNS = {
    _ID_PATTERN: "letters, digits and _ . : - (at most 80, a letter or digit first)",
    r"^([01]\d|2[0-3]):[0-5]\d$": "a time like 06:00",
    r"^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$": "a hardware address like 00:1d:9c:c7:b0:70",
    r"^(EPSG:\d{4,6}|local)$": "`local` or a code like EPSG:32633",
}
_EXPECTED = {
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "finite_number": "a finite number",
    "float_type": "a number",
    "float_parsing": "a number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping of fields",
    "model_type": "a mapping of fields",
    "model_attributes_type": "a mapping of fields",
    "string_too_long": "at most {max_length} characters",
    **dict.fromkeys(
        ("timezone_aware", "datetime_type", "datetime_parsing", "datetime_from_date_parsing"),
        "a time with its offset, like 2026-03-01T08:00:00+01:00",
    ),
}


@dataclass(frozen=True)
class Validated:
    """What the models say of a tree.

    Attributes:
        site: the site, without its faulty entries; None where nothing is left to check.
        report: the faults so far; knows which entries were left out.
        lost: ids of the entries left out, by list. A reference to one of them isn't dangling.
        unknown: lists that can't be read at all: nothing can be said of references into them.
    """

    site: Site | None
    report: Report
    lost: dict[str, set[str]]
    unknown: frozenset[str]


def validate(root: MapNode) -> Validated:
    """Hold a tree against the models; never raises."""
    try:
        return Validated(Site.model_validate(root), Report(root), {}, frozenset())
    except ValidationError as error:
        errors = error.errors(include_url=False)
    report = Report(root)
    for problem in errors:
        _translate(problem, root, report)
    bad: dict[str, set[int]] = {}
    unknown = set()
    for problem in errors:
        loc = problem["loc"]
        if len(loc) > 1 and isinstance(loc[1], int):
            bad.setdefault(str(loc[0]), set()).add(loc[1])
        elif loc:
            unknown.add(str(loc[0]))
    rest: dict[str, Any] = {"id": "unknown"}
    for key, value in root.items():
        if key in unknown:
            continue
        rest[key] = [entry for index, entry in enumerate(value) if index not in bad[key]] if key in bad else value
    kept = {key: [index for index in range(len(root[key])) if index not in gone] for key, gone in bad.items()}
    lost = {
        key: {entry["id"] for entry in map(root[key].__getitem__, gone) if _has_id(entry)} for key, gone in bad.items()
    }
    try:
        site = Site.model_validate(rest)
    except ValidationError:
        return Validated(None, report, {}, frozenset())
    rested = Report(root, kept)
    rested.faults = report.faults
    return Validated(site, rested, lost, frozenset(unknown))


def _has_id(entry: object) -> bool:
    return isinstance(entry, MapNode) and isinstance(entry.get("id"), str)


def _translate(problem: Any, root: MapNode, report: Report) -> None:
    kind, loc, found = problem["type"], problem["loc"], problem["input"]
    context = problem.get("ctx", {})
    if kind == "missing":
        expected = "a value here" if isinstance(loc[-1], int) else f"the field `{loc[-1]}`"
        report.add(loc, "nothing", expected)
    elif kind == "extra_forbidden":
        known = _fields_at(loc[:-1])
        expected = "a field of the site model" if len(loc) == 1 else f"a field of {_kind_at(loc[:-1], root)}"
        report.add(loc, f"unknown field {shown(loc[-1])}", expected, did_you_mean(loc[-1], known))
    elif kind == "literal_error":
        words = re.findall(r"'([^']*)'", context["expected"])
        expected = context["expected"] if len(words) < 2 else "one of " + ", ".join(words)
        hint = did_you_mean(found, words)
        report.add(loc, shown(found), expected, hint if hint.startswith("did") else "")
    elif kind == "union_tag_invalid":
        words = re.findall(r"'([^']*)'", context["expected_tags"])
        hint = did_you_mean(context["tag"], words)
        report.add((*loc, "type"), shown(context["tag"]), "one of " + ", ".join(words), hint)
    elif kind == "union_tag_not_found":
        report.add((*loc, "type"), "nothing", "the field `type`, such as tank, pump or valve")
    elif kind == "string_pattern_mismatch":
        expected = _PATTERNS.get(context["pattern"], f"text like {context['pattern']}")
        report.add(loc, shown(found), expected)
    elif kind == "too_short" and isinstance(found, list) and len(found) >= context["min_length"]:
        pass  # its entries are faults of their own
    elif kind in ("too_short", "too_long"):
        least = context.get("min_length", context.get("max_length"))
        bound = "at least" if kind == "too_short" else "at most"
        report.add(loc, f"{context['actual_length']} entries", f"{bound} {least}")
    else:
        expected = _EXPECTED.get(kind, "").format(**context) or problem["msg"].removeprefix("Input should be ")
        hint = ""
        if kind == "string_type" and isinstance(found, int | float):
            hint = f'write it in quotes: "{shown(found)}"'
        elif kind in ("tuple_type", "list_type") and isinstance(found, str):
            hint = f"write [{found[:40]}]"
        report.add(loc, shown(found), expected, hint)


def _kind_at(loc: tuple[str | int, ...], root: MapNode) -> str:
    *_, value = locate(root, loc)
    if isinstance(value, MapNode) and isinstance(value.get("type"), str):
        return f"a {value['type']}"
    names = [step for step in loc if isinstance(step, str) and not step.startswith("<")]
    return f"`{names[-1]}`"


def _fields_at(loc: tuple[str | int, ...]) -> list[str]:
    """Names of the fields that the model at a pydantic location has, as the file spells them."""
    models = [Site]
    for step in loc:
        if isinstance(step, int):
            continue
        if step.startswith("<"):  # a form of a condition, named by the field that only it has
            models = [model for model in models if step[1:-1] in model.model_fields]
            continue
        tagged = [model for model in models if step in _tags(model)]
        if tagged:
            models = tagged
            continue
        found: list[Any] = []
        for model in models:
            for name, field in model.model_fields.items():
                if (field.alias or name) == step:
                    found += _models_in(field.annotation)
        models = found
    names = {(field.alias or name): None for model in models for name, field in model.model_fields.items()}
    if models == [Site]:
        names["include"] = None
    return list(names)


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    field = model.model_fields.get("type")
    return get_args(field.annotation) if field is not None else ()


def _models_in(annotation: Any) -> list[Any]:
    if isinstance(annotation, type) and not get_args(annotation):
        return [annotation] if issubclass(annotation, BaseModel) else []
    if get_origin(annotation) in (tuple, list, Union, types.UnionType, Annotated):
        return [model for part in get_args(annotation) for model in _models_in(part)]
    return []
