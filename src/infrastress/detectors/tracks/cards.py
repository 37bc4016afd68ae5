"""Rule cards of tracks."""

from infrastress.detectors.base import RuleCard

__all__ = ["CARDS"]

CARDS: tuple[RuleCard, ...] = (
    RuleCard(
        rule="tracks.inside",
        title="In a closed zone",
        means="A drone, vessel, vehicle or person that is tracked is in a zone that is closed to its kind.",
        expected_against_seen="Expected: none of its kind inside the polygon of the zone. Seen: its smoothed "
        "position, by more than its uncertainty.",
        benign_causes=("announced work, survey flight or pilot boat not entered as known", "position badly calibrated"),
        first_check="Look at the camera that sees the place. A drone over an explosive zone: stop hot work and "
        "loading, keep people indoors, tell the police; do not try to bring it down over tanks.",
    ),
    RuleCard(
        rule="tracks.heading",
        title="Heads for a closed zone",
        means="The straight way on of a track meets a zone that is closed to its kind, within minutes.",
        expected_against_seen="Expected: traffic that passes by. Seen: a steady course into the zone, and in how many "
        "seconds it is there.",
        benign_causes=("a boat that turns late", "a drone on its way past at another height"),
        first_check="Turn a camera that way. If it goes on: warn who works in the zone.",
    ),
    RuleCard(
        rule="tracks.lingering",
        title="Lingers near a closed zone",
        means="Something has stayed near a closed zone for minutes, nearly still: it may be looking.",
        expected_against_seen="Expected: passing by. Seen: within 30 m of one point for three minutes.",
        benign_causes=("a hobby pilot", "walkers, a parked car", "a survey that nobody announced"),
        first_check="Look at the camera; note time and place; has it been there on other days?",
    ),
    RuleCard(
        rule="tracks.lost",
        title="Lost where it matters",
        means="A track ended in a closed zone or on its way there: it has landed, dropped something, or is hidden.",
        expected_against_seen="Expected: tracks that end far away. Seen: the last point in the zone or before it.",
        benign_causes=("shadow of a tank or building", "the sensor lost power"),
        first_check="Look at the place it was seen last. Treat what lies there as suspect: keep away, call security.",
    ),
    RuleCard(
        rule="tracks.jumped",
        title="A track that can't be",
        means="A track goes on at a place that nothing of its kind could have reached.",
        expected_against_seen="Expected: speeds that its kind can have. Seen: far more, three points in a row.",
        benign_causes=("two objects under one number", "a receiver with a wrong clock"),
        first_check="Compare with another sensor. Forged positions of vessels and drones hide a true one elsewhere.",
    ),
    RuleCard(
        rule="tracks.copied",
        title="One identity at two places",
        means="Two tracks say to be the same object at the same time, far apart.",
        expected_against_seen="Expected: an identity at one place. Seen: at two.",
        benign_causes=("a transponder moved to another boat and both on", "serial numbers set wrongly"),
        first_check="Which of the two does another sensor or a camera see? The other is forged.",
    ),
    RuleCard(
        rule="tracks.flood",
        title="More new tracks than traffic",
        means="One sensor tells of many new tracks within a minute.",
        expected_against_seen="Expected: a few new tracks a minute. Seen: more than the options allow.",
        benign_causes=("a flock of birds", "rain or sea clutter", "an event with many boats"),
        first_check="Look at the sensor's own picture and at a second sensor; forged ones often move alike.",
    ),
)
