"""Sources: where telemetry and events come from, and the platform's own settings."""

from typing import Annotated, Final, Literal

from pydantic import Field

from infrastress.site.base import Id, Model, Options

__all__ = ["SUCCESSORS", "DetectorSettings", "RuntimeSettings", "Source"]

SUCCESSORS: Final[dict[str, tuple[str, ...]]] = {"site_events": ("access", "perimeter", "reports")}
"""Detectors that took the place of another: they run where a site of before still names that one."""

RetentionKind = Literal["ingest", "fusion", "result", "quarantine", "history"]


class Source(Model):
    """One stream in. `cadence_s` is how often it should speak; `options` belong to the connector."""

    id: Id
    connector: str = "files"
    kind: Literal["telemetry", "network", "access", "reports"]
    cadence_s: Annotated[float | None, Field(gt=0)] = None
    lateness_s: Annotated[float, Field(ge=0, description="How late a row may be and still count")] = 0.0
    clock_offset_s: Annotated[float, Field(description="Known offset: source clock minus true time")] = 0.0
    options: Options = Field(default_factory=dict, description="Options of the plugin")


class RuntimeSettings(Model):
    """Settings of the pipeline. `frame_s` is the grid on which process detectors judge."""

    frame_s: Annotated[float, Field(gt=0)] = 60.0
    retention_days: dict[RetentionKind, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict, description="Days kept, by kind of record; a kind that isn't named is kept for ever"
    )


class DetectorSettings(Model):
    """A detector that runs for this site, and its own options."""

    detector: str
    options: Options = Field(default_factory=dict, description="Options of the plugin")
