"""How well each task of the mixture is learnt: complete validation molecules, judge what was drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import pytorch_lightning as pl

from molgen.core.batch import MolBatch
from molgen.core.contracts import SampleJudge
from molgen.core.errors import ConfigError
from molgen.core.tasks import Given
from molgen.core.vocab import Vocab
from molgen.training.module import DiffusionModule
from molgen.training.task_mixture import TaskShare

_STREAM = 5
"""First word of this callback's random stream."""


class JudgeTasks(pl.Callback):
    """Draw what each task leaves free of some validation molecules, and log how good the whole is.

    De novo generation is left to :class:`~molgen.training.callbacks.SampleAndJudge`. Logged as
    ``val/tasks/<task>/<figure>``, with the same molecules and seed each time.

    Args:
        judge: Builds the judge from the vocabulary.
        count: Number of molecules per task.
        figures: Which of the judge's figures are logged.

    Raises:
        ConfigError: ``count`` is less than 1.
    """

    def __init__(
        self,
        judge: Callable[[Vocab], SampleJudge],
        count: int = 32,
        figures: Sequence[str] = ("bonded/valid_and_connected", "edm/molecule_stability"),
    ) -> None:
        if count < 1:
            raise ConfigError(f"judging tasks on {count} molecules is not possible; count must be >= 1")
        self.build_judge = judge
        self.count = count
        self.figures = tuple(figures)
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
        """Act after the last batch, when averaged weights are in place.

        Raises:
            ConfigError: The judge does not give a figure that is to be logged.
        """
        if batch_idx + 1 == trainer.num_val_batches[dataloader_idx]:
            self._look(trainer, cast(DiffusionModule, pl_module))

    def _look(self, trainer: pl.Trainer, module: DiffusionModule) -> None:
        if self._judge is None:
            self._judge = self.build_judge(module.vocab)
        molecules = self._molecules(trainer).select(module.noise.fields)
        for number, (name, share) in enumerate(module.objective.tasks.tasks.items()):
            given = _given(molecules, share, module, number)
            if not given.molecules_matter:
                continue
            found = self._judge(module.complete(given, module.generator(_STREAM, number)))
            unknown = sorted(set(self.figures) - set(found))
            if unknown:
                raise ConfigError(f"the judge of tasks gives no {unknown}; it gives {sorted(found)}")
            logged = {f"val/tasks/{name}/{figure}": found[figure] for figure in self.figures}
            module.log_dict(logged, on_step=False, on_epoch=True, sync_dist=True, batch_size=1)

    def _molecules(self, trainer: pl.Trainer) -> MolBatch:
        """This rank's share of molecules that are spread over the validation split."""
        dataset = trainer.datamodule.dataset("validation")  # type: ignore[attr-defined]
        count = min(self.count, len(dataset))
        places = np.linspace(0, len(dataset) - 1, count).astype(np.int64)
        batch: MolBatch = dataset.batch(places[trainer.global_rank :: trainer.world_size])
        return batch.labelled({})


def _given(molecules: MolBatch, share: TaskShare, module: DiffusionModule, number: int) -> Given:
    """What a task gives of the molecules; a field that is free as a whole is not named."""
    free = share.task.free(molecules, module.generator(_STREAM, number, device="cpu"))
    named = {name: mask for name, mask in free.items() if not mask.all()}
    return Given(molecules, named, share.latest)
