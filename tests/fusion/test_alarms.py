"""The life cycle of alarms, worked out from sets of times, against a state machine that is stepped through."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.core.time import MINUTE
from infrastress.fusion.alarms import CHATTER, OFF_DELAY, AlarmRecord, priority

from .plant import SITE, T0, action, cleared, detection


class Machine:
    """IEC 62682 as it is drawn: one transition after the other, in order of time."""

    def __init__(self):
        self.standing, self.acknowledged, self.raises, self.gone_at = set(), True, 0, None
        self.shelved_until, self.latched, self.severity = 0, False, ""

    def take(self, now, what, episode, severity, until):
        if what == "raise":
            self.standing.add(episode)
            self.raises += 1
            worse = severity == "high" and self.severity == "medium"
            self.severity = "high" if worse or self.severity == "high" else severity
            if worse or not self.latched:
                self.acknowledged, self.latched = False, False
        elif what == "clear":
            self.standing.discard(episode)
            self.gone_at = now
        elif what == "acknowledge":
            self.acknowledged = True
            self.latched = self.raises >= CHATTER
        elif what == "shelve":
            self.shelved_until = until
        elif what == "unshelve":
            self.shelved_until = now

    def state(self, now):
        if now < self.shelved_until:
            return "shelved"
        soon_back = self.raises >= CHATTER and self.gone_at is not None and now < self.gone_at + OFF_DELAY
        if self.standing or soon_back:
            return "acknowledged" if self.acknowledged else "unacknowledged"
        return "closed" if self.acknowledged else "returned"


@st.composite
def stories(draw):
    """What happens to one alarm, minute by minute: (minute, what, event, severity, until)."""
    story, standing = [], []
    for minute in sorted(draw(st.sets(st.integers(1, 90), min_size=1, max_size=24))):
        what = draw(st.sampled_from(("raise", "raise", "raise", "clear", "clear", "acknowledge", "shelve", "unshelve")))
        severity = draw(st.sampled_from(("medium", "medium", "high")))
        if not story or what == "raise":
            raised = detection(minute, severity=severity)
            standing.append(raised)
            story.append((minute, "raise", raised, severity, 0))
        elif what == "clear":
            if standing:
                raised = standing.pop(draw(st.integers(0, len(standing) - 1)))
                story.append((minute, "clear", cleared(raised, minute), severity, 0))
        else:
            until = minute + draw(st.integers(1, 40))
            story.append((minute, what, action(minute, "x", what, until), severity, until))
    return story


@settings(max_examples=200)
@given(st.data())
def test_the_state_is_that_of_the_machine_whatever_order_it_was_told_in(data):
    story = data.draw(stories())
    machine = Machine()
    for minute, what, event, severity, until in story:
        episode = event.body.episode if what in ("raise", "clear") else ""
        machine.take(T0 + minute * MINUTE, what, episode, severity, T0 + until * MINUTE)
    record = AlarmRecord(
        key="x", detector="test", rule="mass_balance", assets=("T-1",), zone="", source_kind="telemetry", condition=True
    )
    raises = [step for step in story if step[1] == "raise"]
    others = [step for step in story if step[1] != "raise"]
    starts = {step[2].body.episode: step[2].occurred for step in raises}
    for _, what, event, _, _ in [*data.draw(st.permutations(raises)), *data.draw(st.permutations(others))]:
        if what == "raise":
            record.raised(event, event.body)
        elif what == "clear":
            record.cleared(event, event.body, starts[event.body.episode])
        else:
            record.acted(event, event.body)
    now = T0 + (story[-1][0] + data.draw(st.integers(0, 60))) * MINUTE
    assert record.state(now) == machine.state(now)
    assert record.raises == len(raises)
    assert record.chattering == (len(raises) >= CHATTER)


@pytest.mark.parametrize(
    ("severity", "assets", "expected"),
    [
        ("critical", ("T-1",), 1),
        ("high", ("T-1",), 1),
        ("high", ("T-2",), 2),
        ("high", ("GD-1",), 3),
        ("medium", ("T-1",), 2),
        ("low", ("D-FARM",), 4),
        ("high", ("T-9",), 4),
        ("critical", (), 2),
    ],
)
def test_priority_rises_with_severity_criticality_and_hazard(severity, assets, expected):
    assert priority(severity, assets, SITE) == expected
