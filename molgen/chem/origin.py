"""What the source of a molecule says of it beyond atoms, bonds and charges, which no model knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rdkit import Chem


@dataclass(frozen=True)
class Origin:
    """What to know of molecules that a user hands in; those that were drawn have none of it.

    Attributes:
        isotopes: Atoms that are labelled with an isotope, counted from 0, each with its mass number.
        isotope: Objection to the first of them, or ``None``.
        dimension: What an SDF record says in its second line of the space that it lies in: ``2D``, ``3D`` or
            anything else, which says nothing. ``2D`` of what RDKit drew; ``None`` for other sources.
    """

    isotopes: tuple[tuple[int, int], ...] = ()
    isotope: str | None = None
    dimension: str | None = None

    @classmethod
    def of(cls, mol: Chem.Mol) -> Origin:
        """Read off an RDKit molecule."""
        drawn = mol.GetNumConformers() and not mol.GetConformer().Is3D()
        return cls(tuple(_labelled(mol)), isotope_objection(mol), "2D" if drawn else None)


UNLABELLED = Origin()
"""What is known of molecules that no source says anything of."""


def isotope_objection(mol: Chem.Mol) -> str | None:
    """Say which atom is labelled with an isotope, or ``None``; labels of dummies only number them."""
    for index, _ in _labelled(mol):
        name = mol.GetAtomWithIdx(index).GetSymbol()
        return f"atom {index + 1}, {name}, is labelled with an isotope, which no model knows; leave it out"
    return None


def _labelled(mol: Chem.Mol) -> Iterator[tuple[int, int]]:
    # Access by index: RDKit's Python iterators cost more than the look.
    for atom in map(mol.GetAtomWithIdx, range(mol.GetNumAtoms())):
        if atom.GetIsotope() and atom.GetAtomicNum():
            yield atom.GetIdx(), atom.GetIsotope()
