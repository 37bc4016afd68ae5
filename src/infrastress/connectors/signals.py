"""Signals of a source: names in the source's own words bound to signals of the site, values to SI."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from math import isfinite, isinf
from typing import Any, NamedTuple

from infrastress.connectors.mapping import ColumnMap
from infrastress.core.errors import MappingError, UnitError
from infrastress.core.units import Scale, scale_of
from infrastress.site import Site

__all__ = ["Bound", "SignalReader", "bind_signals", "hint"]


class Bound(NamedTuple):
    """A column (or tag) bound to a signal: how to read it, and its unit in SI."""

    column: int
    name: str
    spec: ColumnMap
    scale: Scale


def bind_signals(columns: Mapping[str, ColumnMap], site: Site, where: str) -> dict[str, Bound]:
    """Check names and units of what is mapped; without any columns every signal is bound by its id.

    Args:
        columns: how to read each, by name in the source's own words.
        site: the site model.
        where: the file or source, for errors.

    Raises:
        MappingError: all faults: a signal that the site doesn't have, or that is mapped twice; a unit that doesn't fit.
    """
    specs = columns or {signal.id: ColumnMap(signal=signal.id) for signal in site.signals}
    bounds: dict[str, Bound] = {}
    faults: list[str] = []
    users = Counter(spec.signal for spec in specs.values())
    for name, spec in specs.items():
        signal = site.signal_by_id.get(spec.signal)
        if signal is None:
            faults.append(
                f"column {name!r}: no signal {spec.signal!r} in the site{hint(spec.signal, site.signal_by_id)}"
            )
            continue
        if users[spec.signal] > 1:
            faults.append(f"column {name!r}: signal {spec.signal!r} is mapped more than once")
            continue
        try:
            scale = scale_of(spec.unit if spec.unit is not None else signal.unit)
            own = scale_of(signal.unit)
        except UnitError as error:
            faults.append(f"column {name!r}: {error.what}")
            continue
        if scale.dimension != own.dimension:
            faults.append(f"column {name!r}: unit {spec.unit!r} can't be turned into {signal.unit!r} of {signal.id!r}")
        bounds[name] = Bound(-1, name, spec, scale)
    if faults:
        raise MappingError("; ".join(faults), where=where)
    return bounds


def hint(name: str, known: Iterable[str]) -> str:
    """What was probably meant, as the end of a sentence; empty when nothing is near."""
    close = get_close_matches(name, list(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""


class SignalReader:
    """Reads single values of a live source, with the reasons of `connectors.cells`.

    Args:
        columns: how to read each, by name in the source's own words; none: names are signal ids.
        site: the site model.
        where: the source, for errors.

    Raises:
        MappingError: see `bind_signals`.
    """

    def __init__(self, columns: Mapping[str, ColumnMap], site: Site, where: str) -> None:
        self._readers = {name: _Reader.of(bound) for name, bound in bind_signals(columns, site, where).items()}

    def __contains__(self, name: str) -> bool:
        return name in self._readers

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def signal(self, name: str) -> str:
        """Id of the signal behind a name; raises KeyError."""
        return self._readers[name].signal

    def read(self, name: str, raw: Any) -> float | str | None:
        """A value in SI; a reason (str) when it can't be read; None when there is no value.

        Args:
            name: as the source calls it; raises KeyError for one that isn't bound.
            raw: number, bool, text or None.
        """
        return self._readers[name].read(raw)


class _Reader(NamedTuple):
    signal: str
    factor: float
    offset: float
    words: dict[str, float]
    bad_words: frozenset[str]
    bad_numbers: frozenset[float]

    @classmethod
    def of(cls, bound: Bound) -> "_Reader":
        spec, scale = bound.spec, bound.scale
        return cls(
            spec.signal,
            spec.factor * scale.factor,
            spec.offset * scale.factor + scale.offset,
            {word.casefold(): number for word, number in spec.values.items()},
            frozenset(bad for bad in spec.bad_values if isinstance(bad, str)),
            frozenset(float(bad) for bad in spec.bad_values if not isinstance(bad, str)),
        )

    def read(self, raw: Any) -> float | str | None:
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return None
        number = self._word(raw.strip()) if isinstance(raw, str) else raw
        if isinstance(number, str):
            return number
        if not isinstance(number, int | float):
            return "text-in-number"
        if number in self.bad_numbers:
            return "bad-value"
        try:
            value = number * self.factor + self.offset
        except OverflowError:
            return "infinite"
        return value if isfinite(value) else "infinite" if isinf(value) else "nan"

    def _word(self, text: str) -> float | str:
        if text in self.bad_words:
            return "bad-value"
        if (number := self.words.get(text.casefold())) is not None:
            return number
        try:
            return float(text)
        except ValueError:
            return "text-in-number"
