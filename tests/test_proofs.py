"""Long proofs go on where they were interrupted, and end in one row of the table."""

from itertools import islice
from pathlib import Path

from tests.proofs import Proof


def test_an_interrupted_proof_goes_on(tmp_path: Path) -> None:
    assert list(islice(Proof("a: b", 5, root=tmp_path).steps(), 3)) == [0, 1, 2]
    assert list(Proof("a: b", 5, root=tmp_path).steps()) == [2, 3, 4]
    assert list(Proof("a: b", 5, root=tmp_path).steps()) == []


def test_the_outcome_is_written_once(tmp_path: Path) -> None:
    for count in (2, 3):
        proof = Proof("a: b", count, root=tmp_path)
        assert len(list(proof.steps())) == count
        proof.finish("all held")
    rows = [line for line in (tmp_path / "docs" / "proofs.md").read_text().splitlines() if line.startswith("| 2")]
    assert [row.split(" | ")[2] for row in rows] == ["2", "3"]
