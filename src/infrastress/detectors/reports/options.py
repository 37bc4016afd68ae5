"""Options of the detector of reports."""

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ReportOptions"]


class ReportOptions(BaseModel):
    """Times in seconds, lengths in metres.

    Attributes:
        off: rules not to run, by id.
        window_s: reports of one matter within this time of each other are one cluster.
        near_m: and within this distance, where both say where.
        quiet_s: a cluster is over after this time without more.
        alike: mean Jaccard similarity from which a text is of a hand; chosen by `benchmarks/reports.py --choose`.
        campaign_least: so many new devices of one hand look like a campaign; chosen with `alike`.
        signs_least: the places of so many new devices are held against the wind.
        refresh_s: how many there are by now is told at most once in this time; more people up to 16 at once.
        probable: expectation (beta reputation) from which two or more independent people are "probable".
        corroborate_m: a sensor's alarm no further from a report speaks for it.
        half_life_days: after this time half of a reporter's reputation is forgotten.
        sector_deg: half the width of the sector upwind in which a source is looked for, in a steady wind.
        most: reports held in mind; of more the largest hand loses its oldest.
        reporters: reputations held in mind; of more those that were not heard of for longest are forgotten.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    off: tuple[str, ...] = ()
    window_s: float = Field(default=1800.0, gt=0)
    near_m: float = Field(default=600.0, gt=0)
    quiet_s: float = Field(default=1800.0, gt=0)
    alike: float = Field(default=0.2, gt=0, le=1)
    campaign_least: int = Field(default=12, ge=3)
    signs_least: int = Field(default=6, ge=3)
    refresh_s: float = Field(default=60.0, gt=0)
    probable: float = Field(default=0.575, gt=0.5, lt=1)
    corroborate_m: float = Field(default=1500.0, gt=0)
    half_life_days: float = Field(default=180.0, gt=0)
    sector_deg: float = Field(default=20.0, gt=0, lt=90)
    most: int = Field(default=600, ge=10)
    reporters: int = Field(default=5000, ge=10)
