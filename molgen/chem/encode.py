"""From molecules to the tensors a model is trained on, or conditioned with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from molgen.chem.bonds import padded_arrays
from molgen.chem.graph import bond_problem
from molgen.chem.molecule import Molecule
from molgen.core import NUM_BOND_ORDERS, MolBatch, Vocab
from molgen.core.errors import FieldError, InputError
from molgen.core.geometry import centre


def encode(molecules: Sequence[Molecule], vocab: Vocab, fields: Sequence[str]) -> MolBatch:
    """Pad molecules into one clean batch, float32.

    Args:
        molecules: At least one molecule, coordinates finite, elements and charges in the vocabulary.
        vocab: Gives the one-hot columns.
        fields: Names from :data:`molgen.core.FIELDS`; ``pos`` is always there.

    Returns:
        One-hot categories, ``pos`` in angstrom with zero centre of mass, padding exactly zero.

    Raises:
        FieldError: A field is unknown, or ``bond`` is asked for and a molecule has none.
        InputError: There is no molecule, or one cannot be written in the vocabulary.
    """
    if not molecules:
        raise InputError("there is no molecule to encode; give at least one")
    unknown = [name for name in fields if name != "pos" and name not in _ENCODERS]
    if unknown:
        raise FieldError(f"cannot encode fields {unknown}; known are {['pos', *_ENCODERS]}")
    _require_sound_atoms(molecules)
    numbers, pos = (torch.from_numpy(a) for a in padded_arrays(molecules))
    mask = numbers > 0
    values = {n: _ENCODERS[n](molecules, numbers, vocab).float() for n in fields if n != "pos"}
    return MolBatch.from_fields(mask, {"pos": centre(pos, mask).float(), **values}).masked()


def _require_sound_atoms(molecules: Sequence[Molecule]) -> None:
    for index, molecule in enumerate(molecules, start=1):
        if molecule.atom_failure is not None:
            raise InputError(f"molecule {index} cannot be encoded: {molecule.atom_failure}; leave it out")


def _atom(molecules: Sequence[Molecule], numbers: Tensor, vocab: Vocab) -> Tensor:
    return one_hot(vocab.element_index(numbers), vocab.num_elements)


def _number(molecules: Sequence[Molecule], numbers: Tensor, vocab: Vocab) -> Tensor:
    return numbers.unsqueeze(-1)


def _charge(molecules: Sequence[Molecule], numbers: Tensor, vocab: Vocab) -> Tensor:
    charges = torch.zeros_like(numbers)
    for row, molecule in enumerate(molecules):
        if molecule.charges is not None:
            charges[row, : molecule.num_atoms] = torch.from_numpy(molecule.charges.copy())
    return one_hot(vocab.charge_index(charges), vocab.num_charges)


def _bond(molecules: Sequence[Molecule], numbers: Tensor, vocab: Vocab) -> Tensor:
    orders = torch.zeros(*numbers.shape, numbers.shape[1], dtype=torch.int64)
    for row, molecule in enumerate(molecules):
        if molecule.bonds is None:
            raise FieldError(
                f"molecule {row + 1} has no bonds, so the field 'bond' cannot be encoded; read it from a "
                "file with bonds or perceive them first (molgen.chem.perceive_bonds)"
            )
        problem = bond_problem(molecule.num_atoms, molecule.bonds.tolist())
        if problem is not None:
            raise InputError(f"the bonds of molecule {row + 1} cannot be encoded: {problem}; leave it out")
        first, second, order = torch.from_numpy(molecule.bonds.copy()).unbind(dim=1)
        orders[row, first, second] = order
        orders[row, second, first] = order
    return one_hot(orders, NUM_BOND_ORDERS)


_ENCODERS: dict[str, Callable[[Sequence[Molecule], Tensor, Vocab], Tensor]] = {
    "atom": _atom,
    "charge": _charge,
    "number": _number,
    "bond": _bond,
}
