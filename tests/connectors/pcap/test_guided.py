"""Coverage-guided: no conversation, however garbled, raises, and its rows fit the schema."""

import json
from pathlib import Path

import pytest

from infrastress.connectors.pcap.protocols import DISSECTORS
from infrastress.connectors.pcap.protocols.base import Dissector
from infrastress.connectors.pcap.protocols.texts import TelnetDissector, VncDissector
from tests.connectors.pcap.guided import Guided, Said
from tests.connectors.pcap.test_fuzz import SPOKEN
from tests.proofs import ROOT, Proof

STEP, EXECUTIONS = 10_000, 1_000_000


def seeds(kind: type[Dissector]) -> list[Said]:
    """The conversations of the other tests that begin as this protocol does."""
    found = []
    for packets in SPOKEN.values():
        behind = 42 if packets[0][23] == 17 else 54
        said = [(packet[26:30] == bytes([10, 0, 0, 1]), packet[behind:]) for packet in packets if len(packet) > behind]
        if said and kind.sniff(said[0][1]):
            found.append(said)
    return found


@pytest.mark.parametrize("kind", DISSECTORS, ids=lambda kind: kind.__name__)
def test_a_short_run_reaches_more_than_the_seeds(kind: type[Dissector]) -> None:
    guided = Guided(kind, seeds(kind), 1)
    guided.run(len(guided.corpus))
    begun = len(guided.lines)
    guided.run(300)
    assert begun < len(guided.lines) or kind in (VncDissector, TelnetDissector)  # they read nothing more


@pytest.mark.prove
@pytest.mark.parametrize("kind", DISSECTORS, ids=lambda kind: kind.__name__)
def test_a_million_executions(kind: type[Dissector]) -> None:
    """Goes on from the corpus it found."""
    proof = Proof(f"captures: coverage-guided fuzz of {kind.__name__}", EXECUTIONS // STEP)
    path = Path(ROOT) / ".proofs" / f"corpus-{kind.__name__}.json"
    corpus = seeds(kind)
    if path.exists():
        corpus = [[(client, bytes.fromhex(data)) for client, data in said] for said in json.loads(path.read_text())]
    guided = Guided(kind, corpus, 0)
    for step in proof.steps():
        guided._chance.seed(step)
        guided.run(STEP)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps([[(client, data.hex()) for client, data in said] for said in guided.corpus]))
    proof.finish(
        f"{STEP} executions each, {len(guided.lines)} lines reached, {len(guided.corpus)} inputs kept; none raised"
    )
