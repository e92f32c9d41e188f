"""The signs that a graph's stereochemistry asks of coordinates, centre by centre."""

from __future__ import annotations

from collections.abc import Iterator

from rdkit import Chem

from molgen.core.handedness import Side

_SAME = (Chem.BondStereo.STEREOZ, Chem.BondStereo.STEREOCIS)
_OPPOSITE = (Chem.BondStereo.STEREOE, Chem.BondStereo.STEREOTRANS)
_CENTRES = (Chem.ChiralType.CHI_TETRAHEDRAL_CW, Chem.ChiralType.CHI_TETRAHEDRAL_CCW)


def stereo_sides(graph: Chem.Mol) -> list[Side]:
    """Read tetrahedral centres and double bonds; what the graph leaves open is not among them.

    Args:
        graph: Sanitised molecule with all hydrogens; indices are its atoms'.
    """
    return [*_centres(graph), *_double_bonds(graph)]


def _centres(graph: Chem.Mol) -> Iterator[Side]:
    """RDKit's tags: seen from the first neighbour, the others in the order of bonds turn clockwise, or not.

    That volume is positive. A lone pair, which comes last, lies where the centre does.
    """
    for atom in graph.GetAtoms():
        if atom.GetChiralTag() not in _CENTRES:
            continue
        around = [bond.GetOtherAtomIdx(atom.GetIdx()) for bond in atom.GetBonds()]
        if len(around) == 3:
            around.append(atom.GetIdx())
        first, second, third, fourth = around
        clockwise = atom.GetChiralTag() == Chem.ChiralType.CHI_TETRAHEDRAL_CW
        yield Side((first, second, third, fourth), planar=False, positive=clockwise)


def _double_bonds(graph: Chem.Mol) -> Iterator[Side]:
    for bond in graph.GetBonds():
        if bond.GetStereo() not in (*_SAME, *_OPPOSITE):
            continue
        near, far = bond.GetStereoAtoms()
        atoms = (near, bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), far)
        yield Side(atoms, planar=True, positive=bond.GetStereo() in _SAME)
