"""The state at the very end of a run: Lightning saves every so many steps, and drops what comes after."""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import ModelCheckpoint


class LastModelCheckpoint(ModelCheckpoint):
    """Keeps ``last.ckpt``, saved every so many steps and at step ``max_steps``.

    Args:
        every_n_train_steps: Steps between saved states.
        dirpath: Folder; that of the run by default.
    """

    def __init__(self, every_n_train_steps: int = 250, dirpath: str | None = None) -> None:
        super().__init__(
            dirpath=dirpath, save_last=True, save_top_k=0, every_n_train_steps=every_n_train_steps
        )

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: Any,  # noqa: ANN401
        batch_idx: int,
    ) -> None:
        """See base; the end is saved here, as averages replace the weights right after it."""
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
        if trainer.global_step == trainer.max_steps and trainer.global_step % self._every_n_train_steps:
            self._save_last_checkpoint(trainer, self._monitor_candidates(trainer))
