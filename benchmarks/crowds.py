"""Crowds that report: neighbours as they write, and campaigns that mislead; seeded, made before what judges them.

A scene is a list of `Report` events at the depot. Honest people write independently of each other, in their own words,
from where they live; what they notice is one thing. A campaign has one message, said again in variants from fresh
accounts. Its author knows the wind and the plausible places: `spread` puts each fake where a neighbour could stand.
Fakes that are `rewritten` are worded one by one as neighbours write: their words give nothing away.
"""

from collections.abc import Sequence
from random import Random

from infrastress.core.time import SECOND
from infrastress.events import Event, GasReading, Report, make_event
from infrastress.events.kinds import Category
from infrastress.site import Site
from infrastress.site.base import Point
from infrastress.site.geo import Georeference

__all__ = ["EVALUATION", "TRAINING", "WIND_FROM", "Crowd", "merged"]

TRAINING = range(1000, 1100)
"""Seeds by which parameters are chosen."""
EVALUATION = range(100)
"""Seeds that are scored, once."""
WIND_FROM = 250.0
"""Degrees from north; it blows from the tanks to the town."""

_OPENERS = (
    "",
    "",
    "",
    "Hello, ",
    "Good evening. ",
    "Urgent: ",
    "Hi, ",
    "Not sure if it matters but ",
    "Sorry to bother you, ",
    "Me again, ",
    "My wife noticed it first: ",
    "I am out with the dog and ",
    "We are at the playground, ",
    "From the bus: ",
)
_SMELLS = (
    "there is a strong smell of petrol in our street",
    "it stinks like a filling station out here",
    "my kitchen is full of fuel fumes",
    "eyes are burning and my throat is sore",
    "the air smells of gasoline since ten minutes",
    "something chemical is in the air, sweetish",
    "we had to close all windows because of the stench",
    "kids complain of headache, odd odour outside",
    "reeks of diesel by the bakery",
    "fumes, quite heavy, coming over the wall",
    "oily smell, gets worse with every gust",
    "cannot stand on my balcony, it smells like solvent",
    "petrol vapour on the school yard",
    "what are you burning or spilling over there, it is awful",
    "smell like when you spill at the pump, only everywhere",
    "my asthma is acting up, heavy odour from the terminal",
    "the whole stairwell smells of fuel",
    "a sharp stink came in through the vent",
    "dog refuses to go out, air smells wrong",
    "faint petrol odour near the church, on and off",
    "there is a haze and it smells of petrol",
    "nauseous from that vapour outside",
    "is there a leak at the depot? smells like it",
    "smelled it at the harbour gate too",
    "unbearable, like paint thinner",
    "the terminal smells again but this time much stronger than usual",
    "gas? petrol? I cannot tell, but it is strong",
)
_TAILS = (
    "",
    "",
    "",
    ".",
    " please check",
    " and it is getting worse",
    ", is it dangerous?",
    " since about five minutes",
    "!!",
    ", number 14",
    ", should we leave?",
    " - third floor",
    ", I called the fire brigade too",
    " near the crossing",
    " again",
    ", wind comes from your side",
    ", no smoke that I can see",
    " and my neighbour says the same",
    ", thanks",
)
_MESSAGES: tuple[tuple[Category, tuple[tuple[str, ...], ...]], ...] = (
    (
        "smell",
        (
            ("Huge", "Massive", "Very big", "Terrible"),
            ("petrol leak", "fuel leak", "gasoline leak"),
            ("at the depot,", "at the tank farm,", "at the terminal,"),
            ("everyone must evacuate", "all must evacuate", "everybody has to evacuate"),
            ("right now", "now", "immediately"),
        ),
    ),
    (
        "smoke",
        (
            ("Black", "Thick black", "Dark"),
            ("smoke is rising", "smoke coming up", "smoke rises"),
            ("behind tank 3,", "from tank 3,", "over tank 3,"),
            ("they are hiding it", "the company hides it", "they cover it up"),
            ("from us", "from the town", "from everyone"),
        ),
    ),
    (
        "fire",
        (
            ("There is a", "I see a", "We see a"),
            ("big fire", "huge fire", "large fire"),
            ("on the jetty,", "at the jetty,"),
            ("send all engines", "send every engine", "send all fire engines"),
            ("to the jetty now", "to the jetty at once", "there now"),
        ),
    ),
)
_EXTRA = ("", "", "", "!", "!!", " please share", " share this", " help", " urgent")


