"""``--only``: which molecules are kept, and why the others are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from molgen.chem.identity import largest_fragment_smiles
from molgen.chem.molecule import Molecule
from molgen.core.errors import InputError
from molgen.evaluation import ReferenceSet, load_reference

CRITERIA = ("valid", "connected", "unique", "novel", "satisfied")
_REFERENCE = "qm9"


class Selection:
    """Accepts molecules that meet every criterion; remembers what it has seen.

    ``satisfied`` is what a molecule's record says of the request that it was drawn for. ``unique`` and
    ``novel`` compare the SMILES of the largest fragment, as the edm protocol does.

    Args:
        criteria: Some of :data:`CRITERIA`; all but ``valid`` imply it.
        bonds: Rule that gives the molecules their bonds, ``edm`` or ``own``; known molecules are named by it.

    Raises:
        InputError: A criterion is unknown.
    """

    def __init__(self, criteria: Sequence[str], bonds: str = "edm") -> None:
        unknown = [c for c in criteria if c not in CRITERIA]
        if unknown or not criteria:
            raise InputError(
                f"--only {','.join(criteria)!r} is not understood; choose among {', '.join(CRITERIA)}"
            )
        self.criteria = frozenset(criteria)
        self.rejected: Counter[str] = Counter()
        self._seen: set[str] = set()
        self._known: ReferenceSet | None = load_reference(_REFERENCE, bonds) if "novel" in criteria else None

    @classmethod
    def parse(cls, text: str, bonds: str = "edm") -> Selection:
        """Read a comma-separated list.

        Raises:
            InputError: A criterion is unknown.
        """
        return cls([word.strip() for word in text.split(",")], bonds)

    def accept(self, molecules: Sequence[Molecule]) -> list[Molecule]:
        """Return the molecules that pass, in order; count the others by reason."""
        kept = []
        for molecule in molecules:
            reason = self._objection(molecule)
            if reason is None:
                kept.append(molecule)
            else:
                self.rejected[reason] += 1
        return kept

    def _objection(self, molecule: Molecule) -> str | None:
        if molecule.failure is not None:
            return "not valid"
        if "satisfied" in self.criteria and not molecule.record.get("satisfied"):
            return "not satisfied"
        if "connected" in self.criteria and molecule.num_fragments != 1:
            return "not connected"
        smiles = largest_fragment_smiles(molecule)
        assert smiles is not None  # a valid molecule has one
        if "unique" in self.criteria:
            if smiles in self._seen:
                return "not unique"
            self._seen.add(smiles)
        if self._known is not None and self._known.contains(smiles):
            return "not novel"
        return None
