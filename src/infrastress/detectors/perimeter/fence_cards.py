"""Rule cards of fire and of the fence."""

from infrastress.detectors.base import RuleCard

__all__ = ["CARDS"]

CARDS: tuple[RuleCard, ...] = (
    RuleCard(
        rule="fire.detected",
        title="Flame or smoke detector",
        means="A flame or smoke detector sees fire. One that votes in a group is medium until others confirm it; one "
        "isolated by somebody at work on it is under test (low).",
        expected_against_seen="Expected: nothing. Seen: an alarm; low while the panel is under test.",
        benign_causes=("welding or grinding", "sun on a wet surface, lightning", "dust, steam"),
        first_check="Camera of that place. If anything is seen, or nobody works hot there: fire alarm.",
    ),
    RuleCard(
        rule="fire.panel",
        title="Fire panel",
        means="The fire panel tells an alarm: its own is high; one passed on within a minute from a detector or call "
        "point is low.",
        expected_against_seen="Expected: normal. Seen: alarm.",
        benign_causes=("drill or test that was not set at the panel", "dust in a detector"),
        first_check="Read at the panel which loop; camera of that place; emergency plan.",
    ),
    RuleCard(
        rule="fire.call_point",
        title="Manual call point",
        means="Somebody pressed a call point.",
        expected_against_seen="Expected: nothing. Seen: pressed; low while the panel is under test.",
        benign_causes=("a drill nobody had set at the panel", "knocked by a load"),
        first_check="Somebody means it until the contrary is known: emergency plan, call the place.",
    ),
    RuleCard(
        rule="fence.alarm",
        title="One fence section alarmed",
        means="A section of the fence alarmed alone.",
        expected_against_seen="Expected: quiet. Seen: one alarm; its neighbours are quiet.",
        benign_causes=("animal", "a thing blown against it"),
        first_check="Camera of the section.",
    ),
    RuleCard(
        rule="fence.sequence",
        title="Somebody along or through the fence",
        means="Neighbouring sections alarmed one after the other.",
        expected_against_seen="Expected: quiet, or alarms anywhere. Seen: neighbours within 90 s each: two (medium), "
        "three and more (high), the rest of the fence quiet; two while it alarmed at two other places within the hour "
        "(low).",
        benign_causes=("a large animal along the fence", "mowing, work at the fence"),
        first_check="Cameras of the sections in their order; send a guard to where it goes.",
    ),
    RuleCard(
        rule="fence.chatter",
        title="A fence section chatters",
        means="One section alarms again and again: it finds nobody until it is mended.",
        expected_against_seen="Expected: quiet. Seen: five alarms in ten minutes.",
        benign_causes=("wind", "a plant that touches it", "loose mesh"),
        first_check="Camera of the section while it chatters; have it looked at by day.",
    ),
    RuleCard(
        rule="fence.weather",
        title="Weather at the fence",
        means="Many sections alarm at once, or in many places: while it lasts the fence finds nobody.",
        expected_against_seen="Expected: quiet. Seen: four in ten sections within 20 s, or three places that do not "
        "touch "
        "within five minutes.",
        benign_causes=("gusts, hail, heavy rain", "fireworks, a train"),
        first_check="Watch the fence by cameras and rounds until it is over.",
    ),
    RuleCard(
        rule="fence.breach",
        title="Over the fence and through a door",
        means="A door was forced or opened without a badge, or a badge turned up that no gate has read, "
        "soon after a fence section alarmed.",
        expected_against_seen="Expected: people come by the gate. Seen: the fence first, a door next, within 20 min "
        "and "
        "no sooner than one can run.",
        benign_causes=("a false fence alarm and a worn door on one day",),
        first_check="Somebody is inside: cameras between section and door, lock what can be locked, call the "
        "guard and the police.",
    ),
)
