"""EGNN learns eight molecules by heart (about nine minutes on one core)."""

from __future__ import annotations

import pytest
from overfit import Case, overfit


@pytest.mark.slow
def test_egnn_learns_eight_molecules_and_draws_them_again() -> None:
    outcome = overfit(Case("molgen.denoisers.EGNN", {"width": 96, "layers": 4}, rate=2e-3, steps=16000))
    assert outcome.last < 0.1 * outcome.first, f"the loss fell from {outcome.first:.2f} to {outcome.last:.2f}"
    assert outcome.share >= 0.9, f"{outcome.share:.0%} of the samples are among the eight: {outcome.names}"
    assert {name for name in outcome.names if name in outcome.known} == outcome.known
