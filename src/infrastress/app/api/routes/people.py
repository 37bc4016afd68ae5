"""Who can be given something: accounts that may act, and their roles."""

from fastapi import APIRouter

from infrastress.app.accounts import ROLES, Book, Identity, Permission, may
from infrastress.app.api.asking import BookOf, needs
from infrastress.app.api.problems import ApiError
from infrastress.client import models

__all__ = ["assignee", "router"]

router = APIRouter(tags=["people"])
_ROLE = "role:"
_ACT: Permission = "act.incidents"


@router.get("/people", dependencies=[needs("see.alarms")])
def list_people(book: BookOf) -> models.People:
    """Accounts that may act and aren't disabled, then the roles that may, as `role:` and a name."""
    accounts = [
        models.Person(id=account.name, kind="account", role=account.role)
        for account in book.accounts
        if not account.disabled and _acts(account.role)
    ]
    roles = [models.Person(id=f"{_ROLE}{role}", kind="role", role=role) for role in ROLES if _acts(role)]
    return models.People(items=accounts + roles)


def assignee(book: Book, identity: Identity, asked: str | None) -> str:
    """Who is meant: whoever asks where nothing is said, nobody where it is empty; raises ApiError (422) else."""
    if asked is None or asked == identity.name:
        return identity.name
    known = {person.id for person in list_people(book).items}
    if asked and asked not in known:
        raise ApiError(
            422, f"nobody who may act is called {asked!r}", remedy="GET /api/v1/people tells who can be given it"
        )
    return asked


def _acts(role: str) -> bool:
    return may(Identity("", role, "session"), _ACT)
