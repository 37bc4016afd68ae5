"""What the API says of reports by people, and how they are answered."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from infrastress.client.base import Wire

__all__ = ["AnswerRequest", "AnswerResult", "PersonReport", "ReportAnswer", "ReportsPage", "VerdictRequest"]


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
    role: str
    trained: bool
    language: str
    latitude: float | None
    longitude: float | None
    assets: list[str]
    name: str
    contact: str
    erased: bool
    states: dict[str, str]
    incidents: list[str]
    answers: list[ReportAnswer]
    photo: str | None
    suggested: str | None


class ReportsPage(Wire):
    """Reports, the newest first."""

    items: list[PersonReport]
    total: int


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
