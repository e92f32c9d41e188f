"""EdmJudge: the edm protocol as one object, to be handed to a training callback.

Training knows nothing of chemistry; whoever builds the callback gives it a judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from molgen.chem.decode import decode
from molgen.chem.molecule import Molecule
from molgen.chem.sdf import mol_block
from molgen.core import MolBatch, SampleJudge, Vocab
from molgen.evaluation.pictures import grid_picture
from molgen.evaluation.protocols import load_protocol
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.reference_sources import load_reference
from molgen.evaluation.runner import evaluate

Samples = MolBatch | Sequence[MolBatch | Molecule]


class EdmJudge(SampleJudge):
    """Judges samples of a model under the edm protocol.

    Args:
        vocab: Meaning of the batches' score columns.
        reference: Known molecules for novelty: a set, a shipped name such as ``qm9``, or a file; ``None``
            leaves novelty out.

    Raises:
        InputError: The reference cannot be read.
    """

    def __init__(self, vocab: Vocab, reference: ReferenceSet | str | Path | None = None) -> None:
        """Load the reference and the protocol."""
        self.vocab = vocab
        self.reference = load_reference(reference) if isinstance(reference, str | Path) else reference
        self.protocol = load_protocol("edm")

    def __call__(self, samples: Samples) -> dict[str, float]:
        """Return metric name to share in [0, 1].

        The names are the same every time, as processes that log together need them to be: a share of nothing
        (no valid molecule, say) is 0, and only a missing reference leaves novelty out.

        Args:
            samples: All molecules that were requested, as batches or molecules.

        Raises:
            InputError: There is no molecule.
        """
        report = evaluate(self.molecules(samples), self.protocol, self.reference, workers=1)
        left_out = {"novelty"} if self.reference is None else set()
        return {name: share.value or 0.0 for name, share in report.shares.items() if name not in left_out}

    def molecules(self, samples: Samples) -> list[Molecule]:
        """Decode batches and keep molecules, in order."""
        items = [samples] if isinstance(samples, MolBatch) else samples
        molecules: list[Molecule] = []
        for item in items:
            molecules += decode(item, self.vocab) if isinstance(item, MolBatch) else [item]
        return molecules

    def picture(self, samples: Samples, count: int = 16, columns: int = 4) -> Image.Image:
        """Draw the first ``count`` molecules as a grid; see :func:`grid_picture`."""
        return grid_picture(self.molecules(samples)[:count], columns)

    def mol_blocks(self, samples: Samples, count: int = 16) -> list[str]:
        """Return connection tables, angstrom, of the first ``count`` valid molecules, for 3D viewers."""
        valid = [m for m in self.molecules(samples) if m.mol is not None]
        return [mol_block(m) for m in valid[:count]]
