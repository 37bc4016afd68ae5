"""Logins and sessions of ordinary days: at the console one sits at, over the network from a desk, from home."""

from infrastress.simulators.life.days import Days
from infrastress.simulators.life.ranges import RANGES
from infrastress.simulators.life.scene import Scene, pick, uniform
from infrastress.simulators.life.visits import Stay
from infrastress.site.context import Person

__all__ = ["HOME_ADDRESS", "Computers"]

HOME_ADDRESS = "203.0.113.{}"
"""Where people with remote rights live on the network."""
_LEAST_S = 600.0


class Computers:
    """Writes the sessions of all stays; local ones only while their owner is in the room."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def ordinary(self, days: Days, walked: list[Stay]) -> None:
        """Sessions of everybody who came, and of who works from home."""
        people = {person.id: person for person in self.scene.premises.staff}
        for number, stay in enumerate(walked):
            person = people.get(stay.person)
            if person is not None and person.accounts and person.hosts and not stay.errand:
                self._on_site(person, stay, number)
        for number, duty in enumerate(days.from_home):
            self.remote(duty.person, duty.begin, duty.end, number)

    def _on_site(self, person: Person, stay: Stay, number: int) -> None:
        stream = self.scene.draws.stream("life.sessions", number)
        hosts = self.scene.premises.hosts
        spans = [one for one in self.scene.presence.spans(person.id) if stay.begin <= one[0] < stay.end + 3600.0]
        sat = False
        for begin, end, zone in spans:
            local = [host for host in person.hosts if host in hosts and hosts[host].zone == zone]
            desk = self.scene.premises.desk(zone)
            if end - begin < _LEAST_S or (sat and float(stream.uniform()) < 0.6):
                continue
            at = begin + float(stream.uniform(60.0, 300.0))
            until = min(at + uniform(stream, RANGES.session_s), end - 60.0)
            if local:
                host = pick(stream, local)
                self._typo(at, person, host, host, stream.uniform() < 0.03)
                self.scene.session(at, until, person.accounts[0], host, host)
                sat = True
            elif desk is not None and person.role == "engineer":
                far = [host for host in person.hosts if host in hosts and hosts[host].zone != zone]
                if far:
                    self.scene.session(at, until, person.accounts[0], pick(stream, far), desk)

    def _typo(self, at: float, person: Person, host: str, origin: str, happens: bool) -> None:
        if happens:
            self.scene.login(at - 20.0, person.accounts[0], host, origin, success=False)

    def remote(self, person: Person, begin: float, end: float, number: int) -> None:
        """Sessions over the way in for remote work, and behind it, within a span in which one isn't on site."""
        jump = self.scene.premises.jump(person)
        if jump is None or not self.scene.presence.away(person.id, begin - 1800.0, end):
            return
        stream = self.scene.draws.stream(f"life.remote.{person.id}", number)
        at = begin + float(stream.uniform(0.0, 0.3)) * (end - begin)
        until = at + 0.9 * float(stream.uniform(0.3, 1.0)) * (end - at)
        origin = HOME_ADDRESS.format(10 + sorted(p.id for p in self.scene.premises.staff).index(person.id))
        self.scene.session(at, until, person.accounts[0], jump, origin, remote=True)
        behind = [host for host in person.hosts if host in self.scene.premises.hosts and host != jump]
        if behind and until - at > _LEAST_S:
            first = at + float(stream.uniform(30.0, 300.0))
            self.scene.session(first, until - 30.0, person.accounts[0], pick(stream, behind), jump, remote=True)
