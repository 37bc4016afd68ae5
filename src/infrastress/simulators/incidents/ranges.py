"""Every quantity that a plan draws, with its range; fixed before the fusion code that it judges.

Detectors and fusion never read this module.
"""

from dataclasses import dataclass

from infrastress.simulators.randomness import Pair

__all__ = ["RANGES", "Ranges"]


@dataclass(frozen=True)
class Ranges:
    """Pairs are uniform ranges, times in seconds unless a name ends in `_h`; counts are rounded."""

    # The moment everything turns on, hours after the start of a run that begins at six in the evening
    night_h: Pair = (6.4, 8.0)
    any_h: Pair = (4.0, 8.0)  # of floods, storms and campaigns

    # Steps of an attack, before (negative) or after that moment
    foothold_s: Pair = (-3600.0, -1200.0)
    early_foothold_s: Pair = (-21_600.0, -10_800.0)  # quiet: hours before anything is done with it
    foothold_lasts_s: Pair = (2400.0, 5400.0)
    quiet_lasts_s: Pair = (1200.0, 3000.0)
    look_s: Pair = (-900.0, -300.0)  # the network is looked at
    early_look_s: Pair = (-9000.0, -5400.0)
    inside_s: Pair = (900.0, 2400.0)  # in a room that was broken into
    write_s: Pair = (180.0, 900.0)  # commands to the controller
    change_s: Pair = (300.0, 1200.0)  # the process is manipulated
    program_s: Pair = (-480.0, -180.0)
    cover_s: Pair = (-1200.0, -600.0)  # what draws attention elsewhere begins
    track_s: Pair = (-3000.0, -1200.0)  # the drone

    # What honest people do about it or instead
    callout_s: Pair = (900.0, 3600.0)
    work_lasts_s: Pair = (1500.0, 4200.0)
    support_lasts_s: Pair = (2400.0, 5400.0)

    # People who report
    flood: Pair = (60.0, 150.0)
    flood_lasts_s: Pair = (1200.0, 2700.0)
    many: Pair = (15.0, 40.0)
    many_lasts_s: Pair = (1200.0, 3600.0)
    some: Pair = (4.0, 10.0)
    few: Pair = (2.0, 4.0)
    smell_after_s: Pair = (300.0, 1500.0)
    smell_lasts_s: Pair = (600.0, 2400.0)
    campaign: Pair = (40.0, 70.0)
    campaign_lasts_s: Pair = (600.0, 3600.0)

    # A storm
    storm_lasts_s: Pair = (3600.0, 10_800.0)
    shaken: Pair = (15.0, 40.0)  # alarms of fences
    chatter: Pair = (3.0, 8.0)

    # Depot: a receipt that is running when its gauge begins to lie
    receipt_before_h: Pair = (2.2, 2.7)
    receipt_m3h: Pair = (690.0, 790.0)
    start_level_m: Pair = (6.5, 7.1)
    cloud_heads: Pair = (2.0, 4.0)

    # Water
    manipulated_h: Pair = (3.0, 5.0)
    power_off_h: Pair = (0.7, 2.0)
    repair_h: Pair = (2.0, 5.0)

    # A second event with a cause of its own
    beside_s: Pair = (-2400.0, 2400.0)  # against the moment everything turns on
    beside_inside_s: Pair = (300.0, 900.0)
    beside_lasts_s: Pair = (900.0, 2700.0)


RANGES = Ranges()
