"""The one tree of errors.

InfrastressError
├── ConfigurationError      a setting or option is wrong
├── SiteError               the site model has faults (carries all of them)
├── InputError              a recording or file can't be read as what it should be
├── MappingError            a recording's mapping doesn't fit it
├── DecodeError             bytes are no event, samples or state of ours
├── UnitError               unknown unit, or units of different dimension
├── PluginError             a plugin is missing or breaks its contract
├── SimulationError         a simulator can't go on (balance violated, bad scenario)
├── BaselineError           learned state is missing, stale or refused
└── StoreError              the store can't do what was asked
    ├── Fenced              another worker holds a newer lease: drop everything
    ├── OutcomeUnknown      a commit may or may not have happened: reopen and look
    ├── LogGap              records before this offset were retired by retention
    └── SchemaMismatch      the store was written by another version
"""

from typing import Any

__all__ = [
    "BaselineError",
    "ConfigurationError",
    "DecodeError",
    "Fenced",
    "InfrastressError",
    "InputError",
    "LogGap",
    "MappingError",
    "OutcomeUnknown",
    "PluginError",
    "SchemaMismatch",
    "SimulationError",
    "SiteError",
    "StoreError",
    "UnitError",
]


class InfrastressError(Exception):
    """Root of the tree: what is wrong, where, and what to do about it.

    Args:
        what: one sentence for the person at the keyboard.
        where: file, line, field, offset or source, when known.
        remedy: what to do, when known.
    """

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text} ({self.remedy})" if self.remedy else text


class ConfigurationError(InfrastressError):
    """A setting or option is wrong."""


class SiteError(InfrastressError):
    """The site model has faults: all of them are in `faults` (`infrastress.site.faults.Fault`)."""

    def __init__(
        self, what: str, *, where: str | None = None, remedy: str | None = None, faults: tuple[Any, ...] = ()
    ) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.faults = faults


class InputError(InfrastressError):
    """A recording or file can't be read as what it should be."""


class MappingError(InfrastressError):
    """A recording's mapping doesn't fit the recording or the site."""


class DecodeError(InfrastressError):
    """Bytes are no event, samples or state of ours."""


class UnitError(InfrastressError):
    """An unknown unit, or two units of different dimension."""


class PluginError(InfrastressError):
    """A plugin is missing or breaks its family's contract."""


class SimulationError(InfrastressError):
    """A simulator can't go on."""


class BaselineError(InfrastressError):
    """Learned state is missing, stale, or was refused."""


class StoreError(InfrastressError):
    """The store can't do what was asked."""


class Fenced(StoreError):  # noqa: N818 - the design's word for an outcome, not a mishap
    """Another worker holds a newer lease: drop state, reader and buffers."""


class OutcomeUnknown(StoreError):  # noqa: N818 - the design's word
    """A commit may or may not have happened: acquire again and look at the offset."""


class LogGap(StoreError):  # noqa: N818 - the design's word
    """Records before the asked offset were retired by retention."""


class SchemaMismatch(StoreError):  # noqa: N818 - the design's word
    """The store was written by another version of the schema."""
