"""How far drawn molecules are from what was asked of them, so that the far ones can be drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from molgen.chem.decode import decode
from molgen.chem.molecule import Molecule
from molgen.control.distance import FAR, Distance, Scale
from molgen.control.properties import Targets
from molgen.control.reading import PropertyReader
from molgen.control.request import Request, Setting
from molgen.core.batch import MolBatch
from molgen.core.errors import InputError


@dataclass(frozen=True)
class Misfit:
    """Measures drawn molecules.

    Attributes:
        setting: The model that draws them.
        request: What they shall be.
        targets: Properties that they shall have.
        reader: Reads them off a molecule, as far as that can be done.
        first: Place of the round's first molecule in the stream.
    """

    setting: Setting
    request: Request
    targets: Targets
    reader: PropertyReader
    first: int = 0

    def __call__(self, rows: Sequence[int], drawn: Sequence[MolBatch]) -> list[Distance]:
        """Measure the unpadded molecules of ``rows`` of a round.

        Returns:
            Of each :data:`molgen.control.distance.FAR` where it is broken or not what was requested, else how
            far its properties are from those asked.
        """
        finished = [self._finished(row, batch) for row, batch in zip(rows, drawn, strict=True)]
        sound = [i for i, molecule in enumerate(finished) if not self._refused(molecule)]
        misfits = [FAR] * len(finished)
        properties = self.setting.statistics.properties
        scales = {name: Scale.of(properties[name], error) for name, error in self.reader.errors.items()}
        for i, found in zip(sound, self.reader([finished[i] for i in sound]), strict=True):
            misfits[i] = self.targets.for_molecule(finished[i]).distance(found, scales)
        return misfits

    def broken(self, row: int, drawn: MolBatch) -> bool:
        """Whether the molecule of a row is broken, or not what was requested; properties apart."""
        return self._refused(self._finished(row, drawn))

    def _refused(self, finished: Molecule) -> bool:
        return finished.failure is not None or self.request.objection(finished) is not None

    def _finished(self, row: int, batch: MolBatch) -> Molecule:
        (molecule,) = decode(batch, self.setting.vocab)
        return self.request.finish_row(molecule, self.first + row)


def check_properties(targets: Targets, request: Request, reader: PropertyReader) -> list[str]:
    """Refuse properties that no molecule of a request can have; return warnings about those nobody reads.

    Raises:
        InputError: A window or count is asked that the request rules out.
    """
    certain = request.properties()
    problem = targets.objection(certain, certain)
    if problem is not None:
        raise InputError(f"--property: {problem} in every molecule that is asked for; ask for another value")
    return [
        f"nothing tells the {name} of drawn molecules; whether it is as asked is not checked"
        for name in targets.targets
        if name not in reader.errors
    ]
