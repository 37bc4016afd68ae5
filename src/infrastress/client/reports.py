"""What the API says of reports by people, and how they are answered."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from infrastress.client.base import Moment, Wire
from infrastress.events.kinds import AlarmState, Category, Severity, SourceKind

__all__ = [
    "AnswerRequest",
    "AnswerResult",
    "LabelRequest",
    "PersonReport",
    "ReportAnswer",
    "ReportCluster",
    "ReportClusters",
    "ReportsPage",
    "VerdictRequest",
]


class ReportAnswer(Wire):
    """An answer; `text` is null where its reporter was erased."""

    at: str
    by: str
    text: str | None


class PersonReport(Wire):
    """A report and what was done about it; `name` and `contact` are empty where none was left, or it is erased."""

    number: str
    category: str
    text: str
    occurred: str
    received: str
    reporter: Annotated[str, Field(description="Pseudonym: reports of one reporter have the same")]
    role: str
    trained: bool
    language: str
    latitude: float | None
    longitude: float | None
    assets: list[str]
    name: str
    contact: str
    erased: bool
    states: Annotated[dict[str, str], Field(description="When each was first done")]
    verdict: Annotated[Literal["confirmed", "unfounded"] | None, Field(description="What was found out about it last")]
    incidents: list[str]
    answers: list[ReportAnswer]
    photo: str | None
    suggested: str | None


class ReportsPage(Wire):
    """Reports, the newest first."""

    items: list[PersonReport]
    total: int


class ReportCluster(Wire):
    """Reports of one matter near each other, or near duplicates by one hand.

    How far it is believed is one thing, what confirms it another: numbers alone never confirm.
    """

    id: str
    credibility: Literal["campaign", "unconfirmed", "probable", "corroborated"]
    voices: Annotated[int, Field(ge=0, description="Independent people; a campaign is one voice")]
    confirmed_by: list[Literal["sensor", "operator"]]
    kinds: Annotated[list[SourceKind], Field(description="Sources that saw the same incident, but for reports")]
    rule: str
    severity: Severity
    sentence: str
    assets: list[str]
    raised: Moment
    updated: Moment
    cleared: Annotated[Moment | None, Field(description="Since when nothing more came")]
    numbers: Annotated[list[str], Field(description="Of its reports, the oldest first; at most 64 of a campaign")]
    alarm: str | None
    state: AlarmState | None
    incident: str | None
    evidence: Annotated[str, Field(description="Id of its newest detection")]


class ReportClusters(Wire):
    """Clusters, those that stand first, then the newest."""

    items: list[ReportCluster]


class AnswerRequest(Wire):
    """An answer to reporters."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(min_length=1, max_length=2000)]


class AnswerResult(Wire):
    """Numbers of the reports whose reporters can read the answer."""

    answered: list[str]


class VerdictRequest(Wire):
    """What somebody found out about a report."""

    model_config = ConfigDict(extra="forbid")
    verdict: Literal["confirmed", "unfounded"]


class LabelRequest(Wire):
    """What a report is about, as somebody who read it says."""

    model_config = ConfigDict(extra="forbid")
    category: Category
