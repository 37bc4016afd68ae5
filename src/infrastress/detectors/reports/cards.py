"""Rule cards of the rules on reports."""

from infrastress.detectors.base import RuleCard

__all__ = ["CARDS"]

CARDS: tuple[RuleCard, ...] = (
    RuleCard(
        rule="report.danger",
        title="People report danger",
        means="Staff or neighbours reported a smell, smoke, fire, a leak, mist, dead fish, bad tap water "
        "or noise. The sentence says how many independent people did, how far they can be believed (unconfirmed, "
        "probable, corroborated), and from where the wind came.",
        expected_against_seen="Expected: no such report. Seen: reports near each other in time and place; more "
        "independent people, a trained one, or a sensor's alarm beside them weigh more. Numbers alone never make it "
        "corroborated.",
        benign_causes=("a source outside of the site", "work with smell or smoke", "a drill", "low tide, garden fires"),
        first_check="Send someone to look at the sector that is named; ask the reporters back by their receipts; look "
        "at gas heads and the wind.",
    ),
    RuleCard(
        rule="report.suspicious",
        title="People report something suspicious",
        means="Staff or neighbours reported a stranger, a vehicle, a drone, or something odd with computers.",
        expected_against_seen="Expected: no such report. Seen: one or several independent ones, with what doors, "
        "fences and tracks say beside them.",
        benign_causes=("contractor not announced", "hobby drone", "delivery looking for the gate"),
        first_check="Look at the cameras towards that place; ask the gate who is expected.",
        techniques=("T0864",),
    ),
    RuleCard(
        rule="report.safety",
        title="People report a near miss or an unsafe act",
        means="Somebody saw what nearly went wrong, or work done in an unsafe way.",
        expected_against_seen="Expected: such reports, now and then: they are a gift. Seen: one or several of one day.",
        benign_causes=("work allowed by a permit that the reporter didn't know",),
        first_check="Is the work still going on? Stop it until somebody has looked. Thank the reporter.",
    ),
    RuleCard(
        rule="report.campaign",
        title="Reports that look like a campaign",
        means="Several new accounts sent near duplicates of one text, or words of their own and yet bear signs of one "
        "author: most stand where the wind brings nothing from the site, or many come over few networks. It can be one "
        "who wants to mislead, or people who pass a message on. Near duplicates count as one voice; other signs only "
        "cast doubt, and their cluster keeps its word.",
        expected_against_seen="Expected: people who report one thing in words of their own, from where it can be "
        "noticed. Seen: the same text in variants, or the signs that are named, from accounts that nothing was known "
        "of. How many there are by now is told each minute, and at the end.",
        benign_causes=(
            "a message passed on in a neighbourhood group",
            "a form letter",
            "an exercise",
            "a source outside of the site",
            "a wind vane that points wrong",
        ),
        first_check="Look at what the sensors say of the place that is named. Don't answer them one by one; don't "
        "forget that one of them can be true.",
    ),
)
