"""What callbacks share that judge samples at the end of every validation."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, cast

import pytorch_lightning as pl

from molgen.core.batch import MolBatch
from molgen.core.contracts import SampleJudge
from molgen.core.vocab import Vocab
from molgen.training.module import DiffusionModule


class JudgeAtValidation(pl.Callback):
    """Acts after the last batch of a validation, with a judge that is built once.

    Args:
        judge: Builds the judge from the vocabulary.
    """

    def __init__(self, judge: Callable[[Vocab], SampleJudge]) -> None:
        self.build_judge = judge
        self._judge: SampleJudge | None = None

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,  # noqa: ANN401  (Lightning's hook signature)
        batch: MolBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Act after the last batch: averaged weights are in place then, whatever the callbacks' order."""
        if batch_idx + 1 == trainer.num_val_batches[dataloader_idx]:
            module = cast(DiffusionModule, pl_module)
            if self._judge is None:
                self._judge = self.build_judge(module.vocab)
            self.look(trainer, module, self._judge)

    @abstractmethod
    def look(self, trainer: pl.Trainer, module: DiffusionModule, judge: SampleJudge) -> None:
        """Draw, judge and log."""
