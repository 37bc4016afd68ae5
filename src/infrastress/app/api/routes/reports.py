"""Reports by people: read, answered, judged, erased. A concern about an insider is for the security role alone."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from infrastress.app.accounts import Identity, may
from infrastress.app.api.asking import PlantOf, known, needs
from infrastress.app.api.clustered import clustered
from infrastress.app.api.plant import Plant
from infrastress.app.api.problems import ApiError
from infrastress.app.api.wire import link
from infrastress.app.reports.desk import Desk, Read
from infrastress.app.reports.following import numbers_of
from infrastress.client.reports import (
    AnswerRequest,
    AnswerResult,
    LabelRequest,
    PersonReport,
    ReportAnswer,
    ReportClusters,
    ReportsPage,
    VerdictRequest,
)
from infrastress.core.errors import InputError
from infrastress.core.time import to_iso

__all__ = ["router"]

router = APIRouter(tags=["reports"])
_SURE = 0.8
_PSEUDONYM = 8
"""Characters of a pseudonym that are told: enough to tell reporters apart, no more."""


def _desk(plant: PlantOf) -> Desk:
    folder = plant.setup.reports
    if folder is None:
        raise ApiError(404, "this site has no form for reports", remedy="see docs/reports.md")
    return Desk(folder)


DeskOf = Annotated[Desk, Depends(_desk)]
Reader = Annotated[Identity, needs("see.reports")]
Actor = Annotated[Identity, needs("act.reports")]


@router.get("/reports")
def get_reports(
    identity: Reader,
    desk: DeskOf,
    *,
    insider: Annotated[bool, Query(description="Concerns about insiders instead of all else")] = False,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> ReportsPage:
    """What people reported, the newest first."""
    if insider and not may(identity, "see.insider"):
        raise ApiError(403, f"the role {identity.role} has no permission see.insider")
    reads = desk.read(insider=insider)
    reads.sort(key=lambda one: (-one.record.received, one.record.number))
    return ReportsPage(items=[_told(one) for one in reads[:limit]], total=len(reads))


@router.get("/reports/clusters")
def get_clusters(_: Reader, plant: PlantOf, desk: DeskOf) -> ReportClusters:
    """Reports that belong together: how far they are believed, and, apart from that, what confirms them."""
    return ReportClusters(items=clustered(plant, desk))


@router.get("/reports/{number}")
def get_report(identity: Reader, desk: DeskOf, number: str) -> PersonReport:
    """One report by its number."""
    return _told(_find(desk, identity, number))


@router.get(
    "/reports/{number}/photo",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}},
)
def get_photo(identity: Reader, desk: DeskOf, number: str) -> Response:
    """Its photo, opened; it isn't kept by browsers."""
    picture = known(desk.photo(_find(desk, identity, number)), "photo of report", number)
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@router.post("/reports/{number}/seen")
def mark_seen(identity: Actor, plant: PlantOf, desk: DeskOf, number: str) -> PersonReport:
    """Tell the reporter that somebody has read it."""
    one = _find(desk, identity, number)
    if one.reached("seen") is None:
        desk.act(one.record.number, "seen", by=identity.name, now=plant.clock.now())
    return _told(_find(desk, identity, number))


@router.post("/reports/{number}/answer")
def answer_report(identity: Actor, plant: PlantOf, desk: DeskOf, number: str, body: AnswerRequest) -> AnswerResult:
    """Answer one reporter, on the page of their receipt."""
    return _answer(plant, desk, identity, [_find(desk, identity, number)], text=body.text)


@router.post("/incidents/{incident}/answer", tags=["incidents"])
def answer_incident(identity: Actor, plant: PlantOf, desk: DeskOf, incident: str, body: AnswerRequest) -> AnswerResult:
    """Answer all whose reports an incident rests on."""
    entry = known(plant.projection.incidents.get(incident), "incident", incident)
    numbers = set(numbers_of(plant, entry.incident.detections))
    for cluster in clustered(plant, desk):  # an incident is told again only after a while: its alarms have joined
        if cluster.incident == incident and cluster.credibility != "campaign":
            numbers.update(cluster.numbers)
    reads = [one for one in desk.read() if one.record.number in numbers]
    return _answer(plant, desk, identity, reads, text=body.text, incident=incident)


@router.post("/reports/{number}/verdict")
def judge_report(identity: Actor, plant: PlantOf, desk: DeskOf, number: str, body: VerdictRequest) -> PersonReport:
    """Say whether it was so: that bears its cluster out, and its reporter is believed more or less from then on."""
    one = _find(desk, identity, number)
    desk.act(one.record.number, body.verdict, by=identity.name, now=plant.clock.now())
    return _told(_find(desk, identity, number))


@router.post("/reports/{number}/label")
def label_report(identity: Actor, plant: PlantOf, desk: DeskOf, number: str, body: LabelRequest) -> PersonReport:
    """Say what it is about, for those who read on and for what learns from labels; what it was weighed as stays."""
    one = _find(desk, identity, number)
    desk.act(one.record.number, "labelled", by=identity.name, now=plant.clock.now(), label=body.category)
    return _told(_find(desk, identity, number))


@router.delete("/reports/{number}/reporter")
def erase_reporter(identity: Actor, plant: PlantOf, desk: DeskOf, number: str) -> PersonReport:
    """Delete the key of its reporter: what is personal in all their reports is gone, in backups too."""
    desk.erase(_find(desk, identity, number), by=identity.name, now=plant.clock.now())
    return _told(_find(desk, identity, number))


def _find(desk: Desk, identity: Identity, number: str) -> Read:
    try:
        return desk.find(number, insider=may(identity, "see.insider"))
    except InputError as error:
        raise ApiError(404, error.what) from None


def _answer(
    plant: Plant, desk: Desk, identity: Identity, reads: list[Read], *, text: str, incident: str = ""
) -> AnswerResult:
    try:
        answered = desk.answer(reads, text, by=identity.name, now=plant.clock.now(), incident=incident)
    except InputError as error:
        raise ApiError(422, error.what) from None
    return AnswerResult(answered=answered)


def _told(one: Read) -> PersonReport:
    record, personal = one.record, one.personal
    states: dict[str, str] = {"received": to_iso(record.received)}
    for act in one.acts:
        states.setdefault(act.act, to_iso(act.at))
    guess = one.suggestion
    return PersonReport(
        number=record.number,
        category=one.category,
        text=one.text,
        occurred=to_iso(record.occurred),
        received=to_iso(record.received),
        reporter=record.reporter[:_PSEUDONYM],
        role=record.role,
        trained=record.trained,
        language=record.language,
        latitude=record.latitude,
        longitude=record.longitude,
        assets=list(record.assets),
        name=personal.name if personal is not None else "",
        contact=personal.contact if personal is not None else "",
        erased=personal is None,
        states=states,
        verdict=one.verdict,
        incidents=sorted({act.incident for act in one.acts if act.incident}),
        answers=[ReportAnswer(at=to_iso(a.at), by=a.by, text=a.text) for a in one.answers],
        photo=link("reports", record.number, "photo") if record.photo else None,
        suggested=guess.category if guess and guess.probability >= _SURE and guess.category != one.category else None,
    )
