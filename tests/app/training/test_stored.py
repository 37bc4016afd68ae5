"""Learning from what the site itself has stored: the spans of alarms are left out, each with its reason."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from infrastress.app.cli import main
from infrastress.app.training.history import History
from infrastress.app.training.stored import Stored, alarmed_spans, stored_history
from infrastress.core.errors import InputError
from infrastress.core.time import HOUR, from_iso
from infrastress.events.frames import Block
from infrastress.site.load import load_site
from infrastress.store import open_store


@pytest.fixture(scope="module")
def plant(tmp_path_factory) -> Path:
    """A site whose store holds a judged day with an attack in it."""
    folder = tmp_path_factory.mktemp("stored")
    site, store = str(folder / "plant"), f"sqlite:///{folder / 'store.sqlite'}"
    assert main(["init", site]) == 0
    assert main(["simulate", site, "attack-overfill", "--seed", "5", "--out", str(folder / "attack")]) == 0
    assert main(["replay", site, str(folder / "attack"), "--out", str(folder / "out"), "--database", store]) == 0
    return folder


def stored(plant: Path) -> Stored:
    return Stored(
        f"sqlite:///{plant / 'store.sqlite'}", from_iso("2026-03-01T00:00:00Z"), from_iso("2026-04-01T00:00:00Z")
    )


def test_frames_are_those_of_the_recording_that_was_stored(plant):
    site = load_site(plant / "plant")
    with History(site, plant / "plant", [plant / "attack"]) as recorded, stored_history(site, stored(plant)) as kept:
        first, second = _joined(recorded.blocks()), _joined(kept.blocks())
        assert kept.recordings[0][0].frames == recorded.recordings[0][0].frames > 500
    ends = np.intersect1d(first[0], second[0])
    assert len(ends) > 500
    for one, other in zip(first[1:], second[1:], strict=True):
        a, b = one[np.isin(first[0], ends)], other[np.isin(second[0], ends)]
        assert np.array_equal(a, b, equal_nan=True), "to the last bit"


def _joined(blocks) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parts: list[Block] = [block for block in blocks if len(block.frames)]
    return tuple(np.concatenate([getattr(one.frames, name) for one in parts]) for name in ("ends", "mean", "count"))


def test_alarms_and_an_hour_around_them_are_left_out_with_their_reason(plant):
    site = load_site(plant / "plant")
    with open_store(f"sqlite:///{plant / 'store.sqlite'}", upgrade=False) as store:
        spans = alarmed_spans(store, site, stored(plant))
    told = [json.loads(line) for line in (plant / "out" / "detections.jsonl").read_text().splitlines()]
    first = min(
        from_iso(one["occurred"]) if isinstance(one["occurred"], str) else one["occurred"]
        for one in told
        if one["body"]["severity"] in ("medium", "high", "critical")
    )
    assert spans[0].began == first - HOUR
    assert all(span.reason.startswith("alarm ") for span in spans)
    assert all(one.ended < other.began for one, other in pairwise(spans))


def test_the_command_learns_from_the_store(plant, tmp_path, capsys):
    words = [
        "train",
        str(plant / "plant"),
        "--state",
        str(tmp_path),
        "--database",
        f"sqlite:///{plant / 'store.sqlite'}",
    ]
    assert main([*words, "--since", "2026-03-01T00:00:00Z", "--accept", "test", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert any(one["reason"].startswith("alarm ") for one in told["excluded"])
    note = json.loads((tmp_path / "baselines/v0001/version.json").read_text())
    assert note["trained_on"][0]["recording"].startswith("stored history of depot")


def test_an_empty_span_says_so(plant):
    site = load_site(plant / "plant")
    empty = stored(plant)._replace(since=0, until=HOUR)
    with pytest.raises(InputError, match="nothing is stored"):
        stored_history(site, empty)


@pytest.mark.parametrize(
    "words",
    [["rec", "--since", "2026-03-01T00:00:00Z"], ["--until", "2026-03-01T00:00:00Z"],
     ["--since", "2026-03-02T00:00:00Z", "--until", "2026-03-01T00:00:00Z"]],
)  # fmt: skip
def test_senseless_spans_are_refused(plant, words):
    assert main(["train", str(plant / "plant"), *words]) in (1, 2)
