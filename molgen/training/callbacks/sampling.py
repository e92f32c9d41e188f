"""Look at samples during validation: draw, judge, log figures, pictures and 3D molecules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytorch_lightning as pl

from molgen.core.batch import MolBatch
from molgen.core.contracts import MediaWriter, SampleJudge
from molgen.core.errors import ConfigError
from molgen.core.vocab import Vocab
from molgen.training.module import DiffusionModule

_STREAM = 4
"""First word of this callback's random stream."""


class SampleAndJudge(pl.Callback):
    """Draw molecules at the end of every validation, with sizes from the training set.

    The sampler is the module's; the same seed is used each time, so that pictures can be compared.

    Args:
        judge: Builds the judge from the vocabulary.
        media: Writers for the loggers' pictures and molecules; each logger uses the first that accepts it.
        count: Number of molecules to draw.
        shown: Number of them in the picture and as 3D molecules.

    Raises:
        ConfigError: ``count`` is less than 1.
    """

    def __init__(
        self,
        judge: Callable[[Vocab], SampleJudge],
        media: list[MediaWriter] | None = None,
        count: int = 128,
        shown: int = 16,
    ) -> None:
        if count < 1:
            raise ConfigError(f"drawing {count} molecules at validation is not possible; count must be >= 1")
        self.build_judge = judge
        self.media = [] if media is None else media
        self.count = count
        self.shown = shown
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
            self._look(trainer, cast(DiffusionModule, pl_module))

    def _look(self, trainer: pl.Trainer, module: DiffusionModule) -> None:
        """Draw this rank's share, judge it, log the mean over ranks and this rank's pictures."""
        if self._judge is None:
            self._judge = self.build_judge(module.vocab)
        share = -(-self.count // trainer.world_size)
        prior = trainer.datamodule.size_prior  # type: ignore[attr-defined]
        sizes = prior.sample(share, module.generator(_STREAM, device="cpu"))
        samples = module.sample(sizes, module.generator(_STREAM))
        figures = {f"val/{name}": value for name, value in self._judge(samples).items()}
        module.log_dict(figures, on_step=False, on_epoch=True, sync_dist=True, batch_size=1)
        if trainer.is_global_zero and not trainer.sanity_checking:
            picture = self._judge.picture(samples, self.shown)
            blocks = self._judge.mol_blocks(samples, self.shown)
            for logger in trainer.loggers:
                for writer in self.media:
                    if writer.accepts(logger):
                        writer.write(logger, trainer.global_step, picture, blocks)
                        break
