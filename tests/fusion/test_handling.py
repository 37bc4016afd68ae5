"""What people do about incidents: a function of the set of acts, whatever became of the incident meanwhile."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from infrastress.core.time import MINUTE
from infrastress.events import Event, IncidentAction, InventoryAction, make_event
from infrastress.fusion import FusionUnit
from infrastress.fusion.handling import Handlings, Known, fold
from tests.fusion.plant import SITE, T0, Feed, detection

ONE = Known(1, "high")


def act(
    minute: float, action: str, incident: str = "inc-a", *, by: str = "ada", number: int = 0, **fields: Any
) -> Event:
    body = IncidentAction(incident=incident, action=action, by=by, **fields)
    return make_event(
        site="plant", source=f"person:{by}", sequence=number, occurred=T0 + round(minute * MINUTE), body=body
    )


TASKS = [act(0, "task", text=f"task {i}", number=i) for i in range(3)]

actions = st.builds(
    lambda minute, what, incident, by, number, owner, task, text, cause, episodes: act(
        minute, what, incident, by=by, number=number, owner=owner, task=TASKS[task].id, text=text, cause=cause,
        episodes=episodes,
    ),
    st.integers(0, 20),
    st.sampled_from(["assign", "note", "task", "task_done", "task_reopen", "close", "reopen"]),
    st.sampled_from(["inc-a", "inc-b", "inc-c"]),
    st.sampled_from(["ada", "bo"]),
    st.integers(0, 3),
    st.sampled_from(["", "ada", "bo"]),
    st.integers(0, 2),
    st.sampled_from(["seen", "dipped"]),
    st.sampled_from(["attack", "drill", None]),
    st.integers(0, 3),
)  # fmt: skip


@given(st.lists(actions, max_size=20), st.randoms(use_true_random=False), st.data())
def test_neither_order_nor_repeats_matter(acts, random, data):
    whole = fold([*TASKS, *acts])
    again = [*TASKS, *acts, *data.draw(st.lists(st.sampled_from(acts), max_size=5) if acts else st.just([]))]
    random.shuffle(again)
    assert fold(again) == whole
    book = Handlings()
    for event in again:
        book.take(event)
    assert [book.of(name) for name in ("inc-a", "inc-b", "inc-c")] == [
        fold(event for event in again if event.body.incident == name) for name in ("inc-a", "inc-b", "inc-c")
    ]


@given(st.lists(actions, max_size=12), st.randoms(use_true_random=False), st.permutations(["ab", "bc"]))
def test_acts_follow_to_the_successor_whenever_the_chain_becomes_known(acts, random, links):
    """a became part of b, b of c: all acts count for c, whichever came first, and go back when they part again."""
    steps = [("act", event) for event in acts] + [("link", link) for link in links]
    random.shuffle(steps)
    book = Handlings()
    for kind, what in steps:
        if kind == "act":
            book.take(what)
            book.of("inc-a")  # asked meanwhile
        else:
            book.superseded(f"inc-{what[0]}", f"inc-{what[1]}")
    assert book.of("inc-a") == book.of("inc-b") == book.of("inc-c") == fold(acts)
    book.superseded("inc-a", "")
    assert book.of("inc-a") == fold(event for event in acts if event.body.incident == "inc-a")
    assert book.of("inc-c") == fold(event for event in acts if event.body.incident != "inc-a")


def test_a_ring_of_successors_ends():
    book = Handlings()
    book.superseded("inc-a", "inc-b")
    book.superseded("inc-b", "inc-a")
    assert book.take(act(1, "note", text="x")) in ("inc-a", "inc-b")
    assert len(book.of("inc-a").notes) <= 1


def test_taking_noting_and_closing():
    fresh = fold([])
    assert (fresh.state(ONE), fresh.owner) == ("new", "")
    acts = [act(1, "assign", owner="ada"), act(2, "note", text="on my way"), act(3, "task", text="dip T-1")]
    held = fold(acts)
    assert (held.state(ONE), held.owner, held.owner_since) == ("in_hand", "ada", T0 + MINUTE)
    assert [(note.by, note.text) for note in held.notes] == [("ada", "on my way")]
    task = held.tasks[0]
    done = act(4, "task_done", by="bo", task=task.id)
    assert [(t.text, t.done, t.settled_by) for t in fold([*acts, done]).tasks] == [("dip T-1", True, "bo")]
    undone = act(5, "task_reopen", task=task.id)
    assert not fold([*acts, done, undone]).tasks[0].done
    close = act(6, "close", cause="sensor_fault", text="float stuck", episodes=1, severity="high")
    closed = fold([*acts, close])
    assert closed.state(ONE) == "closed"
    assert (closed.closing.cause, closed.closing.comment) == ("sensor_fault", "float stuck")
    assert fold([act(7, "assign"), *acts, close, act(8, "reopen", text="not so")]).state(ONE) == "new"


def test_a_closing_holds_until_more_is_known():
    closed = fold([act(1, "assign", owner="ada"), act(2, "close", cause="drill", episodes=2, severity="medium")])
    for known, state in {
        Known(2, "medium"): "closed",
        Known(1, "low"): "closed",  # parted since: less is no news
        Known(3, "medium"): "in_hand",
        Known(2, "high"): "in_hand",
    }.items():
        assert (closed.state(known), closed.overtaken(known)) == (state, state != "closed")
    again = fold([*closed.acts, act(3, "close", cause="attack", episodes=3, severity="high")])
    assert again.state(Known(3, "high")) == "closed"


def test_who_has_it_has_it_since_the_first_of_the_same_assignments():
    acts = [act(1, "assign", owner="ada"), act(2, "assign", owner="ada"), act(3, "assign", owner="bo")]
    assert fold(acts[:2]).owner_since == T0 + MINUTE
    assert fold(acts).owner_since == T0 + 3 * MINUTE


words = st.builds(
    lambda minute, role: make_event(
        site="plant", source="person:ada", sequence=0, occurred=T0 + minute * MINUTE,
        body=InventoryAction(device="10.0.0.2", action="correct", fields={"role": role}, by="ada", why="seen"),
    ),
    st.integers(0, 20),
    st.sampled_from(["hmi", ""]),
)  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 60), actions | words), max_size=8))
def test_fusion_passes_over_them(acts):
    """With acts between them, the same detections come to the same bytes, and nothing of them is kept."""
    raised = [detection(5), detection(9, "rate", ("T-2",), severity="medium"), detection(40)]
    runs = []
    for between in ([], acts):
        feed = Feed(FusionUnit(SITE))
        for minute in range(61):
            feed.event(*(event for event in raised if event.occurred == T0 + minute * MINUTE))
            feed.event(*(replace_site(event) for at, event in between if at == minute))
            feed.tick(minute)
        feed.tick(61, final=True)
        runs.append((feed.outputs, feed.unit.dump()))
    assert runs[0] == runs[1]


def replace_site(event: Event) -> Event:
    return make_event(
        site=SITE.id, source=event.source, sequence=event.sequence, occurred=event.occurred, body=event.body
    )
