"""An hour of events: the page's memory stays flat."""

import pytest
from benchmarks.console import soak

from tests.proofs import Proof

MINUTES = 60.0
FLAT_MB = 5.0
"""What an hour may add at most: the upper end of the slope's interval must be less."""


@pytest.mark.prove
@pytest.mark.timeout(2 * 3600)
def test_proof_memory_is_flat_over_an_hour_of_events(browser, make_console):
    proof = Proof("console: memory over an hour of 50 changes a second", 1)
    for _ in proof.steps():
        found = soak(browser, make_console("attacked"), MINUTES)
        assert not found["troubles"]
        assert 60 * (found["slope_MB_min"] + found["margin_MB_min"]) < FLAT_MB
        proof.finish(
            f"{found['changes']} changes; heap {found['heap_first_MB']:.1f} to {found['heap_last_MB']:.1f} MB, "
            f"slope {found['slope_MB_min']:.3f} +- {found['margin_MB_min']:.3f} MB/min"
        )
