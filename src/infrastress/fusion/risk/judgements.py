"""The numbers of a generated model that nobody measured: judgements, in one place, to be read and argued with.

They say what is likelier than what; a bow-tie in the site file takes their place where people know better. Rates are
per year and become probabilities of the horizon or a window as 1 - exp(-rate * time). Evidence from measured detectors
moves odds by factors of hundreds, so that a prior that is wrong by a factor of two matters little once two of them have
spoken; with unmeasured detectors it matters, and the assessment says so.
"""

from dataclasses import dataclass, field
from math import exp

from infrastress.fusion.risk.likelihood import WINDOW_H

__all__ = ["HORIZON_H", "JUDGEMENTS", "NOW", "SLICES", "Judgements"]

SLICES = 3
"""Windows of the past that are told apart; what is older counts for the oldest."""
NOW = SLICES - 1
HORIZON_H = SLICES * WINDOW_H
_HOURS_A_YEAR = 8766.0


@dataclass(frozen=True)
class Judgements:
    """Priors and strengths.

    Attributes:
        attacks, trespasses, malware: a year and site: a planned attack; someone who gets over the fence by themselves;
            a foothold in the office network by itself.
        attack_physical, attack_cyber: how often a planned attack within the horizon uses each way.
        enters: probability, a window, that an intruder gets into a zone next to where they are, by its access.
        hops: that a foothold goes on over a conduit, by the security level (IEC 62443 SL-T 0 to 4) of the zone behind.
        touches: that who stands before a computer uses it to get into its security zone, or its controller.
        commands: that a foothold in its zone becomes control of a controller (T0831, T0836, T0855).
        falsifies, manipulates: that who controls a controller forges a reading of its assets (T0856), moves them.
        disables: that they put a barrier out of action (T0837, T0880); `disables_by_hand`: who stands beside it.
        faults, upsets, leaks: a year: of a reading, of an asset's process, of a zone's equipment without a cause here.
        disturbances: a year and zone: that its doors and fences, or its network, tell of somebody who isn't there.
        storms: a year and site: wind, water, a dip of the mains; `shakes`: that it disturbs a given zone, reading or
            process (a common cause; the beta factor of IEC 61508-6, annex D, is its share of all failures).
        jobs: a year and site: unannounced work at several places; `covers`: that it takes in a given one.
        works: unannounced benign work a year and zone; `announced`: that announced work is really done.
        work_disables, work_disturbs: that work puts a barrier out of action, disturbs a reading.
        misleads: that the process runs out of bounds under a forged reading, or under a faulty one.
        upset_harms, manipulation_harms: that it reaches what the barriers stand against.
        ignites, spreads: that what is released burns, or leaves the bund; `pfd`: of a barrier without a figure.
    """

    attacks: float = 0.05
    trespasses: float = 0.5
    malware: float = 0.2
    attack_physical: float = 0.5
    attack_cyber: float = 0.8
    enters: dict[str, float] = field(default_factory=lambda: {"public": 0.9, "staff": 0.6, "restricted": 0.3})
    hops: tuple[float, ...] = (0.6, 0.45, 0.3, 0.2, 0.1)
    touches: float = 0.15
    commands: float = 0.5
    falsifies: float = 0.4
    manipulates: float = 0.4
    disables: float = 0.3
    disables_by_hand: float = 0.1
    faults: float = 0.5
    upsets: float = 1.0
    leaks: float = 0.1
    disturbances: float = 2.0
    storms: float = 4.0
    shakes: float = 0.2
    jobs: float = 12.0
    covers: float = 0.3
    works: float = 4.0
    announced: float = 0.95
    work_disables: float = 0.1
    work_disturbs: float = 0.05
    misleads: tuple[float, float] = (0.5, 0.02)
    upset_harms: float = 0.05
    manipulation_harms: float = 0.5
    ignites: float = 0.1
    spreads: float = 0.5
    pfd: float = 0.1

    def within(self, a_year: float, hours: float = WINDOW_H) -> float:
        """Probability that what happens so often a year happens within some hours."""
        return 1.0 - exp(-a_year * hours / _HOURS_A_YEAR)


JUDGEMENTS = Judgements()
