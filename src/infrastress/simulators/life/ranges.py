"""Every quantity that the life simulator draws, with its range; fixed before the detectors that it judges."""

from dataclasses import dataclass

from infrastress.simulators.randomness import Pair

__all__ = ["RANGES", "Ranges"]


@dataclass(frozen=True)
class Ranges:
    """Pairs are uniform ranges, `per_day` rates of Poisson processes of a site, times in seconds, lengths in metres."""

    # Walking and doors
    walk_m_s: Pair = (1.0, 1.6)
    unhurried_s: Pair = (3.0, 25.0)  # beside the walk between two doors
    unmapped_walk_s: Pair = (20.0, 90.0)  # between two doors of a place without positions
    drive_s: Pair = (900.0, 2400.0)  # between two fenced places that lie apart
    opens_after_s: Pair = (0.8, 2.5)  # door behind its badge
    closes_after_s: Pair = (2.5, 6.5)  # behind the last who passes

    # Working days
    arrives_before_s: Pair = (240.0, 1500.0)
    leaves_after_s: Pair = (300.0, 1500.0)
    car_share: float = 0.3  # of the staff comes in twos and threes
    absent: float = 0.08  # ill or on leave, a day
    lunch_h: Pair = (11.6, 13.2)
    lunch_s: Pair = (1500.0, 2700.0)
    lunch_outside: float = 0.15
    rounds_per_shift: Pair = (1.0, 3.0)
    jobs_per_day: Pair = (1.0, 4.0)
    errands_per_day: Pair = (0.0, 2.0)  # of office staff and engineers
    stay_s: Pair = (300.0, 2400.0)  # in the field
    home_days: float = 0.2  # of engineers with remote rights
    visitors_per_day: Pair = (0.0, 4.0)
    visit_s: Pair = (1800.0, 10_800.0)
    deliveries_per_day: Pair = (1.0, 4.0)
    session_s: Pair = (900.0, 9000.0)

    # Innocent oddities: each kind once a run at least where it lasts ten days, and at these rates
    oddity_per_day: float = 0.12
    late_leave_s: Pair = (7200.0, 18_000.0)
    early_s: Pair = (4500.0, 9000.0)
    callout_s: Pair = (2400.0, 7200.0)
    held_s: Pair = (60.0, 400.0)
    chatter: Pair = (3.0, 14.0)  # open and closed, this often
    wind_s: Pair = (1800.0, 14_400.0)
    wind_alarms: Pair = (4.0, 20.0)
    calibration_s: Pair = (900.0, 2400.0)
    fault_s: Pair = (3600.0, 43_200.0)
    door_work_s: Pair = (1200.0, 5400.0)
    drill_s: Pair = (900.0, 2400.0)
    denied_worn: Pair = (1.0, 4.0)  # refusals of a worn badge before it opens

    # Devices
    gas_background_lel: Pair = (0.0, 0.01)
    gas_blip_lel: Pair = (0.03, 0.085)

    # Tracks
    birds_per_day: float = 8.0
    passing_per_day: float = 10.0
    tankers_per_day: float = 0.3
    moored_s: Pair = (36_000.0, 79_200.0)
    vessel_m_s: Pair = (2.0, 9.0)
    passing_m: Pair = (450.0, 4000.0)  # off the shore
    bird_m_s: Pair = (6.0, 16.0)
    accuracy_m: Pair = (1.5, 12.0)

    # Attacks
    attack_quiet_s: float = 21_600.0  # at least, between two attacks
    night_h: Pair = (0.5, 4.5)
    linger_s: Pair = (240.0, 1500.0)
    climb_walk_m_s: Pair = (0.6, 1.4)
    clone_gap_s: Pair = (900.0, 7200.0)  # behind the owner's own entry
    tailgate_s: Pair = (1.2, 4.0)
    disabled_before_s: Pair = (120.0, 2400.0)
    inhibit_before_s: Pair = (300.0, 3600.0)
    release_rise_s: Pair = (120.0, 600.0)
    probes: Pair = (3.0, 6.0)
    drone_m_s: Pair = (7.0, 16.0)
    drone_from_m: Pair = (800.0, 1900.0)
    drone_hover_s: Pair = (60.0, 300.0)
    drone_height_m: Pair = (12.0, 60.0)
    boat_m_s: Pair = (3.0, 12.0)
    boat_from_m: Pair = (1200.0, 2500.0)
    boat_stays_s: Pair = (120.0, 600.0)

    # People who report
    complaints_per_day: float = 0.8
    staff_reports_per_day: float = 0.3
    report_delay_s: Pair = (60.0, 1500.0)
    release_s: Pair = (2400.0, 7200.0)
    release_wind_m_s: Pair = (1.5, 6.0)
    release_households: Pair = (150.0, 400.0)  # who might smell it, within 2 km
    release_upwind: Pair = (1.0, 4.0)  # who report and are wrong
    notice_s: Pair = (60.0, 1200.0)  # behind the cloud's arrival
    campaign_s: Pair = (600.0, 3600.0)
    campaign_size: int = 50


RANGES = Ranges()
