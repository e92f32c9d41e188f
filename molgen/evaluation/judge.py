"""ProtocolJudge: one or several protocols as one object, to be handed to a training callback.

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
from molgen.core.errors import ConfigError
from molgen.evaluation.execution import Direct
from molgen.evaluation.pictures import grid_picture
from molgen.evaluation.protocols import Protocol, load_protocol
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.reference_sources import load_reference
from molgen.evaluation.runner import evaluate

Samples = MolBatch | Sequence[MolBatch | Molecule]


class ProtocolJudge(SampleJudge):
    """Judges samples of a model under each of several protocols.

    Args:
        vocab: Meaning of the batches' score columns.
        protocols: Names of shipped protocols such as ``edm`` and ``bonded``, or YAML files; at least one.
        reference: Known molecules for novelty: a shipped name such as ``qm9``, or a file, named anew for each
            protocol by its bond rule; or a set, which serves all; ``None`` leaves novelty out.

    Raises:
        ConfigError: A protocol is unknown or wrong, given twice, or there is none.
        InputError: The reference cannot be read.
    """

    def __init__(
        self,
        vocab: Vocab,
        protocols: Sequence[str | Path],
        reference: ReferenceSet | str | Path | None = None,
    ) -> None:
        """Load protocols and references."""
        self.vocab = vocab
        self.protocols = [load_protocol(source) for source in protocols]
        names = [protocol.name for protocol in self.protocols]
        if not names or len(set(names)) != len(names):
            raise ConfigError(f"a judge was given the protocols {names}; give one or more, each once")
        self.references = {p.name: _known(reference, p) for p in self.protocols}

    def __call__(self, samples: Samples) -> dict[str, float]:
        """Return ``<protocol>/<metric>`` to share in [0, 1].

        The names are the same every time, as processes that log together need them to be: a share of nothing
        (no valid molecule, say) is 0, and only a missing reference leaves novelty out.

        Args:
            samples: All molecules that were requested, as batches or molecules.

        Raises:
            InputError: There is no molecule.
        """
        molecules = self.molecules(samples)
        figures: dict[str, float] = {}
        for protocol in self.protocols:
            reference = self.references[protocol.name]
            report = evaluate(molecules, protocol, reference, Direct())
            left_out = {"novelty"} if reference is None else set()
            kept = {name: share for name, share in report.shares.items() if name not in left_out}
            figures |= {f"{protocol.name}/{name}": share.value or 0.0 for name, share in kept.items()}
        return figures

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


def _known(reference: ReferenceSet | str | Path | None, protocol: Protocol) -> ReferenceSet | None:
    if reference is None or isinstance(reference, ReferenceSet):
        return reference
    return load_reference(reference, protocol.bonds)
