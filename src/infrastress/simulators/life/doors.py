"""What doors write down: badges read, contacts that open and close, people counted."""

from dataclasses import dataclass, field
from typing import Literal

from infrastress.events import AccessAttempt, DoorState
from infrastress.simulators.diary import Diary
from infrastress.simulators.life.premises import Premises
from infrastress.simulators.life.ranges import RANGES
from infrastress.simulators.randomness import Randomness

__all__ = ["Cycle", "Doors", "Pass"]

SOURCE = "badges"
_Direction = Literal["in", "out"]
State = Literal["open", "closed", "held", "forced", "locked", "unlocked", "disabled", "enabled", "tampered"]


@dataclass
class Pass:
    """One body through a door at `at`, s; without `read` no badge is told; one refused passes nobody."""

    at: float
    door: str
    person: str
    direction: str
    read: bool = True
    granted: bool = True


@dataclass
class Cycle:
    """A door from open to closed: who passed, and what else it says; `silent` contacts tell nothing."""

    door: str
    opened: float
    closed: float
    people: int
    opening: State = "open"
    said: list[tuple[float, State, str]] = field(default_factory=list)
    silent: bool = False


class Doors:
    """Collects passes and other cycles of all doors; `write` puts them into a diary.

    Bodies that follow each other before the door has closed share its cycle.
    """

    def __init__(self, premises: Premises, draws: Randomness) -> None:
        self.premises, self._draws = premises, draws
        self.passes: list[Pass] = []
        self.cycles: list[Cycle] = []
        self._said: list[tuple[float, str, State, str]] = []

    def through(
        self, at: float, door: str, person: str, direction: str = "in", *, read: bool = True, granted: bool = True
    ) -> Pass:
        """Somebody passes, or is refused."""
        one = Pass(at, door, person, direction, read, granted)
        self.passes.append(one)
        return one

    def open(
        self, door: str, opened: float, closed: float, people: int = 0, *, opening: State = "open", silent: bool = False
    ) -> Cycle:
        """The door opens otherwise than by a badge."""
        one = Cycle(door, opened, closed, people, opening, silent=silent)
        self.cycles.append(one)
        return one

    def say(self, at: float, door: str, state: State, by: str = "") -> None:
        """A state that is no contact: disabled, enabled, unlocked, locked."""
        self._said.append((at, door, state, by))

    def write(self, diary: Diary) -> None:
        """All badges and states of the run."""
        stream = self._draws.stream("life.doors")
        for one in sorted(self.passes, key=lambda p: (p.at, p.door, p.person, p.direction)):
            door = self.premises.doors[one.door]
            after, lasts = float(stream.uniform(*RANGES.opens_after_s)), float(stream.uniform(*RANGES.closes_after_s))
            if one.granted:
                self.cycles.append(Cycle(one.door, one.at + after, one.at + after + lasts, 1))
            if one.read and (one.direction == "in" or door.reads_out):
                direction: _Direction = "out" if one.direction == "out" else "in"
                body = AccessAttempt(
                    person=one.person, door=one.door, zone=door.leads_to, granted=one.granted, direction=direction
                )
                diary.write(one.at, SOURCE, body, (one.door,), door.leads_to)
        for cycle in self._merged():
            self._tell(cycle, diary)
        for at, name, state, by in self._said:
            self._state(diary, at, name, state, by=by)

    def _merged(self) -> list[Cycle]:
        """Cycles of a door that touch become one: the first says how it opened."""
        found: list[Cycle] = []
        last: dict[str, Cycle] = {}
        for one in sorted(self.cycles, key=lambda c: (c.opened, c.door, c.closed)):
            before = last.get(one.door)
            if before is not None and one.opened <= before.closed and before.silent == one.silent:
                before.closed = max(before.closed, one.closed)
                before.people += one.people
                before.said += one.said
                if one.opening != "open":
                    before.said.append((one.opened, one.opening, ""))
                continue
            last[one.door] = one
            found.append(one)
        return found

    def _tell(self, cycle: Cycle, diary: Diary) -> None:
        if cycle.silent:
            return
        door = self.premises.doors[cycle.door]
        self._state(diary, cycle.opened, cycle.door, cycle.opening)
        for at, state, by in sorted(cycle.said):
            self._state(diary, at, cycle.door, state, by=by)
        if cycle.closed - cycle.opened > door.open_s and all(said[1] != "held" for said in cycle.said):
            self._state(diary, cycle.opened + door.open_s, cycle.door, "held")
        self._state(diary, cycle.closed, cycle.door, "closed", people=cycle.people if door.counts else None)

    def _state(
        self, diary: Diary, at: float, name: str, state: State, *, by: str = "", people: int | None = None
    ) -> None:
        diary.write(
            at, SOURCE, DoorState(door=name, state=state, people=people, by=by), (name,),
            self.premises.doors[name].leads_to,
        )  # fmt: skip
