"""The books of admission, and whether the site is watched: what health, quarantine and metrics share."""

from infrastress.app.api.plant import Plant
from infrastress.core.errors import DecodeError
from infrastress.events.delivery import Balance
from infrastress.runtime.admission import SourceNotes, books_of

__all__ = ["Books", "read_books", "readiness"]

Books = dict[str, tuple[Balance, SourceNotes]]


def read_books(plant: Plant) -> Books:
    """Balance and notes of each source, as last committed; empty where nothing was ever admitted."""
    name = f"admission/{plant.id}/main"
    version = plant.store.checkpoints.observe(name).version
    if plant.books is not None and plant.books[0] == version:
        return plant.books[1]
    state = plant.store.checkpoints.state(name)
    try:
        books = books_of(state) if state else {}
    except DecodeError:  # written by another version of infrastress: it is upgraded, or says so itself
        books = {}
    plant.books = (version, books)
    return books


def readiness(plant: Plant) -> list[str]:
    """Why the site isn't watched now; empty when it is."""
    reasons = []
    if plant.failing:
        reasons.append(plant.failing)
    pulse = plant.pulse()
    if not pulse.fresh and not plant.failing:
        reasons.append(pulse.detail)
    status = plant.setup.status()
    if status is not None:
        reasons += [str(reason) for reason in status.get("reasons", ())]
    return reasons
