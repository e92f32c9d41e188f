"""A prepared store as a PyTorch Geometric data set, and as dense batches for training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.data import Data, Dataset

from molgen.core.batch import FIELDS, MolBatch
from molgen.core.errors import FieldError
from molgen.core.geometry import centre
from molgen.core.vocab import NUM_BOND_ORDERS, Vocab
from molgen.data.store import POSITION_SCALE, MoleculeStore


class MolDataset(Dataset):
    """Molecules of one split.

    ``dataset[i]`` is a PyTorch Geometric ``Data``; :meth:`batch` builds a :class:`MolBatch` of many
    molecules at once, without a Python loop over atoms.

    Args:
        store: All molecules of the source.
        index: ``(M,)`` which of them belong to this split.
        vocab: Alphabet of the one-hot fields.
        fields: Fields that dense batches carry besides ``pos``.
        labels: Name to column of the store's properties, of the labels that they carry.

    Raises:
        FieldError: A field name is unknown.
    """

    def __init__(
        self,
        store: MoleculeStore,
        index: NDArray[np.int64],
        vocab: Vocab,
        fields: Sequence[str],
        labels: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__()
        unknown = sorted(set(fields) - set(FIELDS))
        if unknown:
            raise FieldError(f"unknown fields {unknown}; known are {list(FIELDS)}")
        self.store = store
        self.index = index
        self.vocab = vocab
        self.fields = tuple(name for name in FIELDS if name in fields and name != "pos")
        self.labels = {} if labels is None else dict(labels)

    @property
    def num_atoms(self) -> NDArray[np.int64]:
        """``(M,)`` number of atoms of each molecule of the split."""
        return self.store.num_atoms[self.index]

    def len(self) -> int:
        """Number of molecules of the split."""
        return len(self.index)

    def get(self, idx: int) -> Data:
        """One molecule as a PyTorch Geometric graph.

        Returns:
            ``Data`` with ``z (n,)``, ``pos (n, 3)`` angstrom, ``charge (n,)``, ``edge_index (2, 2m)`` and
            ``edge_attr (2m,)`` kekulised orders in both directions, ``y (1, P)`` properties in their units.
        """
        item = int(self.index[idx])
        atoms = slice(*self.store.atom_offsets[item : item + 2])
        bonds = torch.from_numpy(self.store.bonds[slice(*self.store.bond_offsets[item : item + 2])]).long()
        return Data(
            z=torch.from_numpy(self.store.numbers[atoms]).long(),
            pos=torch.from_numpy(self.store.positions[atoms] * POSITION_SCALE).float(),
            charge=torch.from_numpy(self.store.charges[atoms]).long(),
            edge_index=torch.cat([bonds[:, :2], bonds[:, [1, 0]]]).t().contiguous(),
            edge_attr=bonds[:, 2].repeat(2),
            y=torch.from_numpy(self.store.properties[item]).unsqueeze(0),
            smiles=self.store.smiles[item].decode(),
        )

    def batch(self, positions: Sequence[int] | NDArray[np.int64]) -> MolBatch:
        """Build a dense batch.

        Args:
            positions: ``(B,)`` positions within this split.

        Returns:
            Batch padded to its largest molecule, float32, coordinates centred.

        Raises:
            InputError: An element or charge is not in the vocabulary.
        """
        items = self.index[np.asarray(positions)]
        sizes = self.store.num_atoms[items]
        column = np.arange(sizes.max())
        mask = column < sizes[:, None]
        atoms = np.where(mask, self.store.atom_offsets[items, None] + column, 0)
        real = torch.from_numpy(mask)
        pos = torch.from_numpy(self.store.positions[atoms]).double() * POSITION_SCALE
        builders = {"atom": self._atom, "charge": self._charge, "number": self._number}
        built = {name: builders[name](atoms) for name in self.fields if name != "bond"}
        if "bond" in self.fields:
            built["bond"] = self._bond(items, real)
        known = {name: self._label(items, column) for name, column in self.labels.items()}
        return MolBatch(mask=real, pos=centre(pos, real).float(), labels=known, **built).masked()

    def _label(self, items: NDArray[np.int64], column: int) -> Tensor:
        return torch.from_numpy(self.store.properties[items, column]).float()

    def _atom(self, atoms: NDArray[np.int64]) -> Tensor:
        index = self.vocab.element_index(torch.from_numpy(self.store.numbers[atoms]).long())
        return torch.nn.functional.one_hot(index, self.vocab.num_elements).float()

    def _charge(self, atoms: NDArray[np.int64]) -> Tensor:
        index = self.vocab.charge_index(torch.from_numpy(self.store.charges[atoms]).long())
        return torch.nn.functional.one_hot(index, self.vocab.num_charges).float()

    def _number(self, atoms: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(self.store.numbers[atoms]).float().unsqueeze(-1)

    def _bond(self, items: NDArray[np.int64], mask: Tensor) -> Tensor:
        counts = np.diff(self.store.bond_offsets)[items]
        rows = np.concatenate([np.arange(*self.store.bond_offsets[i : i + 2]) for i in items])
        owner = torch.from_numpy(np.repeat(np.arange(len(items)), counts))
        first, second, order = torch.from_numpy(self.store.bonds[rows]).long().unbind(dim=1)
        orders = torch.zeros(*mask.shape, mask.shape[1], dtype=torch.int64)
        orders[owner, first, second] = order
        orders[owner, second, first] = order
        return torch.nn.functional.one_hot(orders, NUM_BOND_ORDERS).float()
