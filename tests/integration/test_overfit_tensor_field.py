"""The tensor field network learns eight molecules by heart (about a quarter of an hour on one core)."""

from __future__ import annotations

import pytest
from overfit import Case, overfit


@pytest.mark.slow
def test_tensor_field_learns_eight_molecules_and_draws_them_again() -> None:
    network = "molgen.denoisers.tensor_field.TensorField"
    sizes = {"irreps": "32x0e+16x1o+8x2e", "num_layers": 3}
    outcome = overfit(Case(network, sizes, rate=5e-3, steps=12000))
    assert outcome.last < 0.1 * outcome.first, f"the loss fell from {outcome.first:.2f} to {outcome.last:.2f}"
    assert outcome.share >= 0.9, f"{outcome.share:.0%} of the samples are among the eight: {outcome.names}"
    assert {name for name in outcome.names if name in outcome.known} == outcome.known
