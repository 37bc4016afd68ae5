"""Rule cards of access control."""

from infrastress.detectors.base import RuleCard

__all__ = ["CARDS"]

CARDS: tuple[RuleCard, ...] = (
    RuleCard(
        rule="access.out_of_place",
        title="Badge out of place",
        means="A known badge opened a door to a zone in which this person has no work.",
        expected_against_seen="Expected: zones listed for the person. Seen: another zone that is not public; a "
        "visitor right behind somebody who works there is led (low).",
        benign_causes=("asked to help elsewhere and the list not updated", "badge lent to a colleague"),
        first_check="Call the person. Is the badge with its owner? Look at the camera of that door.",
    ),
    RuleCard(
        rule="access.unknown_badge",
        title="Badge of nobody known",
        means="A door opened for a badge that belongs to nobody in the site model.",
        expected_against_seen="Expected: badges of the people listed. Seen: another one, granted.",
        benign_causes=("new employee or visitor not entered yet", "replacement badge"),
        first_check="Who issued this badge? Look at the camera; stop the badge until it is known.",
    ),
    RuleCard(
        rule="access.outside_shift",
        title="On site outside of shift",
        means="A person's badge was used well before or after their shifts.",
        expected_against_seen="Expected: within a shift, with slack before and after. Seen: outside of it, or of who "
        "works shifts by night in the middle of one (low); "
        "into a restricted or explosive zone by somebody who isn't called out (option `on_call`), or behind refusals "
        "of the same badge (medium, high).",
        benign_causes=("overtime, swap of shifts", "called in for a fault"),
        first_check="Ask the shift leader whether the person was called in.",
    ),
    RuleCard(
        rule="access.denied_repeatedly",
        title="Refused again and again",
        means="A badge was refused, or a door refused badges, several times within minutes.",
        expected_against_seen="Expected: now and then a refusal. Seen: several within minutes: at one door of "
        "one badge low, at two doors or of several badges medium, at three doors high.",
        benign_causes=("worn badge or reader fault", "rights expired", "wrong code typed"),
        first_check="Look at the camera of the door; call the badge's owner.",
    ),
    RuleCard(
        rule="access.unknown_door",
        title="A door nobody knows",
        means="A source tells of a door that is not in the site model. Badges there are judged by person "
        "and shift alone.",
        expected_against_seen="Expected: doors of the site model. Seen: another name.",
        benign_causes=("a new door not entered yet", "a mapping of fields that takes the wrong one"),
        first_check="Is it a door of this site? Enter it in site.yaml, or mend the mapping of the source.",
    ),
    RuleCard(
        rule="access.passback",
        title="Read in twice without a way out",
        means="A badge opened the same zone again although no read says that its holder left.",
        expected_against_seen="Expected: in, out, in. Seen: in twice. Within three minutes into a restricted or "
        "explosive "
        "zone it may have been handed back (medium); later a read on the way out was rather missed "
        "(info).",
        benign_causes=(
            "left behind a colleague who held the door",
            "the reader on the way out is broken",
            "an evacuation",
        ),
        first_check="Look at the camera of the door: one person or two? Call the holder.",
    ),
    RuleCard(
        rule="access.two_places",
        title="One badge in two places",
        means="The order of reads fits no single person: the badge was counted twice inside, or left a "
        "zone while it was used elsewhere, or came in by a gate while on the site (where gates read who leaves).",
        expected_against_seen="Expected: in and out in turn. Seen: reads of two people with one badge.",
        benign_causes=("several reads missed on one round behind colleagues",),
        first_check="Call the holder and ask where they are. A copied badge works until it is stopped.",
    ),
    RuleCard(
        rule="access.impossible_travel",
        title="Faster than anybody walks",
        means="A badge was read at two doors sooner than the way between them takes.",
        expected_against_seen="Expected: at most a vehicle on the plant's roads, door to door (5 m/s), or a brisk walk "
        "where a read is missing too (2.5 m/s). Seen: faster, after allowing for the clocks of the "
        "readers.",
        benign_causes=("clocks of door controllers apart", "a position of a door in the site model is wrong"),
        first_check="Call the holder; look at both cameras. If two people come up, stop the badge.",
    ),
    RuleCard(
        rule="access.read_missing",
        title="A read between is missing",
        means="A badge turns up where it can't be by its reads: somebody went through a door without one.",
        expected_against_seen="Expected: out of one zone before into another, past the gate before any door inside. "
        "Seen: "
        "a gap.",
        benign_causes=(
            "walked through behind a colleague",
            "forgotten badge, let in by the guard",
            "a reader out of order",
        ),
        first_check="Nothing at once. Often at one door: test its reader, remind people.",
    ),
    RuleCard(
        rule="access.tailgating",
        title="More people than badges",
        means="A door that counts saw more people pass than badges were read while it stood open.",
        expected_against_seen="Expected: a badge each. Seen: more heads; into a restricted or explosive zone "
        "medium, at "
        "the change of a shift or led by somebody who has guests low.",
        benign_causes=("a group of visitors with an escort", "somebody who forgot the badge"),
        first_check="Look at the camera: does everybody belong there?",
    ),
    RuleCard(
        rule="access.door_held",
        title="Door stands open",
        means="A door has been open for longer than it may.",
        expected_against_seen="Expected: closed within open_s. Seen: open (info, by night low); in a "
        "restricted or explosive zone for "
        "half an hour, or five minutes where nobody on shift opened it (medium).",
        benign_causes=("a delivery", "cleaning", "door closer worn"),
        first_check="Look at the camera; ask whoever opened it to close it.",
    ),
    RuleCard(
        rule="access.door_forced",
        title="Door forced",
        means="A door opened without a badge or a release, or its controller says that it was forced.",
        expected_against_seen="Expected: a badge at most 45 s before it opens, or a release. Seen: neither. A zone, "
        "the "
        "hour and a refusal just before weigh more; open for less than 1.5 s, or the controller's word behind a read "
        "on the way out, is low; so is that word at a door that reads nobody out while somebody is inside (medium in a "
        "grave zone).",
        benign_causes=(
            "request-to-exit sensor missed somebody",
            "wind, worn latch",
            "opened with a mechanical key",
        ),
        first_check="Camera of the door now; send a guard. Then look at the latch.",
    ),
    RuleCard(
        rule="access.door_disabled",
        title="Alarm of a door disabled",
        means="Somebody took the alarm of a door out of action; what passes there is not told.",
        expected_against_seen="Expected: by security, maintenance or engineers on shift, for hours (low). Seen: by "
        "others "
        "(medium, high), for too long (medium), or the door was opened meanwhile without a badge "
        "(low while whoever disabled it is at work, else medium, high).",
        benign_causes=("work on the door", "forgotten after work"),
        first_check="Who disabled it, and is there work at that door? If not: enable it, look at the camera "
        "since then.",
        techniques=("T0878",),
    ),
    RuleCard(
        rule="access.door_released",
        title="Lock released",
        means="A door was unlocked from afar and stays so.",
        expected_against_seen="Expected: by people on shift who may, and locked again within hours. Seen: by "
        "others, or "
        "left; by a fire panel low while a fire alarm stands, else medium.",
        benign_causes=("let a delivery in", "left unlocked for cleaning"),
        first_check="Ask who released it; lock it.",
    ),
    RuleCard(
        rule="access.door_tampered",
        title="Reader or contact opened",
        means="A reader, contact or lock reports that its housing was opened.",
        expected_against_seen="Expected: closed. Seen: opened.",
        benign_causes=("maintenance of the reader", "a worn tamper switch"),
        first_check="Send a guard to look at the reader; look at the camera.",
    ),
)
