"""What the API says of signals over time: what they said, what was expected of them, where they were anomalous."""

from typing import Annotated, Literal

from pydantic import Field

from infrastress.client.base import Link, Moment, Wire
from infrastress.events.kinds import Severity, SourceKind

__all__ = ["Episode", "Episodes", "Expected", "History", "Prediction", "Series", "Unpredicted"]


class Series(Wire):
    """One signal's history.

    `times_ms` are Unix milliseconds, rising. Between two values the line may be drawn, but where a value is None: there
    is a gap. Every value is one that was told; of each step the first, lowest, highest and last are kept.
    """

    signal: str
    unit: str
    times_ms: list[float]
    values: list[float | None]
    gaps: list[tuple[Moment, Moment]]
    count: Annotated[int, Field(description="How many values the span holds")]


class History(Wire):
    """History of signals, for a plot of some width."""

    begin: Moment
    end: Moment
    width: int | None
    step_s: float | None
    units: Literal["plant", "si"]
    series: list[Series]


class Prediction(Wire):
    """What one rule expected of a signal, frame by frame (columns); None where nothing could be expected.

    A value outside of the band reaches a score of 1, the limit; one inside may reach it too, where deviations add up
    over several frames.
    """

    detector: str
    detector_version: str
    rule: str
    title: str
    baseline: Annotated[str, Field(description="What of the learned it rests on, as detections name it; else empty")]
    rests_on: Annotated[list[str], Field(description="Signals it is expected from")]
    times_ms: Annotated[list[float], Field(description="Ends of the frames judged, Unix milliseconds")]
    seen: Annotated[list[float | None], Field(description="The frame's mean, which is what is judged")]
    expected: list[float | None]
    low: Annotated[list[float | None], Field(description="None where that side is open")]
    high: list[float | None]
    score: list[float | None]
    frames: Annotated[int, Field(description="How many frames the span holds")]
    links: dict[str, Link]


class Unpredicted(Wire):
    """Why a detector says nothing of what it expected."""

    detector: str
    why: str


class Expected(Wire):
    """What the detectors in force expect of a signal by the baselines in force, judged again over a span's history."""

    signal: str
    unit: str
    units: Literal["plant", "si"]
    begin: Moment
    end: Moment
    frame_s: float
    predictions: list[Prediction]
    without: list[Unpredicted]


class Episode(Wire):
    """An anomalous span of a signal: a detection that it takes part in, from onset to clearing."""

    id: Annotated[str, Field(description="Id of the detection that raised it")]
    detector: str
    rule: str
    title: str
    severity: Severity
    source_kind: SourceKind
    sentence: str
    suspicion: str
    assets: list[str]
    began: Annotated[Moment, Field(description="Estimated onset")]
    raised: Moment
    cleared: Annotated[Moment | None, Field(description="None while it stands")]
    share: Annotated[float, Field(description="The signal's part in the detection, 0 to 1")]
    expected: Annotated[float | None, Field(description="What was expected of it when raised, in the units asked for")]
    seen: float | None
    alarm: str | None
    links: dict[str, Link]


class Episodes(Wire):
    """Anomalous spans of a signal within a span, in order of onset; of more than `limit` the newest."""

    signal: str
    unit: str
    begin: Moment
    end: Moment
    items: list[Episode]
    total: int
    since: Annotated[Moment | None, Field(description="Before this, spans may be missing: they aren't held any more")]
