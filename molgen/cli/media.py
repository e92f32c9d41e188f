"""Where each kind of logger keeps pictures and 3D molecules."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import wandb
from PIL.Image import Image
from pytorch_lightning.loggers import CSVLogger, WandbLogger

from molgen.core.contracts import MediaWriter
from molgen.core.files import atomic_path


class WandbMedia(MediaWriter):
    """Log ``val/picture`` and ``val/molecules`` to Weights & Biases, online or offline."""

    def accepts(self, logger: object) -> bool:
        """Whether it is a ``WandbLogger``."""
        return isinstance(logger, WandbLogger)

    def write(self, logger: WandbLogger, step: int, picture: Image, mol_blocks: list[str]) -> None:
        """See base."""
        molecules = [wandb.Molecule(StringIO(block + "\n$$$$\n"), file_type="sdf") for block in mol_blocks]
        logger.experiment.log(
            {"val/picture": wandb.Image(picture), "val/molecules": molecules, "trainer/global_step": step}
        )


class FolderMedia(MediaWriter):
    """Write ``media/step-<n>.png`` and ``.sdf`` into a CSV logger's folder."""

    def accepts(self, logger: object) -> bool:
        """Whether it is a ``CSVLogger``."""
        return isinstance(logger, CSVLogger)

    def write(self, logger: CSVLogger, step: int, picture: Image, mol_blocks: list[str]) -> None:
        """See base.

        Raises:
            InputError: The folder cannot be written.
        """
        stem = Path(logger.log_dir) / "media" / f"step-{step:07d}"
        with atomic_path(stem.with_suffix(".png")) as partial:
            picture.save(partial, format="PNG")
        with atomic_path(stem.with_suffix(".sdf")) as partial:
            partial.write_text("".join(block + "\n$$$$\n" for block in mol_blocks))
