"""The last saved state is that of the last step."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, TensorDataset

from molgen.training.callbacks import LastModelCheckpoint


class Line(pl.LightningModule):
    """One weight, moved by 1 at every step."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def training_step(self, batch: list[torch.Tensor], batch_idx: int) -> torch.Tensor:
        """See base."""
        return -self.weight

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """See base."""
        return torch.optim.SGD(self.parameters(), lr=1.0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("steps", [3, 4, 7])
def test_the_last_step_is_kept_in_one_file(tmp_path: Path, steps: int) -> None:
    """Whether or not it is one of those that are saved anyway, and if none is."""
    trainer = pl.Trainer(
        accelerator="cpu",
        max_steps=steps,
        logger=False,
        callbacks=[LastModelCheckpoint(4, str(tmp_path))],
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Line(), DataLoader(TensorDataset(torch.zeros(3)), batch_size=1))
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]
    saved = torch.load(tmp_path / "last.ckpt", weights_only=False)
    assert saved["global_step"] == steps and saved["state_dict"]["weight"].item() == steps
