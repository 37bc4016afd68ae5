"""What every member of the detector family is held to, its own tests and strangers' alike.

    class TestMine(DetectorContract):
        def make(self): return MyDetector(site, MyDetector.Options())

`blocks` is a stream that gives the detector something to say.
"""

from abc import ABC, abstractmethod
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infrastress.core.errors import DecodeError
from infrastress.detectors.base import Basis, Detector
from infrastress.events.frames import Block, Finding, Frames, known_between
from infrastress.events.kinds import Detection

__all__ = ["DetectorContract", "cut", "feed", "join"]


def part(frames: Frames, start: int, stop: int) -> Frames:
    """Frames start..stop."""
    return Frames(
        frames.width,
        frames.ends[start:stop],
        frames.tags,
        frames.mean[start:stop],
        frames.last[start:stop],
        frames.count[start:stop],
    )


def only(frames: Frames, basis: Basis | None) -> Frames:
    """The columns that `expected` asks for."""
    keep = [i for i, tag in enumerate(frames.tags) if basis is not None and tag in basis.signals]
    return Frames(
        frames.width,
        frames.ends,
        tuple(frames.tags[i] for i in keep),
        frames.mean[:, keep],
        frames.last[:, keep],
        frames.count[:, keep],
    )


def cut(block: Block, at: list[int]) -> list[Block]:
    """A block in pieces at frame numbers; each piece has the events up to its last frame."""
    edges = [0, *sorted(set(at)), len(block.frames)]
    pieces, taken = [], 0
    for start, stop in pairwise(edges):
        if stop <= start:
            continue
        frames = part(block.frames, start, stop)
        upto = taken
        while upto < len(block.events) and (
            stop == len(block.frames) or block.events[upto].occurred <= int(frames.ends[-1])
        ):
            upto += 1
        said = known_between(block.network, int(frames.ends[0]) - frames.width, int(frames.ends[-1]))
        pieces.append(Block(frames, block.events[taken:upto], said))
        taken = upto
    return pieces


def feed(detector: Detector, blocks: list[Block]) -> list[Finding]:
    """All findings of some blocks."""
    return [finding for block in blocks for finding in detector.update(block)]


def join(findings: list[Finding]) -> list[tuple]:
    """Findings in the order of (occurred, rule, assets), for comparison of everything in them."""
    return sorted(((f.occurred, f.body.rule, f.assets, f.zone, f.body.episode, f.body) for f in findings), key=repr)


