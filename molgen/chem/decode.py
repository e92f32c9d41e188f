"""From the tensors a sampler returns to molecules a chemist can read.

Categories are the argmax of their scores. A batch without bonds (EDM models coordinates and elements
only) gets those of the edm rule; one with bonds keeps its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molgen.chem.bonds import bond_lists, perceive_bonds
from molgen.chem.molecule import Molecule
from molgen.core import FIELDS, NUM_BOND_ORDERS, MolBatch, Vocab
from molgen.core.errors import FieldError


def decode(batch: MolBatch, vocab: Vocab) -> list[Molecule]:
    """Turn every molecule of a batch into a :class:`Molecule`, in order, dropping none.

    Args:
        batch: ``B`` molecules with ``atom`` scores; ``bond`` and ``charge`` scores are used where present.
            Values that are not finite become a molecule with a failure.
        vocab: Meaning of the score columns.

    Raises:
        FieldError: The batch has no ``atom`` field, or a field's width is not the vocabulary's.
    """
    _check_width(batch, "atom", vocab.num_elements)
    if batch.bond is not None:
        _check_width(batch, "bond", NUM_BOND_ORDERS)
    numbers = np.array(vocab.atomic_numbers)[_category(batch, "atom")]
    charges = None
    if batch.charge is not None:
        _check_width(batch, "charge", vocab.num_charges)
        charges = np.array(vocab.charges)[_category(batch, "charge")]
    pos = batch.pos.detach().double().cpu().numpy()
    bonds = None if batch.bond is None else _bond_rows(batch)
    defects = _defects(batch)
    molecules = [
        Molecule(
            numbers[row, real],
            pos[row, real],
            None if bonds is None else bonds[row],
            None if charges is None else charges[row, real],
            defects[row],
        )
        for row, real in enumerate(batch.mask.cpu().numpy())
    ]
    return perceive_bonds(molecules) if bonds is None else molecules


def _check_width(batch: MolBatch, name: str, width: int) -> None:
    if batch[name].shape[-1] != width:
        raise FieldError(
            f"field {name!r} has {batch[name].shape[-1]} columns but {width} are expected; "
            "decode with the vocabulary the model was trained with"
        )


def _category(batch: MolBatch, name: str) -> NDArray[np.int64]:
    return np.asarray(batch[name].detach().argmax(dim=-1).cpu().numpy())


def _bond_rows(batch: MolBatch) -> list[NDArray[np.int64]]:
    """Rows ``(i, j, order)`` from bond scores averaged over both directions of a pair.

    Atoms are counted over real ones, which need not stand first.
    """
    scores = batch["bond"].detach()
    orders = (scores + scores.transpose(1, 2)).argmax(dim=-1) * batch.entry_mask("bond")
    rank = (batch.mask.cumsum(dim=1) - 1).cpu().numpy()
    rows = bond_lists(orders.cpu().numpy().astype(np.int8))
    return [np.column_stack([rank[b][r[:, :2]], r[:, 2]]) for b, r in enumerate(rows)]


def _defects(batch: MolBatch) -> list[str | None]:
    """Name, for each molecule, the first categorical field whose scores are not finite."""
    defects: list[str | None] = [None] * len(batch)
    for name, value in batch.items():
        if not FIELDS[name].categorical:
            continue
        finite = value.isfinite().all(dim=-1) | ~batch.entry_mask(name)
        for row in (~finite.flatten(1).all(dim=1)).nonzero().flatten().tolist():
            defects[row] = defects[row] or f"the model's {name} scores are not finite"
    return defects
