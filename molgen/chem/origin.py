"""What the source of a molecule says of it beyond atoms, bonds and charges, which no model knows."""

from __future__ import annotations

from dataclasses import dataclass

from rdkit import Chem


@dataclass(frozen=True)
class Origin:
    """What to know of molecules that a user hands in; those that were drawn have none of it.

    Attributes:
        isotope: Objection to the first atom that is labelled with an isotope, or ``None``.
        dimension: What an SDF record says in its second line of the space that it lies in: ``2D``, ``3D`` or
            anything else, which says nothing; ``None`` for other sources.
    """

    isotope: str | None = None
    dimension: str | None = None

    @classmethod
    def of(cls, mol: Chem.Mol) -> Origin:
        """Read off an RDKit molecule."""
        return cls(isotope_objection(mol))


UNLABELLED = Origin()
"""What is known of molecules that no source says anything of."""


def isotope_objection(mol: Chem.Mol) -> str | None:
    """Say which atom is labelled with an isotope, or ``None``; labels of dummies only number them."""
    # Access by index: RDKit's Python iterators cost more than the look.
    for atom in map(mol.GetAtomWithIdx, range(mol.GetNumAtoms())):
        if atom.GetIsotope() and atom.GetAtomicNum():
            return (
                f"atom {atom.GetIdx() + 1}, {atom.GetSymbol()}, is labelled with an isotope, which no model "
                "knows; leave it out"
            )
    return None
