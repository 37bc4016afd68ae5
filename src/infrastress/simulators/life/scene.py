"""What every part of a run shares: site, time, chance, doors, who is where; and how things are written down."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from infrastress.events import GasReading, LoginAttempt, SessionState, SwitchState, WorkNotice
from infrastress.simulators.calendar import Calendar
from infrastress.simulators.diary import Diary
from infrastress.simulators.life.doors import Doors
from infrastress.simulators.life.premises import Premises
from infrastress.simulators.life.visits import Presence
from infrastress.simulators.randomness import Pair, Randomness
from infrastress.site.assets import GasDetector
from infrastress.site.context import Person

__all__ = ["Scene", "pick", "uniform"]

T = TypeVar("T")
LOGINS, SWITCHES, GAS = "logins", "switches", "gas"


def uniform(stream: np.random.Generator, pair: Pair) -> float:
    """A draw of a range."""
    return float(stream.uniform(*pair))


def pick(stream: np.random.Generator, choice: Sequence[T]) -> T:
    """One of several."""
    return choice[int(stream.integers(len(choice)))]


@dataclass
class Scene:
    """A run under way; moments are seconds after its start.

    Attributes:
        busy: spans of attacks, which innocent oddities leave alone.
        inhibited: by gas head, spans in which it tells nothing of the air.
        rising: by gas head, (begin, peak moment, end, peak level) of a cloud.
        taken: who plays a part in an event, and plays no other.
    """

    premises: Premises
    calendar: Calendar
    draws: Randomness
    diary: Diary
    doors: Doors
    presence: Presence
    busy: list[tuple[float, float]]
    inhibited: dict[str, list[tuple[float, float, str]]]
    rising: dict[str, list[tuple[float, float, float, float]]]
    taken: set[str] = field(default_factory=set)

    def person(self, name: str) -> Person:
        """A person of the site model."""
        return next(one for one in self.premises.site.people if one.id == name)

    def quiet(self, begin: float, end: float) -> bool:
        """Whether no attack runs then."""
        return all(end < one or begin > other for one, other in self.busy)

    def present(self, at: float, roles: Sequence[str], zone: str | None = None) -> list[Person]:
        """Staff of some roles on site at a moment, in a zone or anywhere."""
        found = [one for one in self.premises.staff if one.role in roles]
        places = [(one, self.presence.where(one.id, at)) for one in found]
        return [one for one, place in places if place is not None and (zone is None or place == zone)]

    def absent(self, begin: float, end: float, roles: Sequence[str]) -> list[Person]:
        """Staff of some roles who are off site all through a span."""
        free = [one for one in self.premises.staff if one.role in roles and one.id not in self.taken]
        return [one for one in free if self.presence.away(one.id, begin, end)]

    def login(
        self, at: float, account: str, host: str, origin: str, *, remote: bool = False, success: bool = True
    ) -> None:
        """A login on a host."""
        body = LoginAttempt(account=account, host=host, origin=origin, remote=remote, success=success)
        self.diary.write(at, LOGINS, body, (host,), self.premises.device_zone(host))

    def session(self, begin: float, end: float, account: str, host: str, origin: str, *, remote: bool = False) -> None:
        """A login and the session that it opens."""
        self.login(begin, account, host, origin, remote=remote)
        zone = self.premises.device_zone(host)
        for at, state in ((begin + 0.4, "opened"), (end, "closed")):
            told = SessionState(
                account=account, host=host, origin=origin, remote=remote,
                state="opened" if state == "opened" else "closed",
            )  # fmt: skip
            self.diary.write(at, LOGINS, told, (host,), zone)

    def switch(self, at: float, device: str, state: str, by: str = "") -> None:
        """A device changes state."""
        body = SwitchState(device=device, state=state, by=by)
        self.diary.write(at, SWITCHES, body, (device,), self.premises.device_zone(device))

    def gas(self, at: float, head: GasDetector, level: float, condition: str = "measuring") -> None:
        """A gas head's reading."""
        level = round(min(max(level, 0.0), 1.0), 3)
        alarmed = condition == "measuring" and level >= head.low_alarm_lel
        body = GasReading(detector=head.id, level_lel=level, alarmed=alarmed, condition=condition)  # type: ignore[arg-type]
        self.diary.write(at, GAS, body, (head.id,), head.zone or "")

    def announce_drill(self, begin: float, end: float) -> None:
        """A site tells its control room an hour before that it practises an emergency, and of some time around it."""
        ns = self.calendar.ns
        told = WorkNotice(
            work=f"drill-{ns(begin) // 1_000_000_000}", begins=ns(begin - 300.0), ends=ns(end + 900.0), sort="drill",
            name="Evacuation drill", zones=tuple(sorted(self.premises.zones)),
        )  # fmt: skip
        self.diary.write(max(begin - 3600.0, 0.0), SWITCHES, told)

    def note(
        self,
        kind: str,
        begin: float,
        end: float,
        assets: tuple[str, ...],
        text: str,
        *,
        zone: str = "",
        people: tuple[str, ...] = (),
        visible: float | None = None,
        malicious: bool = False,
        event: str = "",
    ) -> None:
        """What really happened."""
        if event:
            self.taken.update(people)
        self.diary.note(
            kind, begin, end, assets, text, malicious=malicious, zone=zone, people=people,
            visible=begin if visible is None else visible, event=event,
        )  # fmt: skip
