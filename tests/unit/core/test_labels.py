"""Labels follow their molecules through every operation that moves molecules, and no field is touched."""

from __future__ import annotations

import pytest
import torch

from molgen.core import MolBatch, concatenate
from molgen.core.errors import FieldError

GAP = torch.tensor([0.1, 0.2, torch.nan])


@pytest.fixture
def batch() -> MolBatch:
    mask = torch.arange(4) < torch.tensor([2, 4, 3]).unsqueeze(1)
    return MolBatch(mask, torch.randn(3, 4, 3)).masked().labelled({"gap": GAP, "mu": torch.arange(3.0)})


def test_labels_follow_molecules(batch: MolBatch) -> None:
    assert batch.take(torch.tensor([1, 0])).labels["gap"].tolist() == GAP[[1, 0]].tolist()
    assert batch.rows(1, 3).labels["mu"].tolist() == [1, 2]
    assert [one.labels["mu"].item() for one in batch] == [0, 1, 2]
    assert concatenate([batch, batch.rows(0, 1)]).labels["mu"].tolist() == [0, 1, 2, 0]


@pytest.mark.parametrize("change", ["pad_to", "select", "to", "rotate", "masked"])
def test_labels_stay(batch: MolBatch, change: str) -> None:
    arguments = {"pad_to": [6], "select": [["pos"]], "to": ["cpu"], "rotate": [torch.eye(3)], "masked": []}
    changed = getattr(batch, change)(*arguments[change])
    torch.testing.assert_close(changed.labels["gap"], GAP, equal_nan=True)


def test_a_cast_reaches_labels(batch: MolBatch) -> None:
    assert batch.to(torch.float64).labels["mu"].dtype == torch.float64


def test_a_label_is_one_number_a_molecule(batch: MolBatch) -> None:
    with pytest.raises(FieldError, match="label 'mu' has shape"):
        batch.labelled({"mu": torch.zeros(2)})


def test_batches_with_different_labels_do_not_join(batch: MolBatch) -> None:
    with pytest.raises(FieldError, match="different labels"):
        concatenate([batch, batch.labelled({})])
