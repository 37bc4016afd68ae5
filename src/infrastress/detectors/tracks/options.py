"""Options of the detector of tracks, and what is known of each kind of object."""

from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from infrastress.events.kinds import TrackedObject

__all__ = ["NATURE", "Nature", "TrackOptions"]


class Nature(NamedTuple):
    """How a kind of object moves.

    Attributes:
        fastest: m/s; what is faster is no such object.
        q: spectral density of its acceleration, m2/s3: about the square of an ordinary change of speed within a second.
        warned_s: how long before it is reached that heading for a zone is told: the time somebody needs to look.
        urgent_s: when that becomes an alarm.
        steady_s: how long it must have headed there: boats turn slowly, people quickly.
    """

    fastest: float
    q: float
    warned_s: float
    urgent_s: float
    steady_s: float


NATURE: Final[dict[TrackedObject, Nature]] = {
    "person": Nature(12.0, 0.3, 60.0, 20.0, 5.0),
    "vehicle": Nature(70.0, 2.0, 60.0, 20.0, 5.0),
    "vessel": Nature(40.0, 0.05, 600.0, 240.0, 60.0),
    "drone": Nature(90.0, 2.0, 120.0, 60.0, 5.0),
    "aircraft": Nature(350.0, 4.0, 60.0, 30.0, 10.0),
    "animal": Nature(40.0, 2.0, 0.0, 0.0, 0.0),
    "unknown": Nature(350.0, 2.0, 120.0, 30.0, 10.0),
}


class TrackOptions(BaseModel):
    """Options; metres and seconds.

    Attributes:
        off: rules not to run, by id.
        known: what identifies objects that are expected (a pilot boat, the site's own drone): told as notices. Anybody
            can claim an identity, so they are never left out.
        sigma_m: of a position whose sensor tells none.
        inside_m: how far inside a zone a track must be, beyond one standard deviation, so that passing along a fence is
            no entry; and how far outside before it has left.
        ceiling_m: above this height over ground nothing is in a zone.
        stays_s: an unknown object inside is an alarm when it has been there for so long: a bird crosses a bund in
            some seconds, what has business there stays.
        together_m: an unknown track no further than this, beyond both their uncertainties, from a classified one of
            another sensor is the same object.
        near_m, linger_s, linger_m: an object this near a closed zone, that stays for so long within such a radius,
            lingers. Vessels may.
        patience_s: a track is lost when it says nothing for five of its own pauses, and at least so long.
        forget_s: and forgotten after so long.
        flood: new tracks of one sensor within a minute that are more than traffic.
        apart_m: one identity at two places this far apart, at a time, is a copy.
        quiet_s: an episode without an end of its own is over after this time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    off: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    sigma_m: float = Field(default=15.0, gt=0)
    inside_m: float = Field(default=5.0, ge=0)
    ceiling_m: float = Field(default=300.0, gt=0)
    stays_s: float = Field(default=30.0, ge=0)
    together_m: float = Field(default=60.0, ge=0)
    near_m: float = Field(default=150.0, ge=0)
    linger_s: float = Field(default=180.0, gt=0)
    linger_m: float = Field(default=30.0, gt=0)
    patience_s: float = Field(default=30.0, gt=0)
    forget_s: float = Field(default=900.0, gt=0)
    flood: int = Field(default=60, ge=2)
    apart_m: float = Field(default=300.0, gt=0)
    quiet_s: float = Field(default=1800.0, gt=0)