class DetectorContract(ABC):
    """Deterministic, split-invariant, resumable, unshaken by bad input, with a card for all it says."""

    says_nothing = False
    expects = False
    """Whether it says what it expects of some signal that its stream makes it speak of."""

    @abstractmethod
    def make(self) -> Detector:
        """A fresh detector."""

    @abstractmethod
    def stream(self) -> Block:
        """One long block that makes it speak."""

    @pytest.fixture(scope="class")
    @classmethod
    def whole(cls) -> tuple[Block, list[tuple]]:
        block = cls().stream()
        found = feed(cls().make(), [block])
        assert found or cls.says_nothing, "the stream must make the detector speak, or nothing is proved"
        return block, join(found)

    def test_same_twice(self, whole):
        block, found = whole
        assert join(feed(self.make(), [block])) == found

    @pytest.mark.parametrize("size", [1, 7, 1000])
    def test_block_size_changes_nothing(self, whole, size):
        block, found = whole
        pieces = cut(block, list(range(size, len(block.frames), size)))
        assert join(feed(self.make(), pieces)) == found

    @settings(max_examples=8, suppress_health_check=[HealthCheck.differing_executors])
    @given(data=st.data())
    def test_any_split_and_restart_changes_nothing(self, whole, data):
        block, found = whole
        numbers = st.integers(1, max(1, len(block.frames) - 1))
        pieces = cut(block, data.draw(st.lists(numbers, max_size=6)))
        restarts = data.draw(st.sets(st.integers(0, len(pieces))))
        detector, findings = self.make(), []
        for number, piece in enumerate(pieces):
            if number in restarts:
                state = detector.dump()
                detector = self.make()
                detector.load(state)
                assert detector.dump() == state
            findings += detector.update(piece)
        assert join(findings) == found

    def test_a_prompt_one_says_the_same_before_frames_close(self, whole):
        block, found = whole
        detector, findings = self.make(), []
        if not detector.prompt:
            pytest.skip("it waits for frames")
        waiting: list[Frames] = []
        for piece in cut(block, list(range(1, len(block.frames)))):
            waiting.append(piece.frames)
            for event in piece.events:
                findings += detector.update(Block(part(piece.frames, 0, 0), (event,), (), event.occurred))
            findings += detector.update(Block(part(piece.frames, 0, 0), (), (), piece.reached))
            if len(waiting) > 2:
                findings += detector.update(Block(waiting.pop(0), ()))
        findings += feed(detector, [Block(frames, ()) for frames in waiting])
        facts = [(f.occurred, f.body.rule, f.assets, f.zone, f.body.phase, f.body.severity) for f in findings]
        assert sorted(facts) == sorted((f[0], f[1], f[2], f[3], f[5].phase, f[5].severity) for f in found)

    def test_scores_are_one_a_frame_and_do_not_depend_on_the_split(self, whole):
        block, _ = whole
        one, many = self.make(), self.make()
        feed(one, [block])
        scores = one.scores()
        parts = []
        for piece in cut(block, list(range(7, len(block.frames), 7))):
            many.update(piece)
            parts.append(many.scores())
        if scores is None:
            assert all(part is None for part in parts)
            return
        assert scores.shape == (len(block.frames),)
        assert not np.isinf(scores).any()
        np.testing.assert_array_equal(np.concatenate(parts), scores)

    def test_what_it_expected_is_what_its_detections_name(self, whole):
        block, found = whole
        detector, frames = self.make(), block.frames
        before = detector.dump()
        told = {tag: detector.expected(tag, only(frames, detector.basis(tag))) for tag in frames.tags}
        assert detector.dump() == before, "to ask what was expected changes no state"
        compared = 0
        for occurred, rule, *_, body in found:
            at = int(np.searchsorted(frames.ends, occurred))
            scores = set()
            for part in body.contributions:
                for known in told.get(part.signal, ()):
                    if known.rule == rule and np.isfinite(known.expected[at]):
                        assert known.expected[at] == part.expected
                        assert known.baseline == body.baseline
                        scores.add(known.score[at])
            assert not scores or body.score in scores, "the signal that is off is one of those that are named"
            compared += len(scores)
        assert bool(compared) == self.expects

    def test_what_is_out_of_the_band_scores_and_context_is_all_it_needs(self, whole):
        frames, detector = whole[0].frames, self.make()
        for number, tag in enumerate(frames.tags):
            basis = detector.basis(tag)
            given = only(frames, basis)
            every = detector.expected(tag, given)
            assert bool(basis) == bool(every)
            for known in every:
                assert known.rule in detector.cards
                assert basis.signals[0] == tag
                assert {*known.rests_on} <= {*basis.signals[1:]}
                columns = known.expected, known.low, known.high, known.score
                assert all(column.shape == (len(frames),) for column in columns)
                seen, slack = frames.mean[:, number], 1e-9 * np.maximum(1.0, np.abs(frames.mean[:, number]))
                out = (seen < known.low - slack) | (seen > known.high + slack)
                assert (known.score[out] >= 1.0 - 1e-9).all()
            for start in (40, 111):
                later = detector.expected(tag, part(given, start, len(frames)))
                for known, same in zip(every, later, strict=True):
                    for name in ("expected", "low", "high", "score"):
                        whole_, cut_ = getattr(known, name)[start:], getattr(same, name)
                        np.testing.assert_array_equal(cut_[basis.frames :], whole_[basis.frames :])

    def test_state_does_not_depend_on_the_split(self, whole):
        block, _ = whole
        one, many = self.make(), self.make()
        feed(one, [block])
        feed(many, cut(block, list(range(5, len(block.frames), 5))))
        assert one.dump() == many.dump()

    def test_findings_are_ordered_and_whole(self, whole):
        block, _ = whole
        detector = self.make()
        for piece in cut(block, list(range(50, len(block.frames), 50))):
            found = detector.update(piece)
            assert [(f.occurred, f.body.rule, f.assets) for f in found] == sorted(
                (f.occurred, f.body.rule, f.assets) for f in found
            )
            for finding in found:
                body = finding.body
                assert isinstance(body, Detection)
                assert body.detector == detector.name
                assert body.began <= body.until
                assert body.sentence
                assert 0 <= body.confidence <= 1
                assert body.rule in detector.cards
                if body.phase == "raised" and body.contributions:
                    assert sum(c.share for c in body.contributions) == pytest.approx(1.0)

    def test_every_clearing_has_its_raising(self, whole):
        _, found = whole
        raised = set()
        for entry in sorted(found, key=lambda e: (e[0], e[5].phase == "cleared")):
            if entry[5].phase == "raised":
                raised.add(entry[4])
            else:
                assert entry[4] in raised

    @settings(max_examples=6, suppress_health_check=[HealthCheck.differing_executors])
    @given(seed=st.integers(0, 2**32 - 1))
    def test_bad_numbers_shake_nothing(self, whole, seed):
        block, _ = whole
        random = np.random.default_rng(seed)
        frames = part(block.frames, 0, min(120, len(block.frames)))
        mean, last = frames.mean.copy(), frames.last.copy()
        for array in (mean, last):
            for bad in (np.nan, np.inf, -np.inf, 1e308, -1e308, 0.0):
                array[random.random(array.shape) < 0.05] = bad
        keep = np.flatnonzero(random.random(len(frames.tags)) < 0.7)
        tags = (*(frames.tags[i] for i in keep), "no-such-tag")
        extra = random.normal(size=(len(frames), 1))
        bad_frames = Frames(
            frames.width,
            frames.ends,
            tags,
            np.hstack([mean[:, keep], extra]),
            np.hstack([last[:, keep], extra]),
            np.ones((len(frames), len(tags)), dtype=np.int32),
        )
        found = join(feed(self.make(), [Block(bad_frames, ())]))
        assert found == join(feed(self.make(), cut(Block(bad_frames, ()), [1, 30, 77])))

    def test_nothing_in_nothing_out(self, whole):
        block, found = whole
        none = Block(part(block.frames, 0, 0), ())
        detector = self.make()
        assert detector.update(none) == []
        pieces = cut(block, [3, 40])
        assert join(feed(detector, [none, *(b for piece in pieces for b in (piece, none))])) == found

    @pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff\x00", b'{"format":99}'])
    def test_foreign_state_is_refused(self, data):
        with pytest.raises(DecodeError):
            self.make().load(data)

    def test_cards_are_whole(self):
        for rule, card in self.make().cards.items():
            assert card.rule == rule
            assert card.title
            assert card.means
            assert card.expected_against_seen
            assert card.benign_causes
            assert card.first_check
