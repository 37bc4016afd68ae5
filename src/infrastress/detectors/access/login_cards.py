"""Rule cards of logins and sessions."""

from infrastress.detectors.base import RuleCard

__all__ = ["CARDS"]

CARDS: tuple[RuleCard, ...] = (
    RuleCard(
        rule="login.unknown_account",
        title="Login with an account of nobody",
        means="A login succeeded with an account that belongs to nobody in the site model.",
        expected_against_seen="Expected: accounts of people listed for the host. Seen: another one.",
        benign_causes=("service or vendor account not entered in the site model", "new employee"),
        first_check="Who owns the account? If nobody does: cut the session, keep the logs.",
        techniques=("T0859", "T0822"),
    ),
    RuleCard(
        rule="login.remote_not_allowed",
        title="Remote login by someone without remote access",
        means="A login came from outside by a person who has no remote access.",
        expected_against_seen="Expected: remote logins only by those allowed. Seen: one by another.",
        benign_causes=("access granted by telephone and not entered", "login from another building counted as remote"),
        first_check="Call the person on a known number. If it was not them: cut the session at the jump host.",
        techniques=("T0822", "T0859"),
    ),
    RuleCard(
        rule="login.host_not_allowed",
        title="Login on a host that is none of this person's",
        means="A person logged in to a host or controller they do not work on.",
        expected_against_seen="Expected: hosts listed for the person. Seen: another host.",
        benign_causes=("standing in for a colleague", "list in the site model not updated"),
        first_check="Ask the person what for. On a controller: compare its programme with the approved one.",
        techniques=("T0859", "T0843", "T0866"),
    ),
    RuleCard(
        rule="login.outside_shift",
        title="Login outside of shift",
        means="An account was used well before or after its owner's shifts.",
        expected_against_seen="Expected: within a shift, with slack. Seen: outside; from afar by somebody "
        "with remote access it is help from home (low); in a restricted zone, behind an "
        "entry outside of shift by somebody who isn't called out, both add up (a step higher).",
        benign_causes=("on call", "overtime", "clock of the host wrong"),
        first_check="Was there a call-out? If not, call the person on a known number.",
        techniques=("T0859", "T0822"),
    ),
    RuleCard(
        rule="login.failed_burst",
        title="Many failed logins",
        means="A host or an account saw many failed logins within minutes.",
        expected_against_seen="Expected: a typing error now and then. Seen: a burst.",
        benign_causes=("password changed and a service still uses the old one", "keyboard layout"),
        first_check="From where do they come? One origin and many accounts is guessing: block the origin.",
        techniques=("T0859",),
    ),
    RuleCard(
        rule="login.while_inside",
        title="From outside, while inside",
        means="An account came in from outside while its owner's badge is inside.",
        expected_against_seen="Expected: remote sessions from people who left. Seen: one of somebody inside. After the "
        "shift, or ten hours after the read, the way out was rather missed (info); who may come in from outside and "
        "does from where they always do, while in an office, has a line of their own (info).",
        benign_causes=("went home without being read", "a tablet in another building counted as outside"),
        first_check="Call the owner on a known number. If it is not them: cut the session, change the password.",
        techniques=("T0822", "T0859"),
    ),
    RuleCard(
        rule="login.not_there",
        title="At the screen, but not in the room",
        means="An account was used at a host in a zone into which its owner's badge was not read.",
        expected_against_seen="Expected: read into the room, or just outside of it. Seen: off the site or "
        "elsewhere. Who "
        "was read out before this shift rather forgot the badge (info); where visitors' badges are given out, who was "
        "given one that was read into that room.",
        benign_causes=("walked in behind a colleague", "forgotten badge", "colleagues share a screen"),
        first_check="Who sits there? Call the owner; look at the camera of the room.",
        techniques=("T0859",),
    ),
)
