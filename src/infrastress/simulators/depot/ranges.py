"""What the depot simulator draws from: every distribution in one place.

Fixed before any detector was written, so that no detector's threshold could shape them. A pair is uniform between its
two ends unless its comment says otherwise; a name ending in `_per_day` is the mean of a Poisson count for the site.
Detectors never read this module: what they may know of the plant stands in the site file.
"""

from dataclasses import dataclass

__all__ = ["RANGES", "Ranges"]

Pair = tuple[float, float]


@dataclass(frozen=True)
class Ranges:
    """Distributions of one simulated depot."""

    # Stock and plans
    initial_level_m: Pair = (2.5, 11.5)
    fill_level_m: Pair = (12.4, 13.0)  # where operators end a receipt by the gauge
    heel_level_m: Pair = (1.6, 2.2)  # where loading and transfers leave a tank

    # Receipts
    receipt_m3h: Pair = (550.0, 900.0)
    receipt_wander: float = 0.01  # standard deviation of the rate about its set value, new knot every 10 minutes
    ship_interval_h: Pair = (40.0, 90.0)
    ship_cargo_m3: Pair = (2500.0, 8000.0)
    ship_petrol: float = 0.4  # chance that a ship brings petrol
    batch_interval_h: Pair = (36.0, 72.0)
    batch_m3: Pair = (1500.0, 3500.0)
    ramp_s: Pair = (60.0, 300.0)  # from standstill to full rate
    settle_s: Pair = (300.0, 1200.0)  # valves open before the ship or pipeline pumps
    changeover_s: Pair = (30.0, 90.0)  # without flow while a receipt changes tanks
    receipt_temperature_k: Pair = (-4.0, 4.0)  # against the day's mean air temperature

    # Transfers between tanks of one product
    transfer_interval_h: Pair = (30.0, 120.0)
    transfer_m3: Pair = (300.0, 1200.0)
    transfer_m3h: Pair = (250.0, 400.0)

    # Lorries
    loading_begins_h: Pair = (5.5, 6.5)  # local clock
    loading_ends_h: Pair = (17.0, 19.0)
    lorry_m3: Pair = (26.0, 36.0)
    arm_m3h: Pair = (105.0, 135.0)
    arms: int = 3
    lorries_per_day: Pair = (18.0, 34.0)  # per product; a third of it on Saturdays, none on Sundays
    pump_run_on_s: float = 90.0

    # Air and liquid
    air_mean_c: Pair = (8.0, 24.0)
    air_swing_k: Pair = (2.0, 7.0)  # half of day against night
    liquid_time_constant_d: Pair = (5.0, 15.0)

    # Instruments (standard deviations)
    gauge_noise_m: float = 0.001
    gauge_ripple_m: float = 0.0015  # more while the tank fills or empties
    gauge_bias_m: float = 0.001
    area_error: float = 0.0005  # true cross-section against the nominal one
    thermometer_noise_k: float = 0.01
    thermometer_bias_k: float = 0.1
    meter_bias: float = 0.0025  # of reading, cut at two standard deviations
    meter_noise: float = 0.004  # of reading
    meter_cutoff_m3h: float = 2.0
    pressure_noise_bar: float = 0.02

    # Ordinary oddities of telemetry
    lost_rows_per_day: float = 1.0
    lost_rows: Pair = (1.0, 3.0)
    gaps_per_day: float = 0.1
    gap_s: Pair = (120.0, 900.0)
    jitter_spells_per_day: float = 0.3
    jitter_spell_s: Pair = (300.0, 1800.0)
    jitter_s: float = 2.0  # largest shift of a row's time in such a spell
    noisy_gauge_per_day: float = 0.1
    noisy_gauge_s: Pair = (180.0, 1200.0)
    noisy_gauge_m: float = 0.008
    receipt_pauses_per_receipt: float = 0.15  # the ship or pipeline stops for a while, valves stay open
    receipt_pause_s: Pair = (600.0, 3600.0)

    # Weather: the day's breeze from the sea over the depot to the town, its swings and gusts
    wind_from_deg: Pair = (240.0, 280.0)
    wind_m_s: Pair = (3.0, 6.0)
    wind_swing_deg: float = 30.0
    wind_gust_deg: float = 4.0
    wind_gust_m_s: float = 0.4

    # People
    staff: int = 16  # of the site's, in its order: whom these stories tell of (`life` tells of all)

    # Ordinary oddities of people and devices
    handover_s: Pair = (-1500.0, 1200.0)  # badge against the shift's begin or end
    rounds_per_shift: Pair = (1.0, 3.0)
    jobs_per_day: Pair = (1.0, 4.0)  # maintenance jobs in the field
    wrong_pin_per_day: float = 0.15
    typo_per_day: float = 0.3
    remote_support_per_day: float = 0.3  # the engineer with remote rights, in office hours
    callouts_per_day: float = 0.01  # maintenance comes outside of its shift
    proof_tests_per_day: float = 0.12  # of a level switch, bypassed, on a tank at rest, in office hours
    proof_test_s: Pair = (900.0, 2700.0)
    gas_background_lel: Pair = (0.0, 0.01)
    gas_blips_per_day: float = 0.2
    gas_blip_lel: Pair = (0.02, 0.08)
    gas_blip_s: Pair = (120.0, 600.0)
    ordinary_reports_per_day: float = 0.05  # noise, vehicles
    nuisance_smells_per_day: float = 0.01  # harbour mud, bonfires: no petrol behind them

    # A mishap of telemetry told for certain (option `ordinary`)
    told_after_h: Pair = (9.0, 12.0)
    told_gap_s: Pair = (1800.0, 14400.0)
    told_silent_s: Pair = (86400.0, 86400.0)  # a tank's columns are missing for a day
    told_bad_meter_s: Pair = (14400.0, 43200.0)  # a flow meter is stuck, a gauge noisy

    # The story told on top: times are after the scenario's start
    story_receipt_after_h: Pair = (9.0, 12.0)
    story_start_level_m: Pair = (6.5, 9.0)  # of the tank when its receipt begins
    story_freeze_level_m: Pair = (10.5, 12.2)  # true level at which the gauge freezes
    story_bypass_before_s: Pair = (900.0, 3600.0)
    story_login_before_s: Pair = (600.0, 2400.0)  # before the bypass
    story_badge_before_s: Pair = (1200.0, 3600.0)  # before the login
    drift_share: Pair = (0.2, 0.5)  # share of the true rise that a drifting gauge still shows
    vapour_delay_s: Pair = (90.0, 420.0)  # from overflow to the first gas head's low alarm
    vapour_rise_s: Pair = (60.0, 240.0)  # from its low to its high alarm
    smell_delay_s: Pair = (300.0, 1500.0)  # from overflow to the first neighbour's report
    smell_reports: Pair = (2.0, 6.0)
    shutdown_after_s: Pair = (240.0, 900.0)  # from the gas heads' high alarm to the operators' shutdown
    stop_level_m: Pair = (8.5, 12.0)  # where a transfer really stops, in that twin
    stop_s: Pair = (5400.0, 14400.0)  # for how long
    high_fill_level_m: Pair = (13.05, 13.15)


RANGES = Ranges()
