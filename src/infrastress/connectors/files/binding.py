"""Binding: which column of a file is which signal of the site, checked before the first row is read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from infrastress.connectors.mapping import ColumnMap, Mapping
from infrastress.connectors.signals import Bound, bind_signals, hint
from infrastress.core.errors import MappingError
from infrastress.site import Site

__all__ = ["Binding", "bind"]

_SHOWN = 40
_MARKS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}


@dataclass(frozen=True)
class Binding:
    """Where everything is.

    Attributes:
        width: number of columns of the file.
        time: number of the time column, None where times are counted.
        columns: bound columns (wide and plain).
        unknown: names of columns that are nothing the site knows.
        tags: bound tags by name (long).
        excluded: tags of signals that are left out on purpose (long).
        tag, value, quality: their column numbers (long).
    """

    width: int
    time: int | None
    columns: tuple[Bound, ...] = ()
    unknown: tuple[str, ...] = ()
    tags: dict[str, Bound] | None = None
    excluded: frozenset[str] = frozenset()
    tag: int = -1
    value: int = -1
    quality: int | None = None

    @property
    def needed(self) -> tuple[int, ...]:
        """Numbers of all columns that have to be read, rising."""
        numbers = {bound.column for bound in self.columns}
        if self.time is not None:
            numbers.add(self.time)
        if self.tags is not None:
            numbers |= {self.tag, self.value} | ({self.quality} if self.quality is not None else set())
        return tuple(sorted(numbers))


def bind(
    mapping: Mapping, names: Sequence[str], site: Site, where: str, exclude: frozenset[str] = frozenset()
) -> Binding:
    """Bind a file's columns to the site's signals.

    Args:
        mapping: how to read the file.
        names: column names, or "1", "2", ... where it has none.
        site: the site model.
        where: the file, for errors.
        exclude: signals to leave out.

    Raises:
        MappingError: a column or signal is missing or ambiguous, a unit doesn't fit, or nothing matches.
    """
    if mapping.layout == "plain" and not mapping.columns:
        mapping = mapping.model_copy(update={"columns": _in_order(names, site, where)})
    bounds = bind_signals(mapping.columns, site, where)
    doubled = {name for name, count in Counter(names).items() if count > 1}
    time = None
    if mapping.time.column is not None:
        time = _find(mapping.time.column, names, doubled, "time column", where)
    if mapping.layout == "long":
        tags = {name: bound for name, bound in bounds.items() if bound.spec.signal not in exclude}
        return Binding(
            width=len(names),
            time=time,
            tags=tags,
            excluded=frozenset(bounds.keys() - tags.keys()),
            tag=_find(mapping.tag_column, names, doubled, "tag column", where),
            value=_find(mapping.value_column, names, doubled, "value column", where),
            quality=None
            if mapping.quality_column is None
            else _find(mapping.quality_column, names, doubled, "quality column", where),
        )
    aside = {*mapping.ignore, mapping.label, mapping.time.column}
    if mapping.columns:
        for name in mapping.columns:
            _find(name, names, doubled, "mapped column", where)
    found: list[Bound] = []
    unknown: list[str] = []
    for index, name in enumerate(names):
        bound = bounds.get(name)
        if bound is not None and name in doubled:
            raise MappingError(f"column {name!r} is there more than once", where=where, remedy="rename one of them")
        if bound is None:
            unknown += [name] if name not in aside else []
        elif bound.spec.signal not in exclude and name not in aside:
            found.append(bound._replace(column=index))
    if unknown and mapping.unknown == "refuse":
        raise MappingError(
            f"columns that no signal explains: {_few(unknown)}", where=where, remedy="map or ignore them"
        )
    if not found and not exclude:
        raise MappingError(
            f"no column is a signal of site {site.id!r}; it has {_few(unknown) or 'no columns'}",
            where=where,
            remedy="propose a mapping with `infrastress map FILE --site SITE`",
        )
    return Binding(width=len(names), time=time, columns=tuple(found), unknown=tuple(unknown))


def _in_order(names: Sequence[str], site: Site, where: str) -> dict[str, ColumnMap]:
    """A plain file whose mapping names no column holds the site's signals in their order, all of them."""
    if len(names) != len(site.signals):
        raise MappingError(
            f"the file has {len(names)} columns, the site {len(site.signals)} signals",
            where=where,
            remedy='name the columns in the mapping by position, columns: {"1": SIGNAL, ...}',
        )
    return {name: ColumnMap(signal=signal.id) for name, signal in zip(names, site.signals, strict=True)}


def _find(name: str, names: Sequence[str], doubled: set[str], role: str, where: str) -> int:
    if name in doubled:
        raise MappingError(f"{role} {name!r} is there more than once", where=where, remedy="rename one of them")
    if name not in names:
        raise MappingError(
            f"{role} {name!r} is not in the file{hint(name, names)}",
            where=where,
            remedy=f"it has {_few(list(names))}{_other_cut(names)}; `infrastress map FILE` proposes a mapping",
        )
    return list(names).index(name)


def _other_cut(names: Sequence[str]) -> str:
    """Say so where the one column there is holds another delimiter."""
    found = next((word for mark, word in _MARKS.items() if len(names) == 1 and mark in names[0]), None)
    return f" (it seems to be cut by {found}, not by the mapping's delimiter)" if found else ""


def _few(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(repr(name if len(name) <= _SHOWN else name[: _SHOWN - 3] + "...") for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
