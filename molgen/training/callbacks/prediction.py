"""Write what ``molgen predict`` draws: one NPZ per rank, readable by ``molgen evaluate``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import BasePredictionWriter

from molgen.core.batch import MolBatch, concatenate
from molgen.core.files import atomic_path
from molgen.training.module import DiffusionModule


class NpzPredictionWriter(BasePredictionWriter):
    """Write all molecules of a rank at the end, as ``z (M, N)``, ``x (M, N, 3)`` and ``n (M,)``.

    ``z`` are atomic numbers (0 pads), ``x`` coordinates in angstrom, ``n`` numbers of atoms.

    Args:
        folder: Where ``samples-rank<k>.npz`` go.
    """

    def __init__(self, folder: str) -> None:
        super().__init__(write_interval="epoch")
        self.folder = Path(folder)

    def write_on_epoch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        predictions: Sequence[list[MolBatch]],
        batch_indices: Sequence[object],
    ) -> None:
        """Join the rank's molecules and write them.

        Raises:
            InputError: The folder cannot be written.
        """
        molecules = concatenate([m for batch in predictions for m in batch])
        known = torch.tensor(cast(DiffusionModule, pl_module).vocab.atomic_numbers)
        numbers = known[molecules["atom"].argmax(dim=-1)] * molecules.mask
        with (
            atomic_path(self.folder / f"samples-rank{trainer.global_rank}.npz") as partial,
            partial.open("wb") as out,
        ):
            np.savez_compressed(
                out, z=numbers.numpy(), x=molecules.pos.numpy(), n=molecules.num_atoms.numpy()
            )
