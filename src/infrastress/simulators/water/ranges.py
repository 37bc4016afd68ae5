"""What the water simulator draws from: every distribution in one place.

Fixed before any detector was tuned on water, so that no detector's threshold could shape them. A pair is uniform
between its two ends unless its comment says otherwise; a name ending in `_per_day` is the mean of a Poisson count for
the site. Detectors never read this module: what they may know of the plant stands in the site file.

A *band* is the span between the levels (or pressures) at which a controller switches on one point, so that a magnitude
means the same on a small tower and on a large reservoir; where nothing switches, it is a third of the usable depth.
"""

from dataclasses import dataclass

__all__ = ["RANGES", "Pair", "Ranges"]

Pair = tuple[float, float]


@dataclass(frozen=True)
class Ranges:
    """Distributions of one simulated water network."""

    # Demand: factors on the model's base demands and patterns; logs are normal with these standard deviations
    demand_scale: Pair = (0.95, 1.05)  # of the whole run: a model is calibrated to a few per cent
    demand_day: float = 0.03  # from day to day, all junctions together
    demand_weather: float = 0.04  # slow swing with the weather, all junctions together
    demand_weather_d: float = 4.0  # its memory, days
    demand_weekend: Pair = (0.90, 1.02)  # factor on Saturdays and Sundays
    demand_hour: float = 0.02  # wander within the day, all junctions together
    demand_hour_memory_h: float = 2.0
    demand_junction: float = 0.10  # each junction for itself: few customers are less even than many
    demand_junction_memory_h: float = 1.0
    initial_level: Pair = (-0.08, 0.08)  # of usable depth, added to the model's initial level

    # Controllers
    clock_offset_s: Pair = (0.0, 60.0)  # of controllers against true time: timed rules fire that much late

    # Instruments (standard deviations); biases are drawn once a run
    level_noise_m: float = 0.004  # ripple and the transmitter's own noise
    level_bias_m: float = 0.005
    pressure_noise_m: float = 0.15
    pressure_bias_m: float = 0.2
    flow_noise: float = 0.006  # of reading: an electromagnetic meter in a chamber
    flow_bias: float = 0.005  # of reading, cut at two standard deviations
    flow_cutoff: float = 0.002  # share of the largest flow below which a meter shows 0

    # Ordinary oddities of telemetry
    lost_rows_per_day: float = 0.5
    lost_rows: Pair = (1.0, 3.0)
    gaps_per_day: float = 0.05  # the whole source is silent
    gap_s: Pair = (900.0, 5400.0)
    dropouts_per_day: float = 0.2  # one outstation's radio: its cells are empty
    dropout_s: Pair = (600.0, 3600.0)
    noisy_meter_per_day: float = 0.10
    noisy_meter_s: Pair = (900.0, 7200.0)
    noisy_meter_times: Pair = (4.0, 10.0)  # its own noise
    stuck_meter_per_day: float = 0.04  # of flow or pressure that no controller reads: shows one value
    stuck_meter_s: Pair = (1800.0, 14400.0)

    # People
    staff: int = 5  # of the site's, in its order: whom these stories tell of (`life` tells of all)

    # Ordinary oddities of the plant and its people
    hot_days_per_day: float = 0.03
    hot_day_demand: Pair = (1.08, 1.20)  # top of the factor, in the afternoon
    big_customers_per_day: float = 0.15  # a factory fills a tank, a crew flushes mains
    big_customer_share: Pair = (0.01, 0.03)  # of the network's mean demand
    big_customer_s: Pair = (1800.0, 10800.0)
    maintenance_per_day: float = 0.05  # a pump with a standby is taken out, office hours
    maintenance_s: Pair = (3600.0, 14400.0)
    rotations_per_day: float = 0.5  # duty and standby pump change places where a station has two alike
    logins_per_day: Pair = (2.0, 5.0)  # staff on the operator station, office hours
    typo_per_day: float = 0.2
    complaints_per_day: float = 0.1  # colour, taste, noise: nothing behind them

    # The story told on top. Times are after the scenario's start: a day passes first, so that a replay has hours to
    # repeat and a concealed view something to show
    story_begins_h: Pair = (26.0, 44.0)
    story_lasts_h: Pair = (6.0, 20.0)  # operators of unmanned sites notice in a shift or two
    constant_band: Pair = (0.25, 0.75)  # where in the band the false constant lies: nothing ever switches
    offset_bands: Pair = (0.6, 1.6)  # size of a false offset, in bands; its sign is drawn
    drift_bands_per_h: Pair = (0.05, 0.25)  # slow: days of BATADAL's attackers, hours of a failing transmitter
    drift_bands: float = 2.0  # where a drift ends
    threshold_bands: Pair = (0.6, 1.6)  # shift of switching points, in bands; its sign is drawn
    replay_h: float = 24.0  # how old the repeated hours are: the same time of day
    login_before_s: Pair = (600.0, 7200.0)  # the intruder's login before its first action
    recalibration_m: Pair = (0.01, 0.03)  # benign twin of an offset: a gauge is set right
    calibration_s: Pair = (1200.0, 3600.0)  # benign twin of a constant: a gauge is blocked for its check
    setpoint_bands: Pair = (0.1, 0.3)  # benign twin of changed thresholds: a planned change
    story_hot_demand: Pair = (1.15, 1.35)  # benign twin of a drift: demand really grows
    radio_works_s: Pair = (1800.0, 7200.0)  # benign twin of a denial: cells are empty, nothing is repeated
    complaints: Pair = (2.0, 8.0)  # customers who call once demand goes undelivered
    complaint_delay_s: Pair = (600.0, 3600.0)

    # A mishap of ordinary days told for certain (option `ordinary`)
    told_customer_share: Pair = (0.03, 0.08)  # of the network's mean demand
    told_customer_s: Pair = (7200.0, 28800.0)
    told_gap_s: Pair = (3600.0, 21600.0)
    told_silent_s: Pair = (86400.0, 86400.0)  # an outstation's columns are missing for a day
    told_bad_meter_s: Pair = (21600.0, 86400.0)  # a meter is stuck or noisy

    # Sizes of faults of the plant
    leak_share: Pair = (0.02, 0.06)  # of mean demand, at ordinary pressure: found in days
    burst_share: Pair = (0.10, 0.30)  # a main breaks
    surge_share: Pair = (0.05, 0.20)  # of mean demand, at one junction: fire fighting, a failed meter at a works
    wear_speed: Pair = (0.85, 0.93)  # speed at which a sound pump would do what the worn one does
    repair_h: Pair = (6.0, 20.0)


RANGES = Ranges()
