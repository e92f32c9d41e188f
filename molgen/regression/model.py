"""PropertyModel: a trained property network that is asked about molecules of any origin."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from molgen.chem.encode import encode
from molgen.chem.molecule import Molecule
from molgen.core.batch import MolBatch
from molgen.core.errors import CheckpointError
from molgen.core.files import atomic_path
from molgen.regression.card import CARD_FILE, PropertyCard, build_network
from molgen.regression.network import PropertyNetwork

WEIGHTS_FILE = "model.safetensors"
_PAIRS = 2**17
"""Pairs of atoms that are looked at together, which bounds the memory; one molecule may have more."""


class PropertyModel:
    """A property network with its weights and its card.

    Args:
        network: The network; it is put into evaluation mode.
        card: What is known about it.
    """

    def __init__(self, network: PropertyNetwork, card: PropertyCard) -> None:
        self.network = network.eval()
        self.card = card

    @property
    def names(self) -> tuple[str, ...]:
        """Properties that it predicts."""
        return self.network.names

    @torch.no_grad()
    def predict(self, batch: MolBatch) -> dict[str, Tensor]:
        """Predict a batch.

        Args:
            batch: Molecules with ``pos`` in angstrom and one-hot ``atom`` over the network's vocabulary.

        Returns:
            Property name to ``(B,)`` values in its unit.
        """
        return self.network(batch)

    def judge(self, molecules: Sequence[Molecule]) -> dict[str, NDArray[np.float64]]:
        """Predict molecules from elements and coordinates; their bonds are not looked at.

        Args:
            molecules: Of any origin, sound or not.

        Returns:
            Property name to ``(M,)`` values in its unit, NaN for a molecule without sound atoms or with an
            element that the network does not know.
        """
        found = {name: np.full(len(molecules), np.nan) for name in self.names}
        for rows in self._chunks(molecules):
            batch = encode([molecules[row] for row in rows], self.network.vocab, ["atom"])
            for name, values in self.predict(batch).items():
                found[name][rows] = values.double().numpy()
        return found

    def _chunks(self, molecules: Sequence[Molecule]) -> Iterator[list[int]]:
        """Rows of molecules that can be judged, of like size together."""
        known = np.array(self.network.vocab.atomic_numbers)
        sound = [
            row
            for row, molecule in enumerate(molecules)
            if molecule.atom_failure is None and np.isin(molecule.numbers, known).all()
        ]
        chunk: list[int] = []
        for row in sorted(sound, key=lambda row: molecules[row].num_atoms):
            if chunk and (len(chunk) + 1) * molecules[row].num_atoms ** 2 > _PAIRS:
                yield chunk
                chunk = []
            chunk.append(row)
        if chunk:
            yield chunk

    def save(self, folder: Path) -> PropertyCard:
        """Write weights and card; return the card as written, with the weights' SHA-256.

        Raises:
            InputError: The folder cannot be written.
        """
        state = {key: value.contiguous() for key, value in self.network.state_dict().items()}
        with atomic_path(folder / WEIGHTS_FILE) as partial:
            save_file(state, partial)
            digest = _sha256(partial)
        card = replace(self.card, files={WEIGHTS_FILE: digest})
        card.write(folder)
        return card

    @classmethod
    def load(cls, folder: Path) -> PropertyModel:
        """Load what :meth:`save` wrote.

        Raises:
            CheckpointError: Card or weights are missing, damaged or do not fit each other.
        """
        if not (folder / CARD_FILE).is_file():
            raise CheckpointError(
                f"no property network in {folder}: there is no {CARD_FILE}; give a folder that molgen judge "
                "export wrote"
            )
        card, path = PropertyCard.read(folder), folder / WEIGHTS_FILE
        network = build_network(card.model)
        try:
            digest, state = _sha256(path), load_file(path)
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"cannot read the weights {path}: {error}") from error
        if digest != card.files.get(WEIGHTS_FILE):
            raise CheckpointError(f"{path} is not the file that its card describes (SHA-256 differs)")
        load_weights(network, state)
        return cls(network, card)


def load_weights(network: PropertyNetwork, state: Mapping[str, Tensor]) -> None:
    """Put weights into a network.

    Raises:
        CheckpointError: They are of another network.
    """
    try:
        network.load_state_dict(dict(state))
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(
            f"the weights do not fit the property network's configuration: {reason}"
        ) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
