"""``--scaffold``: a part of the molecule stays in its place, the rest is drawn around it.

One request grows fragments, decorates scaffolds at marked atoms and links several pieces, since all of them
give some atoms and leave the others free.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from molgen.chem.encode import encode
from molgen.chem.molecule import Molecule
from molgen.chem.tables import allowed_orders, symbol
from molgen.control.attachment import Scaffold
from molgen.control.fragment_file import bond_orders
from molgen.control.request import Draw, Request, Setting, Sizes
from molgen.core.batch import MolBatch
from molgen.core.errors import InputError
from molgen.core.fragments import free_around
from molgen.core.tasks import Given
from molgen.data.size_prior import SizePrior

TOLERANCE = 1e-3
"""How far a given atom may lie from its place, in angstrom."""


class ScaffoldRequest(Request):
    """Molecules that hold a scaffold, its atoms first and in the order of its file, in the file's frame.

    Args:
        scaffold: What is given.
        num_atoms: Least and largest number of atoms; by default as in the training set, from the scaffold
            with one new atom for every open valence upwards.
    """

    def __init__(self, scaffold: Scaffold, num_atoms: Sizes | None = None) -> None:
        self.scaffold = scaffold
        self.num_atoms = num_atoms
        self.origin = scaffold.molecule.pos.mean(axis=0)

    def check(self, setting: Setting) -> None:
        """See base."""
        if "bond" not in setting.fields:
            raise InputError(
                f"--scaffold needs a model that draws bonds; the checkpoint {setting.checkpoint!r} draws "
                f"{', '.join(setting.fields)}; use --checkpoint qm9, or keep the atoms with --by replacement"
            )
        self.check_atoms(setting)

    def check_atoms(self, setting: Setting) -> None:
        """Refuse atoms that the model does not know, and too many, whether it draws bonds or not.

        Raises:
            InputError: There are such atoms.
        """
        molecule, vocab = self.scaffold.molecule, setting.vocab
        unknown = sorted({symbol(int(z)) for z in molecule.numbers} - set(vocab.elements))
        if unknown:
            raise InputError(
                f"--scaffold holds {', '.join(unknown)}, unknown to the checkpoint {setting.checkpoint!r}; "
                f"it knows {', '.join(vocab.elements)}"
            )
        charges = set() if molecule.charges is None else set(molecule.charges.tolist())
        known = set(vocab.charges) if "charge" in setting.fields else {0}
        if charges - known:
            raise InputError(
                f"--scaffold holds an atom of charge {min(charges - known):+d}; the checkpoint "
                f"{setting.checkpoint!r} knows {', '.join(f'{c:+d}' if c else '0' for c in sorted(known))}"
            )
        self.require_room(setting)

    def require_room(self, setting: Setting) -> None:
        """Refuse a scaffold beside which nothing fits.

        Raises:
            InputError: It is one.
        """
        self.sizes(setting)

    def sizes(self, setting: Setting) -> SizePrior:
        """Sizes that have room for the scaffold.

        Raises:
            InputError: There is none.
        """
        given, prior = self.scaffold.molecule.num_atoms, setting.statistics.sizes
        if self.num_atoms is None:
            low, high = given + max(self.scaffold.missing, 1), max(prior.counts)
            limit = f"molecules of the checkpoint {setting.checkpoint!r} have at most {high}"
        else:
            low, high = max(self.num_atoms[0], given + 1), self.num_atoms[1]
            limit = f"--num-atoms asks for at most {high}"
        if low > high:
            raise InputError(
                f"--scaffold gives {given} atoms and leaves {self.scaffold.missing} valences open, so at "
                f"least {low} atoms are needed, but {limit}; give a smaller scaffold"
                + ("" if self.num_atoms is None else " or a larger size")
            )
        return prior.between(low, high)

    def given(self, draw: Draw) -> Given:
        """See base."""
        sizes = draw.sizes(self.sizes(draw.setting))
        return self.completed(with_atoms(draw.setting, self.scaffold.molecule, sizes))

    def completed(self, molecules: MolBatch) -> Given:
        """Say which entries of molecules that begin with the scaffold are free."""
        opened = torch.from_numpy(self.scaffold.open)
        known = torch.zeros_like(molecules.mask)
        known[:, : len(opened)] = True
        closed = known.clone()
        closed[:, : len(opened)] &= ~opened
        return Given(molecules, free_around(molecules, known, closed))

    def finish(self, molecule: Molecule) -> Molecule:
        """Return it in the frame of the scaffold's file; a pattern with several matches is noted."""
        matches = self.scaffold.part.matches
        noted = {"scaffold_match": f"1 of {matches}"} if matches > 1 else {}
        return replace(molecule, pos=molecule.pos + self.origin, record={**molecule.record, **noted})

    def objection(self, molecule: Molecule) -> str | None:
        """See base."""
        return next(self._objections(molecule), None)

    def _objections(self, molecule: Molecule) -> Iterator[str]:
        wanted = self.scaffold.molecule
        size = wanted.num_atoms
        if molecule.bonds is None or molecule.num_atoms < size:
            yield f"it has {molecule.num_atoms} atoms and cannot hold the scaffold's {size} with their bonds"
            return
        yield from self._moved(molecule)
        orders = bond_orders(molecule)
        changed = np.argwhere(orders[:size, :size] != bond_orders(wanted))
        if len(changed):
            first, second = (self._name(i) for i in changed[0].tolist())
            yield f"the bond between {first} and {second} of the scaffold changed"
        gained = orders[:size, size:] > 0
        heavy = gained & (molecule.numbers[size:] > 1)
        for row in range(size):
            if gained[row].any() and not self.scaffold.open[row]:
                yield f"{self._name(row)} of the scaffold is closed but gained a bond"
            if self.scaffold.part.labels[row] in self.scaffold.named and not heavy[row].any():
                what = "nothing but hydrogen" if gained[row].any() else "no bond"
                yield f"{self._name(row)} of the scaffold is an attachment but gained {what}"
        if not (molecule.numbers[size:] > 1).any():
            yield "nothing but hydrogen was added to the scaffold"
        yield from self._left_open(molecule, orders)
        whole = super().objection(molecule)
        if whole is not None:
            yield whole

    def _moved(self, molecule: Molecule) -> Iterator[str]:
        wanted = self.scaffold.molecule
        size = wanted.num_atoms
        assert wanted.charges is not None
        charges = np.zeros(size, dtype=np.int64) if molecule.charges is None else molecule.charges[:size]
        other = (molecule.numbers[:size] != wanted.numbers) | (charges != wanted.charges)
        if other.any():
            yield f"{self._name(int(other.argmax()))} of the scaffold has another element or charge"
        distance = np.linalg.norm(molecule.pos[:size] - wanted.pos, axis=1)
        # Written so that a coordinate that is not finite is off its place, too.
        if not distance.max() <= TOLERANCE:
            name = self._name(int(distance.argmax()))
            yield f"{name} of the scaffold moved by {distance.max():.3g} angstrom"

    def _left_open(self, molecule: Molecule, orders: np.ndarray) -> Iterator[str]:
        """Attachments whose bonds do not add up to a stable total."""
        for row in np.flatnonzero(self.scaffold.open).tolist():
            charge = 0 if molecule.charges is None else int(molecule.charges[row])
            allowed = allowed_orders(int(molecule.numbers[row]), charge)
            total = int(orders[row].sum())
            if allowed is not None and total not in allowed:
                yield f"{self._name(row)} of the scaffold has a total bond order of {total}"

    def _name(self, row: int) -> str:
        label = int(self.scaffold.part.labels[row])
        return f"atom {label}" if label else "an added hydrogen"


def with_atoms(setting: Setting, molecule: Molecule, sizes: Tensor) -> MolBatch:
    """Make molecules of ``(B,)`` sizes that begin with the same atoms and have no other bonds, if any.

    The given atoms' centroid is the origin; values of the other atoms are zero.
    """
    blank = setting.blank(sizes)
    first = encode([molecule], setting.vocab, setting.fields).pad_to(blank.mask.shape[1])
    molecules = first.take(torch.zeros(len(sizes), dtype=torch.int64)).replace(mask=blank.mask)
    if molecules.bond is None:
        return molecules
    bond = molecules.bond.clone()
    bond[..., 0] = 1 - bond[..., 1:].sum(dim=-1)
    return molecules.replace(bond=bond).masked()