class Crowd:
    """What people report in one scene.

    Args:
        site: the depot.
        seed: of the scene.
        begin: when it begins, ns.
    """

    def __init__(self, site: Site, seed: int, begin: int) -> None:
        self._site, self._begin = site, begin
        self._random = Random(seed)  # noqa: S311 - a seeded scene
        self._earth = Georeference(site.location)
        self._people = 0

    def neighbours(self, count: int, *, within_s: float = 240.0, begin_s: float = 0.0) -> list[Event]:
        """So many people who smell one thing downwind of the tanks, in their own words; some share a network."""
        random, found = self._random, []
        words = random.sample(_SMELLS, min(count, len(_SMELLS)))
        moments = sorted(random.uniform(0, within_s) for _ in range(count))
        for number, moment in enumerate(moments):
            said = words[number % len(words)]
            text = f"{random.choice(_OPENERS)}{said}{random.choice(_TAILS)}"
            network = f"mobile-{random.randrange(3)}" if random.random() < 0.4 else self._fresh("home")
            found.append(self._report("smell", text, self._downwind(), begin_s + moment, network))
        return found

    def household(self) -> list[Event]:
        """Two people of one household, one after the other, from one line and one place."""
        where, network = self._downwind(), self._fresh("home")
        words = self._random.sample(_SMELLS, 2)
        return [self._report("smell", text, where, 40.0 * n, network) for n, text in enumerate(words)]

    def campaign(self, count: int = 50, *, spread: bool = False, within_s: float = 600.0) -> list[Event]:
        """One message in variants from so many fresh accounts: at one place, or `spread` over plausible ones."""
        random, found = self._random, []
        category, slots = random.choice(_MESSAGES)
        where = self._downwind()
        networks = [self._fresh("vpn") for _ in range(count if spread else random.randint(1, 8))]
        for moment in sorted(random.uniform(0, within_s) for _ in range(count)):
            text = " ".join(random.choice(slot) for slot in slots) + random.choice(_EXTRA)
            if random.random() < 0.3:
                text = self._slip(text)
            place = self._downwind() if spread else self._beside(where, random.choice((0.0, 0.0, 5.0)))
            found.append(self._report(category, text, place, moment, random.choice(networks)))
        return found

    def rewritten(
        self,
        count: int = 50,
        *,
        corner: bool = False,
        networks: int = 0,
        begin_s: float = 60.0,
        within_s: float = 600.0,
    ) -> list[Event]:
        """So many fakes worded one by one, from fresh accounts, once a mast has told the wind.

        Args:
            count: of fakes.
            corner: all at one place to which the wind carries nothing; else each where a neighbour could stand.
            networks: over which they come; 0 where each has its own.
            begin_s: the first comes then or later.
            within_s: the first and the last are no further apart.
        """
        random, found = self._random, []
        corners = [one.position for one in self._site.receptors if one.position[0] < 550 and one.population]
        where = random.choice(corners)
        shared = [self._fresh("vpn") for _ in range(networks)]
        for moment in sorted(random.uniform(0, within_s) for _ in range(count)):
            text = f"{random.choice(_OPENERS)}{random.choice(_SMELLS)}{random.choice(_TAILS)}"
            place = self._beside(where, 40.0) if corner else self._downwind()
            network = random.choice(shared) if shared else self._fresh("home")
            found.append(self._report("smell", text, place, begin_s + moment, network))
        return found

    def beside_a_sensor(self) -> list[Event]:
        """A gas head alarms, and one person near it reports, within ten minutes of each other."""
        head = self._random.choice([asset for asset in self._site.assets if asset.type == "gas_detector"])
        moments = self._random.uniform(0, 600.0), self._random.uniform(0, 600.0)
        alarm = make_event(
            site=self._site.id,
            source="gas",
            sequence=0,
            occurred=self._begin + round(moments[0] * SECOND),
            body=GasReading(detector=head.id, level_lel=self._random.uniform(0.25, 0.9), alarmed=True),
            assets=(head.id,),
        )
        text = f"{self._random.choice(_SMELLS)}{self._random.choice(_TAILS)}"
        return [alarm, self._report("smell", text, self._downwind(), moments[1], self._fresh("home"))]

    def alone(self) -> list[Event]:
        """One person, and nobody else."""
        return [self._report("smell", self._random.choice(_SMELLS), self._downwind(), 0.0, self._fresh("home"))]

    def _report(self, category: Category, text: str, where: Point, at_s: float, network: str) -> Event:
        self._people += 1
        latitude, longitude = self._earth.to_earth(where)
        who = f"r-{self._random.getrandbits(48):012x}"
        occurred = self._begin + round(at_s * SECOND)
        return make_event(
            site=self._site.id,
            source="reports",
            sequence=self._people,
            occurred=occurred,
            body=Report(
                reporter=who,
                device=who,
                channel="web",
                category=category,
                text=text,
                network=network,
                role="neighbour",
                latitude=round(latitude, 5),
                longitude=round(longitude, 5),
                receipt=f"{self._random.getrandbits(30):06X}",
            ),
        )

    def _downwind(self) -> Point:
        """Where somebody lives or walks east of the tanks, in metres of the site."""
        homes = [one.position for one in self._site.receptors if one.position[0] > 550]
        x, y = self._random.choice(homes)
        return x + self._random.gauss(0, 45), y + self._random.gauss(0, 35)

    def _beside(self, where: Point, metres: float) -> Point:
        return where[0] + self._random.gauss(0, metres), where[1] + self._random.gauss(0, metres)

    def _fresh(self, what: str) -> str:
        return f"{what}-{self._random.getrandbits(40):010x}"

    def _slip(self, text: str) -> str:
        """A typing error: two letters change places."""
        at = self._random.randrange(len(text) - 1)
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def merged(*scenes: Sequence[Event]) -> list[Event]:
    """Scenes at once, in order of time."""
    return sorted((event for scene in scenes for event in scene), key=lambda event: (event.occurred, event.id))
